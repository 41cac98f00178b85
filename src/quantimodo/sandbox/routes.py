"""The routes of the sandbox, and the construction of its endpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.crypto.envelope import Envelope
from quantimodo.pages.errors import error_page
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.page_services import PageRoute
from quantimodo.pages.renderer import Renderer
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.sandbox import fake_providers
from quantimodo.sandbox.authorize_endpoint import AuthorizeEndpoint, ResponseBuilder
from quantimodo.sandbox.devices import CodePopup, NativeSdk
from quantimodo.sandbox.facebook import Facebook, FacebookProfile
from quantimodo.sandbox.fake_providers import FakeProvider
from quantimodo.sandbox.fault_injection import FaultInjection, Sleep, private
from quantimodo.sandbox.google import Google, GoogleProfile
from quantimodo.sandbox.id_tokens import IdTokens
from quantimodo.sandbox.oidc import OidcProfile
from quantimodo.sandbox.openid import OpenId, ProviderProfile
from quantimodo.sandbox.parameters import InvalidSandboxRequest
from quantimodo.sandbox.person_chooser import PersonChooser
from quantimodo.sandbox.sealed_grants import SealedGrants, SpentCodes
from quantimodo.sandbox.security_events import SignedRequestPage

_GET: Final = ("GET",)
_POST: Final = ("POST",)
_BOTH: Final = ("GET", "POST")


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPolicy:
    """`server` is this server's public address, without a slash at the end. The sandbox's issuers
    are addresses below it, unless one is given. `deauthorize` and `deletion` are the paths of this
    server's callbacks for Facebook."""

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
    """All routes, as (methods, path, endpoint). `sleep` waits for some seconds and nothing else.

    Workers that share the envelope's keys accept each other's codes and tokens. Only the worker
    that redeemed a code notices a second use.
    """
    provider_routes = _ProviderRoutes(policy, renderer, envelope, clock, entropy, sleep)
    pages, machines = provider_routes.pages(), provider_routes.machines()
    return [
        *((methods, path, _for_people(renderer, endpoint)) for methods, path, endpoint in pages),
        *((methods, path, _for_machines(endpoint)) for methods, path, endpoint in machines),
    ]


class _ProviderRoutes:
    """Builds the providers."""

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
        self.fault_injection = FaultInjection(sleep)
        self.google = self._openid(
            fake_providers.google(policy.server, policy.google_issuer), GoogleProfile()
        )
        self.oidc = self._openid(
            fake_providers.oidc(policy.server, policy.oidc_issuer), OidcProfile()
        )
        self.facebook = Facebook(
            fake_provider=fake_providers.facebook(policy.server, policy.facebook_issuer),
            grants=self.grants,
            spent=SpentCodes(),
            id_tokens=self.id_tokens,
            fault_injection=self.fault_injection,
        )

    def pages(self) -> Sequence[PageRoute]:
        facebook, google = self.facebook.fake_provider, self.google.fake_provider
        popup = CodePopup(
            fake_provider=google,
            person_chooser=self._choosing("/sandbox/google/popup"),
            renderer=self.renderer,
            clock=self.clock,
            grants=self.grants,
        )
        signed_request_page = SignedRequestPage(
            person_chooser=self._choosing("/sandbox/facebook/notices"),
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
            (_GET, "/sandbox/facebook/notices", signed_request_page.show),
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
            (_POST, "/sandbox/facebook/native", self._native(facebook.fake_provider).give),
            (_POST, "/sandbox/facebook/signed-request", facebook.signed_request),
            *((_GET, path, facebook.metadata) for path in (discovery, f"{discovery}/")),
            *((_GET, path, facebook.keys) for path in (keys, f"{keys}/")),
            (_BOTH, f"{graph}/oauth/access_token", facebook.access_token),
            (_GET, f"{graph}/debug_token", facebook.debug_token),
            (_GET, f"{graph}/me", facebook.me),
        ]

    def _openid(self, fake_provider: FakeProvider, profile: ProviderProfile) -> OpenId:
        return OpenId(
            fake_provider=fake_provider,
            profile=profile,
            grants=self.grants,
            spent=SpentCodes(),
            id_tokens=self.id_tokens,
            fault_injection=self.fault_injection,
            clock=self.clock,
        )

    def _openid_pages(self, openid: OpenId) -> Sequence[PageRoute]:
        fake_provider = openid.fake_provider
        path = f"{fake_provider.path}/auth"
        return [
            (_GET, path, self._authorize_endpoint(fake_provider, openid.profile, path).authorize),
            (_GET, f"{fake_provider.path}/native", self._native(fake_provider).show),
        ]

    def _openid_machines(self, openid: OpenId) -> Sequence[PageRoute]:
        path = openid.fake_provider.path
        return [
            (_GET, f"{path}/.well-known/openid-configuration", openid.metadata),
            (_GET, f"{path}/certs", openid.keys),
            (_POST, f"{path}/token", openid.token),
            (_BOTH, f"{path}/userinfo", openid.userinfo),
            (_POST, f"{path}/native", self._native(openid.fake_provider).give),
        ]

    def _authorize_endpoint(
        self, fake_provider: FakeProvider, builder: ResponseBuilder, path: str, ending: str = ""
    ) -> AuthorizeEndpoint:
        return AuthorizeEndpoint(
            fake_provider=fake_provider,
            builder=builder,
            person_chooser=self._choosing(path),
            grants=self.grants,
            clock=self.clock,
            ending=ending,
        )

    def _native(self, fake_provider: FakeProvider) -> NativeSdk:
        openid = self.google if fake_provider.name == "google" else self.oidc
        return NativeSdk(
            fake_provider=fake_provider,
            person_chooser=self._choosing(f"{fake_provider.path}/native"),
            renderer=self.renderer,
            clock=self.clock,
            mint=self.facebook.tokens if fake_provider.name == "facebook" else openid.tokens,
        )

    def _choosing(self, path: str) -> PersonChooser:
        return PersonChooser(self.renderer, path)

    async def _dialog(self, request: Request) -> Response:
        """Any version of Graph. Facebook appends `#_=_` to its response addresses."""
        fake_provider, path = self.facebook.fake_provider, request.url.path
        return await self._authorize_endpoint(
            fake_provider, FacebookProfile(), path, "#_=_"
        ).authorize(request)

    async def _index(self, request: Request) -> Response:
        """GET /sandbox."""
        return self.renderer.page("sandbox/index.html")


def _for_people(renderer: Renderer, endpoint: Endpoint) -> Endpoint:
    """Shows an invalid request as an error page."""

    async def response(request: Request) -> Response:
        try:
            return await endpoint(request)
        except InvalidSandboxRequest as fault:
            return error_page(renderer, 400, "The sandbox cannot go on", fault.message)

    return response


def _for_machines(endpoint: Endpoint) -> Endpoint:
    async def response(request: Request) -> Response:
        try:
            return await endpoint(request)
        except InvalidSandboxRequest as fault:
            return private({"error": fault.code, "error_description": fault.message}, 400)

    return response
