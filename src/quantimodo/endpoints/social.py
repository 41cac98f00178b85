"""Starts a sign-in through a provider, in a browser (v2-api.md §2).

Owns the requests that may send a browser to a provider. A request with an address that is not
registered is refused on a page, and never redirects to it (security.md §1). `social_callback.py`
handles the callback.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.addresses import with_return_to
from quantimodo.accounts.throttle import Throttle
from quantimodo.endpoints.initiated_login import login_hint
from quantimodo.endpoints.login_completion import LoginCompletion
from quantimodo.endpoints.login_purposes import (
    LinkAccount,
    Purpose,
    ReturnToClient,
    StartSession,
)
from quantimodo.endpoints.upstream_login import UpstreamLogin
from quantimodo.federation.contract import Provider
from quantimodo.federation.redirect_targets import RedirectTargets, UnregisteredRedirect
from quantimodo.http.errors import NotFound, RequestRejected
from quantimodo.model.texts import N_
from quantimodo.outbound.errors import ProviderFault
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import head_of, see_other
from quantimodo.pages.return_targets import ReturnTargets
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.social_login import ALIASES, PARAMETERS, login_request

_TITLE: Final = N_("This sign-in cannot begin")


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialEndpoint:
    providers: Mapping[str, Provider]
    upstream_login: UpstreamLogin
    completion: LoginCompletion
    redirect_targets: RedirectTargets
    return_targets: ReturnTargets
    throttle: Throttle
    page_context: PageContext

    async def login(self, request: Request) -> Response:
        """GET /api/v2/auth/social/login: an application sends a browser to a provider."""
        try:
            requested = login_request(
                Form.of_urlencoded(request.scope["query_string"], ALIASES, PARAMETERS)
            )
            target = await self.redirect_targets.find(requested.redirect_url, requested.client_id)
            if target.strict and requested.challenge is None:
                raise InvalidRequest(
                    "an app with this redirectUrl is registered as strict: send code_challenge"
                    " (S256), or name another app by clientId"
                )
        except InvalidRequest as fault:
            raise RequestRejected(_TITLE, fault.description) from None
        except UnregisteredRedirect as fault:
            raise RequestRejected(_TITLE, str(fault)) from None
        provider = self.providers.get(requested.provider)
        if provider is None:
            raise RequestRejected(_TITLE, unknown_provider(self.providers))
        purpose = ReturnToClient(
            redirect_url=requested.redirect_url,
            clients=target.clients,
            state=requested.state,
            challenge=requested.challenge,
        )
        return await self._begin(request, provider, purpose, fresh=False)

    async def sign_in(self, request: Request) -> Response:
        """GET /sign-in/with/{provider}: a button of the sign-in page."""
        provider = provider_in_path(request, self.providers)
        leads = await self.return_targets.of(request.query_params.get("return_to", ""))
        # security.md §18: only the person starts a session. A provider that remembers the person
        # responds to a link on another site without asking, so such a link opens the sign-in page.
        if request.headers.get("sec-fetch-site") not in (None, "same-origin", "none"):
            return see_other(with_return_to("/sign-in", leads.return_to))
        browser_request = await self.page_context.browser_request(request)
        fresh = leads.wants_fresh or browser_request.session is not None
        purpose = StartSession(leads.return_to)
        hint = login_hint(request.query_params.get("login_hint", ""))
        return await self._begin(request, provider, purpose, fresh=fresh, hint=hint)

    async def begin_link(
        self, request: Request, browser_request: BrowserRequest, name: str
    ) -> Response:
        """Start to link an identity to the account of this session, for a page that has checked its
        form."""
        provider = self.providers.get(name)
        if provider is None:
            raise NotFound
        session = browser_request.required()
        purpose = LinkAccount(session.user.id, session.key)
        return await self._begin(request, provider, purpose, fresh=False)

    async def origin(self, name: str) -> str | None:
        """The origin that `begin_link` redirects to, for a page's `form-action`; None while the
        provider does not respond."""
        provider = self.providers.get(name)
        try:
            return None if provider is None else await provider.destination()
        except ProviderFault:
            return None

    async def _begin(
        self,
        request: Request,
        provider: Provider,
        purpose: Purpose,
        *,
        fresh: bool,
        hint: str = "",
    ) -> Response:
        if request.method == "HEAD":
            return head_of(303)
        browser_request = await self.page_context.browser_request(request)
        await self.throttle.count_address("upstream_logins_per_address", browser_request.address)
        try:
            return await self.upstream_login.begin(
                request, provider, purpose, fresh=fresh, login_hint=hint
            )
        except ProviderFault as fault:
            return await self.completion.fail(request, provider, fault, purpose)


def provider_in_path(request: Request, providers: Mapping[str, Provider]) -> Provider:
    """The provider that the path names. Raises `NotFound`."""
    provider = providers.get(request.path_params["provider"])
    if provider is None:
        raise NotFound
    return provider


def unknown_provider(providers: Mapping[str, Provider]) -> str:
    """An error message that names the configured providers (v2-api.md §2.2), and does not echo the
    requested one."""
    if not providers:
        return N_("No sign-in provider is set up on this server.")
    return f"provider must be one of: {', '.join(sorted(providers))}."
