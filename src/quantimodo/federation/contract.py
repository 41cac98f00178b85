"""The interface of an upstream provider, and its errors.

A provider is data (`ProviderPolicy`) and one mapping (its file). It verifies all claims and returns
an `UpstreamProfile`; `federation/linking.py` decides which account that is. `provider_table.py`
lists the providers. A provider's only state is its cache of public documents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import ProviderFault


class AccessDeniedByUser(ProviderFault):
    """The person cancelled at the provider."""

    code, status = "access_denied", 403


class BadCode(ProviderFault):
    """The provider rejects the authorization code."""

    code, status = "invalid_grant", 400


class BadToken(ProviderFault):
    """An invalid native token: forged, expired, replayed, or with another nonce."""

    code, status = "invalid_token", 401


class ForeignToken(BadToken):
    """The confused deputy (v2-api.md §3): a valid token, "issued to another application"."""


class LimitedLoginNeeded(BadToken):
    """security.md §29: this app must send Facebook's Limited Login ID token instead."""

    code = "limited_login_required"


Kind = Literal["google", "facebook", "apple", "github", "microsoft", "x", "oidc", "oauth2"]
# fmt: off
IdTokenAlgorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519",
]
# fmt: on
ClientAuthenticationMethod = Literal[
    "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPolicy:
    """One `[providers.NAME]` of the settings. Empty text: the default of its kind.

    Every address can be set, so that the sandbox and tests can replace the real ones. `audiences`
    are the other registered client ids (Android, iOS, web) whose native tokens are accepted.
    `authoritative`: whether a verified address of this provider links to an account automatically;
    None: the default of the kind (Google: gmail.com and `hd`; all others: no).
    """

    name: str
    kind: Kind
    client_id: str
    client_secret: Secret | None = field(default=None, repr=False)
    title: str = ""
    issuer: str = ""
    scope: str = ""
    audiences: tuple[str, ...] = ()
    authoritative: bool | None = None
    direct_redirect_uri: str = ""
    tenant: str = ""  # Microsoft
    team_id: str = ""  # Apple: `client_secret` then is the text of the .p8 key
    key_id: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    userinfo_endpoint: str = ""
    jwks_uri: str = ""
    tokeninfo_endpoint: str = ""  # Google
    graph_endpoint: str = ""  # Facebook: https://graph.facebook.com/vNN.N
    emails_endpoint: str = ""  # GitHub
    client_authentication: ClientAuthenticationMethod | Literal[""] = ""  # `oidc`, `oauth2`
    # For `oidc` only.
    assertion_audience: Literal["issuer", "token_endpoint"] = "issuer"
    id_token_algorithm: IdTokenAlgorithm | Literal[""] = ""
    encrypted_id_tokens: bool = False
    response_mode: Literal["", "query", "form_post"] = ""
    pushed_requests: bool = False
    initiated_login: bool = False
    sign_out_at_provider: bool = False
    backchannel_logout: bool = False
    frontchannel_logout: bool = False
    end_session_endpoint: str = ""
    # For `oauth2` only: what `declarations.py` reads.
    pkce: bool = True
    authorization_parameters: tuple[str, ...] = ()
    fresh_parameters: tuple[str, ...] = ()
    token_parameters: tuple[str, ...] = ()
    token_field: str = ""
    userinfo_method: Literal["GET", "POST"] = "GET"
    userinfo_headers: tuple[str, ...] = ()
    subject_field: str = ""
    name_fields: tuple[str, ...] = ()
    email_field: str = ""
    email_verified_field: str = ""
    email_counts: Literal["", "never", "verified_field", "authoritative"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationContext:
    """Binds the authorization request to its callback. The same value is used at both."""

    state: Secret = field(repr=False)
    nonce: str
    verifier: Secret = field(repr=False)  # PKCE upstream (RFC 7636)
    redirect_uri: str  # our callback at this provider
    login_hint: str = ""  # OpenID Connect Core §3.1.2.1; sent, and not kept
    fresh: bool = False  # the person has to sign in there again, whatever session they have


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """A message that a provider sends about one of its accounts.

    `suspended`: sign-in to it is not possible for now. `signed_out`: its person or the provider
    ended its sessions. `session_ended`: it ended the session named `session`, or all of them
    without a name; `subject` may be "" if there is a name.
    """

    kind: Literal["gone", "suspended", "signed_out", "delete_data", "session_ended"]
    issuer: str
    subject: str
    id: str  # the provider's own id of the message; for the replay store
    session: str = ""


class Provider(Protocol):
    """All methods raise only `ProviderFault`s, within the HTTP client's time limits."""

    @property
    def name(self) -> str:
        """The name in the settings and in addresses."""

    @property
    def title(self) -> str:
        """The name that people see."""

    @property
    def responds_by_form_post(self) -> bool:
        """Whether the callback comes as a cross-site POST (Apple)."""

    async def destination(self) -> str:
        """The origin of the authorization endpoint, for a page's `form-action`."""

    async def authorization_url(self, authorization_context: AuthorizationContext) -> str:
        """The address that the browser is redirected to."""

    async def handle_callback(
        self, response: Mapping[str, str], authorization_context: AuthorizationContext
    ) -> UpstreamProfile:
        """The profile of the person. `response` has the callback's parameters; the caller has
        checked `state` and browser, this method checks everything else, `error` and `iss` included.
        """

    async def redeem(self, code: Secret, redirect_uri: str | None) -> UpstreamProfile:
        """v2-api.md §2.6: a code that the client got by itself; None: `direct_redirect_uri`."""

    async def verify_native_token(
        self, token: Secret, refresh_token: Secret | None, nonce: str | None
    ) -> UpstreamProfile:
        """v2-api.md §3: a native access or ID token; the provider determines which."""

    async def security_events(self, media_type: str, body: bytes) -> Sequence[SecurityEvent]:
        """The events of a signed message. Raises `BadToken` for a message that is not the
        provider's, and at a provider that sends none."""
