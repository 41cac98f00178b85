"""The reason for which a request is refused, on its way from an endpoint to the log.

An endpoint that raises has nothing to do: `app/error_boundary.py` knows the reason of each
exception. An endpoint that responds to a refusal itself (a redirect to the client, a form that is
shown again) leaves a note in the ASGI scope.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final

_NOTE: Final = "quantimodo.refusal"


@dataclass(frozen=True, slots=True)
class Refusal:
    """`code` is for programs, `because` the reason in words. Both are fixed texts: they never hold
    anything of the request, so that a stranger cannot make up reasons. `provider`: the configured
    name of the provider that a sign-in failed at."""

    code: str
    because: str
    event: str = "refused"
    provider: str = ""


def note_refusal(scope: MutableMapping[str, Any], refusal: Refusal) -> None:
    """Leave the reason for the log. The first one of a request counts."""
    scope.setdefault(_NOTE, refusal)


def noted_refusal(scope: MutableMapping[str, Any]) -> Refusal | None:
    """The reason that an endpoint left."""
    found: Refusal | None = scope.get(_NOTE)
    return found
