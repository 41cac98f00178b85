"""The callback of a provider, and the pages between it and the completion of a login.

`resume` continues a callback that was a form of another site. `show_link` and `decide_link` are the
page that links an identity to an existing account. `login_completion.py` completes the login.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.errors import ReauthenticationNeeded
from quantimodo.accounts.sessions import is_fresh
from quantimodo.endpoints.finished_logins import FinishedLogins
from quantimodo.endpoints.login_completion import LINK, LoginCompletion
from quantimodo.endpoints.login_purposes import ReturnToClient
from quantimodo.endpoints.login_states import InvalidLoginState
from quantimodo.endpoints.pending_profiles import PendingProfile, PendingProfiles
from quantimodo.endpoints.social import provider_in_path
from quantimodo.endpoints.upstream_login import OpenedLoginState, UpstreamLogin
from quantimodo.federation.contract import Provider
from quantimodo.outbound.errors import ProviderFault
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.forms import read_body
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import PageOptions, form_sources, head_of, see_other
from quantimodo.ports.clock import Clock
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.parameters import Form

ARRIVED: Final = "/sign-in/arrived"
_MOST_BYTES: Final = 65_536
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackHandler:
    providers: Mapping[str, Provider]
    upstream_login: UpstreamLogin
    completion: LoginCompletion
    pending_profiles: PendingProfiles
    finished: FinishedLogins
    page_context: PageContext
    clock: Clock

    async def callback(self, request: Request) -> Response:
        """The provider's response: a GET, or at some providers a POST."""
        provider = provider_in_path(request, self.providers)
        try:
            parameters = dict((await _parameters(request)).items())
        except InvalidRequest:
            return await self.finished.page(request, "")
        state = parameters.get("state", "")
        try:
            if request.method == "HEAD":
                await self.upstream_login.check(request, state)
                return head_of(303)
            returned = await self.upstream_login.recall(request, provider, state)
        except InvalidLoginState:
            return await self.finished.page(request, state)
        response = await self._complete(request, provider, parameters, returned)
        return self.finished.set_cookie(self.upstream_login.finish(response, state), state)

    async def resume(self, request: Request) -> Response:
        """GET /sign-in/arrived: continue after a callback that was a form of another site (Apple).
        The browser sends our session cookie with this request, and not with that form."""
        state = request.query_params.get("state", "")
        try:
            if request.method == "HEAD":
                await self.pending_profiles.find(request, state)
                return head_of(303)
            found = await self.pending_profiles.take(request, state)
        except InvalidLoginState:
            return await self.finished.page(request, state)
        response = await self.completion.complete(request, found.profile, found.purpose)
        return self.finished.set_cookie(response, state)

    async def show_link(self, request: Request) -> Response:
        """GET /sign-in/link: an account with this address exists; its owner may link it."""
        state = request.query_params.get("state", "")
        try:
            found = await self.pending_profiles.find(request, state)
        except InvalidLoginState:
            return await self.finished.page(request, state)
        browser_request = await self.page_context.browser_request(request)
        return self._link_page(request, browser_request, found, state)

    async def decide_link(self, request: Request) -> Response:
        """POST /sign-in/link: the person pressed a button of that page."""
        browser_request, form = await self.page_context.posted(request)
        state = form.one("state")
        try:
            found = await self.pending_profiles.find(request, state)
            cancelled = form.one("decision") != "link"
            session = browser_request.session
            if not cancelled and (session is None or not is_fresh(session, self.clock.now())):
                return see_other(_link_address(state))
            found = await self.pending_profiles.take(request, state)
        except InvalidLoginState:
            return await self.finished.page(request, state)
        if cancelled or session is None:
            response = await self.completion.cancelled(request, found.purpose)
        else:
            try:
                response = await self.completion.link(request, found, session)
            except ReauthenticationNeeded:
                response = await self.finished.page(request, state)
        return self.finished.set_cookie(response, state)

    async def _complete(
        self,
        request: Request,
        provider: Provider,
        parameters: Mapping[str, str],
        returned: OpenedLoginState,
    ) -> Response:
        purpose = returned.purpose
        try:
            profile = await provider.handle_callback(parameters, returned.authorization_context)
        except ProviderFault as fault:
            return await self.completion.fail(request, provider, fault, purpose)
        # A provider that has ended its account since then may still take the code.
        profile = profile.stated_by(returned.began_at)
        if request.method == "POST" and not isinstance(purpose, ReturnToClient):
            # A POST from another site has no session cookie; the request after the redirect has.
            return await self.pending_profiles.store(request, profile, purpose, ARRIVED)
        return await self.completion.complete(request, profile, purpose)

    def _link_page(
        self, request: Request, browser_request: BrowserRequest, found: PendingProfile, state: str
    ) -> Response:
        purpose, profile, session = found.purpose, found.profile, browser_request.session
        provider = self.providers.get(profile.provider)
        leads = form_sources(purpose.redirect_url) if isinstance(purpose, ReturnToClient) else ()
        hint = f"&login_hint={quote(profile.email, safe='')}" if profile.email else ""
        return self.page_context.show(
            request,
            browser_request,
            "social_link.html",
            options=PageOptions(form_action=leads, opener=True),
            profile=profile,
            title=profile.provider if provider is None else provider.title,
            state=state,
            fresh=session is not None and is_fresh(session, self.clock.now()),
            sign_in=f"/sign-in?return_to={quote(_link_address(state), safe='/')}{hint}",
        )


async def _parameters(request: Request) -> Form:
    # No aliases: a provider sends the standard names.
    if request.method != "POST":
        return Form.of_urlencoded(request.scope["query_string"], {})
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise InvalidRequest("not a form")
    return Form.of_urlencoded(await read_body(request, _MOST_BYTES), {})


def _link_address(state: str) -> str:
    return f"{LINK}?state={state}"
