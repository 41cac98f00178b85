"""The store of logins that still need a second factor."""

from typing import Protocol

from quantimodo.model.sessions import PendingLogin


class PendingLoginStore(Protocol):
    async def add_pending_login(self, pending: PendingLogin) -> None:
        """Save it and delete all but the newest five of the person. Raises `Conflict` when the
        person was deleted."""

    async def pending_login(self, key: bytes) -> PendingLogin | None:
        """The pending login, expired or not, of a person who is not disabled."""

    async def take_pending_login(self, key: bytes) -> bool:
        """Delete it; of concurrent calls exactly one returns True. When all sessions of a person
        end, their pending logins are deleted too."""
