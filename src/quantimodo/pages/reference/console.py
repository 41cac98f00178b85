"""GET /docs/try: the API reference with real calls, by Swagger UI.

Owns the shipped files of Swagger UI, which the page alone has: they are in `swagger_ui/`,
compressed, with their licences and hashes (decision 0030). The page needs JavaScript; /docs does
not.
"""

import asyncio
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute
from quantimodo.pages.reference.document import callable_operations
from quantimodo.pages.reference.model import DOCS, Json
from quantimodo.pages.renderer import PageOptions

TRY: Final = f"{DOCS}/try"
_FILES: Final = f"{DOCS}/swagger-ui"
_TYPES: Final = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
_OPTIONS: Final = PageOptions(connects=True)


class ReferenceConsole:
    """The page of one document, and its files. `open_to_all`: visitors who are not signed in may
    send calls too."""

    def __init__(self, page_context: PageContext, document: Json, open_to_all: bool) -> None:
        self._page_context = page_context
        self._operations = tuple(callable_operations(document))
        self._open_to_all = open_to_all
        self._folder = files("quantimodo.pages") / "swagger_ui"
        self._version = ""

    def routes(self) -> Sequence[PageRoute]:
        """Their lines of the table of pages."""
        return [(("GET",), TRY, self.show), (("GET",), f"{_FILES}/{{name}}", self.file)]

    async def show(self, request: Request) -> Response:
        """GET /docs/try: without a session calls are shown and not sent, unless they are open to
        all."""
        browser_request = await self._page_context.browser_request(request)
        return self._page_context.show(
            *(request, browser_request, "reference_try.html"),
            options=_OPTIONS,
            section="docs",
            files=_FILES,
            version=await self._current(),
            operations=self._operations,
            sends=self._open_to_all or browser_request.session is not None,
        )

    async def file(self, request: Request) -> Response:
        """GET /docs/swagger-ui/{name}: a file of Swagger UI, cached long by its version."""
        name = request.path_params["name"]
        if name not in _TYPES:
            record_refusal(request.scope, Refusal("not_found", "there is no such file"))
            return PlainTextResponse("There is no such file.", status_code=404)
        current = request.query_params.get("v") == await self._current()
        return Response(
            await asyncio.to_thread((self._folder / f"{name}.gz").read_bytes),
            media_type=_TYPES[name],
            headers={
                "cache-control": f"public, max-age={31536000 if current else 3600}",
                "content-encoding": "gzip",
                "content-security-policy": "default-src 'none'",
                "cross-origin-resource-policy": "same-origin",
                "x-content-type-options": "nosniff",
            },
        )

    async def _current(self) -> str:
        """The version of the files. Read once, by the first request."""
        if not self._version:
            pins = await asyncio.to_thread((self._folder / "pins.json").read_text, "utf-8")
            self._version = str(json.loads(pins)["version"])
        return self._version
