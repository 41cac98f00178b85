"""Both engines have one schema: the same tables, columns, keys and indexes."""

import re
from contextlib import closing

import apsw
import asyncpg
import pytest
from schemas import Column, TableSchema, postgres_schema, sqlite_schema

from quantimodo.storage.open import sqlite_path
from support.checks import not_empty

pytestmark = pytest.mark.postgres

_EQUIVALENT_TYPES = {
    "BLOB": "bytea",
    "TEXT": "text",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "REAL": "double precision",
}
# SQLite's row ids have 64 bits, whatever their column's type.
_GENERATED_TYPE = "bigint"
# Compared byte by byte on both engines: SQLite does so by default.
_BYTEWISE = {("variables", "name"), ("measurements", "source")}
# An index on SQLite ends with the row id, which is the column `id`.
_INDEXES_WITH_ROW_ID = {"measurements_by_start", "measurements_by_update"}
_REFERENCE_DATA = ("unit_categories", "units", "variable_categories")


@pytest.fixture
def sqlite_tables(sqlite_url: str) -> dict[str, TableSchema]:
    path = sqlite_path(sqlite_url)
    assert path is not None
    return sqlite_schema(path)


@pytest.fixture
async def postgres_tables(postgres_url: str) -> dict[str, TableSchema]:
    return await postgres_schema(postgres_url)


def _as_on_postgres(table: str, name: str, column: Column) -> Column:
    return Column(
        type=_GENERATED_TYPE if column.generated else _EQUIVALENT_TYPES[column.type],
        nullable=column.nullable,
        default=column.default,
        generated=column.generated,
        collation="C" if (table, name) in _BYTEWISE else "",
    )


def _without_cast(column: Column) -> Column:
    if column.default is not None:
        column.default = re.sub(r"::\w+$", "", column.default)
    return column


def test_both_engines_have_the_same_columns_in_the_same_order(
    sqlite_tables: dict[str, TableSchema], postgres_tables: dict[str, TableSchema]
) -> None:
    assert sqlite_tables.keys() == postgres_tables.keys()
    for table, schema in not_empty(sqlite_tables.items()):
        ours = [(name, _as_on_postgres(table, name, c)) for name, c in schema.columns.items()]
        theirs = postgres_tables[table].columns
        assert ours == [(name, _without_cast(column)) for name, column in theirs.items()], table


def test_both_engines_have_the_same_keys_and_checks(
    sqlite_tables: dict[str, TableSchema], postgres_tables: dict[str, TableSchema]
) -> None:
    for table, schema in not_empty(sqlite_tables.items()):
        other = postgres_tables[table]
        assert schema.keys == other.keys, table
        assert schema.references == other.references, table
        assert schema.checks == other.checks, table


def test_both_engines_have_the_same_indexes(
    sqlite_tables: dict[str, TableSchema], postgres_tables: dict[str, TableSchema]
) -> None:
    for table, schema in not_empty(sqlite_tables.items()):
        indexes = {
            name: (unique, f"{columns}, id" if name in _INDEXES_WITH_ROW_ID else columns, where)
            for name, (unique, columns, where) in schema.indexes.items()
        }
        assert indexes == postgres_tables[table].indexes, table


def test_the_name_of_an_index_begins_with_its_table(sqlite_tables: dict[str, TableSchema]) -> None:
    names = [(table, name) for table, schema in sqlite_tables.items() for name in schema.indexes]
    for table, name in not_empty(names):
        assert name.startswith(f"{table}_")


async def test_both_engines_have_the_same_reference_data(
    sqlite_url: str, postgres_url: str
) -> None:
    path = sqlite_path(sqlite_url)
    assert path is not None
    connection = await asyncpg.connect(postgres_url)
    try:
        with closing(apsw.Connection(str(path))) as file:
            for table in _REFERENCE_DATA:
                query = f"SELECT * FROM {table} ORDER BY id"
                rows = file.execute(query).fetchall()
                assert rows == [tuple(row) for row in await connection.fetch(query)], table
                assert rows, table
    finally:
        await connection.close()
