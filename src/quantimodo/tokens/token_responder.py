"""Turns a decision of a grant type into committed tokens and the response that has them.

Decides nothing: it commits by compare-and-set. None means that another request spent the
credential first; the endpoint then loads and decides again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quantimodo.crypto.tokens import SuccessorDerivation
from quantimodo.grant_types.contract import Decision, IssueOwn, Redeem, Repeat, Rotate
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.grant_stores import TokenStore
from quantimodo.protocol.consents import restricted_members
from quantimodo.protocol.resources import audience_of, split
from quantimodo.tokens.minted import (
    Authorization,
    IdTokenContext,
    MintedAccessToken,
    MintedRefreshToken,
)
from quantimodo.tokens.minter import TokenMinter, access_token_parameters
from quantimodo.tokens.policy import seconds_until

TokenResponse = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TokenResponder:
    """Commits decisions and returns the responses of the token endpoint."""

    minter: TokenMinter
    store: TokenStore
    clock: Clock
    entropy: Entropy
    derivation: SuccessorDerivation

    async def respond(self, decision: Decision) -> TokenResponse | None:
        """The response of RFC 6749 §5.1, committed to disk; None if the race was lost."""
        match decision:
            case IssueOwn():
                return await self._issue_own(decision)
            case Redeem():
                return await self._redeem(decision)
            case Repeat():
                return await self._repeat(decision)
            case Rotate():
                return await self._rotate(decision)

    async def _issue_own(self, decision: IssueOwn) -> TokenResponse:
        now, resource = self.clock.now(), await self.minter.resource_of(decision.scope)
        access = self.minter.mint_application_token(decision.client, decision.scope, now, resource)
        if access.row is not None:
            await self.store.issue(access.row)
        return access_token_parameters(access, await self.minter.text(access), now)

    async def _redeem(self, decision: Redeem) -> TokenResponse | None:
        now, client, found = self.clock.now(), decision.client, decision.found
        authorization = Authorization(client, found.grant, found.user)
        resource = await self.minter.resource_of(decision.scope)
        access = self.minter.mint_access_token(
            authorization, decision.scope, now, resource=resource
        )
        refresh = None
        if "refresh_token" in client.grant_types:
            refresh = self.minter.mint_refresh_token(found.grant, now)
        row = None if refresh is None else refresh.row
        if not await self.store.redeem(found.code, now, access.row, row):
            return None
        return await self._response(authorization, access, refresh, now, found.code.nonce)

    async def _rotate(self, decision: Rotate) -> TokenResponse | None:
        now, found, successor_nonce = self.clock.now(), decision.found, self.entropy.bytes(16)
        derived = self.derivation.derive(decision.raw, successor_nonce, now)
        authorization = Authorization(decision.client, found.grant, found.user)
        resource = await self.minter.resource_of(decision.scope)
        access = self.minter.mint_access_token(
            authorization, decision.scope, now, derived.access, resource
        )
        refresh = self.minter.mint_refresh_token(found.grant, now, derived.refresh)
        if not await self.store.rotate(found.token, now, successor_nonce, access.row, refresh.row):
            return None
        return await self._response(authorization, access, refresh, now)

    async def _repeat(self, decision: Repeat) -> TokenResponse:
        now, found, successor = self.clock.now(), decision.found, decision.successor
        authorization = Authorization(decision.client, found.grant, found.user)
        access = await self._repeated_access_token(decision, authorization, now)
        refresh = MintedRefreshToken(successor.tokens.refresh.raw, successor.found.token)
        return await self._response(authorization, access, refresh, now)

    async def _repeated_access_token(
        self, decision: Repeat, authorization: Authorization, now: datetime
    ) -> MintedAccessToken:
        """The access token that was issued with the successor; a new one after its end."""
        derived, row = decision.successor.tokens.access, decision.successor.found.token
        found, resource = decision.found, await self.minter.resource_of(decision.scope)
        access = self.minter.mint_access_token(
            authorization, decision.scope, row.issued_at, derived, resource
        )
        if access.row is not None:
            stored = await self.store.find_access_token(derived.key)
            if stored is not None and audience_of(stored.scope) == audience_of(decision.scope):
                access = access._replace(scope=stored.scope, expires_at=stored.expires_at)
            elif stored is not None or split(found.grant.scope)[1]:
                # It was for another API: this request gets a separate one.
                access = access._replace(expires_at=now)
        if access.expires_at <= now:
            access = self.minter.mint_access_token(
                authorization, decision.scope, now, resource=resource
            )
            if access.row is not None:
                await self.store.issue(access.row)
        return access

    async def _response(
        self,
        authorization: Authorization,
        access: MintedAccessToken,
        refresh: MintedRefreshToken | None,
        now: datetime,
        nonce: str | None = None,
    ) -> TokenResponse:
        text = await self.minter.text(access)
        response = access_token_parameters(access, text, now)
        if authorization.grant.details is not None and access.audience is None:
            response |= restricted_members(access.scope, authorization.grant.details)
        response["authorization_expires_in"] = seconds_until(authorization.grant.expires_at, now)
        if refresh is not None:
            response["refresh_token"] = refresh.raw.reveal()
            response["refresh_token_expires_in"] = seconds_until(refresh.row.expires_at, now)
        # An ID token is for the client, whichever API the access token is for.
        own = access.scope if access.audience is None else split(authorization.grant.scope)[0]
        if "openid" in own:
            context = IdTokenContext(own, nonce, access_token=text)
            response["id_token"] = await self.minter.mint_id_token(authorization, context, now)
        return response
