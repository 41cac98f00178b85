"""Starts, extends and ends browser sessions, which are stored on the server (security.md §18).

Owns their lifetimes and the value of their cookie. `pages/browser.py` sets the cookie, and the
other services of this package decide who may start a session.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from quantimodo.accounts.errors import AccountDeleted, DomainError, ReauthenticationNeeded
from quantimodo.crypto.session_ids import SESSION_ID_BYTES
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.events import Event
from quantimodo.model.provider_sessions import ProviderSession
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.account_stores import SessionStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import Conflict, SignInEnded, Unavailable

_LONGEST_ADDRESS = 64
_LONGEST_AGENT = 300
FRESH: Final = timedelta(minutes=10)
SIGNED_OUT_SINCE: Final = N_("The provider has ended this sign-in. Sign in there again, then here.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How long a session lives unused, how long at most, and how often its use is written."""

    idle_lifetime: timedelta = timedelta(days=14)
    absolute_lifetime: timedelta = timedelta(days=90)
    touch_every: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """`wakeup` is set when sessions end, to start the worker that notifies clients."""

    store: SessionStore
    policy: SessionPolicy
    clock: Clock
    entropy: Entropy
    audit: Audit
    wakeup: asyncio.Event | None = None

    async def start(
        self,
        user: User,
        *,
        methods: tuple[str, ...],
        address: str,
        agent: str,
        replaces: Secret | None,
        provider: ProviderSession | None = None,
    ) -> Secret:
        """Start a session, and return the value of its cookie. The session that it `replaces` ends
        in the same transaction. `provider` is the provider session from which it begins.

        Raises `DomainError` when the person was deleted or disabled meanwhile, or the provider
        ended that session.
        """
        ended = None if replaces is None else key_of(Kind.SESSION, replaces.reveal())
        new = _NewSession(user, methods, address, agent, provider=provider)
        return await self._begin(new, ended)

    async def renew(self, session: Session, *, proved: bool = True) -> Secret:
        """Replace the session, and return the cookie of the new one. `proved`: the person has
        authenticated again just now; otherwise the time of the sign-in stays.

        A password alone does not renew a login that had a second factor.
        """
        proved = proved and "mfa" not in session.methods
        authenticated_at = None if proved else session.authenticated_at
        new = _NewSession(
            session.user, session.methods, session.address, session.agent, authenticated_at
        )
        return await self._begin(new, session.key)

    async def current(self, cookie: str | None) -> Session | None:
        """The live session of this cookie; None for any other cookie, and for a session of a closed
        account."""
        session = await self.find(cookie)
        return None if session is None or session.user.closed else session

    async def find(self, cookie: str | None) -> Session | None:
        """The live session of this cookie. A session of a closed account is found too; it can only
        keep the account."""
        key = None if cookie is None else key_of(Kind.SESSION, cookie)
        session = None if key is None else await self.store.session(key)
        now = self.clock.now()
        if session is None or not self._is_live(session, now):
            return None
        if now - session.seen_at < self.policy.touch_every:
            return session
        return await self._with_recorded_use(session, now)

    async def list(self, user_id: int) -> Sequence[Session]:
        """The live sessions of this person, the last used first."""
        now = self.clock.now()
        live = [s for s in await self.store.sessions_of(user_id) if self._is_live(s, now)]
        return sorted(live, key=lambda session: session.seen_at, reverse=True)

    async def end(self, session: Session) -> None:
        """End this session. Its cookie becomes invalid."""
        await self.end_one(session.user.id, session.key)

    async def end_one(self, user_id: int, key: bytes) -> bool:
        """End a session of this person; False if it has ended, or is not this person's."""
        ended = await self.store.end_session(user_id, key, self.clock.now())
        if ended:
            self.wake_logout_sender()
            self._record("session.ended", user_id)
        return ended

    async def discard(self, user_id: int, cookie: Secret) -> None:
        """End a session that has just started, and whose cookie must not be sent."""
        key = key_of(Kind.SESSION, cookie.reveal())
        if key is not None:
            await self.end_one(user_id, key)

    async def end_others(self, session: Session) -> int:
        """End all other sessions of the person. Returns how many."""
        return await self._end_all(session.user.id, session.key)

    async def end_all(self, user_id: int) -> int:
        """End all sessions of the person. Returns how many."""
        return await self._end_all(user_id, None)

    def wake_logout_sender(self) -> None:
        """Start the worker that notifies clients of ended sessions."""
        if self.wakeup is not None:
            self.wakeup.set()

    async def _end_all(self, user_id: int, except_key: bytes | None) -> int:
        count = await self.store.end_sessions(user_id, self.clock.now(), except_key)
        if count:
            self.wake_logout_sender()
            self._record("session.ended", user_id, detail=f"{count} signed out")
        return count

    async def _begin(self, new: "_NewSession", ended: bytes | None) -> Secret:
        now = self.clock.now()
        minted = mint(Kind.SESSION, now, self.entropy)
        session = Session(
            key=minted.key,
            sid=self.entropy.bytes(SESSION_ID_BYTES).hex(),
            user=new.user,
            created_at=now,
            authenticated_at=new.authenticated_at or now,
            seen_at=now,
            expires_at=now + self.policy.absolute_lifetime,
            methods=new.methods,
            address=printable(new.address, _LONGEST_ADDRESS),
            agent=printable(new.agent, _LONGEST_AGENT),
        )
        try:
            await self.store.add_session(session, ended, new.provider)
        except Conflict:
            raise AccountDeleted from None
        except SignInEnded:
            raise DomainError(SIGNED_OUT_SINCE) from None
        if ended is not None:
            self.wake_logout_sender()
        self._record("session.started", new.user.id, session.address, session.agent)
        return minted.raw

    async def _with_recorded_use(self, session: Session, now: datetime) -> Session:
        try:
            await self.store.record_session_use(session.key, now)
        except Unavailable:  # a failed update must not sign the person out
            return session
        return replace(session, seen_at=now)

    def _is_live(self, session: Session, now: datetime) -> bool:
        # The operator may have shortened the lifetimes since it began.
        ends_at = min(session.expires_at, session.created_at + self.policy.absolute_lifetime)
        return now < ends_at and now < session.seen_at + self.policy.idle_lifetime

    def _record(self, kind: str, user_id: int, address: str = "", detail: str = "") -> None:
        event = Event(
            at=self.clock.now(), kind=kind, user_id=user_id, address=address, detail=detail
        )
        self.audit.record(event)


@dataclass(frozen=True, slots=True)
class _NewSession:
    user: User
    methods: tuple[str, ...]
    address: str
    agent: str
    authenticated_at: datetime | None = None
    provider: ProviderSession | None = None


def is_fresh(session: Session, now: datetime) -> bool:
    """Whether the person authenticated in the last ten minutes."""
    return now - session.authenticated_at <= FRESH


def require_fresh(session: Session, now: datetime) -> None:
    """Raises `ReauthenticationNeeded` (security.md §18)."""
    if not is_fresh(session, now):
        raise ReauthenticationNeeded


def printable(text: str, longest: int) -> str:
    """The value of a header as it is stored: printable characters, of the first `longest`."""
    return "".join(character for character in text[:longest] if character.isprintable())
