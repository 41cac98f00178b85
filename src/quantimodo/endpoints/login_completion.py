"""Completes a login at a provider: a login code for the application, a session, or a link.

`federation/social_accounts.py` decides which account signs in.
"""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import local_path, with_return_to
from quantimodo.accounts.errors import DomainError, LinkNeeded, ReauthenticationNeeded, TooMany
from quantimodo.accounts.throttle import Throttle
from quantimodo.endpoints.login_browsers import LoginBrowsers
from quantimodo.endpoints.login_purposes import (
    LinkAccount,
    Purpose,
    ReturnToClient,
    StartSession,
)
from quantimodo.endpoints.pending_profiles import PendingProfile, PendingProfiles
from quantimodo.federation.contract import Provider
from quantimodo.federation.login_codes import CodeBinding, LoginCodes, UpstreamSignIn
from quantimodo.federation.redirect_targets import RedirectTargets, UnregisteredRedirect
from quantimodo.federation.social_accounts import SocialAccounts
from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.sessions import Session
from quantimodo.model.texts import N_
from quantimodo.outbound.errors import ProviderFault
from quantimodo.pages.browser import BrowserRequest, peer_address
from quantimodo.pages.errors import error_page, retry_after, too_many
from quantimodo.pages.login.responses import login_browser, login_response
from quantimodo.pages.outcomes import Outcome, OutcomeLink
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions, see_other
from quantimodo.pages.return_targets import ReturnTargets
from quantimodo.protocol.authorization_responses import redirect_target

LINK: Final = "/sign-in/link"
IDENTITIES: Final = "/account/identities"
LINKED: Final = "identity-linked"

_ERRORS: Final = ("access_denied", "temporarily_unavailable")
_TAKEN_BACK: Final = (
    N_("This sign-in cannot go on"),
    N_(
        "The app that sent you is not registered here any more, or not with this address. Nothing"
        " was sent to it."
    ),
)
_TOO_MANY: Final = N_("Too many tries. Try again in a few minutes.")
_REMOVED: Final = N_("This way of signing in was removed just now.")
_NOT_LINKED: Final = (
    N_("Nothing was linked"),
    N_("You signed out, or in to another account, meanwhile. Go to your account and begin again."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCompletion:
    """Completes a login whose profile the provider has confirmed, by its purpose."""

    accounts: SocialAccounts
    codes: LoginCodes
    pending_profiles: PendingProfiles
    throttle: Throttle
    redirect_targets: RedirectTargets
    browsers: LoginBrowsers
    page_context: PageContext
    return_targets: ReturnTargets

    async def complete(
        self, request: Request, profile: UpstreamProfile, purpose: Purpose
    ) -> Response:
        """Complete the login of a profile that its provider has verified."""
        browser_request = await self.page_context.browser_request(request)
        match purpose:
            case ReturnToClient():
                return await self._return_to_client(request, browser_request, profile, purpose)
            case StartSession():
                return await self._start_session(request, browser_request, profile, purpose)
            case LinkAccount():
                return await self._link_account(request, browser_request, profile, purpose)

    async def link(self, request: Request, found: PendingProfile, session: Session) -> Response:
        """Link the identity to the account of this session, then complete the login. Raises
        `ReauthenticationNeeded`."""
        try:
            await self.accounts.link(session, found.profile)
        except DomainError as refusal:
            return self.failed(request, 403, refusal.message, found.purpose)
        match found.purpose:
            case ReturnToClient() as purpose:
                sign_in = UpstreamSignIn(
                    provider=found.profile.provider,
                    user_id=session.user.id,
                    methods=found.profile.methods,
                    new_user=False,
                )
                return await self._send_code(request, sign_in, purpose)
            case StartSession(return_to):
                return self.page_context.go(local_path(return_to), LINKED)
            case LinkAccount():
                return self.page_context.go(IDENTITIES, LINKED)

    async def cancelled(self, request: Request, purpose: Purpose) -> Response:
        """Respond to a person who does not link the identity."""
        match purpose:
            case ReturnToClient():
                text = N_("The person did not sign in.")
                return await self.refuse_app(request, purpose, "access_denied", text)
            case StartSession(return_to):
                return see_other(with_return_to("/sign-in", local_path(return_to)))
            case LinkAccount():
                return see_other(IDENTITIES)

    async def fail(
        self, request: Request, provider: Provider, fault: ProviderFault, purpose: Purpose
    ) -> Response:
        """The response after a fault of the provider: a redirect to the application, or a page."""
        because = fault.because or fault.message
        record_refusal(request.scope, Refusal(fault.code, because, "sign-in failed", provider.name))
        if isinstance(purpose, ReturnToClient):
            # v2-api.md §2.4 names two codes. The application cannot correct any other fault.
            code = fault.code if fault.code in _ERRORS else "server_error"
            return await self.refuse_app(request, purpose, code, fault.message)
        return self.failed(request, fault.status, fault.message, purpose)

    async def refuse_app(
        self, request: Request, purpose: ReturnToClient, code: str, text: str
    ) -> Response:
        """Redirect to the application with `error` (v2-api.md §2.4). `text` is a fixed text for
        people."""
        record_refusal(request.scope, Refusal(code, text))
        try:
            await self.redirect_targets.still(purpose.redirect_url, purpose.clients)
        except UnregisteredRedirect:
            return self._rejected(request, _TAKEN_BACK)
        return _sent(purpose, [("error", code), ("error_description", text)])

    def failed(self, request: Request, status: int, text: str, purpose: Purpose) -> Response:
        """The page for a failed login that was not for an application."""
        record_refusal(request.scope, Refusal("access_denied", text))
        return_to = purpose.return_to if isinstance(purpose, StartSession) else IDENTITIES
        again = (
            with_return_to("/sign-in", local_path(return_to))
            if isinstance(purpose, StartSession)
            else IDENTITIES
        )
        return self.page_context.renderer.page(
            "outcome.html",
            options=PageOptions(status=status, opener=True),
            outcome=Outcome(
                title=N_("That did not work"),
                text=text,
                icon="alert",
                failed=True,
                button=OutcomeLink(again, N_("Go back and try again")),
            ),
        )

    async def _return_to_client(
        self,
        request: Request,
        browser_request: BrowserRequest,
        profile: UpstreamProfile,
        purpose: ReturnToClient,
    ) -> Response:
        try:
            admitted = await self.accounts.admit(profile, address=browser_request.address)
        except LinkNeeded:
            return await self.pending_profiles.store(request, profile, purpose, LINK)
        except DomainError as refusal:
            return await self.refuse_app(request, purpose, "access_denied", refusal.message)
        except TooMany:
            return await self.refuse_app(request, purpose, "temporarily_unavailable", _TOO_MANY)
        sign_in = UpstreamSignIn(
            provider=profile.provider,
            user_id=admitted.user.id,
            methods=profile.methods,
            new_user=admitted.new_user,
        )
        response = await self._send_code(request, sign_in, purpose)
        # Unlinking an identity deletes its login codes. A code that is issued afterwards is refused
        # here.
        if not await self.accounts.stands(admitted):
            return await self.refuse_app(request, purpose, "access_denied", _REMOVED)
        return response

    async def _send_code(
        self, request: Request, sign_in: UpstreamSignIn, purpose: ReturnToClient
    ) -> Response:
        try:
            target = await self.redirect_targets.still(purpose.redirect_url, purpose.clients)
        except UnregisteredRedirect:
            # security.md §1: nothing is sent to an address that is no longer registered.
            return self._rejected(request, _TAKEN_BACK)
        binding = CodeBinding(
            clients=target.clients,
            redirect_url=purpose.redirect_url,
            challenge=purpose.challenge,
        )
        charge = self.throttle.charge("login_codes", peer_address(request))
        code = await self.codes.mint(sign_in, binding, charge)
        response = _sent(purpose, [("code", code.raw.reveal())])
        return self.browsers.mark(request, response, code.jti)

    async def _start_session(
        self,
        request: Request,
        browser_request: BrowserRequest,
        profile: UpstreamProfile,
        purpose: StartSession,
    ) -> Response:
        try:
            admitted = await self.accounts.admit(profile, address=browser_request.address)
            leads = await self.return_targets.of(purpose.return_to)
            login = await self.accounts.begin_session(
                admitted,
                profile.methods,
                login_browser(self.page_context.browser, request, browser_request, leads),
            )
        except LinkNeeded:
            return await self.pending_profiles.store(request, profile, purpose, LINK)
        except DomainError as refusal:
            return self.failed(request, 403, refusal.message, purpose)
        except TooMany as fault:
            record_refusal(request.scope, Refusal("too_many_requests", str(fault)))
            page, headers = too_many(fault.retry_after), retry_after(fault.retry_after)
            return error_page(self.page_context.renderer, 429, *page, headers=headers)
        where = local_path(purpose.return_to)
        return await login_response(self.page_context, request, login, where)

    async def _link_account(
        self,
        request: Request,
        browser_request: BrowserRequest,
        profile: UpstreamProfile,
        purpose: LinkAccount,
    ) -> Response:
        session = browser_request.session
        # security.md §27: only the account whose session began the login is linked.
        if session is None or session.user.id != purpose.user_id or session.key != purpose.session:
            return self._rejected(request, _NOT_LINKED, status=403)
        try:
            await self.accounts.link(session, profile)
        except ReauthenticationNeeded:
            return self.page_context.again(IDENTITIES)
        except DomainError as refusal:
            return self.failed(request, 403, refusal.message, purpose)
        return self.page_context.go(IDENTITIES, LINKED)

    def _rejected(self, request: Request, page: tuple[str, str], *, status: int = 400) -> Response:
        record_refusal(request.scope, Refusal("access_denied", page[0]))
        return error_page(self.page_context.renderer, status, *page)


def _sent(purpose: ReturnToClient, parameters: list[tuple[str, str]]) -> Response:
    if purpose.state is not None:
        parameters = [*parameters, ("state", purpose.state)]
    return see_other(redirect_target(purpose.redirect_url, parameters, "query"))
