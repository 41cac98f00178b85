"""A person's password and address, and recent events of the account."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.account_changes import AccountChanges
from quantimodo.accounts.credentials import Credentials
from quantimodo.accounts.passkeys.passkeys import Passkeys
from quantimodo.accounts.second_factors.factor_recovery import FactorRecoveries
from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.accounts.second_factors.trusted_browsers import TrustedBrowsers
from quantimodo.accounts.sessions import require_fresh
from quantimodo.pages.account.audit_messages import circumstances, sentence
from quantimodo.pages.account.sessions import key_from_hex
from quantimodo.pages.account.user_agents import describe
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, form_errors
from quantimodo.pages.forms import FormView
from quantimodo.pages.page_context import PageContext
from quantimodo.ports.background_stores import EventStore

_EVENTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Security:
    """/account/security: password, address, and recent events."""

    page_context: PageContext
    changes: AccountChanges
    credentials: Credentials
    second_factors: SecondFactors
    passkeys: Passkeys
    events: EventStore
    trusted_browsers: TrustedBrowsers
    recoveries: FactorRecoveries

    async def show(self, request: Request) -> Response:
        """GET /account/security: password, second factor, passkeys, and the newest events."""
        browser_request = await self.page_context.browser_request(request)
        user = browser_request.required().user
        events = await self.events.events_of(user.id, _EVENTS_SHOWN)
        return self.page_context.show(
            request,
            browser_request,
            "account_security.html",
            section="account-security",
            person=user,
            two_step=await self.second_factors.status(user) is not None,
            passkeys=len(await self.passkeys.list(user)),
            offers_passkeys=self.passkeys.policy.offered,
            offers_two_step=self.second_factors.policy.mode != "off",
            has_password=await self.credentials.has_password(user.id),
            trusted=await self.trusted_browsers.list(user),
            describe=describe,
            recovery=await self.recoveries.status(user),
            events=[(event, sentence(event), circumstances(event)) for event in events],
        )

    async def end_trust(self, request: Request) -> Response:
        """POST /account/security/trusted-browsers/end: only a browser of this person."""
        browser_request, form = await self.page_context.posted(request)
        key = key_from_hex(form.one("browser"))
        await self.trusted_browsers.delete(browser_request.required().user, key)
        return self.page_context.go("/account/security", "trust-ended")

    async def password(self, request: Request) -> Response:
        """GET /account/security/password: to change it, or to set the first one."""
        browser_request = await self.page_context.browser_request(request)
        if await _proves_by_password(self.page_context, self.credentials, browser_request):
            return await self._form(request, browser_request, "account_password.html", FormView())
        return await self._form(request, browser_request, "account_first_password.html", FormView())

    async def set_first_password(self, request: Request) -> Response:
        """POST /account/security/first-password: soon after a sign-in by other means."""
        browser_request, form = await self.page_context.posted(request)
        try:
            cookie = await self.changes.set_first_password(
                browser_request.required(), form.secret("password")
            )
        except REFUSALS as refusal:
            again = form_errors(refusal)
            return await self._form(
                request, browser_request, "account_first_password.html", again.view(form), again
            )
        response = self.page_context.go("/account/sessions", "password-set")
        return self.page_context.browser.sign_in(response, cookie)

    async def change_password(self, request: Request) -> Response:
        """POST /account/security/password: with the current one; a new session id after it."""
        browser_request, form = await self.page_context.posted(request)
        try:
            cookie = await self.changes.change_password(
                browser_request.required(),
                form.secret("current"),
                form.secret("password"),
                end_tokens=form.one("end_tokens") == "yes",
            )
        except REFUSALS as refusal:
            again = form_errors(refusal, field="current")
            return await self._form(
                request,
                browser_request,
                "account_password.html",
                again.view(form, "end_tokens"),
                again,
            )
        response = self.page_context.go("/account/sessions", "password-changed")
        return self.page_context.browser.sign_in(response, cookie)

    async def email(self, request: Request) -> Response:
        """GET /account/security/email."""
        browser_request = await self.page_context.browser_request(request)
        await _proves_by_password(self.page_context, self.credentials, browser_request)
        return await self._form(request, browser_request, "account_email.html", FormView())

    async def change_email(self, request: Request) -> Response:
        """POST /account/security/email: takes effect when the e-mailed link is used."""
        browser_request, form = await self.page_context.posted(request)
        try:
            cookie = await self.changes.change_email(
                browser_request.required(), form.secret("current"), form.one("email")
            )
        except REFUSALS as refusal:
            again = form_errors(refusal, field="current")
            view = again.view(form, "email")
            return await self._form(request, browser_request, "account_email.html", view, again)
        response = self.page_context.go("/account/security", "email-requested")
        return self.page_context.browser.sign_in(response, cookie)

    async def _form(
        self,
        request: Request,
        browser_request: BrowserRequest,
        name: str,
        view: FormView,
        again: FormErrors | None = None,
    ) -> Response:
        user = browser_request.required().user
        return self.page_context.show(
            request,
            browser_request,
            name,
            again=again,
            section="account-security",
            person=user,
            has_password=await self.credentials.has_password(user.id),
            personal_tokens=await self.credentials.personal_tokens.count(user.id),
            form=view,
        )


async def _proves_by_password(
    page_context: PageContext, credentials: Credentials, browser_request: BrowserRequest
) -> bool:
    """Whether the form asks for the password; if not, the person must have signed in recently.

    Raises `ReauthenticationNeeded`, before the form is shown.
    """
    session = browser_request.required()
    if await credentials.has_password(session.user.id):
        return True
    require_fresh(session, page_context.clock.now())
    return False
