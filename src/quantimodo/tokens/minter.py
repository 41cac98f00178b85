"""Mints codes, access tokens, refresh tokens and ID tokens, for every endpoint.

Owns lifetimes, rows and texts, so that the token endpoint and the authorization endpoint agree on
them. Stores nothing: the responders commit the rows before they return a text.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from quantimodo.crypto.tokens import JWT_ID_BYTES, Kind, Minted, mint, mint_jwt_id
from quantimodo.model.clients import Client, TokenFormat
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.resources import Resource
from quantimodo.model.tokens import AccessToken, AuthorizationCode, Grant, RefreshToken
from quantimodo.ports.clock import Entropy
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.errors import InvalidTarget
from quantimodo.protocol.resources import audience_of, plain_names
from quantimodo.protocol.scopes import format_scope
from quantimodo.protocol.security_profiles import profile_of
from quantimodo.tokens.id_tokens import IdTokens
from quantimodo.tokens.jwt_access_tokens import SignedTokens
from quantimodo.tokens.minted_tokens import (
    Authorization,
    IdTokenContext,
    MintedAccessToken,
    MintedCode,
    MintedRefreshToken,
    TokenBinding,
)
from quantimodo.tokens.policy import TokenPolicy, seconds_until
from quantimodo.tokens.subjects import Subjects


@dataclass(frozen=True, slots=True)
class TokenMinter:
    policy: TokenPolicy
    signed: SignedTokens
    id_tokens: IdTokens
    subjects: Subjects
    entropy: Entropy
    resources: ResourceStore

    async def resource_of(self, scope: frozenset[str]) -> Resource | None:
        """The registered API that an access token with this scope is for; None for ours. Raises
        `InvalidTarget` if it is not registered any more."""
        named = audience_of(scope)
        if named is None:
            return None
        resource = await self.resources.resource(named.identifier)
        if resource is None or resource.id != named.id:
            raise InvalidTarget(
                "this resource is not registered any more", refusal="resource_unknown"
            )
        return resource

    def mint_application_token(
        self, client: Client, scope: frozenset[str], now: datetime, bound: TokenBinding
    ) -> MintedAccessToken:
        """An access token for the application itself (RFC 6749 §4.4)."""
        resource, confirmation, _ = bound
        expires_at = now + self._lifetime(resource)
        audience = None if resource is None else resource.identifier
        raw, row = None, None
        if _format(client, resource) == "opaque":
            raw, key = mint(Kind.ACCESS, now, self.entropy)
            row = AccessToken(key, client.id, None, None, scope, now, expires_at, confirmation)
            jti = key[:JWT_ID_BYTES]
        else:
            jti = mint_jwt_id(now, self.entropy)
        return MintedAccessToken(
            *(client, None, raw, jti, scope, now, expires_at, row), audience, confirmation
        )

    def mint_access_token(
        self,
        authorization: Authorization,
        scope: frozenset[str],
        now: datetime,
        bound: TokenBinding,
        derived: Minted | None = None,
    ) -> MintedAccessToken:
        """An access token of a grant; `derived` is its secret if it is a successor."""
        client, grant, _ = authorization
        resource, confirmation, details = bound
        raw, key = derived or mint(Kind.ACCESS, now, self.entropy)
        expires_at, jti = _end(grant, now, self._lifetime(resource)), key[:JWT_ID_BYTES]
        row, audience = None, None if resource is None else resource.identifier
        if _format(client, resource) == "opaque":
            row = AccessToken(
                *(key, client.id, grant.id, grant.user_id, scope, now, expires_at),
                confirmation,
                details,
            )
        return MintedAccessToken(
            *(client, authorization, raw, jti, scope, now, expires_at, row),
            audience,
            confirmation,
            details or grant.details if resource is None or resource.built_in else None,
        )

    def mint_refresh_token(
        self,
        authorization: Authorization,
        now: datetime,
        confirmation: Confirmation | None,
        derived: Minted | None = None,
    ) -> MintedRefreshToken:
        """A refresh token of a grant; `derived` is its secret if it is a successor. One that is
        never replaced has no idle lifetime: it ends with the grant."""
        grant = authorization.grant
        secret = derived or mint(Kind.REFRESH, now, self.entropy)
        expires_at = grant.expires_at
        if profile_of(authorization.client).rotation:
            expires_at = _end(grant, now, self.policy.refresh_idle_lifetime)
        row = RefreshToken(secret.key, grant.id, now, expires_at, confirmation)
        return MintedRefreshToken(secret.raw, row)

    def mint_code(self, grant: Grant, request: AuthorizationRequest, now: datetime) -> MintedCode:
        """An authorization code, bound to the request's redirect URI, challenge, nonce and key."""
        secret = mint(Kind.CODE, now, self.entropy)
        row = AuthorizationCode(
            key=secret.key,
            grant_id=grant.id,
            redirect_uri=request.target.redirect_uri if request.target.given else None,
            challenge=request.challenge,
            nonce=request.nonce,
            expires_at=_end(grant, now, self.policy.code_lifetime),
            confirmation=request.code_key,
        )
        return MintedCode(secret.raw, row)

    async def text(self, access: MintedAccessToken) -> str:
        """The access token as its client gets it: opaque, or a signed JWT (RFC 9068)."""
        if access.opaque is not None:
            return access.opaque
        subject = access.client.id
        if access.authorization is not None:
            subject = await self.subjects.of(access.client, access.authorization.user)
        return self.signed.access_token(access, subject)

    async def mint_id_token(
        self, authorization: Authorization, context: IdTokenContext, now: datetime
    ) -> str:
        """A signed ID token (OpenID Connect Core §2)."""
        return await self.id_tokens.mint(authorization, context, now)

    def _lifetime(self, resource: Resource | None) -> timedelta:
        lifetime = self.policy.access_lifetime
        if resource is None or resource.token_lifetime is None:
            return lifetime
        return min(lifetime, resource.token_lifetime)


def access_token_parameters(access: MintedAccessToken, text: str, now: datetime) -> dict[str, Any]:
    """The members of a response that has an access token (RFC 6749 §4.2.2, §5.1)."""
    scope = format_scope(plain_names(access.scope))
    confirmation = access.confirmation
    parameters: dict[str, Any] = {
        "access_token": text,
        "token_type": "Bearer" if confirmation is None else confirmation.token_type,
        "expires_in": seconds_until(access.expires_at, now),
    }
    if scope:  # RFC 6749 §3.3: a scope is never empty; an API may have none.
        parameters["scope"] = scope
    return parameters


def _format(client: Client, resource: Resource | None) -> TokenFormat:
    return client.token_format if resource is None else resource.token_format


def _end(grant: Grant, now: datetime, lifetime: timedelta) -> datetime:
    # security.md §6, §14e: nothing outlives the authorization that it came from.
    return min(now + lifetime, grant.expires_at)
