"""A response of another server, and the errors for a missing or malformed one."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from quantimodo.model.texts import N_
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderUnavailable

TRY_LATER = N_("The sign-in provider does not respond. Try again in a moment.")
_UNUSABLE = N_("The sign-in provider sent a response that cannot be used.")


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response with a status below 500. Never log its body."""

    status: int
    media_type: str
    body: bytes = field(repr=False)
    cache_control: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises `InvalidProviderResponse`."""
        return parse_object(self.body)

    def rows(self) -> list[dict[str, Any]]:
        """The body as a JSON array of objects. Raises `InvalidProviderResponse`."""
        rows = _decoded(self.body)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise invalid_response("not a JSON array of objects")
        return rows


def parse_object(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises `InvalidProviderResponse`."""
    members = _decoded(body)
    if not isinstance(members, dict):
        raise invalid_response("not a JSON object")
    return members


def unavailable(host: str, because: str) -> ProviderUnavailable:
    """The error for a server that does not respond. `because` is for the log."""
    return ProviderUnavailable(TRY_LATER, because=f"{host}: {because}")


def invalid_response(because: str) -> InvalidProviderResponse:
    """The error for a response that cannot be used. `because` is for the log."""
    return InvalidProviderResponse(_UNUSABLE, because=because)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as fault:
        raise invalid_response("not JSON") from fault
