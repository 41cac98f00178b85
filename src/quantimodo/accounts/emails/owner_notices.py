"""E-mails to the owners of applications about what the operator did with them."""

from collections.abc import Callable
from dataclasses import dataclass

from quantimodo.accounts.emails.account_templates import EmailTemplates
from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.model.clients import Client
from quantimodo.model.events import Mail
from quantimodo.ports.account_stores import UserStore


@dataclass(frozen=True, slots=True)
class OwnerNotifier:
    """Implements `OwnerNotices`."""

    notifier: AccountNotifier
    users: UserStore

    async def suspended(self, client: Client) -> None:
        await self._notify(client, lambda emails, to: emails.application_suspended(to, client.name))

    async def resumed(self, client: Client) -> None:
        await self._notify(client, lambda emails, to: emails.application_resumed(to, client.name))

    async def _notify(
        self, client: Client, template: Callable[[EmailTemplates, str], Mail]
    ) -> None:
        owner = None if client.owner_id is None else await self.users.user(client.owner_id)
        if owner is not None:
            await self.notifier.notify(owner, template)
