"""Many measurements are deleted in batches: all of them, and other writers do not wait for them."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import pytest
from measurement_database import MeasurementDatabase, Sample

from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.measurements.queries import parse_measurement_query

NOW = datetime(2026, 11, 30, tzinfo=UTC)

_MANY = 6_500


async def add_person(database: MeasurementDatabase) -> int:
    """A person with many measurements of one variable and one of another."""
    user_id = await database.add_person([Sample("Mood", "", 1, 3)])
    entries = [SentMeasurement(start_time=at, value=60) for at in range(_MANY)]
    heart = SentSet(measurements=entries, variable_name="Heart Rate", abbreviated_unit_name="bpm")
    await database.service.save(user_id, [heart])
    return user_id


async def total(database: MeasurementDatabase, user_id: int) -> int:
    return (await database.service.page(user_id, parse_measurement_query(b"")))[1]


async def test_a_variable_is_deleted_whole_and_no_other_data_is(
    database: MeasurementDatabase,
) -> None:
    user_id, other_id = await add_person(database), await add_person(database)
    assert await database.service.delete_variable(user_id, "Heart Rate")
    assert not await database.service.delete_variable(user_id, "Heart Rate")
    assert await total(database, user_id) == 1
    assert await total(database, other_id) == _MANY + 1


async def test_a_person_is_deleted_whole_and_no_other_data_is(
    database: MeasurementDatabase,
) -> None:
    user_id, other_id = await add_person(database), await add_person(database)
    assert await database.stores.users.delete_user(user_id, NOW)
    assert not await database.stores.users.delete_user(user_id, NOW)
    assert await total(database, user_id) == 0
    assert await database.stores.variables.count_variables(user_id, ()) == 0
    assert await total(database, other_id) == _MANY + 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # this engine has one writer
@pytest.mark.parametrize("what", ["person", "variable"])
async def test_another_person_can_write_during_the_deletion(
    database: MeasurementDatabase, what: str
) -> None:
    # On a busy machine a whole deletion can end before the other request is handled at all.
    assert "saved first" in [await _both(database, what) for _ in range(4)]


async def _both(database: MeasurementDatabase, what: str) -> str:
    """Which of a deletion and another person's request ends first, of two that begin together."""
    user_id, other_id = await add_person(database), await database.add_person()
    done: list[str] = []

    async def finish(name: str, command: Awaitable[Any]) -> None:
        await command
        done.append(name)

    removal = (
        database.stores.users.delete_user(user_id, NOW)
        if what == "person"
        else database.service.delete_variable(user_id, "Heart Rate")
    )
    await asyncio.gather(
        finish("removed first", removal),
        finish("saved first", database.save(other_id, [Sample("Mood", "", 1, 3)])),
    )
    return done[0]
