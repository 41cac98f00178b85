"""Faults between servers, by the behaviour of the chosen person."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.responses import HTMLResponse, JSONResponse, Response

from quantimodo.pages.renderer import NO_STORE
from quantimodo.sandbox.people import Behaviour, Person

Sleep = Callable[[float], Awaitable[object]]
HALF_A_MINUTE: Final = 30.0  # seconds; longer than any caller should wait
_MALFORMED: Final = "<!doctype html><title>Sorry</title><p>Please come back later.</p>"


@dataclass(frozen=True, slots=True)
class FaultInjection:
    """`sleep` delays only the caller's connection."""

    sleep: Sleep

    async def of(self, person: Person) -> Response | None:
        """The faulty response to this request, or None."""
        match person.behaviour:
            case Behaviour.SLOW:
                await self.sleep(HALF_A_MINUTE)
            case Behaviour.DOWN:
                return private({"error": "temporarily_unavailable"}, 503)
            case Behaviour.MALFORMED:
                return HTMLResponse(_MALFORMED, headers=NO_STORE)
            case _:
                pass
        return None


def private(body: object, status: int = 200, **headers: str) -> JSONResponse:
    """JSON for this caller only."""
    return JSONResponse(body, status, {**NO_STORE, "x-content-type-options": "nosniff", **headers})
