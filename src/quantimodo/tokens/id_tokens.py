"""ID tokens (OpenID Connect Core §2, §5.4, §5.5): what an application learns of a sign-in.

Owns which claims stand in them, how they are signed and, for who registered so, encrypted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from quantimodo.crypto.jwt import left_half, unsigned
from quantimodo.crypto.session_ids import client_sid
from quantimodo.keys.keyring import Keyring
from quantimodo.model.clients import Client
from quantimodo.model.tokens import ClaimsRequest
from quantimodo.model.users import User
from quantimodo.ports.stores import ProfileStore
from quantimodo.protocol.claims import needs_profile, userinfo_claims
from quantimodo.protocol.vocabulary import ID_TOKEN_TYPE
from quantimodo.tokens.policy import TokenPolicy
from quantimodo.tokens.subjects import Subjects


class Encrypter(Protocol):
    async def encrypt(
        self, client: Client, payload: str | bytes, alg: str, enc: str, *, cty: str | None
    ) -> str:
        """For the key that the client has registered (RFC 7516)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """How and when the person signed in; `sid`: the id of the browser session, if any."""

    at: datetime
    methods: Sequence[str]
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class IdTokens:
    policy: TokenPolicy
    keyring: Keyring
    subjects: Subjects
    profiles: ProfileStore
    client_keys: Encrypter

    async def write(
        self,
        client: Client,
        user: User,
        signed_in: SignIn,
        now: datetime,
        *,
        not_after: datetime,
        nonce: str | None = None,
        access_token: str | None = None,
        code: str | None = None,
        scope: frozenset[str],
        alone: bool = False,
        claims_request: ClaimsRequest | None = None,
    ) -> str:
        """The claims of the granted `scope` are included when the ID token comes `alone`, without
        an access token (OpenID Connect Core §5.4), and for clients that registered
        `include_claims_in_id_token`. The profile is read only when a claim needs it. `not_after`:
        the end of the authorization, which the token never outlives."""
        opening = alone or client.metadata.include_claims_in_id_token
        claims: dict[str, Any] = {
            **await self._told(user, scope if opening else frozenset(), claims_request),
            "sub": await self.subjects.of(client, user),
            "iss": self.policy.issuer,
            "aud": client.id,
            "iat": int(now.timestamp()),
            "exp": int(min(now + self.policy.id_token_lifetime, not_after).timestamp()),
            "auth_time": int(signed_in.at.timestamp()),
        }
        if signed_in.methods:
            claims["amr"] = list(signed_in.methods)
        if claims_request is not None and claims_request.acr is not None:
            claims["acr"] = claims_request.acr
        # Front-Channel Logout §3, Back-Channel Logout §2.1: what a logout names.
        if signed_in.sid is not None:
            claims["sid"] = client_sid(signed_in.sid, client.id)
        if nonce is not None:
            claims["nonce"] = nonce
        algorithm = client.id_token_alg
        if algorithm == "none":
            # OpenID Connect Core §3.1.3.6: no algorithm, no hash. Only ever sent by the token
            # endpoint (OpenID Connect Core §2).
            return await self._sealed(client, unsigned(claims))
        if access_token is not None:
            claims["at_hash"] = left_half(access_token, algorithm)
        if code is not None:
            claims["c_hash"] = left_half(code, algorithm)
        text = self.keyring.signer(algorithm).sign(claims, ID_TOKEN_TYPE)
        return await self._sealed(client, text)

    async def _told(
        self, user: User, scope: frozenset[str], claims_request: ClaimsRequest | None
    ) -> dict[str, Any]:
        names = frozenset() if claims_request is None else claims_request.id_token
        if not scope and not names:
            return {}
        profile = None
        if needs_profile(scope, names):
            profile = await self.profiles.profile(user.id)
        return userinfo_claims(user, scope, profile, names)

    async def _sealed(self, client: Client, text: str) -> str:
        metadata = client.metadata
        if not metadata.id_token_encrypted_response_alg:
            return text
        # OpenID Connect Core §16.14: signed first, then encrypted.
        return await self.client_keys.encrypt(
            client,
            text,
            metadata.id_token_encrypted_response_alg,
            metadata.id_token_encrypted_response_enc or "A128CBC-HS256",
            cty="JWT",
        )
