"""How the engines find rows: by a key or an index, on an empty table as on a big one.

Checks every statement of `storage/tables`.
"""

import json
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from quantimodo.storage import tables
from quantimodo.storage.database import Batch, KeyedRead, Statement
from quantimodo.storage.open import sqlite_path
from quantimodo.storage.postgres import connections as postgres
from quantimodo.storage.tables.budgets import BudgetedTable
from quantimodo.storage.tables.table import Table
from support.checks import not_empty

# Read whole, and small or read in the order of a key up to a limit; why, is said there.
_MAY_WALK = {"keys._ALL", "mails._RECENT", *(f"retention.{name}" for name in ("codes", "grants"))}
_MAY_WALK |= {
    f"retention.{name}"
    for name in ("access_tokens", "refresh_tokens", "events", "accesses", "admin_actions")
}
_MAY_WALK |= {"retention.client_requests"}  # from the oldest row on
# At most 10,000 documents, of which those over the limit are deleted; the APIs that are registered.
_MAY_WALK |= {f"client_documents.{name}" for name in ("_EXCESS_OF_ALL", "_WITHOUT_CONSENT_OF_ALL")}
_MAY_WALK |= {"resources._ALL"}
# At most 10,000 invitations, counted before an administrator adds one.
_MAY_WALK |= {"invitations._COUNT"}
# Invitations to teams, which live a week, when an account is deleted.
_MAY_WALK |= {"client_teams._DELETE_OF_PERSON"}
# A partial index of the operator's own applications, read in order up to a limit.
_MAY_WALK |= {"clients._FIRST_PARTY_NAMES"}
# A partial index of the administrators.
_MAY_WALK |= {f"people_search.{name}" for name in ("_ADMINISTRATORS", "_LOCK_ROLE", "_REMOVE_ROLE")}
# A handful of rows each.
_MAY_WALK |= {"retention.signing_keys", "retention.leases", "keys._ADD", "registrations._ALL"}
_MAY_WALK |= {
    f"variables.{name}" for name in ("_UNITS", "_UNIT_CATEGORIES", "_VARIABLE_CATEGORIES")
}
# One row for each sign-in provider. Queues are read from the oldest row on, up to a limit.
_MAY_WALK |= {"retention.provider_outcomes", "server_state._PROVIDERS"}
# One row for each condition of the server.
_MAY_WALK |= {"retention.alerts", "alerts._ALL"}
_MAY_WALK |= {f"server_state.{name}" for name in ("_MAILS", "_DELIVERIES", "_SIZE")}
# A process reads these once in a sixty-fourth of the budget, and no more than 10,000 rows.
_MAY_WALK |= {
    f"{table}.{name}"
    for table in (
        "authorizations._REQUESTS",
        "device_authorizations._DEVICES",
        "login_states._LOGIN_STATES",
        "login_states._LOGIN_CODES",
        "sessions._EMAIL_TOKENS",
        "clients._UNUSED",
        "mails._OF_STRANGERS",
        "mails._OF_ACCOUNTS",
        "mails._EVENTS",
    )
    for name in ("sum_of_all", "evict_of_all")
}


_OF_VALUES = re.compile(r"CONSTANT ROW|VALUES CLAUSE")  # rows of the statement itself
_OF_A_PART = re.compile(r"SCAN (\(subquery|oldest_rows|recent_rows)")


def _all() -> Iterator[tuple[str, Any]]:
    for module_info in pkgutil.iter_modules(tables.__path__):
        module = import_module(f"{tables.__name__}.{module_info.name}")
        for name, value in vars(module).items():
            found = value.items() if isinstance(value, dict) else [(name, value)]
            if isinstance(value, BudgetedTable):
                # The lock is a call, which reads no table.
                found = [
                    (f"{name}.{each}", one) for each, one in vars(value).items() if each != "lock"
                ]
            if isinstance(value, type) and issubclass(value, Table):
                for rule in value.retention:
                    if isinstance(rule.delete, Statement):
                        yield f"retention.{rule.table}", rule.delete
            for key, statement in found:
                if isinstance(statement, Statement | KeyedRead | Batch):
                    yield f"{module_info.name}.{key}", statement


_STATEMENTS = dict(_all())
_READS = {name: read for name, read in _STATEMENTS.items() if isinstance(read, KeyedRead)}
_BATCHES = {batch.name: batch for batch in _STATEMENTS.values() if isinstance(batch, Batch)}
_OTHERS = {name: one for name, one in _STATEMENTS.items() if isinstance(one, Statement)}


def test_there_is_something_to_look_at() -> None:
    assert {"tokens._FIND_ACCESS_TOKEN", "clients._BY_ID", "sessions._BY_KEY"} <= set(_READS)
    assert set(_BATCHES) == {"store access token", "redeem", "rotate"}
    assert len(_OTHERS) > 40
    assert set(_STATEMENTS) >= _MAY_WALK


# ---------------------------------------------------------------------------------------- SQLite


@pytest.fixture
def file(sqlite_url: str) -> Iterator[apsw.Connection]:
    path = sqlite_path(sqlite_url)
    assert isinstance(path, Path)
    connection = apsw.Connection(str(path))
    yield connection
    connection.close()


def _sqlite_plan(file: apsw.Connection, sql: str) -> list[str]:
    numbers = [int(number) for number in re.findall(r"\?(\d+)", sql)]
    values = [None] * max(numbers, default=0)
    return [row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


# What is read in the event loop on SQLite: a bounded number of rows by a unique key.
_IN_THE_LOOP = {
    f"{module.name}.{name}"
    for module in pkgutil.iter_modules(tables.__path__)
    for name in re.findall(
        r"_database\.rows\((\w+)", (Path(tables.__path__[0]) / f"{module.name}.py").read_text()
    )
}


def test_reads_in_the_event_loop_are_named_here() -> None:
    assert "measurements._ONE" in _IN_THE_LOOP
    # A composed statement has no name, and is searched beside the event loop.
    assert set(_STATEMENTS) >= _IN_THE_LOOP


@pytest.mark.parametrize("name", sorted(_IN_THE_LOOP))
def test_the_event_loop_reads_by_unique_keys_alone(file: apsw.Connection, name: str) -> None:
    steps = [
        step
        for step in _sqlite_plan(file, _STATEMENTS[name].sqlite)
        if step.startswith(("SEARCH", "SCAN"))
    ]
    for step in not_empty(steps):
        assert re.match(r"SEARCH \w+ USING .*(PRIMARY KEY|sqlite_autoindex)", step), step


@pytest.mark.parametrize("name", _READS)
def test_sqlite_reads_by_unique_keys_alone(file: apsw.Connection, name: str) -> None:
    steps = _sqlite_plan(file, _READS[name].sqlite)
    assert steps
    for step in steps:
        assert re.match(r"SEARCH \w+ USING .*(PRIMARY KEY|sqlite_autoindex)", step), step


@pytest.mark.parametrize("name", sorted(_OTHERS))
def test_sqlite_scans_no_table(file: apsw.Connection, name: str) -> None:
    steps = _sqlite_plan(file, _OTHERS[name].sqlite)
    walks = [step for step in steps if step.startswith("SCAN") and not _OF_VALUES.search(step)]
    walks = [
        step for step in walks if not re.match(r"SCAN (\(subquery|oldest_rows|recent_rows)", step)
    ]
    assert not walks or name in _MAY_WALK, walks


@pytest.mark.parametrize("name", _BATCHES)
def test_sqlite_writes_batches_by_primary_keys_alone(file: apsw.Connection, name: str) -> None:
    widths = {"store access token": 9, "redeem": 15, "rotate": 16}
    operation = _BATCHES[name].sqlite([(bytes([n]), *([1] * (widths[name] - 1))) for n in (1, 2)])
    statement, values = next(operation)
    plan = file.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", values)
    steps = [row[3] for row in plan if not _OF_VALUES.search(row[3])]
    walks = [step for step in steps if step.startswith("SCAN") and step != "SCAN v"]
    assert not walks, steps
    assert name == "store access token" or any("PRIMARY KEY" in step for step in steps), steps


def test_sqlite_follows_every_foreign_key_by_an_index(file: apsw.Connection) -> None:
    names = [row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    followed = 0
    for table in names:
        for key in file.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            (step,) = _sqlite_plan(file, f"SELECT 1 FROM {table} WHERE {key[3]} = ?1")
            assert step.startswith("SEARCH"), (table, key[3])
            followed += 1
    assert followed > 5


# ------------------------------------------------------------------------------------ PostgreSQL


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


_FORGET_MEASURES = """
    UPDATE pg_class SET relpages = 0, reltuples = -1, relallvisible = 0
    WHERE relkind IN ('r', 'i') AND relnamespace = current_schema()::regnamespace;
    DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class
        WHERE relkind IN ('r', 'i') AND relnamespace = current_schema()::regnamespace)
"""


async def _postgres_plan(connection: asyncpg.Connection, sql: str) -> list[dict[str, Any]]:
    """The plan that the server's connections cache, on tables without statistics."""
    numbers = [int(number) for number in re.findall(r"\$(\d+)", sql)]
    # Autovacuum may have measured the tables of a database that other tests used.
    await connection.execute(_FORGET_MEASURES)
    await connection.execute(f"PREPARE looked_at AS {sql}")
    nothing = ", ".join(["NULL"] * max(numbers, default=0))
    call = f"EXECUTE looked_at({nothing})" if nothing else "EXECUTE looked_at"
    plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {call}"))
    return list(_nodes(plan[0]["Plan"]))


_UNIQUE_INDEXES = """
    SELECT array_agg(c.relname::text) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indisunique AND c.relnamespace = current_schema()::regnamespace
"""


def _looks_up(node: dict[str, Any]) -> bool:
    return "Index Cond" in node or node["Node Type"] in ("ModifyTable", "Bitmap Heap Scan")


@pytest.mark.postgres
@pytest.mark.parametrize("name", _READS)
async def test_postgres_reads_by_unique_keys_alone(unused_postgres_url: str, name: str) -> None:
    connection = await postgres.connect(unused_postgres_url)
    try:
        nodes = await _postgres_plan(connection, _READS[name].postgres)
        unique = await connection.fetchval(_UNIQUE_INDEXES)
    finally:
        await connection.close()
    entered = [node for node in nodes if "Relation Name" in node]
    assert entered
    for node in entered:
        assert _looks_up(node), node
    for node in nodes:
        assert node.get("Index Name") in (None, *unique), node
        assert node["Node Type"] not in ("Hash Join", "Merge Join"), node


@pytest.mark.postgres
@pytest.mark.parametrize("name", _BATCHES)
async def test_postgres_writes_batches_by_primary_keys_alone(
    unused_postgres_url: str, name: str
) -> None:
    connection = await postgres.connect(unused_postgres_url, postgres.BATCH_SETTINGS)
    try:
        nodes = await _postgres_plan(connection, _BATCHES[name].postgres)
    finally:
        await connection.close()
    for node in nodes:
        if "Relation Name" in node:
            assert _looks_up(node), node
        assert node.get("Index Name", "_pkey").endswith("_pkey"), node


@pytest.mark.postgres
@pytest.mark.parametrize("name", sorted(_OTHERS))
async def test_postgres_scans_no_table(unused_postgres_url: str, name: str) -> None:
    connection = await postgres.connect(unused_postgres_url)
    try:
        nodes = await _postgres_plan(connection, _OTHERS[name].postgres)
    finally:
        await connection.close()
    walks = [node for node in nodes if "Relation Name" in node and not _looks_up(node)]
    assert not walks or name in _MAY_WALK, walks


@pytest.mark.postgres
async def test_postgres_follows_every_foreign_key_by_an_index(unused_postgres_url: str) -> None:
    connection = await asyncpg.connect(unused_postgres_url)
    try:
        bare = await connection.fetch(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint c WHERE contype = 'f'"
            " AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid"
            " AND i.indkey[0] = c.conkey[1])"
        )
    finally:
        await connection.close()
    assert bare == []
