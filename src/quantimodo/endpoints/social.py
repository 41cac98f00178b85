"""Sign-in through a provider, in a browser (v2-api.md §2): the ways out, and the one way back.

Owns what a browser may be sent away with. Nothing that is not registered is ever redirected to:
such a request ends on a page (security.md §1). Who came back goes to `social_callback.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.throttle import Throttle
from quantimodo.endpoints.social_callback import ARRIVED, CallbackHandler
from quantimodo.endpoints.upstream_login import (
    InvalidLoginState,
    LinkAccount,
    Purpose,
    ReturnToClient,
    StartSession,
    UpstreamLogin,
)
from quantimodo.federation.contract import Provider
from quantimodo.federation.redirect_targets import RedirectTargets, UnregisteredRedirect
from quantimodo.http.errors import NotFound, RequestRejected
from quantimodo.http.refusals import Refusal, note_refusal
from quantimodo.outbound.errors import ProviderFault
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.forms import read_body
from quantimodo.pages.layout import head_of, see_other
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.return_targets import ReturnTargets
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.social import ALIASES, PARAMETERS, login_request

_MOST_BYTES: Final = 65_536
_FORM: Final = "application/x-www-form-urlencoded"
_TITLE: Final = "This sign-in cannot begin"
_ERRORS: Final = {
    "access_denied": "access_denied",
    "temporarily_unavailable": "temporarily_unavailable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialEndpoint:
    providers: Mapping[str, Provider]
    upstream_login: UpstreamLogin
    arrivals: CallbackHandler
    redirect_targets: RedirectTargets
    return_targets: ReturnTargets
    throttle: Throttle
    page_context: PageContext

    async def login(self, request: Request) -> Response:
        """GET /api/v2/auth/social/login: an application sends a browser to a provider."""
        try:
            asked = login_request(
                Form.of_urlencoded(request.scope["query_string"], ALIASES, PARAMETERS)
            )
            target = await self.redirect_targets.find(asked.redirect_url, asked.client_id)
            if target.strict and asked.challenge is None:
                raise InvalidRequest(
                    "an app with this redirectUrl is registered as strict: send code_challenge"
                    " (S256), or name another app by clientId"
                )
        except InvalidRequest as fault:
            raise RequestRejected(_TITLE, fault.description) from None
        except UnregisteredRedirect as fault:
            raise RequestRejected(_TITLE, str(fault)) from None
        provider = self.providers.get(asked.provider)
        if provider is None:
            raise RequestRejected(_TITLE, unknown_provider(self.providers))
        purpose = ReturnToClient(
            redirect_url=asked.redirect_url,
            clients=target.clients,
            state=asked.state,
            challenge=asked.challenge,
        )
        return await self._begin(request, provider, purpose, fresh=False)

    async def sign_in(self, request: Request) -> Response:
        """GET /sign-in/with/{provider}: a button of the sign-in page."""
        provider = self._provider(request)
        leads = await self.return_targets.of(request.query_params.get("return_to", ""))
        # security.md §18: no session without the person's doing. A link on a strange page would
        # need none at a provider that remembers them, so it leads to the sign-in page.
        if request.headers.get("sec-fetch-site") not in (None, "same-origin", "none"):
            return see_other(f"/sign-in?return_to={quote(leads.return_to, safe='/')}")
        browser_request = await self.page_context.browser_request(request)
        fresh = leads.wants_fresh or browser_request.session is not None
        return await self._begin(request, provider, StartSession(leads.return_to), fresh=fresh)

    async def begin_link(
        self, request: Request, browser_request: BrowserRequest, name: str
    ) -> Response:
        """For a page whose form was checked: link an identity to the account of this session."""
        provider = self.providers.get(name)
        if provider is None:
            raise NotFound
        session = browser_request.required()
        purpose = LinkAccount(session.user.id, session.key)
        return await self._begin(request, provider, purpose, fresh=False)

    async def origin(self, name: str) -> str | None:
        """Where `begin_link` sends a browser to, for a page's `form-action`; None while the
        provider cannot say."""
        provider = self.providers.get(name)
        try:
            return None if provider is None else await provider.destination()
        except ProviderFault:
            return None

    async def callback(self, request: Request) -> Response:
        """The provider's answer, by GET or, from some, by POST."""
        provider = self._provider(request)
        try:
            answer = dict((await _answer(request)).items())
        except InvalidRequest:
            return await self.arrivals.finished.page(request, "")
        state = answer.get("state", "")
        try:
            if request.method == "HEAD":
                await self.upstream_login.look(request, state)
                return head_of(303)
            returned = await self.upstream_login.recall(request, provider, state)
        except InvalidLoginState:
            return await self.arrivals.finished.page(request, state)
        try:
            profile = await provider.handle_callback(answer, returned.authorization_context)
        except ProviderFault as fault:
            response = await self._failed(request, provider, fault, returned.purpose)
            return self._finish(response, state)
        if request.method == "POST" and not isinstance(returned.purpose, ReturnToClient):
            response = await self.upstream_login.wait(request, profile, returned.purpose, ARRIVED)
        else:
            response = await self.arrivals.completion.complete(request, profile, returned.purpose)
        return self._finish(response, state)

    def _finish(self, response: Response, state: str) -> Response:
        return self.arrivals.finished.note(self.upstream_login.finish(response, state), state)

    async def _begin(
        self, request: Request, provider: Provider, purpose: Purpose, *, fresh: bool
    ) -> Response:
        if request.method == "HEAD":
            return head_of(303)
        browser_request = await self.page_context.browser_request(request)
        await self.throttle.start_upstream_login(browser_request.address)
        try:
            return await self.upstream_login.begin(request, provider, purpose, fresh=fresh)
        except ProviderFault as fault:
            return await self._failed(request, provider, fault, purpose)

    def _provider(self, request: Request) -> Provider:
        provider = self.providers.get(request.path_params["provider"])
        if provider is None:
            raise NotFound
        return provider

    async def _failed(
        self, request: Request, provider: Provider, fault: ProviderFault, purpose: Purpose
    ) -> Response:
        because = fault.because or fault.message
        refusal = Refusal(fault.code, because, "sign-in failed", provider.name)
        note_refusal(request.scope, refusal)
        if isinstance(purpose, ReturnToClient):
            # v2-api.md §2.4 names two; whatever else may go wrong there is not the app's to mend.
            code = _ERRORS.get(fault.code, "server_error")
            return await self.arrivals.completion.refuse_app(request, purpose, code, fault.message)
        return self.arrivals.completion.failed(request, fault.status, fault.message, purpose)


def unknown_provider(providers: Mapping[str, Provider]) -> str:
    """Names those that there are (v2-api.md §2.2), never the one that was asked for."""
    if not providers:
        return "No sign-in provider is set up on this server."
    return f"provider must be one of: {', '.join(sorted(providers))}."


async def _answer(request: Request) -> Form:
    # No other spellings here: what a provider sends is not ours to rename.
    if request.method != "POST":
        return Form.of_urlencoded(request.scope["query_string"], {})
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise InvalidRequest("not a form")
    return Form.of_urlencoded(await read_body(request, _MOST_BYTES), {})
