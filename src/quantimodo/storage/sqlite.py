"""SQLite: WAL, `synchronous=FULL`, one writer thread with group commit, reads by key in the loop.

Owns connections, the writer's queue and the checkpoints. Knows no table. Processes on one file
take turns by an advisory lock beside it, so that a writer sleeps in the kernel until it is its
turn instead of polling; the lock only orders writers, SQLite's own locks keep the data right.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from quantimodo.ports.stores import Conflict, Unavailable
from quantimodo.storage.database import (
    USUAL_SEARCHES,
    Batch,
    KeyedRead,
    Operation,
    Row,
    SearchPolicy,
    Statement,
    T,
    findable,
)
from quantimodo.storage.sqlite_searches import search_pools

_MOST_WAITING = 20_000  # writes in the queue; more raise `Unavailable` at once
_BUSY_SECONDS = 10.0
_CHECKPOINT_EVERY = 1.0
_EMPTY_LOG_EVERY = 20.0  # seconds; what was deleted is gone from the log within a minute
# A checkpoint that waits for a search to end keeps writers waiting: it is tried again instead.
_CHECKPOINT_BUSY_MS = 50
# KiB of pages that a connection keeps. What is not there is in the system's own cache, a copy away;
# and a reader's pages are void as soon as anybody has written.
_READER_CACHE = 6_144
_WRITER_CACHE = 4_096
_SMALL_CACHE = 256
_LOG_PAGES = 4_000  # 16 MB of log: from here on it is made to start anew

Waiting = tuple[Callable[[], Operation[Any]], "asyncio.Future[Any]"]


def connect(path: Path, cache: int = _SMALL_CACHE) -> sqlite3.Connection:
    """A connection that commits durably and leaves checkpoints to its callers; it keeps
    at most `cache` KiB of pages."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    connection.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")
    _keep_a_log(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA cache_size = -{cache}")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    connection = connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Write-ahead logging. Of processes that open a new file at once all but one get the error that
    it is locked, whatever the busy timeout: they ask again."""
    ends = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() >= ends:
                raise
            time.sleep(0.01)


class SqliteDatabase:
    """One process's view of one SQLite file. Made inside the running event loop."""

    def __init__(
        self,
        path: Path,
        policy: SearchPolicy = USUAL_SEARCHES,
        *,
        empty_log_every: float = _EMPTY_LOG_EVERY,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = connect(path, _READER_CACHE)
        self._reading = False
        self._writer = connect(path, _WRITER_CACHE)
        self._turn = WriterLock(path.with_name(path.name + ".turn"))
        self._waiting: deque[Waiting] = deque()
        self._wake = threading.Event()
        self._called = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()
        self._checkpointer = _Checkpointer(path, self._turn, empty_log_every)
        self._searches, self._lists = search_pools(partial(_connect_to_read, path), policy)

    async def one(self, read: KeyedRead, key: Any) -> Row | None:
        if not findable(key):
            return None
        try:
            if not self._reading:
                self._begin_reading()
            row: Row | None = self._reader.execute(read.sqlite, (key,)).fetchone()
        except sqlite3.Error as error:
            raise Unavailable("the database did not respond") from error
        return row

    async def rows(self, statement: Statement, *values: Any) -> Sequence[Row]:
        if not all(map(findable, values)):
            return ()
        try:
            if not self._reading:
                self._begin_reading()
            return self._reader.execute(statement.sqlite, values).fetchall()
        except sqlite3.Error as error:
            raise Unavailable("the database did not respond") from error

    async def list_rows(self, statement: Statement, *values: Any) -> Sequence[Row]:
        if not all(map(findable, values)):
            return ()
        return await self._lists.run(statement.sqlite, values)

    async def search(self, statement: Statement, *values: Any) -> Sequence[Row]:
        if not all(map(findable, values)):
            return ()
        return await self._searches.run(statement.sqlite, values)

    def _begin_reading(self) -> None:
        """One snapshot for all that this turn of the loop reads: to take and to leave the read
        lock costs as much as a read.

        Nothing older than its request is ever read: what runs before the turn's end was called
        before the snapshot was taken, by an event that came before it.
        """
        self._reader.execute("BEGIN")
        self._reading = True
        self._loop.call_soon(self._end_reading)

    def _end_reading(self) -> None:
        self._reading = False
        with suppress(sqlite3.Error):
            self._reader.execute("COMMIT")

    async def write(self, operation: Callable[[], Operation[T]]) -> T:
        result: T = await self._enqueue(operation)
        return result

    async def put(self, batch: Batch, values: tuple[Any, ...]) -> bool:
        won: bool = await self._enqueue(_Put(batch, values))
        return won

    async def close(self) -> None:
        """Finish what waits, checkpoint the log into the file, and close it. Once is enough."""
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
        self._turn.close()

    def _enqueue(self, operation: Callable[[], Operation[Any]]) -> "asyncio.Future[Any]":
        if self._closing or len(self._waiting) >= _MOST_WAITING:
            raise Unavailable("the database is closed or has too much to write")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((operation, future))
        if not self._called:
            # Not yet: what else this turn of the loop has to write goes into the same commit.
            self._called = True
            self._loop.call_soon(self._call)
        return future

    def _call(self) -> None:
        self._called = False
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            batch: list[Waiting] = []
            with suppress(IndexError):
                while True:
                    batch.append(self._waiting.popleft())
            if batch:
                outcomes = self._commit([operation for operation, _ in batch])
                with suppress(RuntimeError):  # the loop is closed: no caller waits any more
                    self._loop.call_soon_threadsafe(_settle, batch, outcomes)
            if self._closing and not self._waiting:
                return

    def _commit(self, operations: list[Callable[[], Operation[Any]]]) -> list[Any]:
        """The outcome of each operation, all on disk: a value, or the exception it raised."""
        try:
            with self._turn:
                return self._group(operations)
        except Exception as error:  # any error: the thread continues, and a caller waits
            return [_unavailable(error) for _ in operations]

    def _group(self, operations: list[Callable[[], Operation[Any]]]) -> list[Any]:
        execute = self._writer.execute
        execute("BEGIN IMMEDIATE")
        try:
            outcomes = _together(execute, operations)
            execute("COMMIT")
            return outcomes
        except Exception:
            if self._writer.in_transaction:
                execute("ROLLBACK")
        # One of them failed, and what it did before must not stay: each again on its own.
        execute("BEGIN IMMEDIATE")
        try:
            outcomes = [self._alone(operation) for operation in operations]
            execute("COMMIT")
        except BaseException:
            if self._writer.in_transaction:
                execute("ROLLBACK")
            raise
        return outcomes

    def _alone(self, operation: Callable[[], Operation[Any]]) -> Any:
        execute = self._writer.execute
        execute("SAVEPOINT one")
        try:
            outcome = _drive(execute, operation())
        except sqlite3.IntegrityError as error:
            outcome = Conflict("the name is taken")
            outcome.__cause__ = error
        except (sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.DataError) as error:
            outcome = _unavailable(error)  # its own fault, and not its neighbours'
        except sqlite3.Error:
            raise
        except Exception as error:
            outcome = error
        if isinstance(outcome, Exception):
            execute("ROLLBACK TO one")
        execute("RELEASE one")
        return outcome


class _Put:
    """One request of a batch; run by itself it is a batch of one."""

    __slots__ = ("batch", "values")

    def __init__(self, batch: Batch, values: tuple[Any, ...]) -> None:
        self.batch = batch
        self.values = values

    def __call__(self) -> Operation[bool]:
        return (yield from self.batch.together([self.values]))[0]


def _together(
    execute: Callable[..., sqlite3.Cursor], operations: list[Callable[[], Operation[Any]]]
) -> list[Any]:
    """Run all of them, the requests of one batch at once: each statement that runs lets the loop
    have the interpreter, and to get it back costs more than the statement."""
    outcomes: list[Any] = [None] * len(operations)
    batches: dict[str, list[tuple[int, _Put]]] = {}
    for place, operation in enumerate(operations):
        if isinstance(operation, _Put):
            batches.setdefault(operation.batch.name, []).append((place, operation))
        else:
            outcomes[place] = _drive(execute, operation())
    for puts in batches.values():
        won = _drive(execute, puts[0][1].batch.together([put.values for _, put in puts]))
        for (place, _), outcome in zip(puts, won, strict=True):
            outcomes[place] = outcome
    return outcomes


def _unavailable(cause: Exception) -> Unavailable:
    failure = Unavailable("the database could not keep the change")
    failure.__cause__ = cause
    return failure


def _drive(execute: Callable[..., sqlite3.Cursor], operation: Operation[T]) -> T:
    rows: Sequence[Row] = ()
    try:
        statement, values = next(operation)
        while True:
            rows = execute(statement.sqlite, values).fetchall()
            statement, values = operation.send(rows)
    except StopIteration as end:
        result: T = end.value
        return result


def _settle(batch: list[Waiting], outcomes: list[Any]) -> None:
    for (_, future), outcome in zip(batch, outcomes, strict=True):
        if future.done():  # the caller went away; its write stands
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


class WriterLock:
    """Whose turn it is to write, among the processes and threads on one file."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._mine = threading.Lock()

    def __enter__(self) -> None:
        self._mine.acquire()
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._mine.release()

    def close(self) -> None:
        os.close(self._file)


class _Checkpointer:
    """Folds the log into the file, beside the requests.

    A passive checkpoint copies while others write; only the last few pages are folded during a
    separate turn, so that the log starts anew and never grows without bound. Every `empty_every`
    seconds the log is truncated as well: deleted values stay in it until then.
    """

    def __init__(self, path: Path, turn: WriterLock, empty_every: float) -> None:
        self._connection = connect(path)
        self._connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_BUSY_MS}")
        self._empty_every = empty_every
        self._turn = turn
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sqlite-checkpoint", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        restarted_at, emptied = 0, time.monotonic()
        while not self._ended.wait(min(_CHECKPOINT_EVERY, self._empty_every)):
            with suppress(sqlite3.Error):
                written = self._fold()
                if written and time.monotonic() - emptied >= self._empty_every:
                    if self._restart("TRUNCATE"):
                        restarted_at, emptied = 0, time.monotonic()
                elif written > _LOG_PAGES and written != restarted_at and self._restart("RESTART"):
                    restarted_at = written

    def _restart(self, how: str) -> bool:
        """False when a reader still needs the log."""
        self._fold()  # most of what came during the first pass, still beside the writers
        with self._turn:
            busy, _, _ = self._connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
        return not busy

    def _fold(self) -> int:
        """Copy what is committed into the file; how many pages the log holds."""
        _, pages, _ = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return int(pages)
