"""Two people never see or touch each other's measurements, whatever is asked
(measurements-api.md §11)."""

from typing import Any
from urllib.parse import urlencode

from diary import Diary, Noted, examples
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.payloads import Change
from quantimodo.measurements.queries import (
    parse_measurement_query,
    parse_variable_query,
)

_NAMES = ("Mood", "Sleep", "100%")
_VALUES: dict[str, st.SearchStrategy[str]] = {
    "variableName": st.sampled_from(["Mood", "!Mood", "%", "%%", "!x", "Mood,Sleep", "%o%"]),
    "variableCategoryName": st.sampled_from(["Miscellaneous", "!Sleep", "%"]),
    "source": st.sampled_from(["App", "!App", "%", "App,"]),
    "value": st.sampled_from(["(ge)0", "!9", "1,2,3,4,5", "(lt)9,(gt)0"]),
    "startTime": st.sampled_from(["0", "(ge)0", "!9", "(lt)2030-01-01"]),
    "endTime": st.sampled_from(["9999-12-31", "(gt)1", "!(gt)9"]),
    "createdAt": st.sampled_from(["0", "(ge)0001-01-01"]),
    "updatedAt": st.sampled_from(["0", "!(lt)1"]),
    "lastUpdated": st.sampled_from(["0"]),
    "unit": st.sampled_from(["/5", "%", "/10"]),
    "groupingWidth": st.sampled_from(["1", "5", "86400"]),
    "sort": st.sampled_from(["startTime", "-startTime", "-value", "id", "source", "variableName"]),
    "limit": st.sampled_from(["1", "3", "200"]),
    "offset": st.integers(0, 9).map(str),
    # Nothing here is a parameter, and none of it may be heeded.
    "userId": st.integers(0, 99).map(str),
    "user_id": st.integers(0, 99).map(str),
}
anything = st.text(st.characters(codec="utf-8"), max_size=20)
parameters = st.sampled_from(sorted(_VALUES)).flatmap(
    lambda name: st.tuples(
        st.sampled_from([name, f"{name}[]"]), _VALUES[name] | _VALUES[name] | anything
    )
)
queries = st.lists(parameters, max_size=5).map(urlencode)
recorded = st.lists(
    st.builds(
        Noted,
        st.sampled_from(_NAMES),
        st.sampled_from(["", "App"]),
        st.integers(0, 12),
        st.integers(1, 5).map(float),
    ),
    min_size=1,
    max_size=12,
)


async def seen(diary: Diary, user_id: int, query: str) -> Any:
    """Everything that this person is told, by any door, of what the query asks."""
    try:
        rows, total = await diary.shown(user_id, query)
        walked = await diary.walk(user_id, query)
    except MeasurementError as refused:
        return refused.text
    assert {row.measurement.user_id for row in (*rows, *walked)} <= {user_id}
    return rows, total, walked


@examples
@given(recorded, recorded, queries)
async def test_what_others_have_changes_no_answer(
    diary: Diary, own: list[Noted], others: list[Noted], query: str
) -> None:
    user_id = await diary.person(own)
    before = await seen(diary, user_id, query)
    await diary.person(others)
    assert await seen(diary, user_id, query) == before


@examples
@given(recorded, recorded, st.sampled_from(["", "name=%25", "category=%25", "name=!x"]))
async def test_variables_are_ones_own(
    diary: Diary, own: list[Noted], others: list[Noted], query: str
) -> None:
    user_id = await diary.person(own)
    await diary.person(others)
    question = parse_variable_query(query.encode())
    found, total = await diary.measurement_service.variables(user_id, question)
    assert {each.summary.variable.user_id for each in found} == {user_id}
    assert total == len({one.variable for one in own})
    numbers = {each.summary.variable.name: each.summary.number for each in found}
    assert sum(numbers.values()) == len({one[:3] for one in own})


@examples
@given(recorded, recorded, recorded)
async def test_nothing_that_one_does_touches_the_other(
    diary: Diary, own: list[Noted], others: list[Noted], again: list[Noted]
) -> None:
    user_id, other_id = await diary.person(own), await diary.person(others)
    before = await diary.walk(other_id, "")
    await diary.note(user_id, again)
    for row in before:
        number = row.measurement.id
        assert await diary.measurement_service.one(user_id, number) is None
        assert await diary.measurement_service.change(user_id, number, Change(value=1)) is None
        assert not await diary.measurement_service.remove(user_id, number)
    for name in _NAMES:
        await diary.measurement_service.remove_variable(user_id, name)
    assert await diary.walk(user_id, "") == []
    assert await diary.walk(other_id, "") == before


@examples
@given(recorded, recorded, recorded, queries)
async def test_of_several_people_only_those_are_notified(
    diary: Diary, one: list[Noted], other: list[Noted], third: list[Noted], query: str
) -> None:
    """As an application is told of everybody who let it read."""
    people = [await diary.person(each) for each in (one, other)]
    await diary.person(third)
    try:
        question = parse_measurement_query(query.encode())
        rows, total = await diary.measurement_service.page_of_people(
            people, question, diary.stores.measurements.count_measurements
        )
        pages = [await diary.measurement_service.page(each, question) for each in people]
    except MeasurementError:
        return
    assert {row.measurement.user_id for row in rows} <= set(people)
    assert total == sum(number for _, number in pages)
