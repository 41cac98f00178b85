"""Resolves a presented access token, opaque or JWT (RFC 6750, RFC 9068 §4).

One read each. Nothing is cached, so a revocation holds from the next request on.
"""

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from quantimodo.crypto.jwt import BadToken, unverified_kid, verify
from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.keys.keyring import Keyring
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.ports.clock import Clock
from quantimodo.ports.exchanged_token_store import ExchangedTokenReader
from quantimodo.ports.grant_stores import TokenReader
from quantimodo.ports.personal_token_store import PersonalTokenReader
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.protocol.consent_details import common_text, objects_text
from quantimodo.protocol.constants import ACCESS_TOKEN_TYPE
from quantimodo.protocol.resources import Audience, audience_of, full_names
from quantimodo.tokens.policy import TokenPolicy


class LiveTokens(Protocol):
    async def find_live(self, raw: str) -> FoundAccessToken | None:
        """The token if it is for the resource that is served; it is neither expired nor revoked."""


@dataclass(frozen=True, slots=True)
class AccessTokens:
    policy: TokenPolicy
    store: TokenReader
    keyring: Keyring
    personal: PersonalTokenReader
    exchanged: ExchangedTokenReader
    resources: ResourceStore
    clock: Clock

    async def find_live(self, raw: str) -> FoundAccessToken | None:
        """The token if this server issued it for its own API, and it is neither expired nor
        revoked; else None. Personal tokens are for this API alone."""
        if raw.startswith(Kind.PERSONAL):
            return await self._find_personal(raw)
        token = await self.find_any(raw)
        return None if token is None or audience_of(token.scope) is not None else token

    async def find_any(self, raw: str) -> FoundAccessToken | None:
        """The token of any API that is registered here, if it is neither expired nor revoked."""
        key = key_of(Kind.ACCESS, raw)
        token = await self.store.access_token(key) if key else await self._find_other(raw)
        if token is None or token.revoked or token.expires_at <= self.clock.now():
            return None
        return token if token.token_details is None else with_own_details(token)

    async def _find_personal(self, raw: str) -> FoundAccessToken | None:
        key = key_of(Kind.PERSONAL, raw)
        token = None if key is None else await self.personal.personal_token(key)
        if token is None or token.revoked or token.expires_at <= self.clock.now():
            return None
        return token

    async def _find_other(self, raw: str) -> FoundAccessToken | None:
        key = key_of(Kind.EXCHANGED, raw)
        return await self.exchanged.exchanged_token(key) if key else await self._find_jwt(raw)

    async def _find_jwt(self, raw: str) -> FoundAccessToken | None:
        claims = await self.verified_claims(raw)
        if claims is None:
            return None
        if "act" in claims:  # RFC 8693 §4.1
            exchanged = await self.exchanged.exchanged_token(exchanged_key(claims))
            return None if exchanged is None else exchanged._replace(jti=claims["jti"])
        scope = await self._scope(claims)
        if scope is None:
            return None
        grant_id = _grant(claims)
        token_status = await self.store.token_status(claims["jti"], claims["client_id"], grant_id)
        if token_status is None:
            return None
        expires_at, end = datetime.fromtimestamp(claims["exp"], UTC), token_status.expires_at
        return FoundAccessToken(
            client_id=claims["client_id"],
            user=token_status.user,
            scope=scope,
            issued_at=datetime.fromtimestamp(claims["iat"], UTC),
            expires_at=expires_at if end is None else min(expires_at, end),
            revoked=False,
            grant_id=grant_id,
            jti=claims["jti"],
            claims_request=token_status.claims_request,
            special=token_status.special,
            details=token_status.details,
            authenticated_at=token_status.authenticated_at,
            methods=token_status.methods,
            confirmation=_confirmation(claims),
            token_details=_own_details(claims),
        )

    async def _scope(self, claims: dict[str, Any]) -> frozenset[str] | None:
        """The scope by full names; None if the API of the token is not registered any more."""
        names = frozenset(claims["scope"].split())
        if claims["aud"] == self.policy.audience:
            return names
        resource = await self.resources.resource(claims["aud"])
        if resource is None or int(resource.created_at.timestamp()) > claims["iat"]:
            return None
        return full_names(resource, names)

    async def verified_claims(self, raw: str) -> dict[str, Any] | None:
        """The claims of a JWT access token that this server signed, for whichever API."""
        kid = unverified_kid(raw)
        verifier = None if kid is None else await self.keyring.verifier(kid)
        if verifier is None:
            return None
        try:
            claims = verify(raw, verifier, ACCESS_TOKEN_TYPE)
        except BadToken:
            return None
        # RFC 9068 §4: the issuer is exactly this server, the audience one API: `_scope` checks
        # which.
        sound = claims.get("iss") == self.policy.issuer and isinstance(claims.get("aud"), str)
        return claims if sound else None


@dataclass(frozen=True, slots=True)
class TokensFor:
    """`LiveTokens` of one other resource: a token for any other one is not found."""

    tokens: AccessTokens
    audience: Audience

    async def find_live(self, raw: str) -> FoundAccessToken | None:
        """The token if it is for this resource."""
        token = await self.tokens.find_any(raw)
        return token if token is not None and audience_of(token.scope) == self.audience else None


def _confirmation(claims: dict[str, Any]) -> Confirmation | None:
    for member, thumbprint in claims.get("cnf", {}).items():
        return Confirmation(member, thumbprint)
    return None


def with_own_details(token: FoundAccessToken) -> FoundAccessToken:
    """The token with the details of its grant and its own combined (RFC 9396 §6)."""
    if token.token_details is None:
        return token
    details = common_text(token.token_details, token.details)
    return token._replace(details=details, token_details=None)


def _own_details(claims: dict[str, Any]) -> str | None:
    objects = claims.get("authorization_details")
    return None if objects is None else objects_text(objects)


def exchanged_key(claims: dict[str, Any]) -> bytes:
    """The key of the row of an exchanged JWT."""
    return _bytes(claims["jti"])


def _grant(claims: dict[str, Any]) -> bytes | None:
    text = claims.get("grant_id")
    return None if text is None else _bytes(text)


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
