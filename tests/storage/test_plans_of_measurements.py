"""What people ask of their measurements is found by an index, from a person's rows on."""

import sqlite3
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from quantimodo.measurements.questions import question_about_measurements
from quantimodo.storage.database import Call
from quantimodo.storage.open import sqlite_path
from quantimodo.storage.tables.measurement_queries import (
    measurements_behind,
    number_of_measurements,
    page_of_measurements,
    page_of_summaries,
)

QUERIES = [
    "",
    "sort=-startTime",
    "variableName=Mood",
    "variableName=Mood&sort=-startTime&value=(gt)3",
    "variableName=Mood%25",
    "variableName=!Mood&source=App",
    "startTime=(gt)5&endTime=(lt)9",
    "updatedAt=5&sort=updatedAt",
    "value=1,2,3",
]


def calls(query: str) -> list[Call]:
    asked = question_about_measurements(query.encode())
    filters, order = asked.filters, asked.order
    return [
        page_of_measurements(7, filters, order, offset=0, limit=100),
        number_of_measurements([7], filters),
        number_of_measurements([7, 8], filters),
        measurements_behind(7, filters, (5, 5), 500, descending=False),
        page_of_summaries(7, (), descending=False, offset=0, limit=100),
    ]


@pytest.mark.parametrize("query", QUERIES)
def test_sqlite_begins_at_a_persons_rows(sqlite_url: str, query: str) -> None:
    path = sqlite_path(sqlite_url)
    assert isinstance(path, Path)
    file = sqlite3.connect(path)
    try:
        for statement, values in calls(query):
            steps = [
                row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", values)
            ]
            assert not [step for step in steps if step.startswith("SCAN")], steps
            assert any("(user_id=" in step or "(variable_id=" in step for step in steps), steps
    finally:
        file.close()


def test_sqlite_counts_one_variable_in_the_index_alone(sqlite_url: str) -> None:
    path = sqlite_path(sqlite_url)
    assert isinstance(path, Path)
    file = sqlite3.connect(path)
    try:
        statement, values = number_of_measurements(
            [7], question_about_measurements(b"variableName=Mood").filters
        )
        rows = file.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", values)
        assert any("m USING COVERING INDEX" in row[3] for row in rows)
    finally:
        file.close()


@pytest.mark.postgres
@pytest.mark.parametrize("query", QUERIES)
async def test_postgres_walks_through_no_table(postgres_url: str, query: str) -> None:
    connection: Any = await asyncpg.connect(postgres_url)
    try:
        # Tables are empty here, and of an empty one all is read at once.
        await connection.execute("SET enable_seqscan = off")
        for statement, values in calls(query):
            plan = await connection.fetch(f"EXPLAIN {statement.postgres}", *values)
            text = "\n".join(row[0] for row in plan)
            assert "Seq Scan" not in text, text
    finally:
        await connection.close()
