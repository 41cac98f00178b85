"""The page of an invitation to make an account: the link in the e-mail leads to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.invited_sign_up import InvitedSignUp
from quantimodo.accounts.login import LoginBrowser
from quantimodo.accounts.profiles import Profiles
from quantimodo.model.invitations import Invitation
from quantimodo.model.texts import N_
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import FormView
from quantimodo.pages.links import InvalidLink, Links
from quantimodo.pages.login.provider_buttons import ProviderButton
from quantimodo.pages.login.responses import login_response
from quantimodo.pages.page_context import Endpoint, PageContext

INVITED: Final = "/sign-up/invited"
_OVER: Final = InvalidLink("/sign-in", N_("Sign in"))


@dataclass(frozen=True, slots=True)
class InvitedSignUpPage:
    """`providers`: those by which an invited person can make the account."""

    page_context: PageContext
    service: InvitedSignUp
    links: Links
    profiles: Profiles
    providers: Sequence[ProviderButton] = ()

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [(("GET",), INVITED, self.show), (("POST",), INVITED, self.submit)]

    async def show(self, request: Request) -> Response:
        """GET /sign-up/invited: the address, and a form. Opening it does not use the link up."""
        if moved := self.links.moved(request, "invited"):
            return moved
        browser_request = await self.page_context.browser_request(request)
        invitation = await self.service.find(self.links.email_token(request, "invited"))
        if invitation is None:
            return self.links.invalid(request, browser_request, "invited", _OVER)
        view = FormView({"name": invitation.name})
        return self._page(request, browser_request, invitation, view)

    async def submit(self, request: Request) -> Response:
        """POST /sign-up/invited: makes the account and signs in."""
        browser_request, form = await self.page_context.posted(request)
        raw = self.links.email_token(request, "invited")
        invitation = await self.service.find(raw)
        if invitation is None:
            return self.links.invalid(request, browser_request, "invited", _OVER)
        browser = LoginBrowser(
            address=browser_request.address,
            agent=browser_request.agent,
            replaces=browser_request.cookie,
        )
        try:
            confirmed = await self.service.confirm(
                raw, form.one("name"), form.secret("password"), browser
            )
        except REFUSALS as refusal:
            again = form_errors(refusal)
            view = again.view(form, "name", "zoneinfo")
            return self._page(request, browser_request, invitation, view, again)
        if confirmed.new_user is not None:
            await self.profiles.preset_zone(confirmed.new_user, form.one("zoneinfo"))
        response = await login_response(
            self.page_context, request, confirmed.login, confirmed.return_to, "confirmed"
        )
        return self.page_context.browser.clear_cookie(response, "invited")

    def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        invitation: Invitation,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request,
            browser_request,
            "invited.html",
            again=again,
            invitation=invitation,
            form=view,
            providers=self.providers,
        )
