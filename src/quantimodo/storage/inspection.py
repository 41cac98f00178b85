"""Checks the database for damage, for `quantimodo database check` and `doctor`. Read-only.

`open.py` checks whether the schema is current.
"""

from itertools import islice
from pathlib import Path

import apsw

from quantimodo.ports.stores import Unavailable
from quantimodo.storage.open import sqlite_path
from quantimodo.storage.postgres.connections import connect as connect_postgres
from quantimodo.storage.sqlite.connections import connect

_MOST_SHOWN = 20


async def inspect(url: str) -> list[str]:
    """One line for each fault; empty for none. Raises `Unavailable`."""
    path = sqlite_path(url)
    return await _inspect_postgres(url) if path is None else _inspect_sqlite(path)


def _inspect_sqlite(path: Path) -> list[str]:
    if not path.exists():
        raise Unavailable("the database file does not exist")
    try:
        connection = connect(path)
    except apsw.Error as error:
        raise Unavailable(str(error)) from error
    try:
        damage = [line for (line,) in connection.execute(f"PRAGMA integrity_check({_MOST_SHOWN})")]
        check = connection.execute("PRAGMA foreign_key_check")
        violations = list(islice(check, _MOST_SHOWN))
    except apsw.Error as error:
        return [str(error)]
    finally:
        connection.close()
    return [line for line in damage if line != "ok"] + [
        f"a row of {table} belongs to nothing in {parent}" for table, _, parent, _ in violations
    ]


async def _inspect_postgres(url: str) -> list[str]:
    connection = await connect_postgres(url, "SET statement_timeout = 0", seconds=None)
    try:
        unsafe = await connection.fetchval("SHOW fsync") != "on"
    finally:
        await connection.close()
    return ["fsync is off: a power failure can destroy the database"] if unsafe else []
