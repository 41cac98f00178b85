"""E-mails to the owners of applications."""

from typing import Protocol

from quantimodo.model.clients import Client


class OwnerNotices(Protocol):
    async def suspended(self, client: Client) -> None:
        """The operator disabled the application. Sent to its owner, if it has one."""

    async def resumed(self, client: Client) -> None:
        """The operator enabled it again."""
