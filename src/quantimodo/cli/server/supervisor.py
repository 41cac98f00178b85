"""Several workers on one listening socket. A worker that ends is replaced at once.

Why not uvicorn's supervisor: its workers outlive it when it is killed, and keep the port; it ends
if a worker cannot start because the database is unavailable for a moment; it does not report which
worker ended, so the metrics of that worker would be counted permanently.
"""

import asyncio
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from prometheus_client.multiprocess import mark_process_dead

from quantimodo.cli.server.worker import SUPERVISED

WORKER = (sys.executable, "-P", "-m", "quantimodo.cli.server.worker")

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
_LONG_LIFE = 30.0  # seconds: a worker that lived so long did not fail at its start
_MERCY = 5.0  # more than the workers' own limit for a graceful stop

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.supervisor")


@dataclass(slots=True)
class Supervisor:
    """`run` serves until a signal, and returns the exit code. `metrics_folder` is where workers
    keep the counters that each of them reports."""

    count: int
    listener: int
    environment: Mapping[str, str]
    metrics_folder: str
    patience: float
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _failed: bool = field(default=False, init=False)

    async def run(self) -> int:
        """Run the workers until a signal; the exit status: 1 if a first worker failed, else 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stopping.set)
        await asyncio.gather(*(self._run_worker() for _ in range(self.count)))
        return 1 if self._failed else 0

    async def _run_worker(self) -> None:
        """Keep one worker running, and replace its process when it ends."""
        first, pause, loop = True, 0.0, asyncio.get_running_loop()
        while not await self._stops_within(pause):
            begun_at = loop.time()
            worker = await self._start()
            code = await self._attend(worker)
            mark_process_dead(worker.pid, path=self.metrics_folder)  # type: ignore[no-untyped-call]
            if self._stopping.is_set():
                return
            lived = loop.time() - begun_at
            if first and code > 0 and lived < _LONG_LIFE:
                # It ended before it served a request: the next one would do the same.
                self._failed = True
                self._stopping.set()
                return
            pause = 0.0 if lived > _LONG_LIFE else min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
            first = False
            _log.error("worker died", pid=worker.pid, code=code, lived=round(lived, 1))

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *WORKER,
            str(self.listener),
            SUPERVISED,
            stdin=asyncio.subprocess.PIPE,
            pass_fds=(self.listener,),
            env=self.environment,
        )

    async def _attend(self, worker: asyncio.subprocess.Process) -> int:
        """Wait for the end of the worker. At a stop, request it first, and wait for a limited
        time."""
        ended = asyncio.ensure_future(worker.wait())
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            with suppress(ProcessLookupError):
                worker.terminate()
            await asyncio.wait({ended}, timeout=self.patience + _MERCY)
        if not ended.done():
            with suppress(ProcessLookupError):
                worker.kill()
        return await ended

    async def _stops_within(self, seconds: float) -> bool:
        if seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()
