"""Bringing a database to this version's schema, and refusing one that it cannot serve."""

import stat
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest
from processes import Contenders
from samples import NOW, identity

from quantimodo.ports.stores import Unavailable
from quantimodo.storage.migrate import RECORDS, AppliedStep, Step, pending, shipped
from quantimodo.storage.open import (
    SchemaMismatch,
    migrate,
    open_stores,
    pending_steps,
    sqlite_path,
)
from quantimodo.storage.timestamps import to_micros


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a schema; on SQLite, of no file."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path}/new/fresh.db"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


async def _run(url: str, sql: str) -> Sequence[tuple[Any, ...]]:
    path = sqlite_path(url)
    if path is not None:
        with closing(apsw.Connection(str(path))) as file:
            rows = file.execute(sql).fetchall()
        return rows
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def _tables(url: str) -> set[str]:
    of_sqlite = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    of_postgres = "SELECT relname::text FROM pg_stat_user_tables"
    sql = of_postgres if sqlite_path(url) is None else of_sqlite
    return {row[0] for row in await _run(url, sql)}


async def test_an_empty_database_gets_every_step_once(engine: str, empty_url: str) -> None:
    ours = shipped(engine)
    assert await pending_steps(empty_url) == ours
    assert await migrate(empty_url, NOW) == ours
    assert await pending_steps(empty_url) == []
    assert await migrate(empty_url, NOW) == []
    stores = await open_stores(empty_url)
    assert await stores.users.users() == []
    await stores.close()


async def test_applied_migrations_are_on_record(engine: str, empty_url: str) -> None:
    await migrate(empty_url, NOW)
    await migrate(empty_url, datetime(2030, 1, 1, tzinfo=UTC))
    rows = await _run(
        empty_url, "SELECT number, name, checksum, applied_at FROM schema_migrations ORDER BY 1"
    )
    at = to_micros(NOW)
    assert rows == [(step.number, step.name, step.checksum, at) for step in shipped(engine)]


async def test_to_ask_what_is_pending_changes_nothing(engine: str, empty_url: str) -> None:
    await pending_steps(empty_url)
    if engine == "sqlite":
        path = sqlite_path(empty_url)
        assert path is not None
        assert not path.parent.exists()
    else:
        assert await _tables(empty_url) == set()


async def test_a_database_that_is_not_migrated_is_not_opened(engine: str, empty_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="quantimodo database migrate"):
        await open_stores(empty_url)


async def test_a_newer_database_is_refused(database_url: str) -> None:
    await _run(
        database_url,
        "INSERT INTO schema_migrations VALUES (9999, 'from_the_future', 'x', 0) RETURNING 1",
    )
    try:
        for attempt in (migrate(database_url, NOW), pending_steps(database_url)):
            with pytest.raises(SchemaMismatch, match=r"9999 .*newer version"):
                await attempt
        with pytest.raises(SchemaMismatch, match="newer version"):
            await open_stores(database_url)
    finally:
        await _run(database_url, "DELETE FROM schema_migrations WHERE number = 9999 RETURNING 1")


async def test_a_step_whose_text_was_changed_is_refused(engine: str, empty_url: str) -> None:
    await migrate(empty_url, NOW)
    await _run(
        empty_url, "UPDATE schema_migrations SET checksum = 'x' WHERE number = 1 RETURNING 1"
    )
    for attempt in (migrate(empty_url, NOW), pending_steps(empty_url)):
        with pytest.raises(SchemaMismatch, match="another text"):
            await attempt
    with pytest.raises(SchemaMismatch, match="another text"):
        await open_stores(empty_url)


async def test_a_step_that_fails_leaves_nothing_behind(engine: str, empty_url: str) -> None:
    path = sqlite_path(empty_url)
    if path is not None:
        path.parent.mkdir()
    # The last table of the first step exists already.
    await _run(empty_url, "CREATE TABLE leases (other TEXT)")
    with pytest.raises((apsw.SQLError, asyncpg.DuplicateTableError)):
        await migrate(empty_url, NOW)
    assert await _tables(empty_url) == {"leases"}
    await _run(empty_url, "DROP TABLE leases")
    assert await migrate(empty_url, NOW) == shipped(engine)


@pytest.mark.slow
async def test_of_processes_that_migrate_at_once_one_does(
    engine: str, empty_url: str, contenders: Contenders
) -> None:
    steps = await contenders.contend(4, empty_url, "migrate")
    numbers = [number for theirs in steps.values() for number in theirs]
    assert numbers == [step.number for step in shipped(engine)]
    assert await pending_steps(empty_url) == []


def test_the_steps_of_both_engines_have_the_same_names() -> None:
    names = [(step.number, step.name) for step in shipped("sqlite")]
    assert names == [(step.number, step.name) for step in shipped("postgres")]
    assert [number for number, _ in names] == list(range(1, len(names) + 1))


def test_a_step_that_was_left_out_is_refused() -> None:
    ours = [Step(number, f"step_{number}", f"SELECT {number}") for number in (1, 2, 3)]
    applied = [AppliedStep(step.number, step.name, step.checksum) for step in ours]
    assert pending(ours, applied[:1]) == ours[1:]
    with pytest.raises(SchemaMismatch, match=r"2 \(step_2\) was left out"):
        pending(ours, [applied[0], applied[2]])


async def test_the_database_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    await migrate(f"sqlite:///{path}", NOW)
    stores = await open_stores(f"sqlite:///{path}")
    await stores.throttles.hit(b"k", NOW - datetime(2026, 1, 1, tzinfo=UTC), NOW)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    await stores.close()


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///", "mysql://x", "file.db"])
async def test_an_address_of_neither_engine_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:/// or postgresql://"):
        await migrate(url, NOW)


@pytest.mark.postgres
async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    url = f"postgresql://unknown@/nothing?host={tmp_path}"
    for attempt in (migrate(url, NOW), pending_steps(url), open_stores(url)):
        with pytest.raises(Unavailable):
            await attempt


async def _execute(url: str, sql: str) -> None:
    path = sqlite_path(url)
    if path is not None:
        with closing(apsw.Connection(str(path))) as file:
            file.execute(sql)
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def test_a_database_made_before_the_first_release_is_refused(
    engine: str, empty_url: str
) -> None:
    """Its first migration has another name: its tables have other names too."""
    path = sqlite_path(empty_url)
    if path is not None:
        path.parent.mkdir()
    await _execute(
        empty_url,
        f"{RECORDS}; INSERT INTO schema_migrations VALUES (1, 'first_schema', 'x', 0),"
        " (14, 'storage_budgets', 'y', 0)",
    )
    before = await _tables(empty_url)
    for attempt in (migrate(empty_url, NOW), pending_steps(empty_url), open_stores(empty_url)):
        with pytest.raises(SchemaMismatch, match=r"before the first release.* move it") as refused:
            await attempt
        assert "quantimodo database migrate" in str(refused.value)
    assert await _tables(empty_url) == before


_HOT = ("grants", "codes", "access_tokens", "refresh_tokens")


async def test_rows_stay_where_they_are_when_a_step_runs_later(engine: str, empty_url: str) -> None:
    """A database that has the first step only keeps its rows, and the tables of tokens are not
    written anew by the others."""
    first, *later = shipped(engine)
    path = sqlite_path(empty_url)
    if path is not None:
        path.parent.mkdir()
    await _execute(
        empty_url,
        f"{RECORDS}; {first.sql}; INSERT INTO schema_migrations"
        f" VALUES (1, '{first.name}', '{first.checksum}', 0);"
        " INSERT INTO users (subject, name, email, email_key, created_at, updated_at)"
        " VALUES ('s1', 'Ann', 'ann@example.org', 'ann@example.org', 1, 1);"
        " INSERT INTO passwords (user_id, hash, changed_at) VALUES (1, 'hash', 1);"
        " INSERT INTO revoked_jwts VALUES ('jti', 99)",
    )
    assert [step.number for step in await pending_steps(empty_url)] == [
        step.number for step in later
    ]
    places = await _places_of_hot_tables(engine, empty_url)
    assert await migrate(empty_url, NOW) == later
    assert await _places_of_hot_tables(engine, empty_url) == places
    stores = await open_stores(empty_url)
    try:
        ann = await stores.users.user_by_email("ann@example.org")
        assert ann is not None
        assert ann.name == "Ann"
        assert await stores.users.password_hash(ann.id) == "hash"
        assert await stores.tokens.is_revoked_jwt("jti")
        linked = await stores.identities.add_identity(ann.id, identity("1"))
        assert await stores.identities.identities_of(ann.id) == [linked]
        assert await stores.references.units()
    finally:
        await stores.close()


async def _places_of_hot_tables(engine: str, url: str) -> Sequence[tuple[Any, ...]]:
    """The files of the tables in PostgreSQL: another file means that a table was written anew."""
    if engine == "sqlite":
        return ()
    columns = ", ".join(f"pg_relation_filenode('{table}')" for table in _HOT)
    return await _run(url, f"SELECT {columns}")
