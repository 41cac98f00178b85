"""Announcements on the pages: which ones this page shows, and dismissing one in this browser."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import local_path
from quantimodo.pages.forms import row_id
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.shown_announcements import dismissed, with_dismissed

DISMISS: Final = "/announcements/dismiss"
_REMEMBERED: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class AnnouncementPages:
    page_context: PageContext

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its line of the table of pages."""
        return [(("POST",), DISMISS, self.dismiss)]

    async def dismiss(self, request: Request) -> Response:
        """POST /announcements/dismiss: this browser does not show it any more."""
        _, form = await self.page_context.posted(request)
        browser = self.page_context.browser
        known = dismissed(browser.read_cookie(request, "dismissed"))
        response = self.page_context.go(local_path(form.one("return_to")))
        number = row_id(form.one("number"))
        return browser.set_cookie(response, "dismissed", with_dismissed(known, number), _REMEMBERED)
