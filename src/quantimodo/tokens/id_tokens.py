"""ID tokens (OpenID Connect Core §2, §5.4, §5.5): which claims they have, how they are signed and,
for clients that registered so, encrypted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from quantimodo.crypto.jwt import half_hash, unsecured_jwt
from quantimodo.crypto.session_ids import client_sid
from quantimodo.keys.keyring import Keyring
from quantimodo.model.clients import Client
from quantimodo.model.tokens import ClaimsRequest
from quantimodo.model.users import User
from quantimodo.ports.account_stores import ProfileStore
from quantimodo.protocol.claims import needs_profile, userinfo_claims
from quantimodo.protocol.constants import ID_TOKEN_TYPE
from quantimodo.protocol.logout import names_session
from quantimodo.tokens.minted_tokens import Authorization, IdTokenContext
from quantimodo.tokens.policy import TokenPolicy
from quantimodo.tokens.subjects import Subjects


class Encrypter(Protocol):
    async def encrypt(
        self, client: Client, payload: str | bytes, alg: str, enc: str, *, cty: str | None
    ) -> str:
        """For the key that the client has registered (RFC 7516)."""


@dataclass(frozen=True, slots=True)
class IdTokens:
    policy: TokenPolicy
    keyring: Keyring
    subjects: Subjects
    profiles: ProfileStore
    client_keys: Encrypter

    async def mint(
        self, authorization: Authorization, context: IdTokenContext, now: datetime
    ) -> str:
        """An ID token, signed and, if the client registered so, encrypted.

        The claims of the granted scope are included if the ID token comes alone, and for clients
        that registered `include_claims_in_id_token`. The profile is read only if a claim needs it.
        The token never outlives the authorization.
        """
        client, grant, user = authorization
        scope = frozenset[str]()
        if context.alone or client.metadata.include_claims_in_id_token:
            scope = context.scope
        expires_at = min(now + self.policy.id_token_lifetime, grant.expires_at)
        claims: dict[str, Any] = {
            **await self._user_claims(user, scope, grant.claims_request),
            "sub": await self.subjects.of(client, user),
            "iss": self.policy.issuer,
            "aud": client.id,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "auth_time": int(grant.authenticated_at.timestamp()),
        }
        if grant.methods:
            claims["amr"] = list(grant.methods)
        if grant.claims_request is not None and grant.claims_request.acr is not None:
            claims["acr"] = grant.claims_request.acr
        # Front-Channel Logout §3, Back-Channel Logout §2.1: a logout names it.
        if grant.sid is not None and names_session(client):
            claims["sid"] = client_sid(grant.sid, client.id)
        if context.nonce is not None:
            claims["nonce"] = context.nonce
        algorithm = client.id_token_alg
        if algorithm == "none":
            # OpenID Connect Core §3.1.3.6: no algorithm, no hash. Only the token endpoint returns
            # it (OpenID Connect Core §2).
            return await self._encrypted(client, unsecured_jwt(claims))
        if context.access_token is not None:
            claims["at_hash"] = half_hash(algorithm, context.access_token)
        if context.code is not None:
            claims["c_hash"] = half_hash(algorithm, context.code)
        text = self.keyring.signer(algorithm).sign(claims, ID_TOKEN_TYPE)
        return await self._encrypted(client, text)

    async def _user_claims(
        self, user: User, scope: frozenset[str], claims_request: ClaimsRequest | None
    ) -> dict[str, Any]:
        names = frozenset() if claims_request is None else claims_request.id_token
        if not scope and not names:
            return {}
        profile = None
        if needs_profile(scope, names):
            profile = await self.profiles.profile(user.id)
        return userinfo_claims(user, scope, profile, names)

    async def _encrypted(self, client: Client, text: str) -> str:
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
