"""The teams of applications, and the invitations to them.

The promises of `stores.py` hold here too. Every change locks the client first, so that of
concurrent changes each sees the one before: a client with a lead never loses it. Another lead ends
the domain that the operator verified, in the same transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from quantimodo.model.client_members import (
    ClientInvitation,
    ClientMember,
    ClientRole,
    InvitedRole,
    Membership,
)


class TeamStore(Protocol):
    async def role(self, client_id: str, user_id: int) -> ClientRole | None:
        """The role of a member who is not the lead; None for others."""

    async def members(self, client_id: str) -> Sequence[ClientMember]:
        """The members: the lead first, then the others, the oldest first."""

    async def memberships(self, user_id: int) -> Sequence[Membership]:
        """The memberships of one person, without the clients whose lead they are; by client id."""

    async def set_member(
        self, client_id: str, user_id: int, role: ClientRole, now: datetime
    ) -> bool:
        """Add a member, or change the role. False for the lead, and for a client or a person that
        is gone."""

    async def remove_member(self, client_id: str, user_id: int, by: int | None) -> bool:
        """Remove a member with the invitations that they sent. False for the lead, for a person who
        is no member, and if `by` is no owner (None: the operator)."""

    async def leave(self, client_id: str, user_id: int) -> Literal["left", "last", "none"]:
        """Remove oneself with the invitations that one sent. The lead is followed by the oldest
        other owner; without one the lead stays ("last"). Of concurrent calls of all owners the
        last one stays."""

    async def transfer(self, client_id: str, user_id: int, now: datetime) -> bool:
        """Make this person the lead; the lead before stays as a developer. False for a client
        without a lead, the lead, and a person who is gone."""

    async def save_invitation(self, invitation: ClientInvitation, most: int) -> bool:
        """Store it; it replaces one for the same address. False if who invites is no owner, is not
        the lead who transfers, or if the team and its invitations would be more than `most`."""

    async def invitations(self, client_id: str, now: datetime) -> Sequence[ClientInvitation]:
        """The invitations that have not expired, the oldest first."""

    async def invitation(self, key: bytes) -> ClientInvitation | None:
        """The one with this key, an expired one included."""

    async def delete_invitation(self, client_id: str, email: str) -> bool:
        """Delete the invitation for this address; False if there is none."""

    async def accept_invitation(
        self, invitation: ClientInvitation, user_id: int, now: datetime, most_owned: int
    ) -> InvitedRole | None:
        """Use it once, and return what the person became. Of concurrent calls one succeeds. None,
        and nothing changes, if it is used or expired, or if who invited may not invite any more.
        Raises `BudgetExceeded`, and nothing changes, if the person would own more than `most_owned`
        clients."""
