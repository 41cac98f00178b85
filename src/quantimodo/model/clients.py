"""Applications that are registered here (RFC 6749 §2, RFC 7591 §2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from quantimodo.model.client_metadata import DEFAULT_METADATA, ClientMetadata

TokenFormat = Literal["opaque", "jwt"]
IdTokenAlgorithm = Literal["RS256", "ES256", "PS256", "EdDSA", "none"]


@dataclass(frozen=True, slots=True)
class SecretDigest:
    """One live client secret: SHA-256 of 256 random bits, and when it stops working."""

    digest: bytes
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered application.

    `secret` is what it authenticates with; `previous_secret` still works until it expires,
    so that a secret can be rotated without a gap. A public client has neither. `sealed_secret` is
    the same secret, encrypted, for a client that is registered to use it as a key (HMAC).
    `registration_digest` is the digest of its registration access token (RFC 7592);
    `registered_from` is a keyed digest of the network from which it registered itself.
    """

    id: str
    name: str
    created_at: datetime
    owner_id: int | None = None
    description: str = ""
    homepage_uri: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    redirect_uris: tuple[str, ...] = ()
    scope: frozenset[str] = frozenset()
    grant_types: frozenset[str] = frozenset({"authorization_code", "refresh_token"})
    response_types: frozenset[str] = frozenset({"code"})
    public: bool = False
    strict: bool = False
    first_party: bool = False
    resource_server: bool = False
    token_format: TokenFormat = "opaque"
    id_token_alg: IdTokenAlgorithm = "RS256"
    secret: SecretDigest | None = None
    previous_secret: SecretDigest | None = None
    disabled_at: datetime | None = None
    metadata: ClientMetadata = DEFAULT_METADATA
    sealed_secret: bytes | None = None
    registration_digest: bytes | None = None
    registered_from: bytes | None = None
    revision: int = 0

    @property
    def document_host(self) -> str:
        """The host of its metadata document, if its id is the address of one; else empty."""
        scheme, _, rest = self.id.partition("://")
        return rest.partition("/")[0].lower() if scheme == "https" else ""

    @property
    def skips_consent(self) -> bool:
        """Whether the person is not asked: only for a confidential client of the operator."""
        # security.md §8: consent is never skipped for a public client, whatever flags it has.
        return self.first_party and not self.public


@dataclass(frozen=True, slots=True)
class Logo:
    """A client's logo. This server serves it, so no browser fetches it from the client's host."""

    media_type: Literal["image/png", "image/jpeg", "image/webp"]
    data: bytes
