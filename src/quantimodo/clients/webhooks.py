"""The webhooks of an application: the service behind the portal and `quantimodo webhooks`.

Owns ids and secrets of endpoints, the rule for their addresses, and the record of changes. The
caller has checked that the person may manage the application.
"""

import asyncio
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from quantimodo.crypto.envelope import Envelope
from quantimodo.crypto.webhooks import WEBHOOK_PURPOSE, mint_webhook_secret
from quantimodo.model.app_events import KINDS, MOST_ENDPOINTS, WebhookEndpoint
from quantimodo.model.clients import Client
from quantimodo.model.events import Event
from quantimodo.model.secrets import Secret
from quantimodo.model.texts import N_
from quantimodo.ports.app_event_stores import AppEventStore, WebhookStore
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.protocol.uris import InvalidUri, check_web, parse_uri

OVERLAP: Final = timedelta(hours=24)
"""How long a secret signs beside the one that replaces it."""


class InvalidWebhook(Exception):
    """The address or the kinds are not acceptable; the text is for people."""

    def __init__(self, field_name: str, text: str) -> None:
        super().__init__(text)
        self.field = field_name
        self.text = text


@dataclass(frozen=True, slots=True)
class Webhooks:
    """`local`: endpoints on this machine are accepted, in plain http too, for development.
    `wakeup` starts the sender of this process."""

    store: WebhookStore
    events: AppEventStore
    envelope: Envelope
    clock: Clock
    entropy: Entropy
    audit: Audit
    wakeup: asyncio.Event = field(default_factory=asyncio.Event)
    local: bool = False

    async def add(
        self, client: Client, url: str, kinds: Iterable[str]
    ) -> tuple[WebhookEndpoint, Secret]:
        """Add an endpoint; its secret is shown this once. Raises `InvalidWebhook`, and `Conflict`
        when the application was deleted meanwhile."""
        checked, secret = self._check(url, kinds), mint_webhook_secret(self.entropy)
        endpoint = WebhookEndpoint(
            id=f"we_{b32encode(self.entropy.bytes(15)).decode().lower()}",
            client_id=client.id,
            url=url,
            kinds=checked,
            sealed_secret=self._seal(secret),
            created_at=self.clock.now(),
        )
        if not await self.store.add_endpoint(endpoint):
            raise InvalidWebhook(
                "url", N_("An app has at most %(most)s webhooks.", most=str(MOST_ENDPOINTS))
            )
        self._record(client, "webhook.added", "webhook added")
        return endpoint, secret

    async def change(
        self, client: Client, endpoint_id: str, url: str, kinds: Iterable[str]
    ) -> bool:
        """Replace address and kinds; False if there is no such endpoint. Raises
        `InvalidWebhook`."""
        checked = self._check(url, kinds)
        changed = await self.store.change_endpoint(client.id, endpoint_id, url, checked)
        return self._recorded(client, "webhook.changed", "webhook changed", changed)

    async def rotate(self, client: Client, endpoint_id: str) -> Secret | None:
        """Mint a new secret; the previous one signs beside it for a day. None if there is no such
        endpoint."""
        secret = mint_webhook_secret(self.entropy)
        until = self.clock.now() + OVERLAP
        rotated = await self.store.rotate_secret(client.id, endpoint_id, self._seal(secret), until)
        self._recorded(client, "webhook.changed", "given a new webhook secret", rotated)
        return secret if rotated else None

    async def enable(self, client: Client, endpoint_id: str) -> bool:
        """Deliver events to a disabled endpoint again; False if there is no such one."""
        enabled = await self.store.enable_endpoint(client.id, endpoint_id)
        self.wakeup.set()
        return self._recorded(client, "webhook.enabled", "webhook enabled", enabled)

    async def disable(self, client: Client, endpoint_id: str) -> bool:
        """Stop deliveries to an endpoint; False if no such endpoint is enabled."""
        now = self.clock.now()
        disabled = await self.store.disable_endpoint(client.id, endpoint_id, now, "owner")
        return self._recorded(client, "webhook.disabled", "webhook disabled", disabled)

    async def delete(self, client: Client, endpoint_id: str) -> bool:
        """Delete an endpoint with its deliveries; False if there is no such one."""
        deleted = await self.store.delete_endpoint(client.id, endpoint_id)
        return self._recorded(client, "webhook.deleted", "webhook deleted", deleted)

    async def send_test(self, client: Client, endpoint_id: str) -> bool:
        """Send an event of the kind `webhook.test`; False if the endpoint is disabled or there is
        none."""
        sent = await self.store.add_test_event(client.id, endpoint_id, self.clock.now())
        self.wakeup.set()
        return sent

    async def replay(self, client: Client, endpoint_id: str, number: int) -> bool:
        """Deliver one event again; False if it is no longer stored."""
        replayed = await self.store.replay(client.id, endpoint_id, number, self.clock.now())
        self.wakeup.set()
        return replayed

    async def replay_since(self, client: Client, endpoint_id: str, since: datetime) -> int:
        """Deliver again all events since that time. Returns their number."""
        replayed = await self.store.replay_since(client.id, endpoint_id, since, self.clock.now())
        self.wakeup.set()
        return replayed

    async def set_polled(self, client: Client, polled: bool) -> None:
        """Store all events for `GET /api/v2/events`, or only those that an endpoint gets. Raises
        `Conflict` when the application was deleted meanwhile."""
        await self.events.set_polled(client.id, polled)
        self._record(client, "webhook.changed", "list of events " + ("on" if polled else "off"))

    def _check(self, url: str, kinds: Iterable[str]) -> frozenset[str]:
        try:
            uri = parse_uri(url)
            if uri.scheme != "https" and not self.local:
                raise InvalidWebhook("url", N_("The address must begin with https://."))
            check_web(uri)
        except InvalidUri as fault:
            raise InvalidWebhook("url", N_("The address %(fault)s.", fault=str(fault))) from None
        if "#" in url:
            raise InvalidWebhook("url", N_("The address must not have a fragment (#)."))
        chosen = frozenset(kinds)
        if not chosen or not chosen <= frozenset(KINDS):
            raise InvalidWebhook("kinds", N_("Choose at least one kind of event."))
        return chosen

    def _seal(self, secret: Secret) -> bytes:
        return self.envelope.seal(secret.reveal().encode(), WEBHOOK_PURPOSE)

    def _recorded(self, client: Client, kind: str, action: str, done: bool) -> bool:
        if done:
            self._record(client, kind, action)
        return done

    def _record(self, client: Client, kind: str, action: str) -> None:
        self.audit.record(
            Event(
                at=self.clock.now(),
                kind=kind,
                user_id=client.owner_id,
                client_id=client.id,
                detail=f"app {client.name}: {action}",
            )
        )
