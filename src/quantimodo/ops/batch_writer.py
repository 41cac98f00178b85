"""Background writes: items are buffered without waiting, and written in batches.

Owns the buffer, its capacity and the interval. The caller supplies the write.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import islice, takewhile
from typing import Generic, TypeVar

import structlog

from quantimodo.ports.stores import Unavailable

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.batches")

_BATCH = 200
_PAUSE = 0.5  # seconds
_PAUSE_WHEN_UNAVAILABLE = 5.0

T = TypeVar("T")


def _one_group(item: object) -> None:
    """All items are of one group."""


class BatchWriter(Generic[T]):
    """For one event loop. `start` begins its task, `close` ends it.

    Without `start` items stay in the buffer until `flush`. When more than `capacity` are buffered,
    because the database does not respond, the newest are lost; the log has their number. A batch
    has items of one group only, so that `write` stores all of a batch or nothing. `pause` is the
    time, in seconds, whose items are written together.
    """

    def __init__(
        self,
        name: str,
        write: Callable[[Sequence[T]], Awaitable[None]],
        capacity: int = 10_000,
        group: Callable[[T], object] = _one_group,
        pause: float = _PAUSE,
    ) -> None:
        self._name = name
        self._pause_between = pause
        self._write = write
        self._capacity = capacity
        self._group = group
        self._items: deque[T] = deque()
        self._lost = 0
        self._wakeup = asyncio.Event()
        self._ending = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def add(self, item: T) -> bool:
        """Buffer `item`; False if it is lost. Never waits, never fails."""
        if len(self._items) >= self._capacity:
            self._lost += 1
            return False
        self._items.append(item)
        self._wakeup.set()
        return True

    def start(self) -> None:
        """Begin to write in the background, until `close`."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def flush(self) -> None:
        """Write the buffer. Raises `Unavailable`, and then the buffer is unchanged."""
        size = _BATCH
        async with self._writing:
            while self._items:
                batch = self._next(size)
                try:
                    await self._write(batch)
                except Unavailable:
                    raise
                except Exception:  # one bad item must not lose the others
                    if len(batch) > 1:
                        size = 1
                        continue
                    _log.exception(f"{self._name}.event_failed")
                    self._lost += 1
                for _ in batch:
                    self._items.popleft()

    def _next(self, size: int) -> Sequence[T]:
        """The oldest items of one group, at most `size`."""
        group = self._group(self._items[0])
        same = takewhile(lambda item: self._group(item) == group, self._items)
        return tuple(islice(same, size))

    async def close(self) -> None:
        """Write the buffer and end. Items that cannot be written are lost and logged."""
        self._ending.set()
        self._wakeup.set()
        if self._task is not None:
            await self._task
        try:
            await self.flush()
        except Unavailable:
            self._lost += len(self._items)
            self._items.clear()
        self._report_lost()

    async def _run(self) -> None:
        while not self._ending.is_set():
            await self._wakeup.wait()
            self._wakeup.clear()
            await self._pause(self._pause_between)
            try:
                await self.flush()
            except Unavailable:
                self._wakeup.set()
                await self._pause(_PAUSE_WHEN_UNAVAILABLE)
            self._report_lost()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ending.wait()

    def _report_lost(self) -> None:
        if self._lost:
            _log.error(f"{self._name}.events_lost", count=self._lost)
            self._lost = 0
