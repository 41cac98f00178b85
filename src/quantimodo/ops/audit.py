"""The record of what happened: taken at once, written in batches beside the requests.

Owns the buffer and its bound. What is recorded, and that it holds no secret, is the business of
whoever records it.
"""

import asyncio
from collections import deque
from contextlib import suppress
from itertools import islice

import structlog

from quantimodo.model.events import Event
from quantimodo.ports.stores import EventStore, Unavailable

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.audit")

_BATCH = 200
_PAUSE = 0.5  # seconds: what comes within them is written together
_PAUSE_WHEN_UNAVAILABLE = 5.0


class AuditTrail:
    """The `Audit` of the house, for one event loop. `start` begins its task, `close` ends it.

    Without `start` events are kept until `flush`. When more than `capacity` wait, because the
    database does not answer, the newest are lost, and a line in the log says how many.
    """

    def __init__(self, store: EventStore, capacity: int = 10_000) -> None:
        self._store = store
        self._capacity = capacity
        self._events: deque[Event] = deque()
        self._lost = 0
        self._bell = asyncio.Event()
        self._ending = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def record(self, event: Event) -> None:
        if len(self._events) >= self._capacity:
            self._lost += 1
            return
        self._events.append(event)
        self._bell.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="audit-trail")

    async def flush(self) -> None:
        """Write everything that waits. Raises `Unavailable`, and then still has it."""
        size = _BATCH
        async with self._writing:
            while self._events:
                batch = tuple(islice(self._events, size))
                try:
                    await self._store.add_events(batch)
                except Unavailable:
                    raise
                except Exception:  # one event that cannot be written must not take others along
                    if len(batch) > 1:
                        size = 1
                        continue
                    _log.exception("audit.event_failed", kind=batch[0].kind)
                    self._lost += 1
                for _ in batch:
                    self._events.popleft()

    async def close(self) -> None:
        """Write what waits and end. What cannot be written is lost and logged."""
        self._ending.set()
        self._bell.set()
        if self._task is not None:
            await self._task
        try:
            await self.flush()
        except Unavailable:
            self._lost += len(self._events)
            self._events.clear()
        self._confess()

    async def _run(self) -> None:
        while not self._ending.is_set():
            await self._bell.wait()
            self._bell.clear()
            await self._pause(_PAUSE)
            try:
                await self.flush()
            except Unavailable:
                self._bell.set()
                await self._pause(_PAUSE_WHEN_UNAVAILABLE)
            self._confess()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ending.wait()

    def _confess(self) -> None:
        if self._lost:
            _log.error("audit.events_lost", count=self._lost)
            self._lost = 0
