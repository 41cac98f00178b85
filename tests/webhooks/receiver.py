"""A receiver of webhooks, as the developer of an application writes one."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from quantimodo.app.composition.webhooks import webhook_sender, webhooks
from quantimodo.model.app_events import KINDS, Delivery, WebhookEndpoint
from quantimodo.ops.webhooks import WebhookSender
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.webhook_poster import HttpWebhookPoster
from support.app import App, AppHarness

HOOK = "https://app.example.org/hook"


@dataclass
class Received:
    """One request of the server."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def payload(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.body)
        return found

    @property
    def kind(self) -> str:
        return str(self.payload["type"])


@dataclass
class Receiver:
    """All endpoints of all apps. `responses` are statuses by address, 200 for others; those in
    `slow` respond when `release` is set."""

    responses: dict[str, int] = field(default_factory=dict)
    more_headers: dict[str, str] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    slow: set[str] = field(default_factory=set)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.method == "POST"
        url = str(request.url)
        self.received.append(Received(url, dict(request.headers), request.content))
        if url in self.slow:
            await self.release.wait()
        return httpx.Response(self.responses.get(url, 200), headers=self.more_headers)

    @property
    def kinds(self) -> list[str]:
        return sorted(each.kind for each in self.received)

    def sender(self, harness: AppHarness) -> WebhookSender:
        """The sender of the server, with these endpoints instead of the internet."""
        transport = httpx.MockTransport(self)
        poster = HttpWebhookPoster(GuardedHttpClient(transport=transport))
        return webhook_sender(harness.context, poster)


async def hooked(
    harness: AppHarness, app: App, url: str = HOOK, *kinds: str
) -> tuple[WebhookEndpoint, str]:
    """A webhook of this app, and its secret."""
    endpoint, secret = await webhooks(harness.context).add(app.client, url, kinds or KINDS)
    return endpoint, secret.reveal()


async def endpoint_now(harness: AppHarness, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    found = await harness.context.stores.webhooks.endpoint(endpoint.client_id, endpoint.id)
    assert found is not None
    return found


async def deliveries(harness: AppHarness, endpoint: WebhookEndpoint) -> list[Delivery]:
    """The newest first."""
    store = harness.context.stores.webhooks
    return list(await store.deliveries(endpoint.client_id, endpoint.id, 100))
