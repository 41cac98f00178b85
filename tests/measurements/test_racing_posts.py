"""Concurrent posts of one person: each is stored once and whole, or not at all."""

import asyncio
from datetime import UTC, datetime

from measurement_database import MeasurementDatabase, Sample

from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.payloads import SentMeasurement, SentSet

NOW = datetime(2026, 11, 30, tzinfo=UTC)

_MANY = 8


def entries(value: float, unit: str, *, variable: str = "Weight", number: int = 50) -> SentSet:
    return SentSet(
        measurements=[SentMeasurement(start_time=at, value=value) for at in range(number)],
        variable_name=variable,
        abbreviated_unit_name=unit,
    )


async def test_concurrent_equal_posts_are_stored_once(database: MeasurementDatabase) -> None:
    user_id = await database.add_person()
    posts = [database.service.save(user_id, [entries(3, "kg")]) for _ in range(_MANY)]
    await asyncio.gather(*posts)
    assert len(await database.export(user_id, "")) == 50


async def test_one_of_two_overlapping_posts_is_stored_whole(database: MeasurementDatabase) -> None:
    user_id = await database.add_person()
    one, other = (
        [entries(value, "kg"), entries(value, "kg", variable="Other")] for value in (1, 2)
    )
    await asyncio.gather(
        *(database.service.save(user_id, each) for each in (one, other[::-1]) for _ in range(_MANY))
    )
    found = await database.export(user_id, "")
    assert len(found) == 100
    assert len({row.value for row in found}) == 1, "the last one overwrote all of the other"


async def test_one_new_variable_gets_one_unit(database: MeasurementDatabase) -> None:
    user_id = await database.add_person()
    units = ["kg", "g", "min", "lb"] * 2
    outcomes = await asyncio.gather(
        *(database.service.save(user_id, [entries(3, unit)]) for unit in units),
        return_exceptions=True,
    )
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert all(isinstance(each, MeasurementError) and each.status == 400 for each in refused), (
        refused
    )
    (variable,) = await database.stores.variables.variables_named(user_id, ["Weight"])
    catalogue = await database.service.references.catalogue()
    category = catalogue.unit(variable.unit_id).category.name
    assert len(refused) == (2 if category == "Weight" else 6)
    found = await database.export(user_id, "")
    assert len(found) == 50
    assert {row.unit.id for row in found} == {variable.unit_id}


async def test_a_variable_deleted_during_posts_is_whole_or_deleted(
    database: MeasurementDatabase,
) -> None:
    user_id = await database.add_person([Sample("Weight", "", 99_999, 3)], unit="kg")
    saves = [database.service.save(user_id, [entries(3, "kg")]) for _ in range(_MANY)]
    removals = [database.service.delete_variable(user_id, "Weight") for _ in range(_MANY)]
    mixed = [each for pair in zip(saves, removals, strict=True) for each in pair]
    await asyncio.gather(*mixed)
    found = await database.export(user_id, "startTime=(lt)1000")
    assert len(found) in (0, 50)


async def test_a_person_deleted_during_posts_leaves_no_rows(database: MeasurementDatabase) -> None:
    user_id = await database.add_person()
    saves = [database.service.save(user_id, [entries(3, "kg")]) for _ in range(_MANY)]
    _, *outcomes = await asyncio.gather(
        database.stores.users.delete_user(user_id, NOW), *saves, return_exceptions=True
    )
    assert all(
        not isinstance(each, BaseException) or isinstance(each, MeasurementError)
        for each in outcomes
    )
    assert await database.export(user_id, "") == []
    assert await database.stores.variables.count_variables(user_id, ()) == 0
