"""The issuer: a decision becomes tokens, committed in one write, and the answer that brings them.

Owns lifetimes, spelling and signing. Decides nothing: it commits by compare-and-set, and None
means that somebody else was first; the endpoint then loads and decides again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from quantimodo.crypto.tokens import Kind, Minted, heir, mint
from quantimodo.grants.contract import Decision, IssueOwn, Redeem, Repeat, Rotate
from quantimodo.model.clients import Client
from quantimodo.model.tokens import AccessToken, Family, RefreshToken
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
    """`pepper` is the server's key for the heirs of refresh tokens; `older_peppers` are those that
    it had before, under which an heir may have been made a moment ago."""

    policy: TokenPolicy
    store: TokenStore
    signed: SignedTokens
    id_tokens: IdTokens
    subjects: Subjects
    clock: Clock
    entropy: Entropy
    pepper: bytes
    older_peppers: Sequence[bytes] = ()

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
                    family_id=None,
                    user_id=None,
                    scope=decision.scope,
                    issued_at=now,
                    expires_at=expires_at,
                )
            )
        return _answer(raw, now, expires_at, decision.scope)

    async def _redeem(self, decision: Redeem) -> Answer | None:
        now, client, found = self.clock.now(), decision.client, decision.found
        family, access = found.family, mint(Kind.ACCESS, now, self.entropy)
        refresh = None
        if "refresh_token" in client.grant_types:
            refresh = mint(Kind.REFRESH, now, self.entropy)
        if not await self.store.redeem(
            found.code,
            now,
            self._access_row(client, family, family.scope, access, now),
            None if refresh is None else self._refresh_row(family, refresh, now),
        ):
            return None
        raw = await self._access_text(client, family, found.user, family.scope, access, now)
        answer = _answer(raw, now, self._access_end(family, now), family.scope)
        if refresh is not None:
            answer["refresh_token"] = refresh.raw.reveal()
        if "openid" in family.scope:
            answer["id_token"] = await self._id_token(
                client, family, found.user, family.scope, raw, now, found.code.nonce
            )
        return answer

    async def _rotate(self, decision: Rotate) -> Answer | None:
        now, salt = self.clock.now(), self.entropy.bytes(16)
        access, successor = _heirs(decision.raw, salt, now, self.pepper)
        family = decision.found.family
        if not await self.store.rotate(
            decision.found.token,
            now,
            salt,
            self._access_row(decision.client, family, decision.scope, access, now),
            self._refresh_row(family, successor, now),
        ):
            return None
        return await self._rotated(decision, access, successor, now)

    async def _repeat(self, decision: Repeat) -> Answer | None:
        # Contract §6: the same successor once more, computed again and not stored anywhere.
        spent_at, salt = decision.found.spent_at, decision.found.salt
        if spent_at is None or salt is None:
            raise AssertionError("only a spent token is repeated")
        for pepper in (self.pepper, *self.older_peppers):
            access, successor = _heirs(decision.raw, salt, spent_at, pepper)
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
        client, family, user = decision.client, decision.found.family, decision.found.user
        raw = await self._access_text(client, family, user, decision.scope, access, at)
        answer = _answer(raw, self.clock.now(), self._access_end(family, at), decision.scope)
        answer["refresh_token"] = successor.raw.reveal()
        if "openid" in decision.scope:
            now = self.clock.now()
            answer["id_token"] = await self._id_token(
                client, family, user, decision.scope, raw, now, None
            )
        return answer

    def _access_end(self, family: Family, now: datetime) -> datetime:
        # security.md 6: nothing outlives the authorization that it came from.
        return min(now + self.policy.access_lifetime, family.expires_at)

    def _access_row(
        self,
        client: Client,
        family: Family,
        scope: frozenset[str],
        minted: Minted,
        now: datetime,
    ) -> AccessToken | None:
        if client.token_format == "jwt":
            return None
        return AccessToken(
            key=minted.key,
            client_id=client.id,
            family_id=family.id,
            user_id=family.user_id,
            scope=scope,
            issued_at=now,
            expires_at=self._access_end(family, now),
        )

    async def _access_text(
        self,
        client: Client,
        family: Family,
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
            self._access_end(family, now),
            jti=minted.key[:20],
            subject=await self.subjects.of(client, user),
            family_id=family.id,
            signed_in_at=family.authenticated_at,
        )

    def _refresh_row(self, family: Family, minted: Minted, now: datetime) -> RefreshToken:
        return RefreshToken(
            key=minted.key,
            family_id=family.id,
            issued_at=now,
            expires_at=min(now + self.policy.refresh_idle_lifetime, family.expires_at),
        )

    async def _id_token(
        self,
        client: Client,
        family: Family,
        user: User,
        scope: frozenset[str],
        access_token: str,
        now: datetime,
        nonce: str | None,
    ) -> str:
        return await self.id_tokens.write(
            client,
            user,
            SignIn(at=family.authenticated_at, methods=family.methods, sid=family.sid),
            now,
            not_after=family.expires_at,
            nonce=nonce,
            access_token=access_token,
            scope=scope,
            asked=family.asked,
        )


def _heirs(raw: str, salt: bytes, at: datetime, pepper: bytes) -> tuple[Minted, Minted]:
    return heir(Kind.ACCESS, raw, salt, pepper, at), heir(Kind.REFRESH, raw, salt, pepper, at)


def _answer(raw: str, now: datetime, expires_at: datetime, scope: frozenset[str]) -> Answer:
    return {
        "access_token": raw,
        "token_type": "Bearer",
        "expires_in": seconds_until(expires_at, now),
        "scope": spell(scope),
    }
