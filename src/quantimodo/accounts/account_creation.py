"""Stores a new account and records it: by sign-up, and by the operator."""

from base64 import b32encode
from dataclasses import dataclass

from quantimodo.accounts.sessions import printable
from quantimodo.model.events import Event
from quantimodo.model.users import NewUser, User
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock, Entropy

_LONGEST_ADDRESS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCreation:
    """The caller has checked name, e-mail address and password."""

    users: UserStore
    clock: Clock
    entropy: Entropy
    audit: Audit

    async def create(
        self,
        *,
        email: str,
        name: str,
        password_hash: str | None,
        verified: bool,
        administrator: bool = False,
        address: str = "",
    ) -> User:
        """Add the person with a new subject. `address` is the network address of the request.

        Raises `Conflict` if the e-mail address has an account.
        """
        now = self.clock.now()
        person = NewUser(
            subject=new_subject(self.entropy),
            name=name,
            email=email,
            created_at=now,
            email_verified_at=now if verified else None,
            administrator=administrator,
        )
        user = await self.users.add_user(person, password_hash)
        where = printable(address, _LONGEST_ADDRESS)
        self.audit.record(Event(at=now, kind="account.created", user_id=user.id, address=where))
        return user


def new_subject(entropy: Entropy) -> str:
    """A random identifier of a person, which is never reused: 160 bits, lower-case base32."""
    return b32encode(entropy.bytes(20)).decode().lower()
