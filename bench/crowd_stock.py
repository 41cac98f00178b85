"""A crowd and what it measured: written past the stores, by SQL, into the real schema.

Measurements lie in the table as they come in in life: hour by hour, those of all people side by
side, so that those of one person are strewn over the whole of it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import apsw
import asyncpg
from engines import Engine

from quantimodo.app.environment import SystemEntropy
from quantimodo.app.services import AppContext
from quantimodo.crypto.digests import digest
from quantimodo.crypto.tokens import Kind, mint, moment_bytes
from quantimodo.model.clients import Client, SecretDigest
from quantimodo.storage.open import sqlite_path
from quantimodo.storage.timestamps import to_micros

APP, SECRET = "crowd", "fake-secret-of-the-crowd-bench-0123456789ab"
SCOPE = "basic readmeasurements writemeasurements"
VARIABLES = 8  # of each person
_HOUR = 3_600_000_000
_LIFE = timedelta(days=90)
_QUICK = ("synchronous = OFF", "cache_size = -3000000", "temp_store = MEMORY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """`each`: measurements of one person; the last person has `busy` more of one variable, one a
    minute. `lines`: of the access log of one person, one an hour."""

    people: int
    each: int
    busy: int
    lines: int


class Sql(Protocol):
    """Statements in the words that both engines know."""

    def numbers(self, count: int) -> str:
        """A table `t` of the numbers `n` from 0 on."""

    async def run(self, sql: str) -> list[tuple[Any, ...]]: ...


class _OfSqlite:
    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def numbers(self, count: int) -> str:
        more = f"SELECT n + 1 FROM r WHERE n < {count - 1}"
        return f"(WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL {more}) SELECT n FROM r) t"

    async def run(self, sql: str) -> list[tuple[Any, ...]]:
        with self._connection:
            return self._connection.execute(sql).fetchall()


class _OfPostgres:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    def numbers(self, count: int) -> str:
        return f"(SELECT generate_series(0, {count - 1}) AS n) t"

    async def run(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._connection.fetch(sql)]


@asynccontextmanager
async def sql_of(engine: Engine) -> AsyncIterator[Sql]:
    """A connection that is quick and not durable."""
    path = sqlite_path(engine.url)
    if path is not None:
        connection = apsw.Connection(str(path))
        for pragma in _QUICK:
            connection.execute(f"PRAGMA {pragma}")
        yield _OfSqlite(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return
    postgres = await asyncpg.connect(engine.url)
    await postgres.execute("SET synchronous_commit = off; SET maintenance_work_mem = '1GB'")
    yield _OfPostgres(postgres)
    # As PostgreSQL's own background work does in time.
    await postgres.execute("VACUUM (ANALYZE)")
    await postgres.close()


async def gather_crowd(context: AppContext, engine: Engine, crowd: Crowd) -> None:
    """Fill an empty database. Minutes."""
    now = context.clock.now()
    await context.stores.clients.add_client(_app(now))
    async with sql_of(engine) as sql:
        await _people(sql, to_micros(now), crowd)
        await _measurements(sql, to_micros(now), crowd)
        await _log(sql, to_micros(now), crowd)
        people = [row[0] for row in await sql.run("SELECT id FROM users ORDER BY id")]
    grants = [(moment_bytes(now) + number.to_bytes(9, "big"), number) for number in people]
    issued, expires = to_micros(now), to_micros(now + _LIFE)
    await engine.fill(
        "grants",
        ("id", "client_id", "user_id", "scope", "methods", "authenticated_at", "created_at",
         "expires_at"),
        ((key, APP, person, SCOPE, "pwd", issued, issued, expires) for key, person in grants),
    )  # fmt: skip
    async with sql_of(engine) as sql:
        await sql.run("ANALYZE")


async def tokens_of(context: AppContext, engine: Engine, people: list[int]) -> dict[int, str]:
    """An access token of each, of the authorization that they gave."""
    now, tokens, rows = context.clock.now(), dict[int, str](), []
    async with sql_of(engine) as sql:
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
        name="Crowd",
        created_at=now,
        redirect_uris=("https://app.example.org/callback",),
        scope=frozenset(SCOPE.split()),
        grant_types=frozenset({"authorization_code", "client_credentials"}),
        secret=SecretDigest(digest(SECRET)),
    )


async def _people(sql: Sql, now: int, crowd: Crowd) -> None:
    address = "'p' || n || '@example.org'"
    await sql.run(
        "INSERT INTO users (subject, name, email, email_key, email_verified_at, created_at,"
        f" updated_at) SELECT 'crowd-' || n, 'Person', {address}, {address}, {now}, {now}, {now}"
        f" FROM {sql.numbers(crowd.people)} ORDER BY n"
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


async def _measurements(sql: Sql, now: int, crowd: Crowd) -> None:
    rounds = crowd.each // VARIABLES
    for number in range(rounds):
        hour = now - (rounds - number) * _HOUR
        await sql.run(_insert(f"{hour} + v.id % 3600 * 1000000", hour, "variables v"))
    minutes = f"{now} - 60000000 * CAST(t.n AS BIGINT)"
    last = "(SELECT max(id) AS id FROM variables)"
    source = f"variables v JOIN {last} l ON l.id = v.id CROSS JOIN {sql.numbers(crowd.busy)}"
    await sql.run(_insert(minutes, now, source, "Watch"))


def _insert(start: str, made: int, source: str, by: str = "Bench") -> str:
    value = "CAST(1 + v.id % 5 AS DOUBLE PRECISION)"
    return (
        "INSERT INTO measurements (user_id, variable_id, source, start_at, value, stored_value,"
        f" stored_unit_id, note, created_at, updated_at) SELECT v.user_id, v.id, '{by}', {start},"
        f" {value}, {value}, v.unit_id, '', {made}, {made} FROM {source}"
    )


async def _log(sql: Sql, now: int, crowd: Crowd) -> None:
    for number in range(crowd.lines):
        at = now - (crowd.lines - number) * 10 * _HOUR
        await sql.run(
            "INSERT INTO accesses (hour, first_at, last_at, user_id, client_id, action, variable,"
            f" category, measurements, requests) SELECT {at // _HOUR}, {at}, {at}, id, '{APP}',"
            " 'read', 'Variable 3', '', 100, 7 FROM users"
        )
