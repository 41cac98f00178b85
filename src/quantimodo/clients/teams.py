"""The team of an application: who may manage it."""

from dataclasses import dataclass

from quantimodo.model.client_members import ClientRole
from quantimodo.model.clients import Client


@dataclass(frozen=True, slots=True)
class Teams:
    """The only place that decides who may manage an application."""

    async def role_of(self, client: Client, user_id: int) -> ClientRole | None:
        """The role of this person; None if they may not manage the application."""
        return "owner" if client.owner_id == user_id else None

    async def may_manage(self, client: Client, user_id: int) -> bool:
        """Whether this person may see and change the application."""
        return await self.role_of(client, user_id) is not None
