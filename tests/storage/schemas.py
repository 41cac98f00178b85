"""Reads a database's schema into one form for both engines, so that tests can compare them."""

import re
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import asyncpg


@dataclass
class Column:
    type: str
    nullable: bool
    default: str | None
    generated: bool = False
    collation: str = ""


@dataclass
class TableSchema:
    columns: dict[str, Column] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """`primary`, and each unique constraint by its columns."""
    indexes: dict[str, tuple[bool, str, str]] = field(default_factory=dict)
    """By name: whether it is unique, its columns, and its condition."""
    references: set[tuple[str, str, str, str]] = field(default_factory=set)
    """Column, table, column there, action on delete."""
    checks: set[str] = field(default_factory=set)
    options: str = ""


def sqlite_schema(path: Path) -> dict[str, TableSchema]:
    with closing(apsw.Connection(str(path))) as file:
        tables = file.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        schema = {name: _sqlite_table(file, name, sql) for name, sql in tables}
    return schema


def _sqlite_table(file: apsw.Connection, name: str, sql: str) -> TableSchema:
    table = TableSchema(
        checks=set(re.findall(r"CHECK\s*\((.*)\)", sql)),
        options="WITHOUT ROWID" if "WITHOUT ROWID" in sql else "",
    )
    for _, column, kind, not_null, default, key in file.execute(f"PRAGMA table_info({name})"):
        table.columns[column] = Column(
            type=kind,
            nullable=not (not_null or key),
            default=default,
            generated=f"{column} INTEGER PRIMARY KEY AUTOINCREMENT" in sql,
        )
    info = file.execute(f"PRAGMA table_info({name})").fetchall()
    key = sorted((row[5], row[1]) for row in info if row[5])
    table.keys["primary"] = tuple(column for _, column in key)
    for _, index, unique, origin, _ in file.execute(f"PRAGMA index_list({name})").fetchall():
        columns = tuple(row[2] for row in file.execute(f"PRAGMA index_info({index})"))
        if origin == "u":
            table.keys[f"unique {', '.join(columns)}"] = columns
        elif origin == "c":
            (text,) = file.execute(
                "SELECT sql FROM sqlite_master WHERE name = ?", (index,)
            ).fetchone()
            found = re.fullmatch(
                r"CREATE (?:UNIQUE )?INDEX \w+\s+ON \w+ \((.*?)\)(?: WHERE (.*))?", text
            )
            assert found is not None, text
            table.indexes[index] = (bool(unique), found[1], found[2] or "")
    for row in file.execute(f"PRAGMA foreign_key_list({name})"):
        table.references.add((row[3], row[2], row[4], row[6]))
    return table


async def postgres_schema(url: str) -> dict[str, TableSchema]:
    connection = await asyncpg.connect(url)
    try:
        return await _postgres_tables(connection)
    finally:
        await connection.close()


_COLUMNS = """
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod),
  NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity::text <> '',
  coalesce(CASE WHEN l.collname::text <> 'default' THEN l.collname::text END, '')
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
ORDER BY c.relname, a.attnum"""
_CONSTRAINTS = """
SELECT c.relname::text, k.contype::text, pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace"""
_INDEXES = """
SELECT c.relname::text, x.relname::text, i.indisunique, pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace
AND NOT EXISTS (
  SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
)"""


async def _postgres_tables(connection: asyncpg.Connection) -> dict[str, TableSchema]:
    schema: dict[str, TableSchema] = {}
    for table, name, kind, nullable, default, generated, collation in await connection.fetch(
        _COLUMNS
    ):
        column = Column(kind, nullable, default, generated, collation)
        schema.setdefault(table, TableSchema()).columns[name] = column
    for table, kind, text in await connection.fetch(_CONSTRAINTS):
        _add_constraint(schema[table], kind, text)
    for table, name, unique, text in await connection.fetch(_INDEXES):
        found = re.fullmatch(r".* USING btree \((.*?)\)(?: WHERE \((.*)\))?", text)
        assert found is not None, text
        schema[table].indexes[name] = (unique, found[1], found[2] or "")
    return schema


def _add_constraint(table: TableSchema, kind: str, text: str) -> None:
    if kind in "pu":
        columns = tuple(text.partition("(")[2].rstrip(")").split(", "))
        table.keys["primary" if kind == "p" else f"unique {', '.join(columns)}"] = columns
    elif kind == "f":
        found = re.fullmatch(
            r"FOREIGN KEY \((\w+)\) REFERENCES (\w+)\((\w+)\)(?: ON DELETE ([A-Z ]+))?", text
        )
        assert found is not None, text
        table.references.add((found[1], found[2], found[3], found[4] or "NO ACTION"))
    elif kind == "c":
        table.checks.add(text.removeprefix("CHECK "))
