"""Reads every value that is encrypted by the secret key, to check that it can be decrypted.

Read-only. Values that live for minutes are left out: login states, responses to authorization
requests and devices, and authenticator apps that wait for their first code.
"""

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

from quantimodo.storage.open import sqlite_path
from quantimodo.storage.postgres.connections import connect as connect_postgres
from quantimodo.storage.sqlite.connections import connect_to_read

_AT_ONCE: Final = 500  # rows


class SealedValue(NamedTuple):
    """One encrypted value, by the table and the key of its row."""

    table: str
    key: Any
    sealed: bytes


SEALED_COLUMNS: Final = (
    ("signing_keys", "kid", "sealed_private"),
    ("clients", "id", "sealed_secret"),
    ("totp_factors", "user_id", "sealed_secret"),
    ("identities", "id", "sealed_refresh_token"),
    ("provider_sessions", "sid", "sealed_id_token"),
    ("mails", "id", "sealed"),
    ("webhook_endpoints", "id", "sealed_secret"),
    ("webhook_endpoints", "id", "sealed_previous"),
    ("stored_settings", "id", "sealed_secrets"),
)
"""Table, key and column of the values that live long."""


async def sealed_values(url: str) -> AsyncIterator[SealedValue]:
    """All of them, table by table, a few hundred rows in memory. Raises `Unavailable`."""
    path = sqlite_path(url)
    if path is None:
        async for value in _postgres_values(url):
            yield value
        return
    connection = connect_to_read(path)
    try:
        for table, key, column in SEALED_COLUMNS:
            for row in connection.execute(_select(table, key, column)):
                yield SealedValue(table, *row)
    finally:
        connection.close()


async def _postgres_values(url: str) -> AsyncIterator[SealedValue]:
    connection = await connect_postgres(url, "SET statement_timeout = 0", seconds=None)
    try:
        async with connection.transaction(readonly=True):
            for table, key, column in SEALED_COLUMNS:
                async for row in connection.cursor(_select(table, key, column), prefetch=_AT_ONCE):
                    yield SealedValue(table, *row)
    finally:
        await connection.close()


def _select(table: str, key: str, column: str) -> str:
    return f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL"
