"""Mails of a server under development, shown in the browser instead of being sent.

Exists only when the operator turned it on (or runs on plain http on this machine).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.model.events import Mail
from quantimodo.pages.desk import Desk

_LINK: Final = re.compile(r"(https?://[^\s<>\"]+)")
_SHOWN: Final = 50


class Outbox(Protocol):
    """Where mails can be read again."""

    async def recent(self, limit: int) -> Sequence[tuple[Mail, datetime]]:
        """Newest first."""


@dataclass(frozen=True, slots=True)
class OutboxPage:
    desk: Desk
    outbox: Outbox

    async def show(self, request: Request) -> Response:
        """GET /outbox."""
        visit = await self.desk.visit(request)
        recent = await self.outbox.recent(_SHOWN)
        mails = [(mail, at, _LINK.split(mail.text)) for mail, at in recent]
        return self.desk.show(request, visit, "outbox.html", section="outbox", mails=mails)
