"""What becomes of a person whom a provider has named: a code for the app, a session, a link.

Owns the three endings of a way, and the page that asks to sign in to an existing account first.
Whose account it is, is `identity/social.py`'s decision.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.authorization.landings import Landings, NoLanding
from quantimodo.authorization.login_codes import LoginCodes
from quantimodo.endpoints.departures import (
    Departures,
    LostWay,
    Purpose,
    ToAccount,
    ToApp,
    ToSession,
    Waiting,
)
from quantimodo.endpoints.login_browsers import LoginBrowsers
from quantimodo.endpoints.social_over import FinishedSignIns
from quantimodo.identity.addresses import local_path
from quantimodo.identity.errors import LinkNeeded, ReauthenticationNeeded, Refused, TooMany
from quantimodo.identity.sessions import is_fresh
from quantimodo.identity.social import SocialAccounts
from quantimodo.identity.throttle import Throttle
from quantimodo.model.identities import Profile
from quantimodo.model.sessions import Session
from quantimodo.pages.browser import Visit, peer_address
from quantimodo.pages.desk import Desk, too_many
from quantimodo.pages.errors import error_page
from quantimodo.pages.layout import form_sources, head_of, see_other
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
class Arrivals:
    """`titles`: what people call each provider."""

    accounts: SocialAccounts
    codes: LoginCodes
    departures: Departures
    throttle: Throttle
    landings: Landings
    browsers: LoginBrowsers
    finished: FinishedSignIns
    desk: Desk
    clock: Clock
    titles: Mapping[str, str]

    async def settle(self, request: Request, profile: Profile, purpose: Purpose) -> Response:
        """The end of a way, for a profile that its provider has checked."""
        visit = await self.desk.visit(request)
        match purpose:
            case ToApp():
                return await self._to_app(request, visit, profile, purpose)
            case ToSession():
                return await self._to_session(request, visit, profile, purpose)
            case ToAccount():
                return await self._to_account(visit, profile, purpose)

    async def arrived(self, request: Request) -> Response:
        """GET /sign-in/arrived: a profile that came by a form of another site (Apple), which does
        not bring our session cookie along; this request does."""
        way = request.query_params.get("way", "")
        try:
            if request.method == "HEAD":
                await self.departures.look(request, way)
                return head_of(303)
            found = await self.departures.resume(request, way)
        except LostWay:
            return await self.finished.page(request, way)
        response = await self.settle(request, found.profile, found.purpose)
        return self.finished.note(response, way)

    async def ask(self, request: Request) -> Response:
        """GET /sign-in/link: an account with this address exists; whose owner are you?"""
        way = request.query_params.get("way", "")
        try:
            found = await self.departures.waiting(request, way)
        except LostWay:
            return await self.finished.page(request, way)
        visit = await self.desk.visit(request)
        return self._link_page(request, visit, found, way)

    async def decide(self, request: Request) -> Response:
        """POST /sign-in/link: the person pressed a button of that page."""
        visit, form = await self.desk.posted(request)
        way = form.one("way")
        try:
            found = await self.departures.waiting(request, way)
            cancelled = form.one("decision") != "link"
            session = visit.session
            if not cancelled and (session is None or not is_fresh(session, self.clock.now())):
                return see_other(_link_address(way))
            found = await self.departures.resume(request, way)
        except LostWay:
            return await self.finished.page(request, way)
        if cancelled or session is None:
            response = await self._cancelled(found.purpose)
        else:
            response = await self._link(request, found, session, way)
        return self.finished.note(response, way)

    async def _to_app(
        self, request: Request, visit: Visit, profile: Profile, purpose: ToApp
    ) -> Response:
        try:
            admitted = await self.accounts.admit(profile, address=visit.address)
        except LinkNeeded:
            return await self.departures.wait(request, profile, purpose, LINK)
        except Refused as refusal:
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
        self, request: Request, profile: Profile, purpose: ToApp, user_id: int, *, new_user: bool
    ) -> Response:
        try:
            landing = await self.landings.still(purpose.redirect_url, purpose.clients)
        except NoLanding:
            return self._taken_back()
        code = await self.codes.issue(
            provider=profile.provider,
            user_id=user_id,
            methods=profile.methods,
            new_user=new_user,
            clients=landing.clients,
            redirect_url=purpose.redirect_url,
            challenge=purpose.challenge,
            charge=self.throttle.charge("login_codes", peer_address(request)),
        )
        response = _sent(purpose, [("code", code.raw.reveal())])
        return self.browsers.mark(request, response, code.jti)

    async def _to_session(
        self, request: Request, visit: Visit, profile: Profile, purpose: ToSession
    ) -> Response:
        try:
            admitted = await self.accounts.admit(profile, address=visit.address)
            cookie = await self.accounts.begin_session(
                admitted,
                profile.methods,
                address=visit.address,
                agent=visit.agent,
                replaces=visit.cookie,
            )
        except LinkNeeded:
            return await self.departures.wait(request, profile, purpose, LINK)
        except Refused as refusal:
            return self.failed(403, refusal.message, purpose)
        except TooMany as fault:
            return too_many(self.desk.renderer, fault.retry_after)
        return self.desk.browser.sign_in(self.desk.go(local_path(purpose.return_to)), cookie)

    async def _to_account(self, visit: Visit, profile: Profile, purpose: ToAccount) -> Response:
        session = visit.session
        # security.md 27: the account is the one whose session began the way, and no other.
        if session is None or session.user.id != purpose.user_id or session.key != purpose.session:
            return error_page(self.desk.renderer, 403, *_NOT_LINKED)
        try:
            await self.accounts.link(session, profile)
        except ReauthenticationNeeded:
            return self.desk.again(IDENTITIES)
        except Refused as refusal:
            return self.failed(403, refusal.message, purpose)
        return self.desk.go(IDENTITIES, LINKED)

    async def _link(self, request: Request, found: Waiting, session: Session, way: str) -> Response:
        try:
            await self.accounts.link(session, found.profile)
        except ReauthenticationNeeded:
            return await self.finished.page(request, way)
        except Refused as refusal:
            return self.failed(403, refusal.message, found.purpose)
        match found.purpose:
            case ToApp() as purpose:
                user_id = session.user.id
                return await self._app_code(
                    request, found.profile, purpose, user_id, new_user=False
                )
            case ToSession(return_to):
                return self.desk.go(local_path(return_to), LINKED)
            case ToAccount():
                return self.desk.go(IDENTITIES, LINKED)

    async def refuse_app(self, purpose: ToApp, code: str, text: str) -> Response:
        """Contract §2.4: back to the app with `error`; `text` is for people, and fixed."""
        try:
            await self.landings.still(purpose.redirect_url, purpose.clients)
        except NoLanding:
            return self._taken_back()
        return _sent(purpose, [("error", code), ("error_description", text)])

    def _taken_back(self) -> Response:
        # security.md 1: the way took its time, and an address that was taken back meanwhile, or
        # whose app was, gets nothing any more.
        return error_page(self.desk.renderer, 400, *_TAKEN_BACK)

    def failed(self, status: int, text: str, purpose: Purpose) -> Response:
        """A page for what went wrong on a way that leads to a page of ours."""
        return_to = purpose.return_to if isinstance(purpose, ToSession) else IDENTITIES
        return self.desk.renderer.page(
            "social_failed.html",
            status=status,
            opener=True,
            text=text,
            again=f"/sign-in?return_to={quote(local_path(return_to), safe='/')}"
            if isinstance(purpose, ToSession)
            else IDENTITIES,
        )

    async def _cancelled(self, purpose: Purpose) -> Response:
        match purpose:
            case ToApp():
                return await self.refuse_app(
                    purpose, "access_denied", "The person did not sign in."
                )
            case ToSession(return_to):
                back = quote(local_path(return_to), safe="/")
                return see_other(f"/sign-in?return_to={back}")
            case ToAccount():
                return see_other(IDENTITIES)

    def _link_page(self, request: Request, visit: Visit, found: Waiting, way: str) -> Response:
        purpose, profile, session = found.purpose, found.profile, visit.session
        leads = form_sources(purpose.redirect_url) if isinstance(purpose, ToApp) else ()
        hint = f"&login_hint={quote(profile.email, safe='')}" if profile.email else ""
        return self.desk.show(
            request,
            visit,
            "social_link.html",
            form_action=leads,
            opener=True,
            profile=profile,
            title=self.titles.get(profile.provider, profile.provider),
            way=way,
            fresh=session is not None and is_fresh(session, self.clock.now()),
            sign_in=f"/sign-in?return_to={quote(_link_address(way), safe='/')}{hint}",
        )


def _sent(purpose: ToApp, parameters: list[tuple[str, str]]) -> Response:
    if purpose.state is not None:
        parameters = [*parameters, ("state", purpose.state)]
    return see_other(redirect_target(purpose.redirect_url, parameters, "query"))


def _link_address(way: str) -> str:
    return f"{LINK}?way={way}"
