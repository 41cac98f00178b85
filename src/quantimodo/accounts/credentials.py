"""Hashes, compares and replaces passwords. Each attempt is counted before it is made.

Owns what must hold between a password and the sessions that it opens. `passwords.py` decides which
new passwords are accepted, and `crypto/passwords.py` hashes them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from quantimodo.accounts.errors import AccountDeleted, Busy, DomainError
from quantimodo.accounts.passwords import NewPasswords, check_length, is_presentable
from quantimodo.accounts.personal_token_revocation import PersonalTokenRevocation
from quantimodo.accounts.sessions import Sessions, require_fresh
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.passwords import PasswordHasher, PoolFull
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.model.texts import N_
from quantimodo.model.users import User
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Conflict

_RETRY_AFTER = timedelta(seconds=2)
_NO_PERSON = 0  # no person has this id


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Every method that hashes a password raises `Busy` when too many hashes wait."""

    users: UserStore
    hasher: PasswordHasher
    new_passwords: NewPasswords
    throttle: Throttle
    sessions: Sessions
    personal_tokens: PersonalTokenRevocation
    clock: Clock

    async def has_password(self, user_id: int) -> bool:
        """Whether the person can sign in by a password."""
        return await self.users.password_hash(user_id) is not None

    async def check_new(
        self, password: Secret, *, email: str | None, name: str, address: str | None
    ) -> None:
        """Raises `InvalidInput` for a password that is not accepted, and `TooMany`. Checks are
        counted by the network address; with None, for a command of the operator, they are not
        counted."""
        check_length(password)
        if address is not None:
            await self.throttle.count_address("new_passwords_per_address", address)
        await self.new_passwords.check(password, email=email, name=name)

    async def hash(self, password: Secret) -> str:
        """The hash of a password, made in a thread. Raises `Busy` when too many hashes wait."""
        with _busy():
            return await self.hasher.hash(password)

    async def match(self, user: User | None, password: Secret) -> str | None:
        """The stored hash, if the password is this person's; otherwise None. The work is the same
        whether or not the person and a password exist (security.md §21, §22)."""
        held = await self.users.password_hash(_NO_PERSON if user is None else user.id)
        compared, presented = (held, password) if is_presentable(password) else (None, Secret(""))
        with _busy():
            right = await self.hasher.verify(compared, presented)
        return held if right else None

    async def prove(self, session: Session, password: Secret) -> str | None:
        """Re-authenticate a signed-in person (security.md §18). Returns the stored hash, or None
        for a person without a password, who must have signed in recently. Raises `DomainError` for
        a wrong password, `ReauthenticationNeeded`, and `TooMany`, which limits guesses with a
        stolen session."""
        user = session.user
        if await self.users.password_hash(user.id) is None:
            require_fresh(session, self.clock.now())
            return None
        await self.throttle.reauthenticate(user.id)
        held = await self.match(user, password)
        if held is None:
            raise DomainError(
                N_(
                    "The current password is not right. If you do not remember it, choose a new"
                    " one from the sign-in page."
                )
            )
        await self.throttle.reauthenticated(user.id)
        return held

    async def renew(self, session: Session, held: str | None) -> Secret:
        """Replace the session of a person who has changed something. `held` is the stored hash of
        the password that they proved; None if they have none."""
        cookie = await self.sessions.renew(session, proved=held is not None)
        return await self.admit(session.user, held, cookie)

    async def admit(self, user: User, held: str | None, cookie: Secret) -> Secret:
        """The cookie of a session that has just started, if its proof still holds: the password,
        or, without one, any identity or passkey. Raises `DomainError` otherwise. A change of the
        password ends the sessions afterwards. It ends a session that starts between the check of
        the old password and that end; this method refuses one that starts later."""
        if await self.users.password_hash(user.id) == held and (
            held is not None or not (await self.users.sign_in_methods(user.id)).is_empty
        ):
            return cookie
        await self.sessions.discard(user.id, cookie)
        raise DomainError(N_("The ways to sign in were changed just now. Sign in again."))

    async def reset(self, user: User, password_hash: str) -> None:
        """Set the password, then end all sessions; `Login` relies on this order.

        Raises `DomainError` when the person was deleted meanwhile.
        """
        try:
            await self.users.set_password(user.id, password_hash, self.clock.now())
        except Conflict:
            raise AccountDeleted from None
        await self.sessions.end_all(user.id)

    async def add(self, session: Session, password_hash: str) -> bool:
        """Set the first password of a person. False if they have one, or the session was ended."""
        now = self.clock.now()
        return await self.users.add_password(session.user.id, password_hash, now, session.key)

    async def replace(self, user: User, held: str, password_hash: str) -> bool:
        """Replace the password. False if the stored hash is no longer `held`, after a concurrent
        change."""
        now = self.clock.now()
        return await self.users.replace_password(user.id, held, password_hash, now)

    async def refresh(self, user: User, held: str, password: Secret) -> str:
        """Hash a right password again if the parameters have changed, and return the stored hash.
        When too many hashes wait, the old hash stays. Trusted browsers stay: the password is the
        same."""
        if not self.hasher.needs_rehash(held):
            return held
        try:
            fresh = await self.hasher.hash(password)
        except PoolFull:
            return held
        if await self.users.rehash_password(user.id, held, fresh):
            return fresh
        # A concurrent sign-in was first, or the password was changed.
        return await self.match(user, password) or held


@contextmanager
def _busy() -> Iterator[None]:
    try:
        yield
    except PoolFull:
        raise Busy(_RETRY_AFTER) from None
