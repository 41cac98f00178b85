"""Migrations on SQLite (the rules are in `migrate.py`)."""

from datetime import datetime
from pathlib import Path

import apsw

from quantimodo.storage.database import Row
from quantimodo.storage.migrate import RECORDS, AppliedStep, Step, pending, shipped
from quantimodo.storage.sqlite.connections import connect
from quantimodo.storage.timestamps import to_micros


def migrate_sqlite(path: Path, now: datetime) -> list[Step]:
    """Migrate the file to this version's schema, and create a missing file; the steps that ran.

    All steps run in one transaction that holds the file's write lock from its first statement.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
    connection = connect(path)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(RECORDS)
        steps = pending(shipped("sqlite"), _applied(connection))
        for step in steps:
            _apply(connection, step, now)
        connection.execute("COMMIT")
        return steps
    finally:
        connection.close()


def pending_on_sqlite(path: Path) -> list[Step]:
    """What `migrate_sqlite` would run; all steps when there is no file. Changes nothing."""
    if not path.exists():
        return shipped("sqlite")
    connection = connect(path)
    try:
        known = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'"
        ).fetchone()
        return pending(shipped("sqlite"), _applied(connection) if known else [])
    finally:
        connection.close()


def _applied(connection: apsw.Connection) -> list[AppliedStep]:
    rows: list[Row] = connection.execute(
        "SELECT number, name, checksum FROM schema_migrations"
    ).fetchall()
    return [AppliedStep(*row) for row in rows]


def _apply(connection: apsw.Connection, step: Step, now: datetime) -> None:
    for statement in _statements(step.sql):
        connection.execute(statement)
    connection.execute(
        "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
        (step.number, step.name, step.checksum, to_micros(now)),
    )


def _statements(sql: str) -> list[str]:
    """The statements of the SQL, each separately."""
    found, current = [], ""
    for line in sql.splitlines(keepends=True):
        current += line
        if apsw.complete(current):
            found.append(current)
            current = ""
    return [*found, current] if current.strip() else found
