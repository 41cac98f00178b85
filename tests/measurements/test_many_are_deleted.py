"""Very many measurements are deleted some at a time: all of them go, and nobody waits for them."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from diary import Diary, Noted

from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.measurements.queries import parse_measurement_query

_MANY = 6_500


async def busy(diary: Diary) -> int:
    """A person with much of one variable and something of another."""
    user_id = await diary.person([Noted("Mood", "", 1, 3)])
    entries = [SentMeasurement(start_time=at, value=60) for at in range(_MANY)]
    heart = SentSet(measurements=entries, variable_name="Heart Rate", abbreviated_unit_name="bpm")
    await diary.measurement_service.save(user_id, [heart])
    return user_id


async def number(diary: Diary, user_id: int) -> int:
    return (await diary.measurement_service.page(user_id, parse_measurement_query(b"")))[1]


async def test_a_variable_goes_whole_and_alone(diary: Diary) -> None:
    user_id, other_id = await busy(diary), await busy(diary)
    assert await diary.measurement_service.remove_variable(user_id, "Heart Rate")
    assert not await diary.measurement_service.remove_variable(user_id, "Heart Rate")
    assert await number(diary, user_id) == 1
    assert await number(diary, other_id) == _MANY + 1


async def test_a_person_goes_whole_and_alone(diary: Diary) -> None:
    user_id, other_id = await busy(diary), await busy(diary)
    assert await diary.stores.users.delete_user(user_id)
    assert not await diary.stores.users.delete_user(user_id)
    assert await number(diary, user_id) == 0
    assert await diary.stores.variables.count_variables(user_id, ()) == 0
    assert await number(diary, other_id) == _MANY + 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # where there is one writer
@pytest.mark.parametrize("what", ["person", "variable"])
async def test_others_write_meanwhile(diary: Diary, what: str) -> None:
    user_id, other_id = await busy(diary), await diary.person()
    done: list[str] = []

    async def told(name: str, command: Awaitable[Any]) -> None:
        await command
        done.append(name)

    removal = (
        diary.stores.users.delete_user(user_id)
        if what == "person"
        else diary.measurement_service.remove_variable(user_id, "Heart Rate")
    )
    await asyncio.gather(
        told("removed", removal), told("noted", diary.note(other_id, [Noted("Mood", "", 1, 3)]))
    )
    assert done == ["noted", "removed"]
