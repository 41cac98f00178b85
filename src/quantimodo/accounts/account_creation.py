"""Stores new accounts, of sign-ups and of the operator, and records them in the audit trail."""

from base64 import b32encode
from dataclasses import dataclass

from quantimodo.accounts.sessions import printable
from quantimodo.model.events import Event
from quantimodo.model.invitations import Invitation
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
        address: str = "",
    ) -> User:
        """Add the person with a new subject. `address` is the network address of the request.

        Raises `Conflict` if the e-mail address has an account.
        """
        now = self.clock.now()
        person = NewUser(
            subject=mint_subject(self.entropy),
            name=name,
            email=email,
            created_at=now,
            email_verified_at=now if verified else None,
        )
        user = await self.users.add_user(person, password_hash)
        self._record(user, address)
        return user

    async def create_invited(
        self, invitation: Invitation, name: str, password_hash: str, address: str
    ) -> User:
        """Use the invitation, and add the person with its address, in one transaction. Raises
        `Conflict` if the address has an account, or the invitation cannot be used any more."""
        now = self.clock.now()
        person = NewUser(
            subject=mint_subject(self.entropy),
            name=name,
            email=invitation.email,
            created_at=now,
            email_verified_at=now,
        )
        user = await self.users.add_user(person, password_hash, invitation.key)
        self._record(user, address, "invited")
        return user

    def _record(self, user: User, address: str, detail: str = "") -> None:
        where = printable(address, _LONGEST_ADDRESS)
        self.audit.record(
            Event(
                at=user.created_at,
                kind="account.created",
                user_id=user.id,
                address=where,
                detail=detail,
            )
        )


def mint_subject(entropy: Entropy) -> str:
    """A random identifier of a person, which is never reused: 160 bits, lower-case base32."""
    return b32encode(entropy.bytes(20)).decode().lower()
