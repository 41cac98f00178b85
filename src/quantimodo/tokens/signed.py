"""JWT access tokens (RFC 9068 §2.2)."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quantimodo.keys.keyring import Keyring
from quantimodo.model.clients import Client
from quantimodo.protocol.scopes import spell
from quantimodo.protocol.vocabulary import ACCESS_TOKEN_TYPE
from quantimodo.tokens.policy import TokenPolicy


@dataclass(frozen=True, slots=True)
class SignedTokens:
    policy: TokenPolicy
    keyring: Keyring

    def access_token(
        self,
        client: Client,
        scope: frozenset[str],
        now: datetime,
        expires_at: datetime,
        *,
        jti: bytes,
        subject: str | None = None,
        grant_id: bytes | None = None,
        signed_in_at: datetime | None = None,
    ) -> str:
        """`subject`: the person, as this application knows them; None for its own token. `grant_id`
        names the authorization that the token stands and falls with."""
        claims: dict[str, Any] = {
            "iss": self.policy.issuer,
            "sub": client.id if subject is None else subject,
            "aud": self.policy.audience,
            "client_id": client.id,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": _text(jti),
            "scope": spell(scope),
        }
        if grant_id is not None:
            claims["grant_id"] = _text(grant_id)
        if signed_in_at is not None:
            claims["auth_time"] = int(signed_in_at.timestamp())
        return self.keyring.signer("ES256").sign(claims, ACCESS_TOKEN_TYPE)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
