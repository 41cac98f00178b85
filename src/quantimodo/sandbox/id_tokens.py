"""Signs ID tokens of the sandbox with its published key, and reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.crypto.jwks import key_set, open_signer, open_verifier
from quantimodo.crypto.jwt import BadToken, Signer, Verifier, base64url, half_hash, verify
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.sandbox.fake_providers import FakeProvider
from quantimodo.sandbox.people import Behaviour, Person
from quantimodo.sandbox.published_key import PUBLISHED_KEY
from quantimodo.sandbox.sealed_grants import Grant

_LIFETIME: Final = 3600
_AHEAD: Final = 50


@dataclass(frozen=True, slots=True)
class IdTokens:
    signer: Signer
    verifier: Verifier
    clock: Clock
    entropy: Entropy

    @classmethod
    def with_published_key(cls, clock: Clock, entropy: Entropy) -> "IdTokens":
        """Signs with the key whose private part is public: no real provider trusts it."""
        key = PUBLISHED_KEY
        signer = open_signer(key.kid, "RS256", key.private)
        return cls(signer, open_verifier(key.kid, "RS256", key.public_jwk), clock, entropy)

    def key_set(self) -> bytes:
        """The JWK Set with that key, as JSON."""
        return key_set([PUBLISHED_KEY.public_jwk])

    def mint(
        self,
        fake_provider: FakeProvider,
        grant: Grant,
        claims: Mapping[str, Any],
        access_token: str = "",
    ) -> str:
        """An ID token: the registered claims (OpenID Connect Core §2) and the provider's claims."""
        person = grant.who
        now = self._now(person)
        whole: dict[str, Any] = {
            "iss": fake_provider.issuer,
            "aud": grant.client_id,
            "iat": now,
            "exp": now + _LIFETIME,
            **claims,
        }
        if grant.nonce:
            whole["nonce"] = grant.nonce
        if access_token:
            whole["at_hash"] = half_hash("RS256", access_token)
        return self._signed(whole, person)

    def new_id(self) -> str:
        """A new random identifier, in hexadecimal digits."""
        return self.entropy.bytes(16).hex()

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """Any other token of the provider."""
        return self.signer.sign(claims, typ)

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of an ID token of ours that has not expired."""
        try:
            claims = verify(token, self.verifier, "JWT")
        except BadToken:
            return None
        alive = self.clock.now().timestamp() < claims["exp"]
        return claims if alive else None

    def _now(self, person: Person) -> int:
        ahead = _AHEAD if person.behaviour is Behaviour.AHEAD else 0
        return int(self.clock.now().timestamp()) + ahead

    def _signed(self, claims: Mapping[str, Any], person: Person) -> str:
        token = self.sign(claims, "JWT")
        if person.behaviour is not Behaviour.MALFORMED:
            return token
        return f"{token.rpartition('.')[0]}.{base64url(self.entropy.bytes(256)).decode()}"


def profile_claims(person: Person, grant: Grant) -> dict[str, Any]:
    """The claims of the scopes `profile` and `email` (OpenID Connect Core §5.4)."""
    claims: dict[str, Any] = {}
    if grant.has("profile"):
        claims |= {
            "name": person.name,
            "given_name": person.given_name,
            "family_name": person.family_name,
        }
    if grant.has("email") and person.email:
        claims |= {"email": person.email, "email_verified": person.email_verified}
    return claims
