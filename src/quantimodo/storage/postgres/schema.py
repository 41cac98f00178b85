"""Migrations on PostgreSQL (the rules are in `migrate.py`)."""

from datetime import datetime

import asyncpg

from quantimodo.storage.migrate import RECORDS, AppliedStep, Step, pending, shipped
from quantimodo.storage.postgres.connections import connect
from quantimodo.storage.timestamps import to_micros

MIGRATION_LOCK = 0x7175616E74696D6F
"""The advisory lock of migrations ("quantimo"): one number for all servers on a database."""
_MIGRATION_SETTINGS = (
    "SET synchronous_commit = on; SET statement_timeout = 0; SET lock_timeout = 0;"
)


async def migrate_postgres(url: str, now: datetime) -> list[Step]:
    """Migrate the database to this version's schema; the steps that ran.

    All steps run in one transaction, under an advisory lock that other servers wait for. Raises
    `SchemaMismatch`, and `Unavailable` when there is no server.
    """
    connection = await connect(url, _MIGRATION_SETTINGS, seconds=None)
    try:
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            await connection.execute(RECORDS)
            steps = pending(shipped("postgres"), await _applied(connection))
            for step in steps:
                await _apply(connection, step, now)
        return steps
    finally:
        await connection.close()


async def pending_on_postgres(url: str) -> list[Step]:
    """What `migrate_postgres` would run; all steps on an empty database. Changes nothing."""
    connection = await connect(url, _MIGRATION_SETTINGS, seconds=None)
    try:
        known = await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL")
        return pending(shipped("postgres"), await _applied(connection) if known else [])
    finally:
        await connection.close()


async def _applied(connection: asyncpg.Connection) -> list[AppliedStep]:
    rows = await connection.fetch("SELECT number, name, checksum FROM schema_migrations")
    return [AppliedStep(*row) for row in rows]


async def _apply(connection: asyncpg.Connection, step: Step, now: datetime) -> None:
    await connection.execute(step.sql)
    await connection.execute(
        "INSERT INTO schema_migrations (number, name, checksum, applied_at)"
        " VALUES ($1, $2, $3, $4)",
        step.number,
        step.name,
        step.checksum,
        to_micros(now),
    )
