"""Invitations to the team of an application: sent by e-mail, accepted once by the person with that
verified address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from quantimodo.accounts.addresses import email_address
from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.accounts.errors import DomainError, InvalidInput
from quantimodo.accounts.throttle import Throttle
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.client_members import (
    MOST_OWNED,
    ClientInvitation,
    InvitedRole,
    domain_ended,
)
from quantimodo.model.clients import Client
from quantimodo.model.events import Event
from quantimodo.model.texts import N_
from quantimodo.model.users import User, is_same_email
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import BudgetExceeded
from quantimodo.ports.team_store import TeamStore

LIFETIME: Final = timedelta(days=7)
MOST_MEMBERS: Final = 20
_TOO_MANY: Final = N_(
    "You own %(most)s applications already. Delete or transfer one of them first.",
    most=MOST_OWNED,
)
_NOT_ADDED: Final = N_("The team is full, or you may not invite any more.")
_OVER: Final = N_("This invitation is used, withdrawn or expired. Ask for another one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamInvitations:
    store: TeamStore
    users: UserStore
    throttle: Throttle
    notifier: AccountNotifier
    clock: Clock
    entropy: Entropy

    async def invite(self, client: Client, typed: str, role: InvitedRole, inviter: User) -> None:
        """Send an invitation; it replaces an earlier one to the same address. Raises
        `InvalidInput` for `email`, `DomainError`, `TooMany`."""
        email = email_address(typed)
        if inviter.email is not None and is_same_email(email, inviter.email):
            raise InvalidInput("email", N_("You are in the team already."))
        await self.throttle.send_email_elsewhere(inviter.id, email)
        now = self.clock.now()
        minted = mint(Kind.EMAIL_TOKEN, now, self.entropy)
        invitation = ClientInvitation(
            key=minted.key,
            client_id=client.id,
            email=email,
            role=role,
            invited_by=inviter.id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        if not await self.store.save_invitation(invitation, MOST_MEMBERS):
            raise DomainError(_NOT_ADDED)
        # Neither the name of the application nor that of a person: the inviting person typed them.
        raw = minted.raw
        await self.notifier.emails.send(lambda of: of.team_invitation(email, raw, LIFETIME))
        self._record(client, "client.invited", inviter.id, f"an invitation as {role} sent")

    async def waiting(self, client: Client) -> Sequence[ClientInvitation]:
        """The invitations that can be accepted, oldest first."""
        return await self.store.invitations(client.id, self.clock.now())

    async def withdraw(self, client: Client, email: str, by: int) -> None:
        """Delete the invitation to this address; nothing without one."""
        if await self.store.delete_invitation(client.id, email):
            self._record(client, "client.invitation_withdrawn", by, "an invitation withdrawn")

    async def find(self, raw: str) -> ClientInvitation | None:
        """The invitation of this link, if it has not expired."""
        key = key_of(Kind.EMAIL_TOKEN, raw)
        found = None if key is None else await self.store.invitation(key)
        return found if found is not None and found.expires_at > self.clock.now() else None

    def is_for(self, invitation: ClientInvitation, user: User) -> bool:
        """Whether this person has the address, and has verified it."""
        verified = user.email_verified_at is not None and user.email is not None
        return verified and is_same_email(user.email or "", invitation.email)

    async def accept(self, invitation: ClientInvitation, client: Client, user: User) -> InvitedRole:
        """Join the team. Returns the role that the person has now. Raises `DomainError`, and
        `InvalidInput` for a person who owns too many applications to get one more."""
        if not self.is_for(invitation, user):
            raise DomainError(_OVER)
        now = self.clock.now()
        try:
            role = await self.store.accept_invitation(invitation, user.id, now, MOST_OWNED)
        except BudgetExceeded:
            raise InvalidInput("", _TOO_MANY) from None
        if role is None:
            raise DomainError(_OVER)
        kind = "client.transferred" if role == "transfer" else "client.member_added"
        became = f"the lead{domain_ended(client)}" if role == "transfer" else role
        self._record(client, kind, user.id, f"member {user.id} is {became}")
        inviter = await self.users.user(invitation.invited_by)
        if inviter is not None:
            if role == "transfer":
                await self.notifier.notify(inviter, EmailTemplates.application_transferred)
            else:
                await self.notifier.notify(inviter, EmailTemplates.team_joined)
        return role

    def _record(self, client: Client, kind: str, user_id: int, what: str) -> None:
        self.notifier.audit.record(
            Event(
                at=self.clock.now(),
                kind=kind,
                user_id=user_id,
                client_id=client.id,
                detail=f"app {client.name}: {what}",
            )
        )
