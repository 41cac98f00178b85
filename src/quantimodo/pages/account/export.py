"""/account/export: everything of the account in one ZIP file."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from quantimodo.export.personal_export import PersonalExport
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import NO_STORE


@dataclass(frozen=True, slots=True)
class Export:
    page_context: PageContext
    personal_export: PersonalExport

    async def show(self, request: Request) -> Response:
        """What the file contains; only after a recent sign-in."""
        browser_request = await self.page_context.browser_request(request)
        await self.personal_export.require_recent_login(browser_request.required())
        return self.page_context.show(
            request, browser_request, "account_export.html", section="account-data"
        )

    async def download(self, request: Request) -> Response:
        """POST /account/export: the file, streamed; cancelled when the client leaves."""
        browser_request, _ = await self.page_context.posted(request)
        chunks = await self.personal_export.begin(browser_request.required())
        name = f"account-{self.page_context.clock.now():%Y-%m-%d}.zip"
        headers = {**NO_STORE, "content-disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(chunks, media_type="application/zip", headers=headers)
