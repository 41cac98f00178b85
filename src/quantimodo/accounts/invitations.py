"""Invitations to make an account: sent, sent again, listed and withdrawn by the operator.

The link of an invitation is random, works once, and is stored as a digest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from quantimodo.accounts.addresses import email_address, person_name
from quantimodo.accounts.emails.account_emails import AccountEmails
from quantimodo.accounts.errors import DomainError, Faults
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.admin_actions import Authority
from quantimodo.model.invitations import Invitation, NewInvitation
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.admin_stores import AdminLog
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.invitation_store import InvitationStore

LIFETIME: Final = timedelta(hours=72)
MOST_INVITATIONS: Final = 10_000
_HAS_ACCOUNT: Final = N_("This address has an account already.")
_TOO_MANY: Final = N_("There are too many invitations. Withdraw those that are not needed.")
_GONE: Final = N_("This invitation is used or withdrawn. Nothing was changed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations:
    """Each change is recorded, with the address, before it is done."""

    store: InvitationStore
    users: UserStore
    throttle: Throttle
    emails: AccountEmails
    admin_log: AdminLog
    clock: Clock
    entropy: Entropy

    async def invite(self, email: str, name: str, by: Authority) -> None:
        """Mail a link by which a person makes an account, also where people cannot sign up. An
        earlier link for this address ends. Raises `InvalidInput`, `TooMany`, and `DomainError` for
        the address of an account."""
        faults = Faults()
        with faults.collected():
            name = person_name(name)
        with faults.collected():
            email = email_address(email)
        faults.check()
        await self.admin_log.record(by, "person.invite", detail=email)
        await self._check(email)
        now = self.clock.now()
        minted = mint(Kind.EMAIL_TOKEN, now, self.entropy)
        invitation = NewInvitation(
            key=minted.key,
            email=email,
            name=name,
            invited_by=by.actor_id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        if await self.store.save_invitation(invitation, MOST_INVITATIONS) is None:
            raise DomainError(_TOO_MANY)
        await self._send(email, minted.raw)

    async def resend(self, invitation: Invitation, by: Authority) -> None:
        """Mail a new link with a full lifetime; the previous one becomes invalid. Raises as
        `invite`."""
        await self.admin_log.record(by, "person.reinvite", detail=invitation.email)
        await self._check(invitation.email)
        now = self.clock.now()
        minted = mint(Kind.EMAIL_TOKEN, now, self.entropy)
        renewed = self.store.renew_invitation(invitation.id, minted.key, now, now + LIFETIME)
        if await renewed is None:
            raise DomainError(_GONE)
        await self._send(invitation.email, minted.raw)

    async def withdraw(self, invitation: Invitation, by: Authority) -> None:
        """Make its link invalid. Raises `DomainError` if it is used or withdrawn."""
        await self.admin_log.record(by, "person.uninvite", detail=invitation.email)
        if await self.store.delete_invitation(invitation.id) is None:
            raise DomainError(_GONE)

    async def one(self, invitation_id: int) -> Invitation | None:
        """The invitation with this number."""
        found = await self.store.invitations(invitation_id + 1, 1)
        return found[0] if found and found[0].id == invitation_id else None

    async def of_address(self, email: str) -> Invitation:
        """The invitation of this address. Raises `InvalidInput`, and `DomainError` without one."""
        invitation = await self.store.invitation_of(email_address(email))
        if invitation is None:
            raise DomainError(_GONE)
        return invitation

    async def page(self, before: int | None, limit: int) -> Sequence[Invitation]:
        """One page of the invitations that are not used, newest first, from the one before `before`
        on."""
        return await self.store.invitations(before, limit)

    async def find(self, raw: str) -> Invitation | None:
        """The invitation of this link, unless it has expired."""
        key = key_of(Kind.EMAIL_TOKEN, raw)
        found = None if key is None else await self.store.invitation(key)
        return found if found is not None and found.expires_at > self.clock.now() else None

    async def _check(self, email: str) -> None:
        if await self.users.user_by_email(email) is not None:
            raise DomainError(_HAS_ACCOUNT)
        await self.throttle.send_email(email)

    async def _send(self, email: str, raw: Secret) -> None:
        await self.emails.send(lambda of: of.invitation(email, raw, LIFETIME))
