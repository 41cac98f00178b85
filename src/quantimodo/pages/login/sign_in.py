"""Signing in by e-mail address and password."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.passkeys.sign_in import PasskeySignIn
from quantimodo.accounts.password_sign_in import PasswordSignIn
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import FormView
from quantimodo.pages.login.provider_buttons import ProviderButton
from quantimodo.pages.login.responses import login_browser, login_response
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions
from quantimodo.pages.return_targets import ReturnTargets


@dataclass(frozen=True, slots=True)
class SignIn:
    page_context: PageContext
    password_sign_in: PasswordSignIn
    passkey_sign_in: PasskeySignIn
    return_targets: ReturnTargets
    providers: Sequence[ProviderButton] = ()
    email_codes: bool = False

    async def show(self, request: Request) -> Response:
        """GET /sign-in. Always the form, also for a signed-in person: to switch accounts."""
        browser_request = await self.page_context.browser_request(request)
        view = FormView({"username": request.query_params.get("login_hint", "")[:254]})
        return await self._page(
            request, browser_request, request.query_params.get("return_to", ""), view
        )

    async def submit(self, request: Request) -> Response:
        """POST /sign-in."""
        browser_request, form = await self.page_context.posted(request)
        return_to = form.one("return_to")
        leads = await self.return_targets.of(return_to)
        try:
            login = await self.password_sign_in.sign_in(
                form.one("username"),
                form.secret("password"),
                login_browser(self.page_context.browser, request, browser_request, leads),
            )
        except REFUSALS as refusal:
            again = form_errors(refusal, names={"email": "username"})
            view = again.view(form, "username")
            return await self._page(request, browser_request, return_to, view, again)
        return await login_response(self.page_context, request, login, leads.return_to)

    async def submit_passkey(self, request: Request) -> Response:
        """POST /sign-in/passkey: by a passkey, without a name."""
        browser_request, form = await self.page_context.posted(request)
        return_to = form.one("return_to")
        try:
            login = await self.passkey_sign_in.sign_in(
                form.secret("credential"),
                browser_request.browser,
                login_browser(self.page_context.browser, request, browser_request),
            )
        except REFUSALS as refusal:
            again = form_errors(refusal)
            return await self._page(request, browser_request, return_to, again.view(form), again)
        leads = await self.return_targets.of(return_to)
        return await login_response(self.page_context, request, login, leads.return_to)

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        return_to: str,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        leads, passkeys = await self.return_targets.of(return_to), self.passkey_sign_in
        return self.page_context.show(
            request,
            browser_request,
            "sign_in.html",
            again=again,
            options=PageOptions(form_action=leads.form_action, opener=True),
            leads=leads,
            passkey=passkeys.options(browser_request.browser) if passkeys.offered else None,
            form=view,
            providers=self.providers,
            email_codes=self.email_codes,
        )
