"""Passes the reason of a refusal from an endpoint to the log, in the ASGI scope.

`app/requests/error_boundary.py` has the reason of each exception. An endpoint that responds to a
refusal itself, by a redirect to the client or by a form that is shown again, records the reason
here.
"""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.model.clients import Client

_REFUSAL: Final = "quantimodo.refusal"
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
    """Record the reason for the log. The first one of a request counts."""
    scope.setdefault(_REFUSAL, refusal)


def recorded_refusal(scope: MutableMapping[str, Any]) -> Refusal | None:
    """The reason that an endpoint recorded; None without one."""
    refusal: Refusal | None = scope.get(_REFUSAL)
    return refusal


def record_caller(
    scope: MutableMapping[str, Any], client: Client, parameters: Iterable[tuple[str, str]]
) -> None:
    """Record the app and the parameters of its request, for the log of the app."""
    scope[_CALLER] = Caller(client, tuple(parameters))


def recorded_caller(scope: MutableMapping[str, Any]) -> Caller | None:
    """The app that an endpoint recorded; None without one."""
    caller: Caller | None = scope.get(_CALLER)
    return caller
