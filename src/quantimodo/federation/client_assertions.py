"""Our keys at the providers: how this server authenticates itself there by a signed assertion,
`private_key_jwt` and `client_secret_jwt` (OpenID Connect Core §9), and decrypts ID tokens.

Each provider has a separate key pair. So a provider that names the token endpoint of another one as
its own cannot use an assertion there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from quantimodo.crypto.client_assertions import derive_signer, sign_with_secret
from quantimodo.crypto.jwe_decryption import Decrypter
from quantimodo.crypto.jwt import base64url
from quantimodo.federation.contract import ProviderPolicy
from quantimodo.federation.discovery import Metadata
from quantimodo.ports.clock import Entropy

_LIFETIME: Final = timedelta(seconds=60)
_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523 §2.2
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class AssertionKeys:
    """Our key pairs at the providers. `subkeys` derives 32-byte subkeys for a purpose: that of the
    newest secret key of the server first."""

    subkeys: Callable[[str], Sequence[bytes]] = field(repr=False)
    entropy: Entropy

    def document(self, provider: str, *, encrypted: bool = False) -> bytes:
        """The JWK Set for this provider (RFC 7517 §5), with `encrypted` also the key for its ID
        tokens. With an older secret key it has the older public keys too, so that a provider with
        a cached copy finds the one that signed."""
        keys = [derive_signer(each)[1] for each in self.subkeys(_purpose(provider))]
        if encrypted:
            keys += self.decrypter(provider).public_keys()
        return msgspec.json.encode({"keys": keys})

    def decrypter(self, provider: str) -> Decrypter:
        """Decrypts what this provider encrypted for us."""
        return Decrypter(self.subkeys(f"encrypted tokens of {provider}"))

    def sign(self, claims: dict[str, Any], provider: str) -> str:
        """A JWT with these claims, signed for this provider."""
        signer, _ = derive_signer(self.subkeys(_purpose(provider))[0])
        return signer.sign(claims, "JWT")

    def id(self) -> str:
        """A new `jti`, of 128 bits."""
        return base64url(self.entropy.bytes(_ID_BYTES)).decode()


def assertion_fields(
    policy: ProviderPolicy, keys: AssertionKeys, metadata: Metadata, now: datetime
) -> dict[str, str]:
    """The parameters of a request to the provider, beside `client_id`. Each assertion is for one
    request."""
    issued_at = int(now.timestamp())
    claims = {
        "iss": policy.client_id,
        "sub": policy.client_id,
        "aud": metadata.token_endpoint
        if policy.assertion_audience == "token_endpoint"
        else metadata.issuer,
        "jti": keys.id(),
        "iat": issued_at,
        "exp": issued_at + int(_LIFETIME.total_seconds()),
    }
    if policy.client_authentication == "client_secret_jwt" and policy.client_secret is not None:
        assertion = sign_with_secret(claims, policy.client_secret)
    else:
        assertion = keys.sign(claims, policy.name)
    return {"client_assertion_type": _TYPE, "client_assertion": assertion}


def _purpose(provider: str) -> str:
    return f"client assertions at {provider}"
