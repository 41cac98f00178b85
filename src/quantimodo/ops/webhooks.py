"""Sends webhooks in the background: to each endpoint a few at once, to 32 endpoints at once.

Any number of processes may run a sender. A delivery is claimed by one of them for a minute, longer
than an attempt lasts; a process that is killed leaves it due again.
"""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from quantimodo.ops.polling_worker import PollingWorker
from quantimodo.ops.webhook_attempts import WebhookAttempts
from quantimodo.ports.app_event_stores import DeliveryQueue
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Unavailable
from quantimodo.ports.tracing import Tracer

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.webhooks")

AT_ONCE: Final = 4
"""Deliveries to one endpoint, from one process."""
_ENDPOINTS_AT_ONCE: Final = 32
_PAGE: Final = 500
_LEASE: Final = timedelta(minutes=1)


class WebhookSender:
    """`start` begins its task, `close` ends it. `wakeup` is set when this process knows of
    something to deliver; otherwise it is found within ten seconds."""

    def __init__(
        self,
        queue: DeliveryQueue,
        attempts: WebhookAttempts,
        clock: Clock,
        wakeup: asyncio.Event,
    ) -> None:
        self._queue = queue
        self._attempts = attempts
        self._clock = clock
        self._worker = PollingWorker("webhooks", self.begin_due, wakeup)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(_ENDPOINTS_AT_ONCE)

    def start(self, tracer: Tracer | None = None) -> None:
        """Begin to send in the background, until `close`. `tracer` records each turn."""
        self._worker.start(tracer)

    async def close(self) -> None:
        """End the attempts that are under way; what is not delivered stays due."""
        await self._worker.close()
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def begin_due(self) -> None:
        """Begin to process each endpoint to which something is due, without waiting for their
        responses. 32 endpoints are served at once and the others in turn, so a slow one delays
        others only while 32 are slow."""
        after = ""
        while True:
            found = await self._queue.due_endpoints(self._clock.now(), after, _PAGE)
            for endpoint_id in found:
                if endpoint_id not in self._running:
                    task = asyncio.create_task(self._process(endpoint_id), name="webhooks")
                    self._running[endpoint_id] = task
            if len(found) < _PAGE:
                return
            after = found[-1]

    async def send_due(self) -> None:
        """Deliver what is due, and wait for the responses."""
        await self.begin_due()
        while self._running:
            await asyncio.gather(*self._running.values())

    async def _process(self, endpoint_id: str) -> None:
        try:
            while not self._worker.closing:
                async with self._places:
                    if not await self._send_some(endpoint_id):
                        return
        except Unavailable:  # claimed deliveries are due again after their lease
            _log.warning("webhooks.database_unavailable")
        except Exception:  # any fault: other endpoints are not concerned
            _log.exception("webhooks.failed", endpoint=endpoint_id)
        finally:
            del self._running[endpoint_id]

    async def _send_some(self, endpoint_id: str) -> bool:
        """Whether there may be more, and the endpoint accepts it."""
        claimed = await self._queue.claim_deliveries(
            endpoint_id, self._clock.now(), _LEASE, AT_ONCE
        )
        if claimed is None:
            return False
        endpoint, deliveries = claimed
        accepted = await asyncio.gather(
            *(self._attempts.deliver(endpoint, each) for each in deliveries)
        )
        return all(accepted)
