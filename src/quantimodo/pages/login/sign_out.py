"""Signs out: here, or here and at the provider where the session began."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.sign_out import SignOut as SigningOut
from quantimodo.crypto.digests import compare_digest
from quantimodo.federation.provider_sign_out import ProviderSignOut
from quantimodo.pages.login.responses import CLOSED
from quantimodo.pages.login.signed_out import signed_out_page
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions, form_sources, see_other

_COOKIE_LIFETIME: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SignOut:
    page_context: PageContext
    sign_out: SigningOut
    provider_sign_out: ProviderSignOut

    async def show(self, request: Request) -> Response:
        """GET /sign-out: the confirmation page. A link alone does not sign out."""
        browser_request = await self.page_context.browser_request(request)
        if browser_request.closed is not None:
            return self.page_context.go(CLOSED)
        if browser_request.session is None:
            return self.page_context.go("/")
        there = await self.provider_sign_out.of(browser_request.session)
        # Browsers apply the form's CSP to the redirect that follows it.
        leads = () if there is None else form_sources(there.url)
        return self.page_context.show(
            request,
            browser_request,
            "sign_out.html",
            options=PageOptions(form_action=leads),
            title=None if there is None else there.title,
        )

    async def submit(self, request: Request) -> Response:
        """POST /sign-out."""
        browser_request, form = await self.page_context.posted(request)
        session = browser_request.session or browser_request.closed
        browser, there = self.page_context.browser, None
        frames: tuple[str, ...] = ()
        if session is not None:
            if form.one("at") == "provider":
                there = await self.provider_sign_out.of(session)
            frames = await self.sign_out.end(session)
        response: Response
        if frames:
            leads_to = "/sign-in" if there is None else there.url
            response = signed_out_page(self.page_context.renderer, frames, leads_to)
        elif there is not None:
            response = see_other(there.url)
        else:
            response = self.page_context.go("/sign-in", "signed-out")
        if there is not None:
            browser.set_cookie(response, "signing_out", there.state, _COOKIE_LIFETIME)
        return browser.sign_out(response)

    async def returned(self, request: Request) -> Response:
        """GET /sign-out/returned: the browser comes back from the provider. Nothing is changed. A
        link with another state shows no message."""
        state = self.page_context.browser.read_cookie(request, "signing_out")
        returned = request.query_params.get("state", "")
        if not state or not compare_digest(state.encode(), returned.encode("utf-8", "replace")):
            return see_other("/")
        response = self.page_context.go("/sign-in", "signed-out")
        return self.page_context.browser.clear_cookie(response, "signing_out")
