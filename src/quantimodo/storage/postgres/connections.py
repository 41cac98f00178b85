"""A connection to PostgreSQL that is opened when it is needed, and again after it was lost.

Owns the settings of connections and the meaning of their faults. Knows no queue and no table.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg

from quantimodo.ports.stores import Conflict, Unavailable
from quantimodo.storage.database import Operation, Row, T

CONNECT_SECONDS = 5.0
_STATEMENT_SECONDS = 15.0  # longer than the server's own limit: only a broken network reaches it
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0

# Every statement finds its rows by an index, and the settings fix such plans: a plan that was made
# while a table was empty must still be right when it has ten million rows.
BATCH_SETTINGS = """
SET synchronous_commit = on;
SET default_transaction_isolation = 'read committed';
SET statement_timeout = '10s';
SET lock_timeout = '5s';
SET idle_in_transaction_session_timeout = '20s';
SET jit = off;
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
"""
KEYED_SETTINGS = f"{BATCH_SETTINGS} SET enable_hashjoin = off; SET enable_mergejoin = off;"

FAULTS = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
CONNECTION_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)


async def connect(
    url: str, settings: str = KEYED_SETTINGS, *, seconds: float | None = _STATEMENT_SECONDS
) -> asyncpg.Connection:
    """A connection with this server's settings. Raises `Unavailable`, whose cause says why."""
    try:
        connection = await asyncpg.connect(
            url,
            timeout=CONNECT_SECONDS,
            command_timeout=seconds,
            statement_cache_size=300,
            max_cached_statement_lifetime=0,
        )
        await connection.execute(settings)
    except (*FAULTS, ValueError) as error:  # asyncpg raises ValueError for some addresses
        raise Unavailable("PostgreSQL does not accept the connection") from error
    return connection


async def _begin(connection: asyncpg.Connection) -> asyncpg.Connection:
    await connection.execute("BEGIN")
    return connection


async def _drive(connection: asyncpg.Connection, operation: Operation[T]) -> T:
    try:
        statement, values = next(operation)
        while True:
            records = await connection.fetch(statement.postgres, *statement.arguments(values))
            statement, values = operation.send([tuple(record) for record in records])
    except StopIteration as end:
        result: T = end.value
        return result


def outcome_of(error: Exception) -> Exception:
    """The exception for the caller: one of `ports/stores.py` for a fault of the database, otherwise
    the error itself."""
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        translated: Exception = Conflict("the name is taken")
    elif isinstance(error, asyncpg.DataError):
        translated = ValueError("a value that the database cannot keep")
    elif isinstance(error, FAULTS) and not isinstance(error, ValueError):
        translated = Unavailable("the database could not respond")
    else:
        return error
    translated.__cause__ = error
    return translated


def _never_sent(error: asyncpg.InternalClientError) -> bool:
    """Whether asyncpg did not send the statement, because it had read the server's notice of the
    shutdown but not yet the end of the connection."""
    # asyncpg has no exception for this; it checks the state before it writes anything.
    return str(error).startswith("cannot switch to state")


class PostgresConnection:
    """One connection, opened when it is needed, and again after it was lost.

    After a refused connection none is tried for a pause that doubles with each refusal, from 50 ms
    up to two seconds; meanwhile calls raise `Unavailable` at once.
    """

    def __init__(
        self,
        url: str,
        settings: str,
        connection: asyncpg.Connection | None = None,
        *,
        seconds: float = _STATEMENT_SECONDS,
    ) -> None:
        self._url = url
        self._settings = settings
        self._connection = connection
        self._timeout = seconds
        self._pause = _FIRST_PAUSE
        self._retry_at = 0.0

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        """One statement in a separate transaction."""
        rows = await self._send(lambda connection: connection.fetch(sql, *values))
        return [tuple(record) for record in rows]

    async def search(self, sql: str, *values: Any) -> list[Row]:
        """One SELECT. When the caller is cancelled, asyncpg cancels the statement on the server
        and the connection stays in use."""
        connection = await self._open()
        try:
            rows = await connection.fetch(sql, *values)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._disconnect_after(error)
            raise
        return [tuple(record) for record in rows]

    async def transaction(self, operation: Callable[[], Operation[T]]) -> T:
        """Run the operation in one transaction, rolled back when it raises. A connection that
        failed is not used again."""
        connection = await self._send(_begin)
        try:
            result = await _drive(connection, operation())
            await connection.execute("COMMIT")
        except BaseException as error:
            self._disconnect_after(error)
            if not connection.is_closed():
                await self._roll_back(connection)
            raise
        return result

    async def close(self) -> None:
        """Disconnect; a connection that is broken already is no error."""
        if self._connection is not None and not self._connection.is_closed():
            with suppress(*FAULTS):
                await self._connection.close(timeout=CONNECT_SECONDS)

    async def _send(self, statement: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Run the statement on the open connection, or on a new one if the connection had ended
        before the statement was sent."""
        try:
            return await self._run(statement)
        except asyncpg.InternalClientError as error:
            if not _never_sent(error):
                raise
            return await self._run(statement)

    async def _run(self, statement: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        connection = await self._open()
        try:
            return await statement(connection)
        except BaseException as error:
            self._disconnect_after(error)
            raise

    async def _open(self) -> asyncpg.Connection:
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        now = asyncio.get_running_loop().time
        if now() < self._retry_at:
            raise Unavailable("PostgreSQL did not accept the last connection")
        try:
            self._connection = await connect(self._url, self._settings, seconds=self._timeout)
        except Unavailable:
            self._retry_at = now() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            raise
        self._pause = _FIRST_PAUSE
        return self._connection

    def _disconnect_after(self, error: BaseException) -> None:
        """Disconnect when the next statement would have the same fault."""
        # A primary that was replaced still responds, but stores nothing. A connection whose
        # response was not awaited may still receive it.
        connection_errors = (
            *CONNECTION_LOST,
            TimeoutError,
            asyncio.CancelledError,
            asyncpg.ReadOnlySQLTransactionError,
            asyncpg.InternalClientError,
        )
        if self._connection is not None and isinstance(error, connection_errors):
            self._connection.terminate()

    async def _roll_back(self, connection: asyncpg.Connection) -> None:
        try:
            await connection.execute("ROLLBACK")
        except FAULTS:
            connection.terminate()
