"""SQLite: one writer thread with group commit, and reads by key in the event loop.

Owns the writer's queue and the transactions. Connections, the writer lock and checkpoints are in
`sqlite/connections.py` and `sqlite/checkpoints.py`, searches in `sqlite/searches.py`.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from quantimodo.ports.stores import Conflict, Unavailable
from quantimodo.storage.database import (
    DEFAULT_SEARCHES,
    Batch,
    KeyedRead,
    Operation,
    Row,
    SearchPolicy,
    Statement,
    T,
    is_storable,
)
from quantimodo.storage.sqlite.checkpoints import EMPTY_LOG_EVERY, Checkpointer
from quantimodo.storage.sqlite.connections import WriterLock, connect, connect_to_read
from quantimodo.storage.sqlite.faults import sentence_of
from quantimodo.storage.sqlite.searches import search_pools

_MOST_WAITING = 20_000  # writes in the queue; more raise `Unavailable` at once
# KiB of pages that a connection caches. Other pages are in the cache of the operating system; a
# reader's pages are invalid after each commit.
_READER_CACHE = 6_144
_WRITER_CACHE = 4_096
# Faults of one operation, which do not affect the others of its group.
_FAULTS_OF_STATEMENTS = (
    apsw.BindingsError,
    apsw.MismatchError,
    apsw.TooBigError,
    apsw.RangeError,
    TypeError,  # a value of a type that SQLite does not have
)

QueuedWrite = tuple[Callable[[], Operation[Any]], "asyncio.Future[Any]"]


class SqliteDatabase:
    """One process's view of one SQLite file. Made inside the running event loop.
    Implements `Database`."""

    def __init__(
        self,
        path: Path,
        policy: SearchPolicy = DEFAULT_SEARCHES,
        *,
        empty_log_every: float = EMPTY_LOG_EVERY,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = connect(path, _READER_CACHE)
        self._reading = False
        self._writer = connect(path, _WRITER_CACHE)
        self._writer_lock = WriterLock(path.with_name(path.name + ".turn"))
        self._waiting: deque[QueuedWrite] = deque()
        self._wake = threading.Event()
        self._wake_scheduled = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()
        self._checkpointer = Checkpointer(path, self._writer_lock, empty_log_every)
        self._searches, self._lists = search_pools(partial(connect_to_read, path), policy)

    async def one(self, read: KeyedRead, key: Any) -> Row | None:
        if not is_storable(key):
            return None
        try:
            if not self._reading:
                self._begin_reading()
            rows = self._reader.execute(read.sqlite, (key,)).fetchall()
        except apsw.Error as error:
            raise Unavailable("the database did not respond") from error
        return rows.pop() if rows else None

    async def rows(self, statement: Statement, *values: Any) -> Sequence[Row]:
        if not all(map(is_storable, values)):
            return ()
        try:
            if not self._reading:
                self._begin_reading()
            return self._reader.execute(statement.sqlite, values).fetchall()
        except apsw.Error as error:
            raise Unavailable("the database did not respond") from error

    async def list_rows(self, statement: Statement, *values: Any) -> Sequence[Row]:
        if not all(map(is_storable, values)):
            return ()
        return await self._lists.run(statement.sqlite, values)

    async def search(self, statement: Statement, *values: Any) -> Sequence[Row]:
        if not all(map(is_storable, values)):
            return ()
        return await self._searches.run(statement.sqlite, values)

    def _begin_reading(self) -> None:
        """Begin one snapshot for all reads of this turn of the event loop: to take and release the
        read lock costs as much as a read.

        No request reads data that is older than itself: whatever runs before the end of the turn
        was called by an event that came before the snapshot.
        """
        self._reader.execute("BEGIN")
        self._reading = True
        self._loop.call_soon(self._end_reading)

    def _end_reading(self) -> None:
        self._reading = False
        with suppress(apsw.Error):
            self._reader.execute("COMMIT")

    async def write(self, operation: Callable[[], Operation[T]]) -> T:
        result: T = await self._enqueue(operation)
        return result

    def put(self, batch: Batch, values: tuple[Any, ...]) -> "asyncio.Future[bool]":
        return self._enqueue(_Put(batch, values))

    async def close(self) -> None:
        """Finish the queued writes, checkpoint the log into the file, and close it. Idempotent."""
        if self._closing:
            return
        self._closing = True
        await self._searches.close()
        await self._lists.close()
        self._wake.set()
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._checkpointer.close)
        self._reader.close()
        self._writer.close()
        self._writer_lock.close()

    def _enqueue(self, operation: Callable[[], Operation[Any]]) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = self._loop.create_future()
        if self._closing or len(self._waiting) >= _MOST_WAITING:
            # As on PostgreSQL, it is raised where the write is awaited.
            future.set_exception(Unavailable("the database is closed or has too much to write"))
            return future
        self._waiting.append((operation, future))
        if not self._wake_scheduled:
            # Woken at the end of the turn, so that its other writes go into the same commit.
            self._wake_scheduled = True
            self._loop.call_soon(self._wake_writer)
        return future

    def _wake_writer(self) -> None:
        self._wake_scheduled = False
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            batch: list[QueuedWrite] = []
            with suppress(IndexError):
                while True:
                    batch.append(self._waiting.popleft())
            if batch:
                outcomes = self._commit([operation for operation, _ in batch])
                with suppress(RuntimeError):  # the loop is closed: no caller waits any more
                    self._loop.call_soon_threadsafe(_complete, batch, outcomes)
            if self._closing and not self._waiting:
                return

    def _commit(self, operations: list[Callable[[], Operation[Any]]]) -> list[Any]:
        """The outcome of each operation, all on disk: a value, or the exception it raised."""
        try:
            with self._writer_lock:
                return self._run_group(operations)
        except Exception as error:  # any error: the thread continues, and the callers get it
            return [_unavailable(error) for _ in operations]

    def _run_group(self, operations: list[Callable[[], Operation[Any]]]) -> list[Any]:
        execute = self._writer.execute
        execute("BEGIN IMMEDIATE")
        try:
            outcomes = _run_batch(execute, operations)
            execute("COMMIT")
            return outcomes
        except Exception:
            if self._writer.in_transaction:
                execute("ROLLBACK")
        # One of them failed, and its earlier statements must not stay: run each one separately.
        execute("BEGIN IMMEDIATE")
        try:
            outcomes = [self._run_separately(operation) for operation in operations]
            execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                execute("ROLLBACK")
            raise
        return outcomes

    def _run_separately(self, operation: Callable[[], Operation[Any]]) -> Any:
        execute = self._writer.execute
        execute("SAVEPOINT one")
        try:
            outcome = _drive(execute, operation())
        except apsw.ConstraintError as error:
            outcome = Conflict("the name is taken")
            outcome.__cause__ = error
        except _FAULTS_OF_STATEMENTS as error:
            outcome = _unavailable(error)  # the operation's own fault
        except apsw.Error:
            raise
        except Exception as error:
            outcome = error
        if isinstance(outcome, Exception):
            execute("ROLLBACK TO one")
        execute("RELEASE one")
        return outcome


class _Put:
    """One request of a batch; when it runs separately, it is a batch of one."""

    __slots__ = ("batch", "values")

    def __init__(self, batch: Batch, values: tuple[Any, ...]) -> None:
        self.batch = batch
        self.values = values

    def __call__(self) -> Operation[bool]:
        return (yield from self.batch.sqlite([self.values]))[0]


def _run_batch(
    execute: Callable[..., apsw.Cursor], operations: list[Callable[[], Operation[Any]]]
) -> list[Any]:
    """Run all operations, and the requests of one batch at once: each statement releases the
    interpreter lock to the event loop, and to acquire it again costs more than the statement."""
    outcomes: list[Any] = [None] * len(operations)
    batches: dict[str, list[tuple[int, _Put]]] = {}
    for place, operation in enumerate(operations):
        if isinstance(operation, _Put):
            batches.setdefault(operation.batch.name, []).append((place, operation))
        else:
            outcomes[place] = _drive(execute, operation())
    for puts in batches.values():
        won = _drive(execute, puts[0][1].batch.sqlite([put.values for _, put in puts]))
        for (place, _), outcome in zip(puts, won, strict=True):
            outcomes[place] = outcome
    return outcomes


def _unavailable(cause: Exception) -> Unavailable:
    failure = Unavailable(sentence_of(cause) or "the database could not keep the change")
    failure.__cause__ = cause
    return failure


def _drive(execute: Callable[..., apsw.Cursor], operation: Operation[T]) -> T:
    rows: Sequence[Row] = ()
    try:
        statement, values = next(operation)
        while True:
            rows = execute(statement.sqlite, values).fetchall()
            statement, values = operation.send(rows)
    except StopIteration as end:
        result: T = end.value
        return result


def _complete(batch: list[QueuedWrite], outcomes: list[Any]) -> None:
    for (_, future), outcome in zip(batch, outcomes, strict=True):
        if future.done():  # the caller was cancelled; its write is stored
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
