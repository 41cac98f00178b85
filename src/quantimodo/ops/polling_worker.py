"""A background task that processes a queue in the database.

Owns when the job runs and how it ends; the job and its queue belong to the caller.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog

from quantimodo.ports.stores import Unavailable
from quantimodo.ports.tracing import Tracer

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.worker")

_POLL: Final = 10.0  # seconds; the delay until work queued by another process is seen
_CLOSE: Final = 5.0  # seconds that the current batch has when the server closes


def traced_job(
    name: str, job: Callable[[], Awaitable[object]], tracer: Tracer | None
) -> Callable[[], Awaitable[object]]:
    """The job with a span for each turn, `background NAME`; the job itself if traces are off."""
    if tracer is None:
        return job

    async def turn() -> None:
        with tracer.work(f"background {name}"):
            await job()

    return turn


class PollingWorker:
    """Runs `job` when it starts, when `wakeup` is set, and every 10 seconds.

    Any number of processes may run one. A job that raises is logged as `{name}.failed`, or
    `{name}.database_unavailable`, and runs again in the next turn.
    """

    def __init__(
        self, name: str, job: Callable[[], Awaitable[None]], wakeup: asyncio.Event
    ) -> None:
        self._name = name
        self._job: Callable[[], Awaitable[object]] = job
        self._wakeup = wakeup
        self._task: asyncio.Task[None] | None = None
        self.closing = False

    def start(self, tracer: Tracer | None = None) -> None:
        """Begin to work in the background, until `close`. `tracer` records each turn."""
        self._job = traced_job(self._name, self._job, tracer)
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def close(self) -> None:
        """Wait a few seconds for the current batch; the rest stays queued.

        The job looks at `closing` between batches.
        """
        self.closing = True
        self._wakeup.set()
        if self._task is not None:
            _, running = await asyncio.wait([self._task], timeout=_CLOSE)
            for task in running:
                task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self.closing:
            try:
                await self._job()
            except Unavailable:
                _log.warning(f"{self._name}.database_unavailable")
            except Exception:  # a fault in one entry of the queue must not end the task
                _log.exception(f"{self._name}.failed")
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL):
                    await self._wakeup.wait()
            self._wakeup.clear()
