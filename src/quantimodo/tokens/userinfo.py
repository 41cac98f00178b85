"""Userinfo responses (OpenID Connect Core §5.3): claims, plain, signed or encrypted.

Most responses need only the token's row; more is read only if the scope or the client requires it.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from quantimodo.keys.keyring import Keyring
from quantimodo.model.clients import Client
from quantimodo.model.keys import algorithm_named
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.model.users import User
from quantimodo.ports.account_stores import ProfileStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.claims import (
    basic_profile,
    needs_profile,
    pairwise_profile,
    userinfo_claims,
)
from quantimodo.protocol.constants import ID_TOKEN_TYPE
from quantimodo.protocol.subjects import is_pairwise
from quantimodo.tokens.id_tokens import Encrypter
from quantimodo.tokens.subjects import Subjects

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class UserInfoResponses:
    issuer: str
    keyring: Keyring
    clients: ClientStore
    profiles: ProfileStore
    subjects: Subjects
    client_keys: Encrypter

    async def full(self, found: FoundAccessToken, user: User) -> dict[str, Any] | str:
        """The claims; or a JWT, for a client that registered one (OpenID Connect Core §5.3.2)."""
        claims_request = _NOTHING if found.claims_request is None else found.claims_request.userinfo
        profile = None
        if needs_profile(found.scope, claims_request):
            profile = await self.profiles.profile(user.id)
        claims = userinfo_claims(user, found.scope, profile, claims_request)
        if not found.special:
            return claims
        client = await self.clients.client(found.client_id)
        return claims if client is None else await self._as_registered(claims, client, user)

    async def basic(self, found: FoundAccessToken, user: User) -> dict[str, Any]:
        """The response of `GET /api/v1/user/me`."""
        client = await self.clients.client(found.client_id) if found.special else None
        if client is None or not is_pairwise(client):
            return basic_profile(user)
        return pairwise_profile(user, await self.subjects.of(client, user), found.scope)

    async def _as_registered(
        self, claims: dict[str, Any], client: Client, user: User
    ) -> dict[str, Any] | str:
        claims["sub"] = await self.subjects.of(client, user)
        metadata = client.metadata
        algorithm = algorithm_named(metadata.userinfo_signed_response_alg)
        if algorithm is not None:
            # OpenID Connect Core §5.3.2: a signed one has `iss` and `aud`.
            whole = {**claims, "iss": self.issuer, "aud": client.id}
            text = self.keyring.signer(algorithm).sign(whole, ID_TOKEN_TYPE)
        elif not metadata.userinfo_encrypted_response_alg:
            return claims
        else:
            text = msgspec.json.encode(claims).decode()
        if not metadata.userinfo_encrypted_response_alg:
            return text
        return await self.client_keys.encrypt(
            client,
            text,
            metadata.userinfo_encrypted_response_alg,
            metadata.userinfo_encrypted_response_enc or "A128CBC-HS256",
            cty=None if algorithm is None else "JWT",
        )
