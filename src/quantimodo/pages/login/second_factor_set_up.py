"""The page on which a person adds a second factor before a pending login is completed, where the
operator requires one."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import with_return_to
from quantimodo.accounts.login import LoginExpired
from quantimodo.accounts.second_factors.required_enrolment import (
    CompletedEnrolment,
    RequiredEnrolment,
)
from quantimodo.model.sessions import PendingLogin
from quantimodo.pages.account.two_step import CODES, CODES_PURPOSE, app_view, one_text
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, error_view, form_errors
from quantimodo.pages.forms import Form
from quantimodo.pages.login.responses import (
    SECOND_FACTOR,
    SET_UP,
    login_browser,
    login_response,
    pending_login_cookie,
)
from quantimodo.pages.new_secret_cookie import NewSecretCookie
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.renderer import PageOptions
from quantimodo.pages.return_targets import ReturnTarget, ReturnTargets


@dataclass(frozen=True, slots=True)
class SecondFactorSetUp:
    page_context: PageContext
    set_up: RequiredEnrolment
    return_targets: ReturnTargets
    secrets: NewSecretCookie

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), SET_UP, self.show),
            (("POST",), SET_UP, self.submit),
            (("POST",), f"{SET_UP}/passkey", self.submit_passkey),
        ]

    async def show(self, request: Request) -> Response:
        """GET /sign-in/second-factor/set-up."""
        browser_request = await self.page_context.browser_request(request)
        leads = await self.return_targets.of(request.query_params.get("return_to", ""))
        pending = await self._pending(request)
        if pending is None:
            return self._continue(leads)
        return await self._page(request, browser_request, leads, pending)

    async def submit(self, request: Request) -> Response:
        """POST: begin to set up an app, or confirm it by its first code."""
        browser_request, form = await self.page_context.posted(request)
        leads = await self.return_targets.of(form.one("return_to"))
        pending = await self._pending(request)
        if pending is None:
            return self._continue(leads)
        try:
            if form.one("action") != "begin":
                return await self._confirm(request, browser_request, form, leads, pending)
            await self.set_up.begin(pending)
        except LoginExpired:
            return self._continue(leads)
        except REFUSALS as refusal:
            again = form_errors(refusal, field="code")
            return await self._page(request, browser_request, leads, pending, again)
        return self.page_context.go(with_return_to(SET_UP, leads.return_to))

    async def submit_passkey(self, request: Request) -> Response:
        """POST …/passkey: a passkey that the browser made is the second factor."""
        browser_request, form = await self.page_context.posted(request)
        leads = await self.return_targets.of(form.one("return_to"))
        pending = await self._pending(request)
        if pending is None:
            return self._continue(leads)
        browser = login_browser(self.page_context.browser, request, browser_request)
        try:
            completed = await self.set_up.complete_by_passkey(
                pending, form.secret("credential"), browser
            )
        except LoginExpired:
            return self._continue(leads)
        except REFUSALS as refusal:
            again = form_errors(refusal)
            return await self._page(request, browser_request, leads, pending, again)
        return await self._completed(request, completed, leads)

    async def _confirm(
        self,
        request: Request,
        browser_request: BrowserRequest,
        form: Form,
        leads: ReturnTarget,
        pending: PendingLogin,
    ) -> Response:
        browser = login_browser(self.page_context.browser, request, browser_request)
        completed = await self.set_up.complete(pending, form.secret("code"), browser)
        return await self._completed(request, completed, leads)

    async def _completed(
        self, request: Request, completed: CompletedEnrolment, leads: ReturnTarget
    ) -> Response:
        started, codes = completed.started, completed.recovery_codes
        where = with_return_to(CODES, leads.return_to)
        response = await login_response(
            self.page_context, request, started, where, notice="two-step-on"
        )
        return self.secrets.set_secret(
            response, started.session_key, one_text(codes), CODES_PURPOSE
        )

    async def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        leads: ReturnTarget,
        pending: PendingLogin,
        again: FormErrors | None = None,
    ) -> Response:
        enrolment = await self.set_up.second_factors.enrolment(pending.user, pending.key)
        if enrolment is None and again is not None:
            again = again.without_fields()
        return self.page_context.show(
            request,
            browser_request,
            "second_factor_set_up.html",
            again=again,
            options=PageOptions(form_action=leads.form_action, opener=True),
            leads=leads,
            person=pending.user,
            app=None if enrolment is None else app_view(enrolment),
            creation=await self.set_up.creation_options(pending),
            form=error_view(again),
        )

    async def _pending(self, request: Request) -> PendingLogin | None:
        """The pending login of this browser, if its person has no second factor and needs one."""
        cookie = pending_login_cookie(self.page_context.browser, request)
        check = self.set_up.login.second_factors
        pending = await self.set_up.login.pending.find(cookie)
        if pending is None or await check.factor_of(pending.user) is not None:
            return None
        # The first proof alone must not add a factor where a passkey can be used.
        if await check.has_usable_passkey(pending.user):
            return None
        return pending if await check.is_required(pending.user) else None

    def _continue(self, leads: ReturnTarget) -> Response:
        return self.page_context.go(with_return_to(SECOND_FACTOR, leads.return_to))
