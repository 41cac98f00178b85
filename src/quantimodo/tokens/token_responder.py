"""Commits the decision of a grant type, and makes the response with its tokens.

It decides nothing: it commits by compare-and-set. None means that another request used the
credential first; the endpoint then loads and decides again.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

from quantimodo.crypto.tokens import SuccessorDerivation
from quantimodo.grant_types.contract import (
    Decision,
    Exchange,
    MintOwn,
    Redeem,
    Renew,
    Repeat,
    Rotate,
    Wait,
)
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.grant_stores import TokenStore
from quantimodo.protocol.consents import restricted_members
from quantimodo.protocol.resources import audience_of, split_by_resource
from quantimodo.tokens.access_tokens import with_own_details
from quantimodo.tokens.minted_tokens import (
    Authorization,
    IdTokenContext,
    MintedAccessToken,
    MintedRefreshToken,
    TokenBinding,
)
from quantimodo.tokens.minter import TokenMinter, access_token_parameters
from quantimodo.tokens.policy import seconds_until
from quantimodo.tokens.token_exchanges import TokenExchanges

TokenResponse = dict[str, Any]
_UNBOUND: Final = TokenBinding()


@dataclass(frozen=True, slots=True)
class TokenResponder:
    """Commits decisions and returns the responses of the token endpoint."""

    minter: TokenMinter
    store: TokenStore
    clock: Clock
    entropy: Entropy
    derivation: SuccessorDerivation
    exchanges: TokenExchanges

    def respond(
        self, decision: Decision, sender_key: Confirmation | None
    ) -> Awaitable[TokenResponse | None]:
        """The response of RFC 6749 §5.1, committed to disk; None if the race was lost. The access
        token is bound to `sender_key`, as is the refresh token of a public client."""
        match decision:
            case MintOwn():
                return self._mint_own(decision, sender_key)
            case Redeem():
                return self._redeem(decision, sender_key)
            case Renew():
                return self._renew(decision, sender_key)
            case Repeat():
                return self._repeat(decision, sender_key)
            case Rotate():
                return self._rotate(decision, sender_key)
            case Exchange():
                return self.exchanges.respond(decision, sender_key)
            case Wait():
                return self._defer(decision)

    async def _defer(self, decision: Wait) -> NoReturn:
        """Raises the error of a poll that has no tokens yet."""
        if decision.record is not None:
            await decision.record()
        raise decision.error

    async def _mint_own(self, decision: MintOwn, sender_key: Confirmation | None) -> TokenResponse:
        now, bound = self.clock.now(), await self._binding(decision.scope, sender_key)
        access = self.minter.mint_application_token(decision.client, decision.scope, now, bound)
        if access.row is not None:
            await self.store.add_access_token(access.row)
        text = access.opaque or await self.minter.text(access)
        return access_token_parameters(access, text, now)

    async def _redeem(
        self, decision: Redeem, sender_key: Confirmation | None
    ) -> TokenResponse | None:
        now, client, found = self.clock.now(), decision.client, decision.found
        authorization = Authorization(client, found.grant, found.user)
        bound = await self._binding(decision.scope, sender_key, decision.details)
        parent = decision.parent
        derived = None if parent is None else self.derivation.derive(*parent, now)
        secret = None if derived is None else derived.access
        access = self.minter.mint_access_token(authorization, decision.scope, now, bound, secret)
        refresh = None
        if "refresh_token" in client.grant_types:
            # RFC 9449 §5, RFC 8705 §4: bound to the key where nothing else binds it. That of a
            # confidential client is bound to the client, which may change its key.
            bound_to = sender_key if client.public else None
            secret = None if derived is None else derived.refresh
            refresh = self.minter.mint_refresh_token(authorization, now, bound_to, secret)
        row = None if refresh is None else refresh.row
        if not await self.store.redeem(found.code, now, access.row, row):
            return None
        return await self._response(authorization, access, refresh, now, found.code.nonce)

    async def _rotate(
        self, decision: Rotate, sender_key: Confirmation | None
    ) -> TokenResponse | None:
        now, found, successor_nonce = self.clock.now(), decision.found, self.entropy.bytes(16)
        derived = self.derivation.derive(decision.raw, successor_nonce, now)
        authorization = Authorization(decision.client, found.grant, found.user)
        bound = await self._binding(decision.scope, sender_key, decision.details)
        access = self.minter.mint_access_token(
            authorization, decision.scope, now, bound, derived.access
        )
        bound_to = found.token.confirmation or (sender_key if decision.client.public else None)
        refresh = self.minter.mint_refresh_token(authorization, now, bound_to, derived.refresh)
        if not await self.store.rotate(found.token, now, successor_nonce, access.row, refresh.row):
            return None
        return await self._response(authorization, access, refresh, now)

    async def _renew(self, decision: Renew, sender_key: Confirmation | None) -> TokenResponse:
        now, found = self.clock.now(), decision.found
        authorization = Authorization(decision.client, found.grant, found.user)
        bound = await self._binding(decision.scope, sender_key, decision.details)
        access = self.minter.mint_access_token(authorization, decision.scope, now, bound)
        if access.row is not None:
            await self.store.add_access_token(access.row)
        # RFC 6749 §6: without a new refresh token the client keeps the one that it has.
        return await self._response(authorization, access, None, now)

    async def _repeat(self, decision: Repeat, sender_key: Confirmation | None) -> TokenResponse:
        now, found, minted = self.clock.now(), decision.found, decision.minted
        authorization = Authorization(decision.client, found.grant, found.user)
        access = await self._repeated_access_token(decision, authorization, now, sender_key)
        refresh = None
        if minted.refresh is not None:
            refresh = MintedRefreshToken(minted.tokens.refresh.raw, minted.refresh)
        return await self._response(authorization, access, refresh, now)

    async def _repeated_access_token(
        self,
        decision: Repeat,
        authorization: Authorization,
        now: datetime,
        sender_key: Confirmation | None,
    ) -> MintedAccessToken:
        """The access token that was issued at first; a new one after its end, and for another
        key."""
        derived, issued_at = decision.minted.tokens.access, decision.minted.issued_at
        bound = await self._binding(decision.scope, sender_key, decision.details)
        access = self.minter.mint_access_token(
            authorization, decision.scope, issued_at, bound, derived
        )
        if access.row is not None:
            stored = await self.store.access_token(derived.key)
            if stored is not None and _is_for(stored, decision.scope, sender_key):
                access = access._replace(
                    scope=stored.scope,
                    expires_at=stored.expires_at,
                    details=with_own_details(stored).details,
                )
            elif stored is not None or split_by_resource(decision.found.grant.scope)[1]:
                # It was for another API, or for another key: this request gets a separate one.
                access = access._replace(expires_at=now)
        if access.expires_at <= now:
            access = self.minter.mint_access_token(authorization, decision.scope, now, bound)
            if access.row is not None:
                await self.store.add_access_token(access.row)
        return access

    async def _binding(
        self, scope: frozenset[str], sender_key: Confirmation | None, details: str | None = None
    ) -> TokenBinding:
        if audience_of(scope) is not None:
            return TokenBinding(await self.minter.resource_of(scope), sender_key, details)
        if sender_key is None and details is None:
            return _UNBOUND
        return TokenBinding(None, sender_key, details)

    async def _response(
        self,
        authorization: Authorization,
        access: MintedAccessToken,
        refresh: MintedRefreshToken | None,
        now: datetime,
        nonce: str | None = None,
    ) -> TokenResponse:
        text = access.opaque or await self.minter.text(access)
        response = access_token_parameters(access, text, now)
        named = audience_of(access.scope)
        if access.details is not None and (named is None or named.built_in):
            response |= restricted_members(access.scope, access.details)
        response["authorization_expires_in"] = seconds_until(authorization.grant.expires_at, now)
        if authorization.grant.public_id is not None:
            response["grant_id"] = authorization.grant.public_id  # Grant Management §5.5
        if refresh is not None:
            response["refresh_token"] = refresh.raw.reveal()
            left = seconds_until(refresh.row.expires_at, now)
            response["refresh_token_expires_in"] = left
            # Refresh Token Expiration §6.1: the name since its second draft.
            response["refresh_token_timeout"] = left
        # An ID token is for the client, whichever API the access token is for.
        own = (
            access.scope
            if access.audience is None
            else split_by_resource(authorization.grant.scope)[0]
        )
        if "openid" in own:
            context = IdTokenContext(own, nonce, access_token=text)
            response["id_token"] = await self.minter.mint_id_token(authorization, context, now)
        return response


def _is_for(
    stored: FoundAccessToken, scope: frozenset[str], sender_key: Confirmation | None
) -> bool:
    """Whether a token that was issued before has the audience and the key of this request."""
    return stored.confirmation == sender_key and audience_of(stored.scope) == audience_of(scope)
