"""E-mails of a development server, shown in the browser instead of sent.

Exists only when the operator enables it (or runs plain http on this machine).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.http.errors import RequestRejected
from quantimodo.model.events import Mail
from quantimodo.pages.page_context import PageContext

_LINK: Final = re.compile(r"(https?://[^\s<>\"]+)")
_SHOWN: Final = 50
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "[::1]", "localhost"})
_MISDIRECTED: Final = (
    "Not under this name",
    "Mails are shown only under the address that the server printed when it started.",
)


class Outbox(Protocol):
    """The queue of e-mails, readable."""

    async def recent(self, limit: int) -> Sequence[tuple[Mail, datetime]]:
        """Newest first."""


@dataclass(frozen=True, slots=True)
class OutboxPage:
    page_context: PageContext
    outbox: Outbox
    issuer: str

    async def show(self, request: Request) -> Response:
        """GET /outbox."""
        if not self._is_addressed_by_name(request):
            raise RequestRejected(*_MISDIRECTED, status=421)
        browser_request = await self.page_context.browser_request(request)
        recent = await self.outbox.recent(_SHOWN)
        mails = [(mail, at, _LINK.split(mail.text)) for mail, at in recent]
        return self.page_context.show(
            request, browser_request, "outbox.html", section="outbox", mails=mails
        )

    def _is_addressed_by_name(self, request: Request) -> bool:
        """Whether the request's host is this server's name or this machine.

        A site that a developer visits can resolve its name to this server (DNS rebinding); then its
        scripts could read the page, with the links of all e-mails.
        """
        host = request.headers.get("host", "").lower()
        name = host if host.endswith("]") else re.sub(r":[0-9]+$", "", host)
        return host == urlsplit(self.issuer).netloc or name in _THIS_MACHINE
