"""Makes the account of a person who signs in through a provider for the first time."""

from dataclasses import dataclass

from quantimodo.accounts.account_creation import mint_subject
from quantimodo.federation.linking import Create
from quantimodo.model.identities import Identity, NewIdentity
from quantimodo.model.invitations import Invitation, SignUpMode
from quantimodo.model.users import NewUser, User
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.federation_stores import IdentityStore
from quantimodo.ports.invitation_store import InvitationStore


@dataclass(frozen=True, slots=True)
class NewAccounts:
    """`mode` says who may make an account."""

    mode: SignUpMode
    invitations: InvitationStore
    store: IdentityStore
    clock: Clock
    entropy: Entropy

    async def invitation(self, email: str) -> Invitation | None:
        """The invitation of this address that can be used, where accounts are made by one."""
        if self.mode != "invited":
            return None
        invitation = await self.invitations.invitation_of(email)
        if invitation is None or invitation.expires_at <= self.clock.now():
            return None
        return invitation

    async def add(
        self, name: str, creation: Create, identity: NewIdentity
    ) -> tuple[User, Identity]:
        """Add the person with the identity, and use the invitation, in one transaction. Raises
        `Conflict` after a concurrent change, and `SignInEnded`."""
        now = self.clock.now()
        person = NewUser(
            subject=mint_subject(self.entropy),
            name=name,
            email=creation.email,
            created_at=now,
            email_verified_at=now if creation.email_verified else None,
        )
        return await self.store.add_user_with_identity(person, identity, creation.invitation)
