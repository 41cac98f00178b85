"""Password reset and address confirmation by e-mailed links."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.email_link_results import ConfirmedAddress, PendingLink
from quantimodo.accounts.errors import DomainError, SignInNeeded
from quantimodo.accounts.login import StartedSession
from quantimodo.accounts.recovery import Recovery
from quantimodo.model.texts import N_
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, error_view, form_errors
from quantimodo.pages.forms import FormView
from quantimodo.pages.links import InvalidLink, Links
from quantimodo.pages.login.responses import login_response
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions
from quantimodo.pages.return_targets import ReturnTarget, ReturnTargets

_VERIFY_AGAIN: Final = InvalidLink("/account/profile", N_("Go to your profile"))


@dataclass(frozen=True, slots=True)
class Reset:
    page_context: PageContext
    recovery: Recovery
    links: Links
    return_targets: ReturnTargets

    async def show(self, request: Request) -> Response:
        """GET /reset."""
        browser_request = await self.page_context.browser_request(request)
        view = FormView({"email": request.query_params.get("login_hint", "")[:254]})
        leads = await self.return_targets.of(request.query_params.get("return_to", ""))
        return self.page_context.show(
            request,
            browser_request,
            "reset.html",
            options=PageOptions(opener=True),
            form=view,
            leads=leads,
        )

    async def submit(self, request: Request) -> Response:
        """POST /reset: the response is the same whether the address has an account or not."""
        browser_request, form = await self.page_context.posted(request)
        leads = await self.return_targets.of(form.one("return_to"))
        try:
            await self.recovery.request_reset(form.one("email"), address=browser_request.address)
        except REFUSALS as refusal:
            again = form_errors(refusal)
            return self.page_context.show(
                request,
                browser_request,
                "reset.html",
                again=again,
                options=PageOptions(opener=True),
                form=again.view(form, "email"),
                leads=leads,
            )
        # The target stays in this browser: in another one the link leads to the account.
        response = self.page_context.go("/reset/sent")
        return self.page_context.browser.set_email_token_cookie(
            response, "reset_return", leads.return_to
        )

    async def sent(self, request: Request) -> Response:
        """GET /reset/sent."""
        browser_request = await self.page_context.browser_request(request)
        leads = await self._leads(request)
        return self.page_context.show(
            request,
            browser_request,
            "reset_sent.html",
            options=PageOptions(opener=True),
            outbox=self.links.outbox,
            leads=leads,
        )

    async def choose(self, request: Request) -> Response:
        """GET /reset/new: choose a new password. Opening the link does not use it up."""
        if moved := self.links.moved(request, "reset"):
            return moved
        browser_request = await self.page_context.browser_request(request)
        pending = await self._pending(request)
        if pending is None:
            return await self._invalid_link(request, browser_request)
        # The person may have lost control of more than the password.
        view = FormView({"end_tokens": "yes"})
        return self._page(request, browser_request, pending, view, await self._leads(request))

    async def choose_submit(self, request: Request) -> Response:
        """POST /reset/new."""
        browser_request, form = await self.page_context.posted(request)
        pending = await self._pending(request)
        if pending is None:
            return await self._invalid_link(request, browser_request)
        try:
            confirmed = await self.recovery.reset(
                self.links.email_token(request, "reset"),
                form.secret("password"),
                address=browser_request.address,
                agent=browser_request.agent,
                replaces=browser_request.cookie,
                end_tokens=form.one("end_tokens") == "yes",
            )
        except REFUSALS as refusal:
            again = form_errors(refusal)
            leads = await self._leads(request)
            return self._page(
                request, browser_request, pending, again.view(form, "end_tokens"), leads, again
            )
        leads = await self._leads(request)
        signed_in = isinstance(confirmed.login, StartedSession)
        notice = "password-reset" if signed_in else "password-replaced"
        response = await login_response(
            self.page_context, request, confirmed.login, leads.return_to, notice
        )
        self.page_context.browser.clear_cookie(response, "reset")
        return self.page_context.browser.clear_cookie(response, "reset_return")

    async def _invalid_link(self, request: Request, browser_request: BrowserRequest) -> Response:
        where = quote((await self._leads(request)).return_to, safe="")
        again = InvalidLink(f"/reset?return_to={where}", N_("Ask for a new link"))
        return self.links.invalid(request, browser_request, "reset", again)

    async def _leads(self, request: Request) -> ReturnTarget:
        """The target of this browser when the new password was requested; the account, if that
        request has expired."""
        leads = await self.return_targets.of(
            self.page_context.browser.read_cookie(request, "reset_return")
        )
        return await self.return_targets.of("") if leads.is_over else leads

    async def _pending(self, request: Request) -> PendingLink | None:
        pending = await self.recovery.pending(self.links.email_token(request, "reset"))
        return pending if pending and pending.purpose == "reset_password" else None

    def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        pending: PendingLink,
        view: FormView,
        leads: ReturnTarget,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request,
            browser_request,
            "reset_new.html",
            again=again,
            options=PageOptions(form_action=leads.form_action, opener=True),
            pending=pending,
            form=view,
        )


@dataclass(frozen=True, slots=True)
class Verification:
    page_context: PageContext
    recovery: Recovery
    links: Links

    async def show(self, request: Request) -> Response:
        """GET /verify: explains the link. Opening it does not use it up."""
        if moved := self.links.moved(request, "verify"):
            return moved
        browser_request = await self.page_context.browser_request(request)
        pending = await self._pending(request)
        if pending is None:
            return self.links.invalid(request, browser_request, "verify", _VERIFY_AGAIN)
        return self._page(request, browser_request, pending)

    async def submit(self, request: Request) -> Response:
        """POST /verify."""
        browser_request, _ = await self.page_context.posted(request)
        pending = await self._pending(request)
        if pending is None:
            return self.links.invalid(request, browser_request, "verify", _VERIFY_AGAIN)
        email_token = self.links.email_token(request, "verify")
        try:
            verified = await self.recovery.confirm_address(
                email_token, session=browser_request.session
            )
        except SignInNeeded:
            return self.page_context.go("/sign-in?return_to=/verify")
        except DomainError as refusal:
            return self._page(request, browser_request, pending, form_errors(refusal))
        if verified is None:
            return self.links.invalid(request, browser_request, "verify", _VERIFY_AGAIN)
        return self.page_context.browser.clear_cookie(
            self._continue(browser_request, verified), "verify"
        )

    def _continue(self, browser_request: BrowserRequest, verified: ConfirmedAddress) -> Response:
        if verified.reset_token is not None:
            response = self.page_context.go("/reset/new", "verified")
            return self.page_context.browser.set_email_token_cookie(
                response, "reset", verified.reset_token.reveal()
            )
        return self.page_context.go(
            "/account/profile" if browser_request.session else "/sign-in", "verified"
        )

    async def _pending(self, request: Request) -> PendingLink | None:
        pending = await self.recovery.pending(self.links.email_token(request, "verify"))
        return pending if pending and pending.purpose == "verify_email" else None

    def _page(
        self,
        request: Request,
        browser_request: BrowserRequest,
        pending: PendingLink,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request,
            browser_request,
            "verify.html",
            again=again,
            options=PageOptions(opener=True),
            pending=pending,
            form=error_view(again),
        )
