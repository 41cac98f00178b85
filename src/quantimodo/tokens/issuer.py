"""The issuer: a decision becomes tokens, committed in one write, and the answer that brings them.

Owns lifetimes, spelling and signing. Decides nothing: it commits by compare-and-set, and None
means that somebody else was first; the endpoint then loads and decides again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from quantimodo.crypto.tokens import Kind, Minted, derive_successor, mint
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
    """`derivation_key` is the server's key for the heirs of refresh tokens; `older_derivation_keys`
    are those that it had before, under which an heir may have been made a moment ago."""

    policy: TokenPolicy
    store: TokenStore
    signed: SignedTokens
    id_tokens: IdTokens
    subjects: Subjects
    clock: Clock
    entropy: Entropy
    derivation_key: bytes
    older_derivation_keys: Sequence[bytes] = ()

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
        access, successor = _successors(decision.raw, successor_nonce, now, self.derivation_key)
        grant = decision.found.grant
        if not await self.store.rotate(
            decision.found.token,
            now,
            successor_nonce,
            self._access_row(decision.client, grant, decision.scope, access, now),
            self._refresh_row(grant, successor, now),
        ):
            return None
        return await self._rotated(decision, access, successor, now)

    async def _repeat(self, decision: Repeat) -> Answer | None:
        # v2-api.md §6: the same successor once more, computed again and not stored anywhere.
        spent_at, successor_nonce = decision.found.spent_at, decision.found.successor_nonce
        if spent_at is None or successor_nonce is None:
            raise AssertionError("only a spent token is repeated")
        for derivation_key in (self.derivation_key, *self.older_derivation_keys):
            access, successor = _successors(decision.raw, successor_nonce, spent_at, derivation_key)
            # Only what was saved then is given again: the key of that day may be an older one.
            if await self.store.find_refresh_token(successor.key) is not None:
                decision = await self._as_then(decision, access)
                return await self._rotated(decision, access, successor, spent_at)
        return None

    async def _as_then(self, decision: Repeat, access: Minted) -> Repeat:
        """With the scope that the access token got when it was saved; a JWT never was."""
        if decision.client.token_format == "jwt":
            return decision
        saved = await self.store.find_access_token(access.key)
        return decision if saved is None else replace(decision, scope=saved.scope)

    async def _rotated(
        self, decision: Rotate, access: Minted, successor: Minted, at: datetime
    ) -> Answer:
        client, grant, user = decision.client, decision.found.grant, decision.found.user
        raw = await self._access_text(client, grant, user, decision.scope, access, at)
        now = self.clock.now()
        answer = _answer(raw, now, self._access_end(grant, at), decision.scope)
        answer["authorization_expires_in"] = seconds_until(grant.expires_at, now)
        answer["refresh_token"] = successor.raw.reveal()
        answer["refresh_token_expires_in"] = seconds_until(self._refresh_end(grant, at), now)
        if "openid" in decision.scope:
            answer["id_token"] = await self._id_token(
                client, grant, user, decision.scope, raw, now, None
            )
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


def _successors(
    raw: str, successor_nonce: bytes, at: datetime, derivation_key: bytes
) -> tuple[Minted, Minted]:
    return derive_successor(
        Kind.ACCESS, raw, successor_nonce, derivation_key, at
    ), derive_successor(Kind.REFRESH, raw, successor_nonce, derivation_key, at)


def _answer(raw: str, now: datetime, expires_at: datetime, scope: frozenset[str]) -> Answer:
    return {
        "access_token": raw,
        "token_type": "Bearer",
        "expires_in": seconds_until(expires_at, now),
        "scope": spell(scope),
    }
