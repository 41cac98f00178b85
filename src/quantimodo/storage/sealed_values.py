"""Reads the values that are encrypted under the secret key, to check that they can be decrypted.
Read-only."""

from collections.abc import AsyncIterator, Collection
from typing import Any, Final, NamedTuple

from quantimodo.storage.open import sqlite_path
from quantimodo.storage.postgres.connections import connect as connect_postgres
from quantimodo.storage.sqlite.connections import connect_to_read

_ROWS_PER_FETCH: Final = 500


class SealedColumn(NamedTuple):
    """A column of encrypted values, with the column of the key of its rows."""

    table: str
    key: str
    column: str


class SealedValue(NamedTuple):
    """One encrypted value, with the key of its row."""

    column: SealedColumn
    key: Any
    sealed: bytes


async def sealed_values(url: str, columns: Collection[SealedColumn]) -> AsyncIterator[SealedValue]:
    """All values of these columns, a few hundred rows in memory. Raises `Unavailable`."""
    path = sqlite_path(url)
    if path is None:
        async for value in _postgres_values(url, columns):
            yield value
        return
    connection = connect_to_read(path)
    try:
        for column in columns:
            for row in connection.execute(_select(column)):
                yield SealedValue(column, *row)
    finally:
        connection.close()


async def _postgres_values(
    url: str, columns: Collection[SealedColumn]
) -> AsyncIterator[SealedValue]:
    connection = await connect_postgres(url, "SET statement_timeout = 0", seconds=None)
    try:
        async with connection.transaction(readonly=True):
            for column in columns:
                async for row in connection.cursor(_select(column), prefetch=_ROWS_PER_FETCH):
                    yield SealedValue(column, *row)
    finally:
        await connection.close()


def _select(sealed: SealedColumn) -> str:
    table, key, column = sealed
    return f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL"
