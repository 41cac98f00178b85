"""Bringing a database to this version's schema, and refusing one that it cannot serve."""

import sqlite3
import stat
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from processes import contend
from samples import NOW, client, identity

from quantimodo.ports.stores import Unavailable
from quantimodo.storage.migrate import RECORDS, Applied, Step, pending, shipped
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
        with sqlite3.connect(path) as file:
            rows = file.execute(sql).fetchall()
        file.close()
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
    assert await stores.users() == []
    await stores.close()


async def test_what_was_applied_is_on_record(engine: str, empty_url: str) -> None:
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


async def test_both_engines_have_the_same_tables_and_columns(
    sqlite_url: str, postgres_url: str
) -> None:
    columns = {}
    for table in await _tables(postgres_url):
        columns[table] = [
            row[0]
            for row in await _run(
                postgres_url,
                "SELECT column_name::text FROM information_schema.columns"
                f" WHERE table_name = '{table}' ORDER BY ordinal_position",
            )
        ]
    assert await _tables(sqlite_url) == set(columns)
    for table, names in columns.items():
        found = await _run(sqlite_url, f"SELECT name FROM pragma_table_info('{table}')")
        assert [row[0] for row in found] == names


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
    # The last table of the first step is in its way.
    await _run(empty_url, "CREATE TABLE leases (in_the_way TEXT)")
    with pytest.raises((sqlite3.OperationalError, asyncpg.DuplicateTableError)):
        await migrate(empty_url, NOW)
    assert await _tables(empty_url) == {"leases"}
    await _run(empty_url, "DROP TABLE leases")
    assert await migrate(empty_url, NOW) == shipped(engine)


@pytest.mark.slow
async def test_of_processes_that_migrate_at_once_one_does(engine: str, empty_url: str) -> None:
    steps = await contend(4, empty_url, "migrate")
    numbers = [number for theirs in steps.values() for number in theirs]
    assert numbers == [step.number for step in shipped(engine)]
    assert await pending_steps(empty_url) == []


def test_the_steps_of_both_engines_have_the_same_names() -> None:
    names = [(step.number, step.name) for step in shipped("sqlite")]
    assert names == [(step.number, step.name) for step in shipped("postgres")]
    assert [number for number, _ in names] == list(range(1, len(names) + 1))


def test_a_step_that_was_left_out_is_refused() -> None:
    ours = [Step(number, f"step_{number}", f"SELECT {number}") for number in (1, 2, 3)]
    applied = [Applied(step.number, step.name, step.checksum) for step in ours]
    assert pending(ours, applied[:1]) == ours[1:]
    with pytest.raises(SchemaMismatch, match=r"2 \(step_2\) was left out"):
        pending(ours, [applied[0], applied[2]])


async def test_the_database_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    await migrate(f"sqlite:///{path}", NOW)
    stores = await open_stores(f"sqlite:///{path}")
    await stores.hit(b"k", NOW - datetime(2026, 1, 1, tzinfo=UTC), NOW)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    await stores.close()


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///", "mysql://x", "file.db"])
async def test_an_address_of_neither_engine_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:/// or postgresql://"):
        await migrate(url, NOW)


@pytest.mark.postgres
async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    url = f"postgresql://nobody@/nothing?host={tmp_path}"
    for attempt in (migrate(url, NOW), pending_steps(url), open_stores(url)):
        with pytest.raises(Unavailable):
            await attempt


async def test_redirect_uris_that_were_there_are_indexed(engine: str, database_url: str) -> None:
    stores = await open_stores(database_url)
    registered = ("https://a.example/b?c=d", "http://127.0.0.1:8000/e", "http://127.0.0.1/e")
    try:
        await stores.add_client(client("migrated", redirect_uris=registered))
        await stores.add_client(client("migrated-six", redirect_uris=("http://[::1]:1?f",)))
        await stores.add_client(client("migrated-none"))
        await _execute(database_url, "DROP TABLE redirect_uris")
        (step,) = (step for step in shipped(engine) if step.name == "redirect_uris")
        await _execute(database_url, step.sql)
        for uri in (*registered, "http://127.0.0.1:9/e"):
            assert [c.id for c in await stores.clients_by_redirect_uri(uri)] == ["migrated"]
        (found,) = await stores.clients_by_redirect_uri("http://[::1]:2?f")
        assert found.id == "migrated-six"
        assert await stores.clients_by_redirect_uri("") == []
    finally:
        for name in ("migrated", "migrated-six", "migrated-none"):
            await stores.delete_client(name)
        await stores.close()


async def _execute(url: str, sql: str) -> None:
    path = sqlite_path(url)
    if path is not None:
        with sqlite3.connect(path) as file:
            file.executescript(sql)
        file.close()
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def test_people_of_the_first_release_are_there_after_the_second_step(
    engine: str, empty_url: str
) -> None:
    """A database that the first release made and used, brought to this version."""
    first, second, *_ = shipped(engine)
    assert (first.number, second.name) == (1, "sign_in_through_providers")
    path = sqlite_path(empty_url)
    if path is not None:
        path.parent.mkdir()
    await _execute(empty_url, f"{RECORDS}; {first.sql}")
    await _execute(
        empty_url,
        f"INSERT INTO schema_migrations VALUES (1, '{first.name}', '{first.checksum}', 0);"
        " INSERT INTO users (subject, name, email, email_key, created_at, updated_at)"
        " VALUES ('s1', 'Ann', 'ann@example.org', 'ann@example.org', 1, 1);"
        " INSERT INTO passwords VALUES (1, 'hash', 1);"
        " INSERT INTO revoked_jwts VALUES ('jti', 99)",
    )
    assert [step.number for step in await pending_steps(empty_url)] == [
        step.number for step in shipped(engine)[1:]
    ]
    await migrate(empty_url, NOW)
    stores = await open_stores(empty_url)
    try:
        ann = await stores.user_by_email("ann@example.org")
        assert ann is not None
        assert await stores.password_hash(ann.id) == "hash"
        assert await stores.is_revoked_jwt("jti")
        linked = await stores.add_identity(ann.id, identity("1"))
        assert await stores.identities_of(ann.id) == [linked]
        assert await stores.drop_identity(ann.id, linked.id)
    finally:
        await stores.close()


async def test_addresses_beyond_ascii_get_their_new_keys(engine: str, empty_url: str) -> None:
    """They were keyed by Unicode's folding, which takes one person's address for another's."""
    steps = shipped(engine)
    number = next(step.number for step in steps if step.name == "exact_addresses")
    path = sqlite_path(empty_url)
    if path is not None:
        path.parent.mkdir()
    await _execute(empty_url, RECORDS)
    for step in steps[: number - 1]:
        await _execute(empty_url, step.sql)
        await _execute(
            empty_url,
            "INSERT INTO schema_migrations VALUES"
            f" ({step.number}, '{step.name}', '{step.checksum}', 0)",
        )
    addresses = {
        "Straße@example.org": "strasse@example.org",
        "μεσος@example.org": "μεσοσ@example.org",
    }
    addresses |= {"Ann@example.org": "ann@example.org", "ÄNN@example.org": "änn@example.org"}
    for index, (email, key) in enumerate(addresses.items()):
        await _execute(
            empty_url,
            "INSERT INTO users (subject, name, email, email_key, created_at, updated_at)"
            f" VALUES ('s{index}', 'Ann', '{email}', '{key}', 1, 1)",
        )
    await migrate(empty_url, NOW)
    stores = await open_stores(empty_url)
    try:
        for email in addresses:
            found = await stores.user_by_email(email)
            assert found is not None, email
            assert found.email == email
        for another in ("strasse@example.org", "μεσοσ@example.org"):
            assert await stores.user_by_email(another) is None
    finally:
        await stores.close()


_MANY = 100_000
_HOT = ("grants", "codes", "access_tokens", "refresh_tokens")
# Keys are blobs, which the engines spell apart; all else is the same text.
_KEY = {
    "sqlite": "CAST(printf('%032d', i) AS BLOB)",
    "postgres": "convert_to(lpad(i::text, 32, '0'), 'UTF8')",
}
_FILLINGS = (
    "users (subject, name, email, email_key, created_at, updated_at)"
    " SELECT 's' || i, 'Ann', 'a' || i || '@example.org', 'a' || i || '@example.org', 1, 1 FROM n",
    "clients SELECT 'c' || i, 1, NULL, 'App', '', '', '', '',"
    " 'https://a' || i || '.example/b\nhttp://127.0.0.1:' || (i % 60000) || '/c', 'basic',"
    " 'authorization_code', 'code', 0, 0, 0, 0, 'opaque', 'RS256', NULL, NULL, NULL, 1, NULL"
    " FROM n WHERE i <= 2000",
    "sessions SELECT {key}, i, 1, 1, 1, 1, 'pwd', '', '' FROM n",
    "consents SELECT i, 'c' || (i % 2000 + 1), 'basic', 1, 1 FROM n",
    "grants SELECT {key}, 'c' || (i % 2000 + 1), i, 'basic', 'pwd', 1, 1, 1, NULL FROM n",
    "codes SELECT {key}, {key}, NULL, NULL, NULL, 1, 1 FROM n",
    "access_tokens SELECT {key}, 'c' || (i % 2000 + 1), {key}, i, 'basic', 1, 1 FROM n",
    "refresh_tokens SELECT {key}, {key}, 1, 1, NULL, NULL FROM n",
)


@pytest.mark.slow
async def test_a_database_with_many_rows_is_current_in_seconds(engine: str, empty_url: str) -> None:
    """What the first release filled. A step that goes row by row in Python, or looks through one
    table for each row of another, would take many minutes."""
    first = shipped(engine)[0]
    path = sqlite_path(empty_url)
    if path is not None:
        path.parent.mkdir()
    await _execute(
        empty_url,
        f"{RECORDS}; {first.sql}; INSERT INTO schema_migrations"
        f" VALUES (1, '{first.name}', '{first.checksum}', 0)",
    )
    numbers = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {_MANY})"
    for filling in _FILLINGS:
        await _execute(empty_url, f"{numbers} INSERT INTO {filling.format(key=_KEY[engine])}")
    before = await _places_of_hot_tables(engine, empty_url)
    begun_at = time.monotonic()
    await migrate(empty_url, NOW)
    assert time.monotonic() - begun_at < 30  # two or three, on an idle machine
    assert await _places_of_hot_tables(engine, empty_url) == before


async def _places_of_hot_tables(engine: str, url: str) -> Sequence[tuple[Any, ...]]:
    """Where PostgreSQL keeps each: another place would mean that it was written anew."""
    if engine == "sqlite":
        return ()
    columns = ", ".join(f"pg_relation_filenode('{table}')" for table in _HOT)
    return await _run(url, f"SELECT {columns}")
