"""PostgreSQL by asyncpg: reads by key and hot writes in batches, all else by a few connections.

Owns connections, queues and retries. Knows no table. What waits for the same statement goes to
the server as one statement over arrays: one round trip, and for writes one commit. A lost
connection is opened again; the callers that waited on it get `Unavailable`.

Each connection has prepared statements and settings, so a pooler in front of PostgreSQL must
run in session mode (pgbouncer: `pool_mode = session`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

import asyncpg

from quantimodo.ports.stores import Unavailable
from quantimodo.storage.database import (
    DEFAULT_SEARCHES,
    Batch,
    KeyedRead,
    Operation,
    Row,
    SearchPolicy,
    SingleStatement,
    Statement,
    T,
    is_storable,
)
from quantimodo.storage.postgres.connections import (
    BATCH_SETTINGS,
    CONNECTION_LOST,
    KEYED_SETTINGS,
    PostgresConnection,
    connect,
    outcome_of,
)
from quantimodo.storage.postgres.searches import Searches

_MOST_WAITING = 20_000  # requests in one queue; more raise `Unavailable` at once
_MOST_IN_STATEMENT = 1_000  # requests
_TRANSACTION_CONNECTIONS = 4  # for all that is not batched
_TRIES = 5  # of a transaction that a deadlock or a serialization failure rolled back
Q = TypeVar("Q")  # a request
R = TypeVar("R")  # its result
Requests = list[tuple[Q, asyncio.Future[R]]]


class PostgresDatabase:
    """One process's view of one PostgreSQL database. Made inside the running event loop.
    Implements `Database`."""

    def __init__(
        self, url: str, first: asyncpg.Connection, policy: SearchPolicy = DEFAULT_SEARCHES
    ) -> None:
        self._url = url
        self._reader = _Reader(PostgresConnection(url, KEYED_SETTINGS, first))
        self._writers: dict[str, _Writer] = {}
        self._pool = _Pool(
            [PostgresConnection(url, KEYED_SETTINGS) for _ in range(_TRANSACTION_CONNECTIONS)]
        )
        self._searches = Searches(url, policy, policy.at_once)
        self._lists = Searches(url, policy, 1)
        self._closing = False

    @classmethod
    async def connect(cls, url: str, policy: SearchPolicy = DEFAULT_SEARCHES) -> "PostgresDatabase":
        """Open the first connection. Raises `Unavailable` when the server does not accept it."""
        return cls(url, await connect(url), policy)

    async def one(self, read: KeyedRead, key: Any) -> Row | None:
        return await self._reader.find(read, key) if is_storable(key) else None

    async def rows(self, statement: Statement, *values: Any) -> Sequence[Row]:
        if not all(map(is_storable, values)):
            return ()
        return await self._pool.run(
            lambda connection: connection.fetch(statement.postgres, *values)
        )

    async def list_rows(self, statement: Statement, *values: Any) -> Sequence[Row]:
        if not all(map(is_storable, values)):
            return ()
        return await self._lists.run(statement, values)

    async def search(self, statement: Statement, *values: Any) -> Sequence[Row]:
        if not all(map(is_storable, values)):
            return ()
        return await self._searches.run(statement, values)

    async def write(self, operation: Callable[[], Operation[T]]) -> T:
        return await self._pool.run(lambda connection: _write(connection, operation))

    async def put(self, batch: Batch, values: tuple[Any, ...]) -> bool:
        writer = self._writers.get(batch.name)
        if writer is None:
            if self._closing:
                raise Unavailable("the database is closed")
            # The arrays are joined with each other: here, and only here, by hashing.
            writer = self._writers[batch.name] = _Writer(
                PostgresConnection(self._url, BATCH_SETTINGS), batch
            )
        return await writer.put(values)

    async def close(self) -> None:
        """Finish waiting statements, then disconnect."""
        self._closing = True
        writers = [writer.close() for writer in self._writers.values()]
        searches = (self._searches.close(), self._lists.close())
        await asyncio.gather(self._reader.close(), self._pool.close(), *searches, *writers)


async def _write(connection: "PostgresConnection", operation: Callable[[], Operation[T]]) -> T:
    """Run the operation, again after each deadlock or serialization failure."""
    if isinstance(operation, SingleStatement):
        single: Any = await _retried(
            lambda: connection.fetch(
                operation.statement.postgres, *operation.statement.arguments(operation.values)
            )
        )
        return single  # type: ignore[no-any-return]
    return await _retried(lambda: connection.transaction(operation))


async def _retried(attempt: Callable[[], Awaitable[T]]) -> T:
    for _ in range(_TRIES - 1):
        with suppress(asyncpg.TransactionRollbackError):  # deadlock, serialization
            return await attempt()
    return await attempt()


def _complete(future: asyncio.Future[T], result: T) -> None:
    if not future.done():  # else the caller was cancelled; what it wrote is stored
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(outcome_of(error))


class _Queue(Generic[Q, R]):
    """Requests that wait for a batch. `run` takes all of them at once, and completes each."""

    def __init__(self, run: Callable[[Requests[Q, R]], Coroutine[Any, Any, None]]) -> None:
        self._run_requests = run
        self._waiting: Requests[Q, R] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run())

    def add(self, request: Q) -> asyncio.Future[R]:
        if self._closing or len(self._waiting) >= _MOST_WAITING:
            raise Unavailable("the database is closed or has too much to do")
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        self._wake.set()
        return future

    async def close(self) -> None:
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            await self._wake.wait()
            self._wake.clear()
            waiting, self._waiting = self._waiting, []
            for start in range(0, len(waiting), _MOST_IN_STATEMENT):
                await self._run_batch(waiting[start : start + _MOST_IN_STATEMENT])

    async def _run_batch(self, waiting: Requests[Q, R]) -> None:
        try:
            await self._run_requests(waiting)
        except Exception as error:
            for _, future in waiting:
                _fail(future, error)


class _Reader:
    """Reads by key, each in a statement that begins after the request."""

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection
        self._queue: _Queue[tuple[KeyedRead, Any], Row | None] = _Queue(self._read_batch)

    async def find(self, read: KeyedRead, key: Any) -> Row | None:
        return await self._queue.add((read, key))

    async def close(self) -> None:
        await self._queue.close()
        await self._connection.close()

    async def _read_batch(self, batch: Requests[tuple[KeyedRead, Any], Row | None]) -> None:
        kinds: dict[KeyedRead, Requests[Any, Row | None]] = {}
        for (read, key), future in batch:
            kinds.setdefault(read, []).append((key, future))
        for read, waiting in kinds.items():
            await self._read_kind(read, waiting)

    async def _read_kind(self, read: KeyedRead, waiting: Requests[Any, Row | None]) -> None:
        try:
            found = await self._find(read, [key for key, _ in waiting])
        except Exception as error:
            for _, future in waiting:
                _fail(future, error)
        else:
            for key, future in waiting:
                _complete(future, found.get(key))

    async def _find(self, read: KeyedRead, keys: list[Any]) -> dict[Any, Row]:
        try:
            rows = await self._connection.fetch(read.postgres, keys)
        except CONNECTION_LOST:  # a new connection may succeed at once; a read may run twice
            rows = await self._connection.fetch(read.postgres, keys)
        return {row[0]: row for row in rows}


class _Writer:
    """One kind of hot write: all waiting requests go into one statement."""

    def __init__(self, connection: PostgresConnection, batch: Batch) -> None:
        self._connection = connection
        self._sql = batch.postgres
        self._queue: _Queue[tuple[Any, ...], bool] = _Queue(self._save)

    async def put(self, values: tuple[Any, ...]) -> bool:
        return await self._queue.add(values)

    async def close(self) -> None:
        await self._queue.close()
        await self._connection.close()

    async def _save(self, waiting: Requests[tuple[Any, ...], bool]) -> None:
        # All processes lock rows in one order, so that no two wait for each other.
        await self._save_in_order(sorted(waiting, key=lambda item: item[0][0]))

    async def _save_in_order(self, waiting: Requests[tuple[Any, ...], bool]) -> None:
        arrays = (*zip(*(values for values, _ in waiting), strict=True), range(len(waiting)))
        try:
            rows = await _retried(lambda: self._connection.fetch(self._sql, *arrays))
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, ValueError) as error:
            await self._save_in_halves(waiting, error)
        else:
            won = {number for (number,) in rows}
            for number, (_, future) in enumerate(waiting):
                _complete(future, number in won)

    async def _save_in_halves(
        self, waiting: Requests[tuple[Any, ...], bool], error: Exception
    ) -> None:
        """Save each half, down to the row that cannot be stored, so that only its request fails."""
        if len(waiting) == 1:
            _fail(waiting[0][1], error)
            return
        middle = len(waiting) // 2
        await self._save_in_order(waiting[:middle])
        await self._save_in_order(waiting[middle:])


class _Pool:
    """A few connections, each running one statement at a time, in the order of the calls."""

    def __init__(self, connections: list[PostgresConnection]) -> None:
        self._jobs: asyncio.Queue[tuple[Any, asyncio.Future[Any]] | None] = asyncio.Queue()
        self._closing = False
        self._connections = connections
        self._tasks = [asyncio.create_task(self._work(connection)) for connection in connections]

    async def run(self, job: Callable[[PostgresConnection], Awaitable[T]]) -> T:
        if self._closing or self._jobs.qsize() >= _MOST_WAITING:
            raise Unavailable("the database is closed or has too much to do")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait((job, future))
        return await future

    async def close(self) -> None:
        self._closing = True
        for _ in self._connections:
            self._jobs.put_nowait(None)
        await asyncio.gather(*self._tasks)

    async def _work(self, connection: PostgresConnection) -> None:
        while (next_job := await self._jobs.get()) is not None:
            job, future = next_job
            try:
                _complete(future, await job(connection))
            except Exception as error:
                _fail(future, error)
        await connection.close()
