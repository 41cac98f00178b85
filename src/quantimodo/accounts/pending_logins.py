"""Logins that still need a second factor: stored, short-lived, and used once.

The browser holds the only reference, in a cookie. It opens nothing but the page that asks for the
second factor.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from quantimodo.accounts.errors import AccountDeleted
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import PendingLogin
from quantimodo.model.users import User
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.pending_login_store import PendingLoginStore
from quantimodo.ports.stores import Conflict

LIFETIME: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PendingLogins:
    store: PendingLoginStore
    clock: Clock
    entropy: Entropy

    async def start(self, user: User, proof: bytes) -> Secret:
        """The value of the cookie. `proof` is what the login has proved so far. Raises
        `AccountDeleted`."""
        now = self.clock.now()
        minted = mint(Kind.PENDING_LOGIN, now, self.entropy)
        pending = PendingLogin(
            key=minted.key, user=user, proof=proof, created_at=now, expires_at=now + LIFETIME
        )
        try:
            await self.store.add_pending_login(pending)
        except Conflict:
            raise AccountDeleted from None
        return minted.raw

    async def find(self, cookie: Secret | None) -> PendingLogin | None:
        """The pending login of this cookie, unless it has expired or was completed."""
        key = None if cookie is None else key_of(Kind.PENDING_LOGIN, cookie.reveal())
        found = None if key is None else await self.store.pending_login(key)
        return None if found is None or found.expires_at <= self.clock.now() else found

    async def take(self, pending: PendingLogin) -> bool:
        """Use it; True for the one caller that completes the login."""
        return await self.store.take_pending_login(pending.key)
