"""Front-Channel Logout of a provider: the `frontchannel_logout_uri` of this server there.

The provider's page loads it in a frame when the person signs out there. Browsers send no cookie
with a frame of another site, so the sessions are found by the provider's `sid`, which the ID token
of the sign-in named. The sender is not authenticated: a request ends the sessions that began from
this `sid`, and does nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from quantimodo.accounts.throttle import Throttle
from quantimodo.federation.provider_logout import is_session_name
from quantimodo.federation.security_event_handler import SecurityEventHandler
from quantimodo.http.errors import NotFound, RequestRejected
from quantimodo.i18n.translation import present_language
from quantimodo.model.provider_sessions import EndedProviderSession
from quantimodo.model.texts import N_
from quantimodo.pages.browser import peer_address
from quantimodo.pages.renderer import Renderer, head_of
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.logout import origin_of
from quantimodo.protocol.parameters import Form

_PARAMETERS: Final = frozenset({"iss", "sid"})
_TITLE: Final = N_("Logout request rejected")
_FOREIGN: Final = N_("This logout request is not one of the sign-in provider.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontchannelProvider:
    """A provider with the setting `frontchannel_logout`. `origins` may frame the page."""

    issuer: str
    origins: Sequence[str]


def frontchannel_provider(issuer: str, end_session_endpoint: str) -> FrontchannelProvider:
    """A provider whose pages are at its issuer, and at the address where it ends sessions."""
    origins = (origin_of(address) for address in (issuer, end_session_endpoint))
    return FrontchannelProvider(
        issuer=issuer, origins=tuple(dict.fromkeys(each for each in origins if each))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFrontchannelLogout:
    """`providers` by name."""

    providers: Mapping[str, FrontchannelProvider]
    handler: SecurityEventHandler
    throttle: Throttle
    renderer: Renderer

    async def end(self, request: Request) -> Response:
        """GET …/frontchannel-logout/{provider} (Front-Channel Logout §2). The response is the same
        for every `sid`, also for one that is not known here."""
        name = request.path_params["provider"]
        provider = self.providers.get(name)
        if provider is None:
            raise NotFound("There is no such provider here.")
        if request.method == "HEAD":
            return head_of(200)
        sid = _named(request, provider)
        address = peer_address(request)
        await self.throttle.count_address("security_events_per_address", address)
        ended = EndedProviderSession(issuer=provider.issuer, subject="", sid=sid)
        if await self.handler.end_recorded_sessions(ended, name):
            await self.throttle.undo_address("security_events_per_address", address)
        return self._page(provider)

    def _page(self, provider: FrontchannelProvider) -> Response:
        framing = " ".join(["frame-ancestors", *provider.origins])
        return HTMLResponse(
            self.renderer.text("frontchannel_logout.html"),
            headers={
                "cache-control": "no-cache, no-store",
                "pragma": "no-cache",
                # Without X-Frame-Options, which has no form for a single other origin.
                "content-security-policy": "; ".join(
                    ["default-src 'none'", "base-uri 'none'", "form-action 'none'", framing]
                ),
                "referrer-policy": "no-referrer",
                "x-content-type-options": "nosniff",
                "content-language": present_language().tag,
            },
        )


def _named(request: Request, provider: FrontchannelProvider) -> str:
    """The `sid` of a request with the provider's own `iss`. Both are required."""
    try:
        form = Form.of_urlencoded(request.scope["query_string"], {}, _PARAMETERS)
    except InvalidRequest:
        raise RequestRejected(_TITLE, _FOREIGN) from None
    sid = form.get("sid")
    if form.get("iss") != provider.issuer or not is_session_name(sid):
        raise RequestRejected(_TITLE, _FOREIGN)
    return sid
