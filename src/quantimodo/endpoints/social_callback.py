"""What follows when a provider has confirmed a person: a code for the app, a login, or a link.

`federation/social_accounts.py` decides which account it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import local_path
from quantimodo.accounts.errors import DomainError, LinkNeeded, ReauthenticationNeeded, TooMany
from quantimodo.accounts.sessions import is_fresh
from quantimodo.accounts.throttle import Throttle
from quantimodo.endpoints.login_browsers import LoginBrowsers
from quantimodo.endpoints.social_over import FinishedSignIns
from quantimodo.endpoints.upstream_login import (
    InvalidLoginState,
    LinkAccount,
    Purpose,
    ReturnToClient,
    StartSession,
    UpstreamLogin,
    Waiting,
)
from quantimodo.federation.login_codes import LoginCodes
from quantimodo.federation.redirect_targets import RedirectTargets, UnregisteredRedirect
from quantimodo.federation.social_accounts import SocialAccounts
from quantimodo.model.identities import Profile
from quantimodo.model.sessions import Session
from quantimodo.pages.browser import BrowserRequest, peer_address
from quantimodo.pages.errors import error_page
from quantimodo.pages.layout import form_sources, head_of, see_other
from quantimodo.pages.login_responses import login_response
from quantimodo.pages.page_context import PageContext, too_many
from quantimodo.ports.clock import Clock
from quantimodo.protocol.responses import redirect_target

LINK: Final = "/sign-in/link"
ARRIVED: Final = "/sign-in/arrived"
IDENTITIES: Final = "/account/identities"
LINKED: Final = "identity-linked"

_TAKEN_BACK: Final = (
    "This sign-in cannot go on",
    "The app that sent you is not registered here any more, or not with this address. Nothing was"
    " sent to it.",
)
_REMOVED: Final = "This way of signing in was removed just now."
_NOT_LINKED: Final = (
    "Nothing was linked",
    "You signed out, or in to another account, meanwhile. Go to your account and begin again.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackHandler:
    """`titles`: what people call each provider."""

    accounts: SocialAccounts
    codes: LoginCodes
    upstream_login: UpstreamLogin
    throttle: Throttle
    redirect_targets: RedirectTargets
    browsers: LoginBrowsers
    finished: FinishedSignIns
    page_context: PageContext
    clock: Clock
    titles: Mapping[str, str]

    async def complete(self, request: Request, profile: Profile, purpose: Purpose) -> Response:
        """The end of a way, for a profile that its provider has checked."""
        browser_request = await self.page_context.browser_request(request)
        match purpose:
            case ReturnToClient():
                return await self._return_to_client(request, browser_request, profile, purpose)
            case StartSession():
                return await self._start_session(request, browser_request, profile, purpose)
            case LinkAccount():
                return await self._link_account(browser_request, profile, purpose)

    async def arrived(self, request: Request) -> Response:
        """GET /sign-in/arrived: a profile that came by a form of another site (Apple), which does
        not bring our session cookie along; this request does."""
        way = request.query_params.get("way", "")
        try:
            if request.method == "HEAD":
                await self.upstream_login.look(request, way)
                return head_of(303)
            found = await self.upstream_login.resume(request, way)
        except InvalidLoginState:
            return await self.finished.page(request, way)
        response = await self.complete(request, found.profile, found.purpose)
        return self.finished.note(response, way)

    async def ask(self, request: Request) -> Response:
        """GET /sign-in/link: an account with this address exists; whose owner are you?"""
        way = request.query_params.get("way", "")
        try:
            found = await self.upstream_login.waiting(request, way)
        except InvalidLoginState:
            return await self.finished.page(request, way)
        browser_request = await self.page_context.browser_request(request)
        return self._link_page(request, browser_request, found, way)

    async def decide(self, request: Request) -> Response:
        """POST /sign-in/link: the person pressed a button of that page."""
        browser_request, form = await self.page_context.posted(request)
        way = form.one("way")
        try:
            found = await self.upstream_login.waiting(request, way)
            cancelled = form.one("decision") != "link"
            session = browser_request.session
            if not cancelled and (session is None or not is_fresh(session, self.clock.now())):
                return see_other(_link_address(way))
            found = await self.upstream_login.resume(request, way)
        except InvalidLoginState:
            return await self.finished.page(request, way)
        if cancelled or session is None:
            response = await self._cancelled(found.purpose)
        else:
            response = await self._link(request, found, session, way)
        return self.finished.note(response, way)

    async def _return_to_client(
        self,
        request: Request,
        browser_request: BrowserRequest,
        profile: Profile,
        purpose: ReturnToClient,
    ) -> Response:
        try:
            admitted = await self.accounts.admit(profile, address=browser_request.address)
        except LinkNeeded:
            return await self.upstream_login.wait(request, profile, purpose, LINK)
        except DomainError as refusal:
            return await self.refuse_app(purpose, "access_denied", refusal.message)
        except TooMany:
            return await self.refuse_app(
                purpose, "temporarily_unavailable", "Too many tries. Try again in a few minutes."
            )
        answer = await self._app_code(
            request, profile, purpose, admitted.user.id, new_user=admitted.new_user
        )
        # Who drops an identity drops its login codes: an earlier one there, a later one here.
        if not await self.accounts.stands(admitted):
            return await self.refuse_app(purpose, "access_denied", _REMOVED)
        return answer

    async def _app_code(
        self,
        request: Request,
        profile: Profile,
        purpose: ReturnToClient,
        user_id: int,
        *,
        new_user: bool,
    ) -> Response:
        try:
            target = await self.redirect_targets.still(purpose.redirect_url, purpose.clients)
        except UnregisteredRedirect:
            return self._taken_back()
        code = await self.codes.issue(
            provider=profile.provider,
            user_id=user_id,
            methods=profile.methods,
            new_user=new_user,
            clients=target.clients,
            redirect_url=purpose.redirect_url,
            challenge=purpose.challenge,
            charge=self.throttle.charge("login_codes", peer_address(request)),
        )
        response = _sent(purpose, [("code", code.raw.reveal())])
        return self.browsers.mark(request, response, code.jti)

    async def _start_session(
        self,
        request: Request,
        browser_request: BrowserRequest,
        profile: Profile,
        purpose: StartSession,
    ) -> Response:
        try:
            admitted = await self.accounts.admit(profile, address=browser_request.address)
            login = await self.accounts.begin_session(
                admitted,
                profile.methods,
                address=browser_request.address,
                agent=browser_request.agent,
                replaces=browser_request.cookie,
            )
        except LinkNeeded:
            return await self.upstream_login.wait(request, profile, purpose, LINK)
        except DomainError as refusal:
            return self.failed(403, refusal.message, purpose)
        except TooMany as fault:
            return too_many(self.page_context.renderer, fault.retry_after)
        where = local_path(purpose.return_to)
        return await login_response(self.page_context, request, login, where)

    async def _link_account(
        self, browser_request: BrowserRequest, profile: Profile, purpose: LinkAccount
    ) -> Response:
        session = browser_request.session
        # security.md §27: the account is the one whose session began the way, and no other.
        if session is None or session.user.id != purpose.user_id or session.key != purpose.session:
            return error_page(self.page_context.renderer, 403, *_NOT_LINKED)
        try:
            await self.accounts.link(session, profile)
        except ReauthenticationNeeded:
            return self.page_context.again(IDENTITIES)
        except DomainError as refusal:
            return self.failed(403, refusal.message, purpose)
        return self.page_context.go(IDENTITIES, LINKED)

    async def _link(self, request: Request, found: Waiting, session: Session, way: str) -> Response:
        try:
            await self.accounts.link(session, found.profile)
        except ReauthenticationNeeded:
            return await self.finished.page(request, way)
        except DomainError as refusal:
            return self.failed(403, refusal.message, found.purpose)
        match found.purpose:
            case ReturnToClient() as purpose:
                user_id = session.user.id
                return await self._app_code(
                    request, found.profile, purpose, user_id, new_user=False
                )
            case StartSession(return_to):
                return self.page_context.go(local_path(return_to), LINKED)
            case LinkAccount():
                return self.page_context.go(IDENTITIES, LINKED)

    async def refuse_app(self, purpose: ReturnToClient, code: str, text: str) -> Response:
        """v2-api.md §2.4: back to the app with `error`; `text` is for people, and fixed."""
        try:
            await self.redirect_targets.still(purpose.redirect_url, purpose.clients)
        except UnregisteredRedirect:
            return self._taken_back()
        return _sent(purpose, [("error", code), ("error_description", text)])

    def _taken_back(self) -> Response:
        # security.md §1: the way took its time, and an address that was taken back meanwhile, or
        # whose app was, gets nothing any more.
        return error_page(self.page_context.renderer, 400, *_TAKEN_BACK)

    def failed(self, status: int, text: str, purpose: Purpose) -> Response:
        """A page for what went wrong on a way that leads to a page of ours."""
        return_to = purpose.return_to if isinstance(purpose, StartSession) else IDENTITIES
        return self.page_context.renderer.page(
            "social_failed.html",
            status=status,
            opener=True,
            text=text,
            again=f"/sign-in?return_to={quote(local_path(return_to), safe='/')}"
            if isinstance(purpose, StartSession)
            else IDENTITIES,
        )

    async def _cancelled(self, purpose: Purpose) -> Response:
        match purpose:
            case ReturnToClient():
                return await self.refuse_app(
                    purpose, "access_denied", "The person did not sign in."
                )
            case StartSession(return_to):
                back = quote(local_path(return_to), safe="/")
                return see_other(f"/sign-in?return_to={back}")
            case LinkAccount():
                return see_other(IDENTITIES)

    def _link_page(
        self, request: Request, browser_request: BrowserRequest, found: Waiting, way: str
    ) -> Response:
        purpose, profile, session = found.purpose, found.profile, browser_request.session
        leads = form_sources(purpose.redirect_url) if isinstance(purpose, ReturnToClient) else ()
        hint = f"&login_hint={quote(profile.email, safe='')}" if profile.email else ""
        return self.page_context.show(
            request,
            browser_request,
            "social_link.html",
            form_action=leads,
            opener=True,
            profile=profile,
            title=self.titles.get(profile.provider, profile.provider),
            way=way,
            fresh=session is not None and is_fresh(session, self.clock.now()),
            sign_in=f"/sign-in?return_to={quote(_link_address(way), safe='/')}{hint}",
        )


def _sent(purpose: ReturnToClient, parameters: list[tuple[str, str]]) -> Response:
    if purpose.state is not None:
        parameters = [*parameters, ("state", purpose.state)]
    return see_other(redirect_target(purpose.redirect_url, parameters, "query"))


def _link_address(way: str) -> str:
    return f"{LINK}?way={way}"
