"""Links that arrive by mail: their ticket leaves the address at once, and dead ones say so."""

from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.pages.browser import Visit
from quantimodo.pages.desk import Desk

Purpose = Literal["confirm", "reset", "verify"]


@dataclass(frozen=True, slots=True)
class DeadLink:
    """Where to get a new link."""

    path: str
    words: str


@dataclass(frozen=True, slots=True)
class Links:
    """`outbox`: whether mails can be read here, at /outbox (development only)."""

    desk: Desk
    outbox: bool

    def moved(self, request: Request, purpose: Purpose) -> Response | None:
        """For an address that carries a ticket: the way to the same page without it."""
        ticket = request.query_params.get("ticket")
        if ticket is None:
            return None
        return self.desk.browser.keep_ticket(self.desk.go(request.url.path), purpose, ticket)

    def ticket(self, request: Request, purpose: Purpose) -> str:
        """The ticket that this browser holds, or ""."""
        return self.desk.browser.kept(request, purpose)

    def dead(self, request: Request, visit: Visit, purpose: Purpose, renewal: DeadLink) -> Response:
        """The page for a link that was used, is too old, or never was one."""
        response = self.desk.show(request, visit, "dead_link.html", status=410, renewal=renewal)
        return self.desk.browser.let_go(response, purpose)
