"""The home page, applications' logos, robots.txt and the security contact."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from quantimodo.http.errors import NotFound
from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.model.languages import LANGUAGES
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import see_other
from quantimodo.ports.client_stores import ClientStore

_ROBOTS: Final = """User-agent: *
Disallow: /account
Disallow: /api/
Disallow: /confirm
Disallow: /developers/
Disallow: /outbox
Disallow: /reset
Disallow: /sign-in
Disallow: /sign-up/invited
Disallow: /verify
"""


@dataclass(frozen=True, slots=True)
class StaticPages:
    page_context: PageContext
    clients: ClientStore
    security_txt: str
    sign_up_open: bool
    outbox: bool
    playground: bool

    async def home(self, request: Request) -> Response:
        """GET /."""
        browser_request = await self.page_context.browser_request(request)
        return self.page_context.show(
            request,
            browser_request,
            "home.html",
            section="home",
            sign_up_open=self.sign_up_open,
            outbox=self.outbox,
            playground=self.playground,
        )

    async def logo(self, request: Request) -> Response:
        """GET /logos/{client_id}: served here, so that no browser requests the client's host.
        `?language=` the one for a language, if there is one."""
        client_id, language = (
            request.path_params["client_id"],
            request.query_params.get("language", ""),
        )
        logo = None
        if language in LANGUAGES:
            logo = (await self.clients.localized_logos(client_id)).get(language)
        if logo is None:
            logo = await self.clients.logo(client_id)
        if logo is None:
            record_refusal(request.scope, Refusal("not_found", "there is no logo"))
            return PlainTextResponse("There is no logo.", status_code=404)
        return Response(
            logo.data,
            media_type=logo.media_type,
            headers={
                "cache-control": "no-cache",
                # The picture can be opened directly; then nothing in it may run.
                "content-security-policy": "default-src 'none'; sandbox",
                "cross-origin-resource-policy": "same-origin",
                "x-content-type-options": "nosniff",
            },
        )

    async def robots(self, request: Request) -> Response:
        """GET /robots.txt."""
        return PlainTextResponse(_ROBOTS)

    async def security_contact(self, request: Request) -> Response:
        """GET /.well-known/security.txt (RFC 9116), if the operator configured one."""
        if not self.security_txt:
            raise NotFound
        return PlainTextResponse(self.security_txt)

    async def change_password(self, request: Request) -> Response:
        """GET /.well-known/change-password, where password managers look."""
        return see_other("/account/security/password")
