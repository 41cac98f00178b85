"""Which people must have a second factor."""

from dataclasses import dataclass

from quantimodo.model.users import User
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.team_store import TeamStore


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorRequirement:
    """The roles that need one. A developer is a person who manages an application."""

    clients: ClientStore
    teams: TeamStore
    everyone: bool = False
    administrators: bool = False
    developers: bool = False

    async def applies_to(self, user: User) -> bool:
        """Whether this person must have a second factor."""
        if self.everyone or (self.administrators and user.administrator):
            return True
        if not self.developers:
            return False
        owned = await self.clients.clients(owner_id=user.id, limit=1)
        return bool(owned or await self.teams.memberships(user.id))
