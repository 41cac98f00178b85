"""The store of invitations to make an account. The promises of `stores.py` hold here too.

An invitation is used by `UserStore.add_user` and `IdentityStore.add_user_with_identity`, in the
transaction that adds the person.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from quantimodo.model.invitations import Invitation, NewInvitation


class InvitationStore(Protocol):
    async def save_invitation(self, invitation: NewInvitation, most: int) -> Invitation | None:
        """Store the invitation, in place of one for the same address. None if there are `most`
        others; concurrent calls may add a few more."""

    async def renew_invitation(
        self, invitation_id: int, key: bytes, at: datetime, expires_at: datetime
    ) -> Invitation | None:
        """Replace the secret and the end; None if it is used or withdrawn."""

    async def invitation(self, key: bytes) -> Invitation | None:
        """The one with this key, an expired one included."""

    async def invitation_of(self, email: str) -> Invitation | None:
        """The one for this address, compared without case, an expired one included."""

    async def invitations(self, before: int | None, limit: int) -> Sequence[Invitation]:
        """The newest first, from the one before `before` on; expired ones stay for two weeks."""

    async def delete_invitation(self, invitation_id: int) -> Invitation | None:
        """Delete it; None if it is used or withdrawn already."""
