"""What we sign: ID tokens (OpenID Connect Core §2) and JWT access tokens (RFC 9068 §2.2)."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quantimodo.crypto.jwt import left_half
from quantimodo.keys.keyring import Keyring
from quantimodo.model.clients import Client
from quantimodo.model.users import User
from quantimodo.ports.clock import Entropy
from quantimodo.protocol.claims import userinfo_claims
from quantimodo.protocol.scopes import spell
from quantimodo.protocol.vocabulary import ACCESS_TOKEN_TYPE, ID_TOKEN_TYPE
from quantimodo.tokens.policy import TokenPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """How and when the person signed in; `sid`: in which browser session, where that is told."""

    at: datetime
    methods: Sequence[str]
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class SignedTokens:
    policy: TokenPolicy
    keyring: Keyring
    entropy: Entropy

    def id_token(
        self,
        client: Client,
        user: User,
        signed_in: SignIn,
        now: datetime,
        *,
        nonce: str | None = None,
        access_token: str | None = None,
        code: str | None = None,
        scope: frozenset[str] = frozenset(),
    ) -> str:
        """`scope` opens claims in the ID token itself: for answers that bring no access token
        (OpenID Connect Core §5.4)."""
        claims: dict[str, Any] = {
            **userinfo_claims(user, scope),
            "iss": self.policy.issuer,
            "aud": client.id,
            "iat": int(now.timestamp()),
            "exp": int((now + self.policy.id_token_lifetime).timestamp()),
            "auth_time": int(signed_in.at.timestamp()),
        }
        if signed_in.methods:
            claims["amr"] = list(signed_in.methods)
        # OpenID Connect Front-Channel Logout §3, Back-Channel Logout §2.1: what a logout names.
        if signed_in.sid is not None:
            claims["sid"] = signed_in.sid
        if nonce is not None:
            claims["nonce"] = nonce
        if access_token is not None:
            claims["at_hash"] = left_half(access_token)
        if code is not None:
            claims["c_hash"] = left_half(code)
        return self.keyring.signer(client.id_token_alg).sign(claims, ID_TOKEN_TYPE)

    def access_token(
        self,
        client: Client,
        scope: frozenset[str],
        now: datetime,
        expires_at: datetime,
        *,
        jti: bytes,
        user: User | None = None,
        family_id: bytes | None = None,
        signed_in: SignIn | None = None,
    ) -> str:
        """`grant_id` names the authorization that the token stands and falls with."""
        claims: dict[str, Any] = {
            "iss": self.policy.issuer,
            "sub": client.id if user is None else user.subject,
            "aud": self.policy.audience,
            "client_id": client.id,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": _text(jti),
            "scope": spell(scope),
        }
        if family_id is not None:
            claims["grant_id"] = _text(family_id)
        if signed_in is not None:
            claims["auth_time"] = int(signed_in.at.timestamp())
        return self.keyring.signer("ES256").sign(claims, ACCESS_TOKEN_TYPE)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
