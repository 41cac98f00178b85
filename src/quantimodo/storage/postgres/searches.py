"""PostgreSQL reads that may take long, on separate connections, with a deadline."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from quantimodo.ports.stores import TooSlow, Unavailable
from quantimodo.storage.database import Row, SearchPolicy, Statement
from quantimodo.storage.postgres.connections import (
    CONNECT_SECONDS,
    KEYED_SETTINGS,
    PostgresConnection,
    outcome_of,
)


class Searches:
    """Connections for reads that may take long, each for one search at a time.

    A search runs in its caller's task, so that cancelling the caller cancels the statement.
    """

    def __init__(self, url: str, policy: SearchPolicy, connections: int) -> None:
        settings = (
            f"{KEYED_SETTINGS} SET statement_timeout = {max(1, round(policy.seconds * 1000))};"
        )
        seconds = policy.seconds + CONNECT_SECONDS
        self._connections = [
            PostgresConnection(url, settings, seconds=seconds) for _ in range(connections)
        ]
        self._number = connections
        self._free = asyncio.Semaphore(connections)
        self._most = connections + policy.waiting
        self._unfinished = 0
        self._closing = False

    async def run(self, statement: Statement, values: Sequence[Any]) -> list[Row]:
        """The rows of a search. Raises `Unavailable` when too many wait, and `TooSlow` after the
        deadline."""
        if self._closing or self._unfinished >= self._most:
            raise Unavailable("too many searches are waiting")
        self._unfinished += 1
        try:
            async with self._free:
                return await self._run(statement, values)
        finally:
            self._unfinished -= 1

    async def close(self) -> None:
        """Wait for running statements, at most for their deadline, and disconnect."""
        if self._closing:
            return
        self._closing = True
        for _ in range(self._number):
            await self._free.acquire()
        await asyncio.gather(*(connection.close() for connection in self._connections))

    async def _run(self, statement: Statement, values: Sequence[Any]) -> list[Row]:
        if self._closing:
            raise Unavailable("the database is closed")
        connection = self._connections.pop()
        try:
            return await connection.search(statement.postgres, *statement.arguments(tuple(values)))
        except asyncpg.QueryCanceledError as error:
            raise TooSlow("the search took too long and was cancelled") from error
        except Exception as error:
            raise outcome_of(error) from error
        finally:
            self._connections.append(connection)
