"""The account's pages of two-step verification: set up an app or a passkey, recovery codes, turn it
off."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import local_path
from quantimodo.accounts.passkeys.factor import PasskeyFactor
from quantimodo.accounts.second_factors.set_up import Enrolment, SecondFactors
from quantimodo.model.secrets import Secret
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import REFUSALS, FormErrors, error_view, form_errors
from quantimodo.pages.login.responses import login_browser
from quantimodo.pages.new_secret_cookie import NewSecretCookie
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.qr_codes import key_groups, qr_code

TWO_STEP: Final = "/account/security/two-step"
# The page to which pages redirect that need a second factor, for people without one.
TWO_STEP_FIRST: Final = f"{TWO_STEP}?first=true"
CODES: Final = f"{TWO_STEP}/codes"
CODES_PURPOSE: Final = "recovery codes to be shown"


@dataclass(frozen=True, slots=True)
class AppView:
    """A new authenticator app, for `parts/authenticator_app.html`."""

    qr: str = field(repr=False)
    key: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TwoStep:
    """/account/security/two-step. Each change needs a recent sign-in (security.md §18)."""

    page_context: PageContext
    second_factors: SecondFactors
    passkey_factor: PasskeyFactor
    secrets: NewSecretCookie

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), TWO_STEP, self.show),
            (("POST",), f"{TWO_STEP}/app/new", self.begin),
            (("GET",), f"{TWO_STEP}/app", self.app),
            (("POST",), f"{TWO_STEP}/app", self.confirm),
            (("POST",), f"{TWO_STEP}/passkey", self.set_up_passkey),
            (("GET",), CODES, self.codes),
            (("POST",), CODES, self.replace_codes),
            (("GET",), f"{TWO_STEP}/remove", self.confirm_removal),
            (("POST",), f"{TWO_STEP}/remove", self.remove),
        ]

    async def show(self, request: Request) -> Response:
        """GET: whether it is on, and what can be changed."""
        browser_request = await self.page_context.browser_request(request)
        return await self._status(request, browser_request)

    async def begin(self, request: Request) -> Response:
        """POST …/app/new: make a key for an app, which the next page shows."""
        browser_request, _ = await self.page_context.posted(request)
        try:
            await self.second_factors.begin(browser_request.required())
        except REFUSALS as refusal:
            return await self._status(request, browser_request, form_errors(refusal))
        return self.page_context.go(f"{TWO_STEP}/app")

    async def app(self, request: Request) -> Response:
        """GET …/app: the key of the new app, as a QR code and as text."""
        browser_request = await self.page_context.browser_request(request)
        await self.second_factors.require_recent_login(browser_request.required())
        return await self._app(request, browser_request)

    async def confirm(self, request: Request) -> Response:
        """POST …/app: the first code of the new app."""
        browser_request, form = await self.page_context.posted(request)
        session = browser_request.required()
        try:
            codes = await self.second_factors.confirm(session, form.secret("code"))
        except REFUSALS as refusal:
            again = form_errors(refusal, field="code")
            return await self._app(request, browser_request, again)
        response = self.page_context.go(CODES, "two-step-on")
        return self.secrets.set_secret(response, session.key, one_text(codes), CODES_PURPOSE)

    async def set_up_passkey(self, request: Request) -> Response:
        """POST …/passkey: a passkey of the person, used just now, is the second factor."""
        browser_request, form = await self.page_context.posted(request)
        session = browser_request.required()
        browser = login_browser(self.page_context.browser, request, browser_request)
        try:
            codes = await self.passkey_factor.set_up(session, form.secret("credential"), browser)
        except REFUSALS as refusal:
            return await self._status(request, browser_request, form_errors(refusal))
        response = self.page_context.go(CODES, "two-step-on")
        return self.secrets.set_secret(response, session.key, one_text(codes), CODES_PURPOSE)

    async def codes(self, request: Request) -> Response:
        """GET …/codes: the new recovery codes, once."""
        browser_request = await self.page_context.browser_request(request)
        session = browser_request.required()
        found = self.secrets.read_secret(request, session.key, CODES_PURPOSE)
        if found is None:
            return self.page_context.go(TWO_STEP)
        response = self.page_context.show(
            request,
            browser_request,
            "account_two_step_codes.html",
            section="account-security",
            person=session.user,
            codes=found.reveal().split(),
            return_to=local_path(request.query_params.get("return_to", "")),
        )
        return self.secrets.clear(response)

    async def replace_codes(self, request: Request) -> Response:
        """POST …/codes: make new recovery codes."""
        browser_request, _ = await self.page_context.posted(request)
        session = browser_request.required()
        try:
            codes = await self.second_factors.replace_recovery_codes(session)
        except REFUSALS as refusal:
            return await self._status(request, browser_request, form_errors(refusal))
        response = self.page_context.go(CODES, "recovery-codes-new")
        return self.secrets.set_secret(response, session.key, one_text(codes), CODES_PURPOSE)

    async def confirm_removal(self, request: Request) -> Response:
        """GET …/remove."""
        browser_request = await self.page_context.browser_request(request)
        session = browser_request.required()
        await self.second_factors.require_recent_login(session)
        if await self.second_factors.status(session.user) is None:
            return self.page_context.go(TWO_STEP)
        return self._removal(request, browser_request)

    async def remove(self, request: Request) -> Response:
        """POST …/remove."""
        browser_request, _ = await self.page_context.posted(request)
        try:
            await self.second_factors.delete(browser_request.required())
        except REFUSALS as refusal:
            return self._removal(request, browser_request, form_errors(refusal))
        return self.page_context.go(TWO_STEP, "two-step-off")

    async def _status(
        self,
        request: Request,
        browser_request: BrowserRequest,
        again: FormErrors | None = None,
    ) -> Response:
        session = browser_request.required()
        user, status = session.user, await self.second_factors.status(session.user)
        return self.page_context.show(
            request,
            browser_request,
            "account_two_step.html",
            again=again,
            section="account-security",
            status=status,
            passkey=await self.passkey_factor.options(session),
            offers_passkeys=self.passkey_factor.sign_in.passkeys.policy.offered,
            mode=self.second_factors.policy.mode,
            first=status is None and "first" in request.query_params,
            required=await self.second_factors.requirement.applies_to(user),
            of_developers=self.second_factors.requirement.developers,
            form=error_view(again),
        )

    async def _app(
        self,
        request: Request,
        browser_request: BrowserRequest,
        again: FormErrors | None = None,
    ) -> Response:
        session = browser_request.required()
        enrolment = await self.second_factors.enrolment(session.user, session.key)
        if enrolment is None and again is not None:
            return await self._status(request, browser_request, again.without_fields())
        if enrolment is None:
            return self.page_context.go(TWO_STEP)
        return self.page_context.show(
            request,
            browser_request,
            "account_two_step_app.html",
            again=again,
            section="account-security",
            form=error_view(again),
            app=app_view(enrolment),
        )

    def _removal(
        self,
        request: Request,
        browser_request: BrowserRequest,
        again: FormErrors | None = None,
    ) -> Response:
        return self.page_context.show(
            request,
            browser_request,
            "account_two_step_remove.html",
            again=again,
            section="account-security",
            form=error_view(again),
        )


def one_text(codes: Sequence[Secret]) -> Secret:
    """The recovery codes as one text."""
    return Secret(" ".join(code.reveal() for code in codes))


def app_view(enrolment: Enrolment) -> AppView:
    """The enrolment as a page shows it."""
    return AppView(
        qr=qr_code(enrolment.uri), key=key_groups(enrolment.secret), uri=enrolment.uri.reveal()
    )
