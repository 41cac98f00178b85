"""The issuer: a decision becomes tokens, committed in one write, and the answer that brings them.

Owns lifetimes, spelling and signing. Decides nothing: it commits by compare-and-set, and None
means that somebody else was first; the endpoint then loads and decides again.
"""

from dataclasses import dataclass
from datetime import datetime

from quantimodo.crypto.tokens import Kind, Minted, SuccessorDerivation, mint
from quantimodo.grant_types.contract import Decision, IssueOwn, Redeem, Repeat, Rotate
from quantimodo.model.clients import Client
from quantimodo.model.tokens import AccessToken, Grant, RefreshToken
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import TokenStore
from quantimodo.protocol.scopes import spell
from quantimodo.tokens.id_tokens import IdTokens, SignIn
from quantimodo.tokens.policy import TokenPolicy, seconds_until
from quantimodo.tokens.signed import SignedTokens
from quantimodo.tokens.subjects import Subjects

Answer = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Issuer:
    """Commits decisions and returns the responses of the token endpoint."""

    policy: TokenPolicy
    store: TokenStore
    signed: SignedTokens
    id_tokens: IdTokens
    subjects: Subjects
    clock: Clock
    entropy: Entropy
    derivation: SuccessorDerivation

    async def issue(self, decision: Decision) -> Answer | None:
        """The answer of RFC 6749 §5.1, all of it on disk; None when the race was lost."""
        match decision:
            case IssueOwn():
                return await self._own(decision)
            case Redeem():
                return await self._redeem(decision)
            case Repeat():
                return await self._repeat(decision)
            case Rotate():
                return await self._rotate(decision)

    async def _own(self, decision: IssueOwn) -> Answer:
        now, client = self.clock.now(), decision.client
        expires_at = now + self.policy.access_lifetime
        if client.token_format == "jwt":
            # Nothing to keep: the signature is the record, and `revoked_jwts` the exception.
            raw = self.signed.access_token(
                client, decision.scope, now, expires_at, jti=self.entropy.bytes(16)
            )
        else:
            minted = mint(Kind.ACCESS, now, self.entropy)
            raw = minted.raw.reveal()
            await self.store.issue(
                AccessToken(
                    key=minted.key,
                    client_id=client.id,
                    grant_id=None,
                    user_id=None,
                    scope=decision.scope,
                    issued_at=now,
                    expires_at=expires_at,
                )
            )
        return _answer(raw, now, expires_at, decision.scope)

    async def _redeem(self, decision: Redeem) -> Answer | None:
        now, client, found = self.clock.now(), decision.client, decision.found
        grant, access = found.grant, mint(Kind.ACCESS, now, self.entropy)
        refresh = None
        if "refresh_token" in client.grant_types:
            refresh = mint(Kind.REFRESH, now, self.entropy)
        if not await self.store.redeem(
            found.code,
            now,
            self._access_row(client, grant, grant.scope, access, now),
            None if refresh is None else self._refresh_row(grant, refresh, now),
        ):
            return None
        raw = await self._access_text(client, grant, found.user, grant.scope, access, now)
        answer = _answer(raw, now, self._access_end(grant, now), grant.scope)
        answer["authorization_expires_in"] = seconds_until(grant.expires_at, now)
        if refresh is not None:
            answer["refresh_token"] = refresh.raw.reveal()
            answer["refresh_token_expires_in"] = seconds_until(self._refresh_end(grant, now), now)
        if "openid" in grant.scope:
            answer["id_token"] = await self._id_token(
                client, grant, found.user, grant.scope, raw, now, found.code.nonce
            )
        return answer

    async def _rotate(self, decision: Rotate) -> Answer | None:
        now, successor_nonce = self.clock.now(), self.entropy.bytes(16)
        access, refresh = self.derivation.derive(decision.raw, successor_nonce, now)
        client, grant = decision.client, decision.found.grant
        row = self._refresh_row(grant, refresh, now)
        if not await self.store.rotate(
            decision.found.token,
            now,
            successor_nonce,
            self._access_row(client, grant, decision.scope, access, now),
            row,
        ):
            return None
        raw = await self._access_text(
            client, grant, decision.found.user, decision.scope, access, now
        )
        answer = _answer(raw, now, self._access_end(grant, now), decision.scope)
        return await self._refreshed(decision, answer, refresh, row, now)

    async def _repeat(self, decision: Repeat) -> Answer:
        now, successor = self.clock.now(), decision.successor
        answer = await self._access_again(decision, now)
        return await self._refreshed(
            decision, answer, successor.tokens.refresh, successor.found.token, now
        )

    async def _access_again(self, decision: Repeat, now: datetime) -> Answer:
        """The access token that was issued with the successor; a new one after its end."""
        client, found = decision.client, decision.found
        grant, access = found.grant, decision.successor.tokens.access
        issued_at, scope = decision.successor.found.token.issued_at, decision.scope
        expires_at = self._access_end(grant, issued_at)
        if client.token_format == "opaque":
            stored = await self.store.find_access_token(access.key)
            if stored is not None:
                scope, expires_at = stored.scope, stored.expires_at
        if expires_at <= now:
            scope, issued_at = decision.scope, now
            access, expires_at = mint(Kind.ACCESS, now, self.entropy), self._access_end(grant, now)
            row = self._access_row(client, grant, scope, access, now)
            if row is not None:
                await self.store.issue(row)
        raw = await self._access_text(client, grant, found.user, scope, access, issued_at)
        return _answer(raw, now, expires_at, scope)

    async def _refreshed(
        self,
        decision: Rotate | Repeat,
        answer: Answer,
        refresh: Minted,
        row: RefreshToken,
        now: datetime,
    ) -> Answer:
        client, grant, user = decision.client, decision.found.grant, decision.found.user
        answer["authorization_expires_in"] = seconds_until(grant.expires_at, now)
        answer["refresh_token"] = refresh.raw.reveal()
        answer["refresh_token_expires_in"] = seconds_until(row.expires_at, now)
        scope = frozenset(str(answer["scope"]).split())
        if "openid" in scope:
            raw = str(answer["access_token"])
            answer["id_token"] = await self._id_token(client, grant, user, scope, raw, now, None)
        return answer

    def _access_end(self, grant: Grant, now: datetime) -> datetime:
        # security.md §6: nothing outlives the authorization that it came from.
        return min(now + self.policy.access_lifetime, grant.expires_at)

    def _refresh_end(self, grant: Grant, now: datetime) -> datetime:
        return min(now + self.policy.refresh_idle_lifetime, grant.expires_at)

    def _access_row(
        self,
        client: Client,
        grant: Grant,
        scope: frozenset[str],
        minted: Minted,
        now: datetime,
    ) -> AccessToken | None:
        if client.token_format == "jwt":
            return None
        return AccessToken(
            key=minted.key,
            client_id=client.id,
            grant_id=grant.id,
            user_id=grant.user_id,
            scope=scope,
            issued_at=now,
            expires_at=self._access_end(grant, now),
        )

    async def _access_text(
        self,
        client: Client,
        grant: Grant,
        user: User,
        scope: frozenset[str],
        minted: Minted,
        now: datetime,
    ) -> str:
        if client.token_format == "opaque":
            return minted.raw.reveal()
        return self.signed.access_token(
            client,
            scope,
            now,
            self._access_end(grant, now),
            jti=minted.key[:20],
            subject=await self.subjects.of(client, user),
            grant_id=grant.id,
            signed_in_at=grant.authenticated_at,
        )

    def _refresh_row(self, grant: Grant, minted: Minted, now: datetime) -> RefreshToken:
        return RefreshToken(
            key=minted.key,
            grant_id=grant.id,
            issued_at=now,
            expires_at=self._refresh_end(grant, now),
        )

    async def _id_token(
        self,
        client: Client,
        grant: Grant,
        user: User,
        scope: frozenset[str],
        access_token: str,
        now: datetime,
        nonce: str | None,
    ) -> str:
        return await self.id_tokens.write(
            client,
            user,
            SignIn(at=grant.authenticated_at, methods=grant.methods, sid=grant.sid),
            now,
            not_after=grant.expires_at,
            nonce=nonce,
            access_token=access_token,
            scope=scope,
            claims_request=grant.claims_request,
        )


def _answer(raw: str, now: datetime, expires_at: datetime, scope: frozenset[str]) -> Answer:
    return {
        "access_token": raw,
        "token_type": "Bearer",
        "expires_in": seconds_until(expires_at, now),
        "scope": spell(scope),
    }
