"""Whether a database is intact: checked by the engines themselves, not by our code."""

import asyncio
import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import apsw
import asyncpg

from support.postgres import PostgresServer, off_loop


class Integrity(Protocol):
    def after_a_kill(self) -> None:
        """Fails the test if the kill did any damage."""

    def at_the_end(self) -> None:
        """The same, more thoroughly."""


@dataclass(frozen=True, slots=True)
class SqliteIntegrity:
    path: Path

    def after_a_kill(self) -> None:
        # No other process has the file open: this connection is the one that recovers the log.
        with closing(apsw.Connection(str(self.path))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []

    at_the_end = after_a_kill


@dataclass(slots=True)
class PostgresIntegrity:
    """The server must not even have noticed: it never restarts, and its tables are sound."""

    url: str
    server: PostgresServer
    _started_at: object = None

    def after_a_kill(self) -> None:
        started_at = off_loop(self._ask)
        self._started_at = self._started_at or started_at
        assert started_at == self._started_at

    def at_the_end(self) -> None:
        self.after_a_kill()
        place = ["--host", str(self.server.folder), "--username", "quantimodo"]
        name = self.url.partition("@/")[2].partition("?")[0]
        # Every row is read, and every index made anew, the unique ones among them.
        self.server.program("pg_dump", *place, "--file", os.devnull, name)
        self.server.program("reindexdb", *place, "--quiet", name)

    async def _ask(self) -> object:
        async with asyncio.timeout(30):
            connection = await asyncpg.connect(self.url)
            try:
                return await connection.fetchval("SELECT pg_postmaster_start_time()")
            finally:
                await connection.close()
