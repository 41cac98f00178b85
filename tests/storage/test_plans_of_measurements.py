"""What people ask of their measurements is found by an index, from a person's rows on."""

from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from quantimodo.measurements.queries import parse_measurement_query
from quantimodo.model.measurements import (
    AllowedMeasurements,
    AllowedRule,
    Filters,
    GroupKey,
    MeasurementGroup,
    SpanRule,
)
from quantimodo.ports.measurement_stores import GroupPage
from quantimodo.storage.database import Call
from quantimodo.storage.open import sqlite_path
from quantimodo.storage.tables.measurement_groups import (
    measurements_by_id,
    number_of_groups,
    page_of_groups,
    values_of_groups,
)
from quantimodo.storage.tables.measurement_queries import (
    measurements_behind,
    number_of_measurements,
    number_of_variables,
    page_of_measurements,
    page_of_summaries,
    units_of_variables,
)
from quantimodo.storage.tables.measurements import CONSENTING_PEOPLE

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


# The ids of a page, the groups, and what came as JSON: none of them is a table.
_OF_RESULTS = {"SCAN p", "SCAN g", "SCAN r", "SCAN json_each VIRTUAL TABLE INDEX 1:"}
RULE = SpanRule(0, 99, 0, 10)
LAST = GroupKey(50, "Mood")
GROUP = MeasurementGroup(
    begins=50,
    variable_id=3,
    variable="Mood",
    number=2,
    source=None,
    created_at=1,
    updated_at=1,
    earliest=51,
    latest=52,
)


# What a consent allows: a category in a window, rules of each kind, a time alone.
ALLOWED = [
    AllowedMeasurements((AllowedRule(category_ids=(2,), window=5),), 9),
    AllowedMeasurements(
        (AllowedRule(category_ids=(2,), window=5), AllowedRule(variables=("Mood",), since=5)), 9
    ),
    AllowedMeasurements((AllowedRule(since=5),), 9),
]
CASES = [
    *((query, ()) for query in QUERIES),
    *((query, (allowed,)) for query in QUERIES[:3] for allowed in ALLOWED),
]


def calls(query: str, allowed: Filters) -> list[Call]:
    parsed = parse_measurement_query(query.encode())
    filters, order = (*parsed.filters, *allowed), parsed.order
    return [
        page_of_measurements(7, filters, order, offset=0, limit=100),
        number_of_measurements([7], filters),
        number_of_measurements([7, 8], filters),
        measurements_behind(7, filters, (5, 5), 500, descending=False),
        page_of_summaries(7, allowed, descending=False, offset=0, limit=100),
        number_of_variables(7, allowed),
        units_of_variables([7, 8], filters),
        number_of_groups(7, filters, [RULE]),
        page_of_groups(7, filters, GroupPage(rules=[RULE], descending=False, limit=9, after=LAST)),
        values_of_groups(7, filters, [GROUP], (5, 5), descending=False),
        measurements_by_id(7, [5, 6]),
    ]


# What goes by one person, variable or application, in the words of the stores.
SINGLE = [
    "SELECT id FROM measurements WHERE id = 5 AND user_id = 7",
    "DELETE FROM measurements WHERE variable_id = 5",  # as a foreign key does it
    "DELETE FROM variables WHERE user_id = 7",
    "DELETE FROM accesses WHERE user_id = 7",
]


@pytest.mark.parametrize(("query", "allowed"), CASES)
def test_sqlite_begins_at_a_persons_rows(sqlite_url: str, query: str, allowed: Filters) -> None:
    path = sqlite_path(sqlite_url)
    assert isinstance(path, Path)
    file = apsw.Connection(str(path))
    try:
        for statement, values in calls(query, allowed):
            steps = [
                row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", values)
            ]
            scans = [step for step in steps if step.startswith("SCAN") and step not in _OF_RESULTS]
            assert not scans, steps
            assert any("(user_id=" in step or "(variable_id=" in step for step in steps), steps
    finally:
        file.close()


@pytest.mark.parametrize("sql", [*SINGLE, CONSENTING_PEOPLE.sqlite])
def test_sqlite_finds_what_belongs_to_one_by_an_index(sqlite_url: str, sql: str) -> None:
    path = sqlite_path(sqlite_url)
    assert isinstance(path, Path)
    file = apsw.Connection(str(path))
    try:
        values = ("app", "readmeasurements", 1, 0, 9)[: sql.count("?")]
        steps = [row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert not [step for step in steps if step.startswith("SCAN")], steps
    finally:
        file.close()


def test_sqlite_counts_one_variable_in_the_index_alone(sqlite_url: str) -> None:
    path = sqlite_path(sqlite_url)
    assert isinstance(path, Path)
    file = apsw.Connection(str(path))
    try:
        statement, values = number_of_measurements(
            [7], parse_measurement_query(b"variableName=Mood").filters
        )
        rows = file.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", values)
        assert any("m USING COVERING INDEX" in row[3] for row in rows)
    finally:
        file.close()


@pytest.mark.postgres
@pytest.mark.parametrize(("query", "allowed"), CASES)
async def test_postgres_scans_no_table(
    unused_postgres_url: str, query: str, allowed: Filters
) -> None:
    connection: Any = await asyncpg.connect(unused_postgres_url)
    try:
        # Tables are empty here, and of an empty one all is read at once.
        await connection.execute("SET enable_seqscan = off")
        for statement, values in calls(query, allowed):
            plan = await connection.fetch(f"EXPLAIN {statement.postgres}", *values)
            text = "\n".join(row[0] for row in plan)
            assert "Seq Scan" not in text, text
    finally:
        await connection.close()


@pytest.mark.postgres
@pytest.mark.parametrize("sql", [*SINGLE, CONSENTING_PEOPLE.postgres])
async def test_postgres_finds_what_belongs_to_one_by_an_index(
    unused_postgres_url: str, sql: str
) -> None:
    connection: Any = await asyncpg.connect(unused_postgres_url)
    try:
        await connection.execute("SET enable_seqscan = off")
        values = ("app", "readmeasurements", 1, 0, 9)[: sql.count("$")]
        plan = await connection.fetch(f"EXPLAIN {sql}", *values)
        text = "\n".join(row[0] for row in plan)
        assert "Seq Scan" not in text, text
    finally:
        await connection.close()
