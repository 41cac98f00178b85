"""SQLite reads that run beside the event loop: a few threads, a bounded queue, and a deadline.

Each thread has a read-only connection. A search that reaches its deadline, or whose caller is
cancelled, is interrupted. `apsw` releases the interpreter lock while SQLite works, so that a
long search does not stop the event loop. Threads of long searches have a lower scheduling priority
than the event loop and the writer, which need the processor first.
"""

import asyncio
import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import apsw

from quantimodo.ports.stores import TooSlow, Unavailable
from quantimodo.storage.database import Row, SearchPolicy

# An interrupt that arrives before the first step of a statement has no effect, so it is repeated.
_INTERRUPT_AGAIN = 0.02  # seconds
# Added to the nice value: a tenth of the weight, so that a search continues on a busy machine.
_NICENESS = 10
_HIGHEST_NICENESS = 19


def lower_priority(set_priority: Callable[[int, int, int], None] = os.setpriority) -> None:
    """Lower the scheduling priority of the calling thread, on Linux, where each thread has its own.

    No effect where the system refuses it or has no priorities of threads.
    """
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    with suppress(OSError):
        nice = os.getpriority(os.PRIO_PROCESS, thread) + _NICENESS
        set_priority(os.PRIO_PROCESS, thread, min(nice, _HIGHEST_NICENESS))


class SearchPool:
    """Runs searches on at most `threads` threads. Made inside the running event loop.

    More than `waiting` queued searches raise `Unavailable`; a search that runs longer than
    `seconds` raises `TooSlow`. Threads and connections are made when they are first needed; each
    thread calls `prepare` first.
    """

    def __init__(
        self,
        connect: Callable[[], apsw.Connection],
        *,
        threads: int,
        waiting: int,
        seconds: float,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self._connect = connect
        self._prepare = prepare
        self._most_threads = threads
        self._most_waiting = waiting
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Search | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._unfinished: set[_Search] = set()
        self._closing = False

    async def run(self, sql: str, values: Sequence[Any]) -> list[Row]:
        """All rows of one SELECT. Cancelling the caller interrupts the statement."""
        if self._closing or len(self._unfinished) >= self._most_threads + self._most_waiting:
            raise Unavailable("too many searches are waiting")
        search = _Search(sql, values, self._loop, self._seconds)
        self._unfinished.add(search)
        search.result.add_done_callback(lambda _: self._unfinished.discard(search))
        if len(self._threads) < min(self._most_threads, len(self._unfinished)):
            self._start_thread()
        self._queue.put(search)
        try:
            return await asyncio.shield(search.result)
        except asyncio.CancelledError:
            search.stop()
            raise

    async def close(self) -> None:
        """Interrupt what runs, refuse what waits, and close the connections. Idempotent."""
        if self._closing:
            return
        self._closing = True
        for search in tuple(self._unfinished):
            search.stop()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _start_thread(self) -> None:
        name = f"sqlite-search-{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        self._prepare()
        connection: apsw.Connection | None = None
        while (search := self._queue.get()) is not None:
            outcome: list[Row] | Exception
            try:
                if connection is None:
                    connection = self._connect()
                outcome = search.run(connection)
            except Exception as error:  # the thread continues, and the caller gets the error
                outcome = Unavailable("the database did not respond")
                outcome.__cause__ = error
            with suppress(RuntimeError):  # the event loop is closed: no caller is left
                self._loop.call_soon_threadsafe(search.complete, outcome)
        if connection is not None:
            connection.close()


def search_pools(
    connect: Callable[[], apsw.Connection], policy: SearchPolicy
) -> tuple[SearchPool, SearchPool]:
    """The pool of searches, and the one of short lists, whose thread has the usual priority."""
    make = partial(SearchPool, connect, waiting=policy.waiting, seconds=policy.seconds)
    return make(threads=policy.at_once, prepare=lower_priority), make(threads=1)


class _Search:
    """One search. `stop` may be called by the event loop at any time."""

    def __init__(
        self, sql: str, values: Sequence[Any], loop: asyncio.AbstractEventLoop, seconds: float
    ) -> None:
        self._sql = sql
        self._values = values
        self._loop = loop
        self._seconds = seconds
        self._lock = threading.Lock()
        self._running: apsw.Connection | None = None
        self._stopped = False
        self._deadline: asyncio.TimerHandle | None = None
        self.result: asyncio.Future[list[Row]] = loop.create_future()

    def run(self, connection: apsw.Connection) -> list[Row] | Exception:
        """Called in a thread of the pool."""
        with self._lock:
            if self._stopped:
                return TooSlow("the search was stopped before it began")
            self._running = connection
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._begin_deadline)
        try:
            return connection.execute(self._sql, self._values).fetchall()
        except apsw.InterruptError:
            return TooSlow("the search took too long and was interrupted")
        finally:
            with self._lock:
                self._running = None

    def stop(self) -> None:
        """Interrupt the statement, or keep it from beginning."""
        with self._lock:
            self._stopped = True
            if self._running is not None:
                self._running.interrupt()
        if not self.result.done():
            self._deadline = self._loop.call_later(_INTERRUPT_AGAIN, self.stop)

    def complete(self, outcome: "list[Row] | Exception") -> None:
        """Called in the event loop."""
        if self._deadline is not None:
            self._deadline.cancel()
        if self.result.done():
            return
        if isinstance(outcome, Exception):
            self.result.set_exception(outcome)
            self.result.exception()  # a caller that was cancelled does not fetch it
        else:
            self.result.set_result(outcome)

    def _begin_deadline(self) -> None:
        if not self.result.done() and self._deadline is None:
            self._deadline = self._loop.call_later(self._seconds, self.stop)
