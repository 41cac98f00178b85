"""/language: a person chooses the language of the pages in this browser."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import local_path
from quantimodo.model.languages import LANGUAGES
from quantimodo.pages.page_context import PageContext

_LIFETIME: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    page_context: PageContext

    async def show(self, request: Request) -> Response:
        """GET /language."""
        return self.page_context.show(
            request,
            await self.page_context.browser_request(request),
            "language.html",
            languages=LANGUAGES.values(),
            return_to=local_path(request.query_params.get("return_to", "/")),
        )

    async def submit(self, request: Request) -> Response:
        """POST /language: one that is offered, or that of the browser."""
        _, form = await self.page_context.posted(request)
        response = self.page_context.go(local_path(form.one("return_to")))
        tag, browser = form.one("language"), self.page_context.browser
        if tag in LANGUAGES:
            return browser.set_cookie(response, "language", tag, _LIFETIME)
        return browser.clear_cookie(response, "language")
