"""One attempt to deliver one event to one endpoint, and its result.

A response with 2xx is a success. Anything else is repeated as Standard Webhooks advises; 410, and
failures for five days, disable the endpoint, and the owners of its application get an e-mail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec
import structlog

from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.webhooks import WEBHOOK_PURPOSE, signatures
from quantimodo.model.app_events import (
    AppEvent,
    Attempt,
    Delivery,
    DisabledReason,
    WebhookEndpoint,
)
from quantimodo.model.secrets import Secret
from quantimodo.ports.app_event_stores import DeliveryQueue
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.webhook_poster import WebhookMessage, WebhookPoster, WebhookResult
from quantimodo.protocol.app_events import message_id

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.webhooks")

PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
PATIENCE: Final = timedelta(days=5)
"""How long an endpoint may fail without a success before it is disabled."""
_LONGEST_PAUSE: Final = timedelta(hours=24)
_JITTER: Final = 0.1
_GONE: Final = 410
_LONGEST_CAUSE: Final = 200


class EventWriter(Protocol):
    async def write(self, event: AppEvent) -> Mapping[str, Any] | None:
        """The payload for the application; None if its person or the application is gone."""


class EndpointDisabling(Protocol):
    async def disable(self, endpoint: WebhookEndpoint, reason: DisabledReason) -> None:
        """Disable it, and write to the owners of its application, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAttempts:
    queue: DeliveryQueue
    writer: EventWriter
    poster: WebhookPoster
    disabling: EndpointDisabling
    envelope: Envelope
    clock: Clock
    entropy: Entropy

    async def deliver(self, endpoint: WebhookEndpoint, delivery: Delivery) -> bool:
        """Make one attempt, and record the result. Returns whether the endpoint accepted the
        event."""
        payload = await self.writer.write(delivery.event)
        if payload is None:  # its row goes with the person
            return True
        try:
            secrets = self._secrets(endpoint)
        except DecryptionFailed:
            _log.error("webhook.unreadable_secret", endpoint=endpoint.id)
            await self._failed(endpoint, delivery, WebhookResult(0, "the secret cannot be read"))
            return False
        body = msgspec.json.encode(payload)
        result = await self.poster.post(self._message(endpoint, delivery.event, secrets, body))
        if not result.cause:
            await self.queue.record_delivered(self._attempt(delivery, result))
            return True
        await self._failed(endpoint, delivery, result)
        return False

    def _message(
        self, endpoint: WebhookEndpoint, event: AppEvent, secrets: list[Secret], body: bytes
    ) -> WebhookMessage:
        number, timestamp = message_id(event), int(self.clock.now().timestamp())
        headers = {
            "webhook-id": number,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signatures(secrets, number, timestamp, body),
        }
        return WebhookMessage(endpoint.url, headers, body)

    def _secrets(self, endpoint: WebhookEndpoint) -> list[Secret]:
        sealed = [endpoint.sealed_secret]
        until = endpoint.previous_until
        if endpoint.sealed_previous is not None and until and until > self.clock.now():
            sealed.append(endpoint.sealed_previous)
        return [Secret(self.envelope.open(each, WEBHOOK_PURPOSE).decode()) for each in sealed]

    async def _failed(
        self, endpoint: WebhookEndpoint, delivery: Delivery, result: WebhookResult
    ) -> None:
        now = self.clock.now()
        _log.info(
            "webhook.undelivered",
            endpoint=endpoint.id,
            client=endpoint.client_id,
            tries=delivery.attempts,
            cause=result.cause,
        )
        retry_at = self._retry_at(delivery.attempts, result, now)
        since = await self.queue.record_failed(self._attempt(delivery, result, retry_at))
        if result.status == _GONE:
            await self.disabling.disable(endpoint, "gone")
        elif since is not None and now - since >= PATIENCE:
            await self.disabling.disable(endpoint, "failing")

    def _attempt(
        self, delivery: Delivery, result: WebhookResult, retry_at: datetime | None = None
    ) -> Attempt:
        return Attempt(
            endpoint_id=delivery.endpoint_id,
            event_id=delivery.event.id,
            attempts=delivery.attempts,
            at=self.clock.now(),
            status=result.status,
            cause=result.cause[:_LONGEST_CAUSE],
            retry_at=retry_at,
        )

    def _retry_at(self, attempts: int, result: WebhookResult, now: datetime) -> datetime | None:
        """The time of the next attempt: the pause with a random tenth more or less, so that retries
        do not coincide, and not before the time that the receiver requested."""
        if attempts > len(PAUSES):
            return None
        share = int.from_bytes(self.entropy.bytes(4), "big") / 2**32
        pause = PAUSES[attempts - 1] * (1 - _JITTER + 2 * _JITTER * share)
        requested = timedelta(seconds=result.retry_after or 0)
        return now + max(pause, min(requested, _LONGEST_PAUSE))
