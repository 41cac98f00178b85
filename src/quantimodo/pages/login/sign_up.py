"""Sign-up: the form, the page after it, and the e-mailed link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.email_link_results import PendingLink
from quantimodo.accounts.profiles import Profiles
from quantimodo.accounts.sign_up import SignUp as SignUpService
from quantimodo.model.invitations import SignUpMode
from quantimodo.model.texts import N_
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import FormView
from quantimodo.pages.links import InvalidLink, Links
from quantimodo.pages.login.provider_buttons import ProviderButton
from quantimodo.pages.login.responses import login_response
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions
from quantimodo.pages.return_targets import ReturnTargets

_TEMPLATES: Final[Mapping[SignUpMode, str]] = {
    "open": "sign_up.html",
    "invited": "sign_up_invited.html",
    "closed": "sign_up_closed.html",
}
_AGAIN: Final = InvalidLink("/sign-up", N_("Sign up again"))


@dataclass(frozen=True, slots=True)
class SignUp:
    page_context: PageContext
    service: SignUpService
    return_targets: ReturnTargets
    links: Links
    mode: SignUpMode
    profiles: Profiles
    providers: Sequence[ProviderButton] = ()

    async def show(self, request: Request) -> Response:
        """GET /sign-up."""
        browser_request = await self.page_context.browser_request(request)
        view = FormView({"email": request.query_params.get("login_hint", "")[:254]})
        return await self._page(
            request, browser_request, request.query_params.get("return_to", ""), view
        )

    async def submit(self, request: Request) -> Response:
        """POST /sign-up: the response is the same whether the address has an account or not."""
        browser_request, form = await self.page_context.posted(request)
        return_to = form.one("return_to")
        try:
            await self.service.request(
                email=form.one("email"),
                name=form.one("name"),
                password=form.secret("password"),
                browser=browser_request.browser,
                address=browser_request.address,
                return_to=return_to,
            )
        except REFUSALS as refusal:
            again = form_errors(refusal)
            view = again.view(form, "email", "name")
            return await self._page(request, browser_request, return_to, view, again)
        return self.page_context.go("/sign-up/sent")

    async def sent(self, request: Request) -> Response:
        """GET /sign-up/sent."""
        browser_request = await self.page_context.browser_request(request)
        return self.page_context.show(
            request,
            browser_request,
            "sign_up_sent.html",
            options=PageOptions(opener=True),
            outbox=self.links.outbox,
        )

    async def confirm(self, request: Request) -> Response:
        """GET /confirm: explains the link. Opening it does not use it up."""
        if moved := self.links.moved(request, "confirm"):
            return moved
        browser_request = await self.page_context.browser_request(request)
        email_token = self.links.email_token(request, "confirm")
        pending = await self.service.pending(
            email_token, None if browser_request.fresh else browser_request.browser
        )
        if pending is None or pending.purpose != "sign_up":
            return self.links.invalid(request, browser_request, "confirm", _AGAIN)
        return await self._confirm_page(request, browser_request, pending, FormView())

    async def confirm_submit(self, request: Request) -> Response:
        """POST /confirm: creates the account and signs in."""
        browser_request, form = await self.page_context.posted(request)
        email_token = self.links.email_token(request, "confirm")
        pending = await self.service.pending(email_token, browser_request.browser)
        if pending is None or pending.purpose != "sign_up":
            return self.links.invalid(request, browser_request, "confirm", _AGAIN)
        try:
            confirmed = await self.service.confirm(
                email_token,
                browser=browser_request.browser,
                password=form.secret("password") if pending.needs_password else None,
                address=browser_request.address,
                agent=browser_request.agent,
                replaces=browser_request.cookie,
            )
        except REFUSALS as refusal:
            again = form_errors(refusal)
            return await self._confirm_page(
                request, browser_request, pending, again.view(form, "zoneinfo"), again
            )
        if confirmed.new_user is not None:
            await self.profiles.preset_zone(confirmed.new_user, form.one("zoneinfo"))
        response = await login_response(
            self.page_context, request, confirmed.login, confirmed.return_to, "confirmed"
        )
        return self.page_context.browser.clear_cookie(response, "confirm")

    async def _confirm_page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        pending: PendingLink,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        leads = await self.return_targets.of(pending.return_to)
        return self.page_context.show(
            request,
            browser_request,
            "confirm.html",
            again=again,
            options=PageOptions(form_action=leads.form_action, opener=True),
            pending=pending,
            form=view,
        )

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        return_to: str,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request,
            browser_request,
            _TEMPLATES[self.mode],
            again=again,
            options=PageOptions(opener=True),
            leads=await self.return_targets.of(return_to),
            form=view,
            providers=self.providers,
        )
