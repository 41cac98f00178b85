"""The reason for which a request is refused, on its way from an endpoint to the log.

An endpoint that raises has nothing to do: `app/requests/error_boundary.py` knows the reason of each
exception. An endpoint that responds to a refusal itself (a redirect to the client, a form that is
shown again) leaves a note in the ASGI scope.
"""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.model.clients import Client

_NOTE: Final = "quantimodo.refusal"
_CALLER: Final = "quantimodo.caller"


@dataclass(frozen=True, slots=True)
class Refusal:
    """`code` is for programs, `because` the reason in words. Both are fixed texts: they never hold
    anything of the request, so that a stranger cannot make up reasons. `provider`: the configured
    name of the provider that a sign-in failed at. `row`: its code in `protocol/refusals.py`."""

    code: str
    because: str
    event: str = "refused"
    provider: str = ""
    row: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """The app that a request names, and the parameters of the request. The app need not have
    proved who it is."""

    client: Client
    parameters: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return f"Caller({self.client.id})"


def record_refusal(scope: MutableMapping[str, Any], refusal: Refusal) -> None:
    """Leave the reason for the log. The first one of a request counts."""
    scope.setdefault(_NOTE, refusal)


def recorded_refusal(scope: MutableMapping[str, Any]) -> Refusal | None:
    """The reason that an endpoint left."""
    found: Refusal | None = scope.get(_NOTE)
    return found


def record_caller(
    scope: MutableMapping[str, Any], client: Client, parameters: Iterable[tuple[str, str]]
) -> None:
    """Leave the app and its parameters for the log of the app."""
    scope[_CALLER] = Caller(client, tuple(parameters))


def recorded_caller(scope: MutableMapping[str, Any]) -> Caller | None:
    """The app that an endpoint left."""
    found: Caller | None = scope.get(_CALLER)
    return found
