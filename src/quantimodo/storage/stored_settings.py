"""Reads the stored settings before the stores are opened, because the settings decide how."""

from pathlib import Path

from quantimodo.model.stored_settings import StoredSettings
from quantimodo.ports.stores import Unavailable
from quantimodo.storage.open import sqlite_path
from quantimodo.storage.postgres.connections import FAULTS
from quantimodo.storage.postgres.connections import connect as connect_to_postgres
from quantimodo.storage.sqlite.connections import connect_to_read
from quantimodo.storage.tables.stored_settings import SELECT_SETTINGS, STORED_SETTINGS


async def read_stored_settings(url: str) -> StoredSettings | None:
    """The settings in this database; None if there are none, or no database or table yet.

    One connection, closed again. Raises `Unavailable`, on SQLite `apsw.Error`.
    """
    path = sqlite_path(url)
    return await _from_postgres(url) if path is None else _from_sqlite(path)


def _from_sqlite(path: Path) -> StoredSettings | None:
    if not path.exists():
        return None
    connection = connect_to_read(path)
    try:
        known = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'stored_settings'"
        ).fetchone()
        return (
            STORED_SETTINGS.read_first(connection.execute(SELECT_SETTINGS.sqlite).fetchall())
            if known
            else None
        )
    finally:
        connection.close()


async def _from_postgres(url: str) -> StoredSettings | None:
    connection = await connect_to_postgres(url)
    try:
        if not await connection.fetchval("SELECT to_regclass('stored_settings') IS NOT NULL"):
            return None
        records = await connection.fetch(SELECT_SETTINGS.postgres)
        return STORED_SETTINGS.read_first([tuple(record) for record in records])
    except FAULTS as fault:
        raise Unavailable("the database could not respond") from fault
    finally:
        await connection.close()
