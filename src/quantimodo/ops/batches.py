"""What is written beside the requests: taken at once, kept in a buffer, written in batches.

Owns the buffer, its bound and the pace. What is written, and where, is its users' business.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Generic, TypeVar

import structlog

from quantimodo.ports.stores import Unavailable

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.batches")

_BATCH = 200
_PAUSE = 0.5  # seconds: what comes within them is written together
_PAUSE_WHEN_UNAVAILABLE = 5.0

T = TypeVar("T")


class BatchWriter(Generic[T]):
    """For one event loop. `start` begins its task, `close` ends it.

    Without `start` items are kept until `flush`. When more than `capacity` wait, because the
    database does not answer, the newest are lost, and a line in the log says how many.
    """

    def __init__(
        self, name: str, write: Callable[[Sequence[T]], Awaitable[None]], capacity: int = 10_000
    ) -> None:
        self._name = name
        self._write = write
        self._capacity = capacity
        self._items: deque[T] = deque()
        self._lost = 0
        self._wakeup = asyncio.Event()
        self._ending = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def add(self, item: T) -> None:
        """Never waits, never fails."""
        if len(self._items) >= self._capacity:
            self._lost += 1
            return
        self._items.append(item)
        self._wakeup.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def flush(self) -> None:
        """Write everything that waits. Raises `Unavailable`, and then still has it."""
        size = _BATCH
        async with self._writing:
            while self._items:
                batch = tuple(islice(self._items, size))
                try:
                    await self._write(batch)
                except Unavailable:
                    raise
                except Exception:  # one that cannot be written must not take others along
                    if len(batch) > 1:
                        size = 1
                        continue
                    _log.exception(f"{self._name}.event_failed")
                    self._lost += 1
                for _ in batch:
                    self._items.popleft()

    async def close(self) -> None:
        """Write what waits and end. What cannot be written is lost and logged."""
        self._ending.set()
        self._wakeup.set()
        if self._task is not None:
            await self._task
        try:
            await self.flush()
        except Unavailable:
            self._lost += len(self._items)
            self._items.clear()
        self._confess()

    async def _run(self) -> None:
        while not self._ending.is_set():
            await self._wakeup.wait()
            self._wakeup.clear()
            await self._pause(_PAUSE)
            try:
                await self.flush()
            except Unavailable:
                self._wakeup.set()
                await self._pause(_PAUSE_WHEN_UNAVAILABLE)
            self._confess()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ending.wait()

    def _confess(self) -> None:
        if self._lost:
            _log.error(f"{self._name}.events_lost", count=self._lost)
            self._lost = 0
