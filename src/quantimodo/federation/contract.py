"""The interface of an upstream provider, and its errors.

A provider is data (`ProviderPolicy`) and one mapping (its file). It checks everything that the
provider says and returns a `Profile`; who that is here is `federation/linking.py`'s decision. Which
providers there are: `table.py`. No provider keeps anything but caches of public documents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from quantimodo.model.identities import Profile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import ProviderFault


class AccessDeniedByUser(ProviderFault):
    """The person said no at the provider."""

    code, status = "access_denied", 403


class BadCode(ProviderFault):
    """The provider does not take the authorization code."""

    code, status = "invalid_grant", 400


class BadToken(ProviderFault):
    """A native token that is not good: forged, expired, replayed, of another nonce."""

    code, status = "invalid_token", 401


class ForeignToken(BadToken):
    """The confused deputy (contract §3): a good token, "issued to another application"."""


class LimitedLoginNeeded(BadToken):
    """security.md 29: this app must send Facebook's Limited Login ID token instead."""

    code = "limited_login_required"


Kind = Literal["google", "facebook", "apple", "github", "microsoft", "x", "oidc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPolicy:
    """One `[providers.NAME]` of the settings. Empty text: the kind's own default.

    Every address can be set; that is how the sandbox and tests stand in for the real ones.
    `audiences` are the other client ids of ours (Android, iOS, web) whose native tokens are good.
    `authoritative`: whether a verified address of this provider may link to an account by
    itself; None leaves it to the kind (Google: gmail.com and `hd`; all others: no).
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationContext:
    """Binds the authorization request to its callback. The same value is used at both."""

    state: Secret = field(repr=False)
    nonce: str
    verifier: Secret = field(repr=False)  # PKCE upstream (RFC 7636)
    redirect_uri: str  # our callback at this provider
    fresh: bool = False  # the person has to sign in there again, whatever session they have


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """What a provider tells about one of its accounts, unasked.

    `suspended`: nobody can sign in to it now, and it may come back. `signed_out`: its person, or
    the provider for them, ended what it was signed in to.
    """

    kind: Literal["gone", "suspended", "signed_out", "delete_data"]
    issuer: str
    subject: str
    id: str  # the provider's own id of the message; for the replay store


class Provider(Protocol):
    """All methods raise only `ProviderFault`s, within the HTTP client's time limits."""

    @property
    def name(self) -> str:
        """As in the settings and in addresses."""

    @property
    def title(self) -> str:
        """As people know it."""

    @property
    def responds_by_form_post(self) -> bool:
        """Whether the callback comes as a cross-site POST (Apple)."""

    async def destination(self) -> str:
        """The origin that a browser is sent to, for a page's `form-action`."""

    async def authorization_url(self, authorization_context: AuthorizationContext) -> str:
        """Where to send the browser."""

    async def handle_callback(
        self, answer: Mapping[str, str], authorization_context: AuthorizationContext
    ) -> Profile:
        """Who came back. `answer` is the callback's parameters; the caller has checked `state`
        and browser, this checks everything else, `error` and `iss` included."""

    async def redeem(self, code: Secret, redirect_uri: str | None) -> Profile:
        """Contract §2.6: a code that the client got by itself; None: `direct_redirect_uri`."""

    async def verify_native_token(
        self, token: Secret, refresh_token: Secret | None, nonce: str | None
    ) -> Profile:
        """Contract §3: a native access or ID token; the provider tells which."""

    async def notices(self, media_type: str, body: bytes) -> Sequence[SecurityEvent]:
        """What a signed message to us says. Raises `BadToken` for one that is not the provider's,
        and for a provider that sends none."""
