"""Sends webhooks in the background: to each endpoint a few at once.

Any number of processes may run a sender. A delivery is claimed by one of them for a minute, longer
than an attempt lasts; a process that is killed leaves it due again.

Fast, slow and unknown endpoints have separate places, and one application has few of each kind. So
slow and dead endpoints delay only each other.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import Enum
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
ENDPOINTS_AT_ONCE: Final = 32
"""Endpoints of one pace that one process serves at once."""
ENDPOINTS_OF_CLIENT: Final = 4
"""Those of them that belong to one application."""
PROMPT: Final = timedelta(seconds=2)
"""An endpoint that takes longer to respond is slow."""
_MOST_KNOWN: Final = 10_000  # endpoints whose pace is remembered
_PAGE: Final = 500
_LEASE: Final = timedelta(minutes=1)


class Pace(Enum):
    """How an endpoint responded to the last attempts of this process."""

    UNKNOWN = "unknown"
    PROMPT = "prompt"
    SLOW = "slow"


class _Places:
    """Limits how many endpoints are served at once. Those without a place wait in order."""

    def __init__(self) -> None:
        self._of_pace = {pace: asyncio.Semaphore(ENDPOINTS_AT_ONCE) for pace in Pace}
        self._of_client: dict[tuple[str, Pace], asyncio.Semaphore] = {}
        self._users: dict[tuple[str, Pace], int] = {}
        self._paces: dict[str, Pace] = {}

    @asynccontextmanager
    async def hold(self, endpoint_id: str, client_id: str) -> AsyncIterator[None]:
        """Wait for a place of its pace, first among the endpoints of its application."""
        pace = self._paces.get(endpoint_id, Pace.UNKNOWN)
        key = (client_id, pace)
        own = self._of_client.setdefault(key, asyncio.Semaphore(ENDPOINTS_OF_CLIENT))
        self._users[key] = self._users.get(key, 0) + 1
        try:
            async with own, self._of_pace[pace]:
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._of_client[key]

    def record(self, endpoint_id: str, pace: Pace) -> None:
        """Remember how it responded; the endpoints that were recorded first are forgotten."""
        self._paces.pop(endpoint_id, None)
        if len(self._paces) >= _MOST_KNOWN:
            del self._paces[next(iter(self._paces))]
        self._paces[endpoint_id] = pace


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
        self._places = _Places()

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
        responses. 32 endpoints of each pace are served at once and the others in turn."""
        after = ""
        while True:
            endpoints = await self._queue.due_endpoints(self._clock.now(), after, _PAGE)
            for endpoint_id, client_id in endpoints:
                if endpoint_id not in self._running:
                    process = self._process(endpoint_id, client_id)
                    self._running[endpoint_id] = asyncio.create_task(process, name="webhooks")
            if len(endpoints) < _PAGE:
                return
            after, _ = endpoints[-1]

    async def send_due(self) -> None:
        """Deliver what is due, and wait for the responses."""
        await self.begin_due()
        while self._running:
            await asyncio.gather(*self._running.values())

    async def _process(self, endpoint_id: str, client_id: str) -> None:
        try:
            while not self._worker.closing:
                async with self._places.hold(endpoint_id, client_id):
                    if not await self._send_some(endpoint_id):
                        return
        except Unavailable:  # claimed deliveries are due again after their lease
            _log.warning("webhooks.database_unavailable")
        except Exception:  # a fault at one endpoint must not affect the others
            _log.exception("webhooks.failed", endpoint=endpoint_id)
        finally:
            del self._running[endpoint_id]

    async def _send_some(self, endpoint_id: str) -> bool:
        """Whether there may be more, and the endpoint accepts it."""
        begin = self._clock.now()
        claimed = await self._queue.claim_deliveries(endpoint_id, begin, _LEASE, AT_ONCE)
        if claimed is None:
            return False
        endpoint, deliveries = claimed
        accepted = await asyncio.gather(
            *(self._attempts.deliver(endpoint, each) for each in deliveries)
        )
        prompt = all(accepted) and self._clock.now() - begin <= PROMPT
        self._places.record(endpoint_id, Pace.PROMPT if prompt else Pace.SLOW)
        return all(accepted)
