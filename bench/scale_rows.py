"""Rows of `measurements_at_scale.py`: people and their measurements, written by SQL into the real
schema, without the stores.

Measurements are in the table in the order in which a server stores them: hour by hour, those of all
people, so that those of one person are spread over the whole table.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import apsw
import asyncpg
from engines import Engine

from quantimodo.app.clock_and_entropy import SystemEntropy
from quantimodo.app.composition.services import AppContext
from quantimodo.crypto.digests import digest
from quantimodo.crypto.tokens import Kind, mint, moment_bytes
from quantimodo.model.clients import Client, SecretDigest
from quantimodo.storage.open import sqlite_path
from quantimodo.storage.timestamps import to_micros

APP, SECRET = "bench", "fake-secret-of-the-bench-0123456789abcdef"
SCOPE = "basic readmeasurements writemeasurements"
VARIABLES = 8  # of each person
_HOUR = 3_600_000_000
_LIFE = timedelta(days=90)
_NOT_DURABLE = ("synchronous = OFF", "cache_size = -3000000", "temp_store = MEMORY")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSize:
    """`measurements`: of one person; the last person has `of_busy_person` more of one variable, one
    a minute. `accesses`: rows of the access log of one person, one for ten hours."""

    people: int
    measurements: int
    of_busy_person: int
    accesses: int


class Sql(Protocol):
    """Runs statements that both engines accept."""

    def numbers(self, count: int) -> str:
        """A table `t` of the numbers `n` from 0 on."""

    async def run(self, sql: str) -> list[tuple[Any, ...]]: ...


class _SqliteStatements:
    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def numbers(self, count: int) -> str:
        more = f"SELECT n + 1 FROM r WHERE n < {count - 1}"
        return f"(WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL {more}) SELECT n FROM r) t"

    async def run(self, sql: str) -> list[tuple[Any, ...]]:
        with self._connection:
            return self._connection.execute(sql).fetchall()


class _PostgresStatements:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    def numbers(self, count: int) -> str:
        return f"(SELECT generate_series(0, {count - 1}) AS n) t"

    async def run(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._connection.fetch(sql)]


@asynccontextmanager
async def statements_of(engine: Engine) -> AsyncIterator[Sql]:
    """A connection whose writes are fast and not durable."""
    path = sqlite_path(engine.url)
    if path is not None:
        connection = apsw.Connection(str(path))
        for pragma in _NOT_DURABLE:
            connection.execute(f"PRAGMA {pragma}")
        yield _SqliteStatements(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return
    postgres = await asyncpg.connect(engine.url)
    await postgres.execute("SET synchronous_commit = off; SET maintenance_work_mem = '1GB'")
    yield _PostgresStatements(postgres)
    # As PostgreSQL's own background work does in time.
    await postgres.execute("VACUUM (ANALYZE)")
    await postgres.close()


async def fill_database(context: AppContext, engine: Engine, size: DataSize) -> None:
    """Fill an empty database. Takes minutes."""
    now = context.clock.now()
    await context.stores.clients.add_client(_app(now))
    async with statements_of(engine) as sql:
        await _people(sql, to_micros(now), size)
        await _measurements(sql, to_micros(now), size)
        await _log(sql, to_micros(now), size)
        people = [row[0] for row in await sql.run("SELECT id FROM users ORDER BY id")]
    grants = [(moment_bytes(now) + number.to_bytes(9, "big"), number) for number in people]
    issued, expires = to_micros(now), to_micros(now + _LIFE)
    await engine.fill(
        "grants",
        ("id", "client_id", "user_id", "scope", "methods", "authenticated_at", "created_at",
         "expires_at"),
        ((key, APP, person, SCOPE, "pwd", issued, issued, expires) for key, person in grants),
    )  # fmt: skip
    async with statements_of(engine) as sql:
        await sql.run("ANALYZE")


async def tokens_of(context: AppContext, engine: Engine, people: list[int]) -> dict[int, str]:
    """An access token of each person, of the grant that they have."""
    now, tokens, rows = context.clock.now(), dict[int, str](), []
    async with statements_of(engine) as sql:
        grants = dict(await sql.run(f"SELECT user_id, id FROM grants WHERE client_id = '{APP}'"))
    for person in people:
        minted = mint(Kind.ACCESS, now, SystemEntropy())
        tokens[person] = minted.raw.reveal()
        ends = to_micros(now + _LIFE)
        rows.append((minted.key, APP, grants[person], person, SCOPE, to_micros(now), ends))
    await engine.fill(
        "access_tokens",
        ("key", "client_id", "grant_id", "user_id", "scope", "issued_at", "expires_at"),
        rows,
    )
    return tokens


def _app(now: datetime) -> Client:
    return Client(
        id=APP,
        name="Bench",
        created_at=now,
        redirect_uris=("https://app.example.org/callback",),
        scope=frozenset(SCOPE.split()),
        grant_types=frozenset({"authorization_code", "client_credentials"}),
        secret=SecretDigest(digest(SECRET)),
    )


async def _people(sql: Sql, now: int, size: DataSize) -> None:
    address = "'p' || n || '@example.org'"
    await sql.run(
        "INSERT INTO users (subject, name, email, email_key, email_verified_at, created_at,"
        f" updated_at) SELECT 'person-' || n, 'Person', {address}, {address}, {now}, {now}, {now}"
        f" FROM {sql.numbers(size.people)} ORDER BY n"
    )
    await sql.run(
        "INSERT INTO variables (user_id, name, category_id, unit_id, combination, created_at)"
        f" SELECT u.id, 'Variable ' || n, 1 + n, CASE WHEN n < 4 THEN 29 ELSE 3 END, 'MEAN', {now}"
        f" FROM users u CROSS JOIN {sql.numbers(VARIABLES)} ORDER BY u.id, n"
    )
    await sql.run(
        "INSERT INTO consents (user_id, client_id, scope, granted_at, updated_at)"
        f" SELECT id, '{APP}', '{SCOPE}', {now}, {now} FROM users"
    )


async def _measurements(sql: Sql, now: int, size: DataSize) -> None:
    rounds = size.measurements // VARIABLES
    for number in range(rounds):
        hour = now - (rounds - number) * _HOUR
        await sql.run(_insert(f"{hour} + v.id % 3600 * 1000000", hour, "variables v"))
    minutes = f"{now} - 60000000 * CAST(t.n AS BIGINT)"
    last = "(SELECT max(id) AS id FROM variables)"
    source = (
        f"variables v JOIN {last} l ON l.id = v.id CROSS JOIN {sql.numbers(size.of_busy_person)}"
    )
    await sql.run(_insert(minutes, now, source, "Watch"))


def _insert(start: str, made: int, source: str, by: str = "Bench") -> str:
    value = "CAST(1 + v.id % 5 AS DOUBLE PRECISION)"
    return (
        "INSERT INTO measurements (user_id, variable_id, source, start_at, value, stored_value,"
        f" stored_unit_id, note, created_at, updated_at) SELECT v.user_id, v.id, '{by}', {start},"
        f" {value}, {value}, v.unit_id, '', {made}, {made} FROM {source}"
    )


async def _log(sql: Sql, now: int, size: DataSize) -> None:
    for number in range(size.accesses):
        at = now - (size.accesses - number) * 10 * _HOUR
        await sql.run(
            "INSERT INTO accesses (hour, first_at, last_at, user_id, client_id, action, variable,"
            f" category, measurements, requests) SELECT {at // _HOUR}, {at}, {at}, id, '{APP}',"
            " 'read', 'Variable 3', '', 100, 7 FROM users"
        )
