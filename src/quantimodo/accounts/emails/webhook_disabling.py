"""Disables a webhook that fails, and e-mails the owners of its application."""

from dataclasses import dataclass
from urllib.parse import quote

from quantimodo.accounts.emails.notifier import AccountNotifier
from quantimodo.model.app_events import DisabledReason, WebhookEndpoint
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.app_event_stores import WebhookStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.team_store import TeamStore


@dataclass(frozen=True, slots=True)
class WebhookDisabling:
    """Implements `EndpointDisabling`."""

    webhooks: WebhookStore
    clients: ClientStore
    users: UserStore
    teams: TeamStore
    notifier: AccountNotifier

    async def disable(self, endpoint: WebhookEndpoint, reason: DisabledReason) -> None:
        client_id, now = endpoint.client_id, self.notifier.clock.now()
        if not await self.webhooks.disable_endpoint(client_id, endpoint.id, now, reason):
            return
        client = await self.clients.client(client_id)
        if client is None:
            return
        detail = f"app {client.name}: webhook disabled"
        self.notifier.record("webhook.disabled", client.owner_id, detail=detail)
        path = f"/developers/apps/{quote(client_id, safe='')}/webhooks"
        for member in await self.teams.members(client_id):
            owner = await self.users.user(member.user_id) if member.role == "owner" else None
            if owner is not None:
                await self.notifier.notify(
                    owner, lambda emails, to: emails.webhook_disabled(to, client.name, path)
                )
