"""The page on which a person completes a pending login by a second factor."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import with_return_to
from quantimodo.accounts.login import Login, LoginExpired
from quantimodo.accounts.passkeys.sign_in import PasskeySignIn
from quantimodo.accounts.second_factors.recovery_codes import RECOVERY_CODE
from quantimodo.model.sessions import PendingLogin
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, error_view, form_errors
from quantimodo.pages.login.responses import (
    SET_UP,
    login_browser,
    login_response,
    pending_login_cookie,
)
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions
from quantimodo.pages.return_targets import ReturnTarget, ReturnTargets


@dataclass(frozen=True, slots=True)
class SecondFactorPage:
    page_context: PageContext
    login: Login
    passkey_sign_in: PasskeySignIn
    return_targets: ReturnTargets

    async def show(self, request: Request) -> Response:
        """GET /sign-in/second-factor."""
        browser_request = await self.page_context.browser_request(request)
        leads = await self.return_targets.of(request.query_params.get("return_to", ""))
        return await self._page(request, browser_request, leads)

    async def submit(self, request: Request) -> Response:
        """POST /sign-in/second-factor: a wrong response counts against the person's limit."""
        browser_request, form = await self.page_context.posted(request)
        leads = await self.return_targets.of(form.one("return_to"))
        try:
            login = await self.login.complete_pending(
                pending_login_cookie(self.page_context.browser, request),
                form.secret("code"),
                login_browser(self.page_context.browser, request, browser_request),
                trust=form.one("trust") == "1",
            )
        except LoginExpired:
            return self._to_sign_in(leads)
        except REFUSALS as refusal:
            again = form_errors(refusal, field="code")
            return await self._page(request, browser_request, leads, again)
        return await login_response(self.page_context, request, login, leads.return_to)

    async def submit_passkey(self, request: Request) -> Response:
        """POST /sign-in/second-factor/passkey: a passkey of the person, instead of a code."""
        browser_request, form = await self.page_context.posted(request)
        leads = await self.return_targets.of(form.one("return_to"))
        try:
            login = await self.passkey_sign_in.complete_pending(
                pending_login_cookie(self.page_context.browser, request),
                form.secret("credential"),
                login_browser(self.page_context.browser, request, browser_request),
            )
        except LoginExpired:
            return self._to_sign_in(leads)
        except REFUSALS as refusal:
            return await self._page(request, browser_request, leads, form_errors(refusal))
        return await login_response(self.page_context, request, login, leads.return_to)

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        leads: ReturnTarget,
        again: FormErrors | None = None,
    ) -> Response:
        pending, check = await self._pending(request), self.login.second_factors
        if pending is None:
            return self._to_sign_in(leads)
        factor = await check.factor_of(pending.user)
        passkey = await self.passkey_sign_in.options_pending(pending)
        if factor is None and passkey is None:
            if await check.is_required(pending.user):
                return self.page_context.go(with_return_to(SET_UP, leads.return_to))
            return self._to_sign_in(leads)
        return self.page_context.show(
            request,
            browser_request,
            "second_factor.html",
            again=again,
            options=PageOptions(form_action=leads.form_action, opener=True),
            leads=leads,
            person=pending.user,
            label=None if factor is None else factor.label,
            has_app=factor is not None and factor.label != RECOVERY_CODE,
            passkey=passkey,
            trusted_for=check.trusted_browsers.lifetime,
            form=error_view(again),
        )

    async def _pending(self, request: Request) -> PendingLogin | None:
        return await self.login.pending.find(
            pending_login_cookie(self.page_context.browser, request)
        )

    def _to_sign_in(self, leads: ReturnTarget) -> Response:
        return self.page_context.go(with_return_to("/sign-in", leads.return_to))
