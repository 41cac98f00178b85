"""The table of the sandbox's addresses, and what it is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.crypto.envelope import Envelope
from quantimodo.pages.desk import Endpoint
from quantimodo.pages.errors import error_page
from quantimodo.pages.layout import Renderer
from quantimodo.pages.routes import PageRoute
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.sandbox import parties
from quantimodo.sandbox.choosing import Choosing
from quantimodo.sandbox.devices import CodePopup, NativeSdk
from quantimodo.sandbox.entrance import Answering, Entrance
from quantimodo.sandbox.facebook import Facebook, FacebookManner
from quantimodo.sandbox.google import Google, GoogleManner
from quantimodo.sandbox.id_tokens import IdTokens
from quantimodo.sandbox.notices import Notices
from quantimodo.sandbox.oidc import OidcManner
from quantimodo.sandbox.openid import Manner, OpenId
from quantimodo.sandbox.parameters import BadAsk
from quantimodo.sandbox.parties import Party
from quantimodo.sandbox.sealed import SealedGrants, SpentCodes
from quantimodo.sandbox.trouble import Sleep, Trouble, private

_GET: Final = ("GET",)
_POST: Final = ("POST",)
_BOTH: Final = ("GET", "POST")


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPolicy:
    """`server` is our public address, without a slash at the end. The sandbox's own issuers are
    addresses below it, unless one is given. `deauthorize` and `deletion` are the paths of our
    callbacks for Facebook."""

    server: str
    google_issuer: str = ""
    facebook_issuer: str = ""
    oidc_issuer: str = ""
    deauthorize: str = "/api/v2/auth/social/deauthorize/facebook"
    deletion: str = "/api/v2/auth/social/data-deletion/facebook"


def sandbox_routes(
    policy: SandboxPolicy,
    *,
    renderer: Renderer,
    envelope: Envelope,
    clock: Clock,
    entropy: Entropy,
    sleep: Sleep,
) -> list[PageRoute]:
    """All of them, as (methods, path, endpoint). `sleep` waits for some seconds and nothing else.

    Workers that share the envelope's keys answer for each other; only that a code is used twice
    is noticed by the worker that took it the first time.
    """
    room = _Room(policy, renderer, envelope, clock, entropy, sleep)
    pages, machines = room.pages(), room.machines()
    return [
        *((ways, path, _for_people(renderer, endpoint)) for ways, path, endpoint in pages),
        *((ways, path, _for_machines(endpoint)) for ways, path, endpoint in machines),
    ]


class _Room:
    """Puts the parties together."""

    def __init__(
        self,
        policy: SandboxPolicy,
        renderer: Renderer,
        envelope: Envelope,
        clock: Clock,
        entropy: Entropy,
        sleep: Sleep,
    ) -> None:
        self.policy = policy
        self.renderer = renderer
        self.clock = clock
        self.grants = SealedGrants(envelope, clock)
        self.id_tokens = IdTokens.with_published_key(clock, entropy)
        self.trouble = Trouble(sleep)
        self.google = self._openid(
            parties.google(policy.server, policy.google_issuer), GoogleManner()
        )
        self.oidc = self._openid(parties.oidc(policy.server, policy.oidc_issuer), OidcManner())
        self.facebook = Facebook(
            party=parties.facebook(policy.server, policy.facebook_issuer),
            grants=self.grants,
            spent=SpentCodes(),
            id_tokens=self.id_tokens,
            trouble=self.trouble,
        )

    def pages(self) -> Sequence[PageRoute]:
        facebook, google = self.facebook.party, self.google.party
        popup = CodePopup(
            party=google,
            choosing=self._choosing("/sandbox/google/popup"),
            renderer=self.renderer,
            clock=self.clock,
            grants=self.grants,
        )
        notices = Notices(
            choosing=self._choosing("/sandbox/facebook/notices"),
            renderer=self.renderer,
            facebook=self.facebook,
            deauthorize=self.policy.deauthorize,
            deletion=self.policy.deletion,
        )
        return [
            (_GET, "/sandbox", self._index),
            *self._openid_pages(self.google),
            *self._openid_pages(self.oidc),
            (_GET, "/sandbox/google/popup", popup.show),
            (_GET, "/sandbox/facebook/{version}/dialog/oauth", self._dialog),
            (_GET, "/sandbox/facebook/native", self._native(facebook).show),
            (_GET, "/sandbox/facebook/notices", notices.show),
        ]

    def machines(self) -> Sequence[PageRoute]:
        google, facebook = Google(self.google), self.facebook
        graph = "/sandbox/facebook/{version}"
        keys = "/sandbox/facebook/.well-known/oauth/openid/jwks"
        discovery = "/sandbox/facebook/.well-known/openid-configuration"
        return [
            *self._openid_machines(self.google),
            *self._openid_machines(self.oidc),
            (_BOTH, "/sandbox/google/tokeninfo", google.tokeninfo),
            (_POST, "/sandbox/google/security-event", google.security_event),
            (_POST, "/sandbox/facebook/native", self._native(facebook.party).give),
            (_POST, "/sandbox/facebook/signed-request", facebook.signed_request),
            *((_GET, path, facebook.metadata) for path in (discovery, f"{discovery}/")),
            *((_GET, path, facebook.keys) for path in (keys, f"{keys}/")),
            (_BOTH, f"{graph}/oauth/access_token", facebook.access_token),
            (_GET, f"{graph}/debug_token", facebook.debug_token),
            (_GET, f"{graph}/me", facebook.me),
        ]

    def _openid(self, party: Party, manner: Manner) -> OpenId:
        return OpenId(
            party=party,
            manner=manner,
            grants=self.grants,
            spent=SpentCodes(),
            id_tokens=self.id_tokens,
            trouble=self.trouble,
            clock=self.clock,
        )

    def _openid_pages(self, openid: OpenId) -> Sequence[PageRoute]:
        party = openid.party
        path = f"{party.path}/auth"
        return [
            (_GET, path, self._entrance(party, openid.manner, path).ask),
            (_GET, f"{party.path}/native", self._native(party).show),
        ]

    def _openid_machines(self, openid: OpenId) -> Sequence[PageRoute]:
        path = openid.party.path
        return [
            (_GET, f"{path}/.well-known/openid-configuration", openid.metadata),
            (_GET, f"{path}/certs", openid.keys),
            (_POST, f"{path}/token", openid.token),
            (_BOTH, f"{path}/userinfo", openid.userinfo),
            (_POST, f"{path}/native", self._native(openid.party).give),
        ]

    def _entrance(self, party: Party, manner: Answering, path: str, ending: str = "") -> Entrance:
        return Entrance(
            party=party,
            answering=manner,
            choosing=self._choosing(path),
            grants=self.grants,
            clock=self.clock,
            ending=ending,
        )

    def _native(self, party: Party) -> NativeSdk:
        openid = self.google if party.name == "google" else self.oidc
        return NativeSdk(
            party=party,
            choosing=self._choosing(f"{party.path}/native"),
            renderer=self.renderer,
            clock=self.clock,
            issue=self.facebook.tokens if party.name == "facebook" else openid.tokens,
        )

    def _choosing(self, path: str) -> Choosing:
        return Choosing(self.renderer, path)

    async def _dialog(self, request: Request) -> Response:
        """Any version of Graph will do. Facebook puts `#_=_` behind its answers."""
        party, path = self.facebook.party, request.url.path
        return await self._entrance(party, FacebookManner(), path, "#_=_").ask(request)

    async def _index(self, request: Request) -> Response:
        """GET /sandbox."""
        return self.renderer.page("sandbox/index.html")


def _for_people(renderer: Renderer, endpoint: Endpoint) -> Endpoint:
    """A request that leads nowhere is told on a page."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except BadAsk as fault:
            return error_page(renderer, 400, "The sandbox cannot go on", fault.message)

    return answer


def _for_machines(endpoint: Endpoint) -> Endpoint:
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except BadAsk as fault:
            return private({"error": fault.code, "error_description": fault.message}, 400)

    return answer
