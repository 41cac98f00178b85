"""measurements-api.md §11: no query shows or changes the measurements of another person."""

from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st
from measurement_database import MeasurementDatabase, Sample, few_examples

from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.payloads import Change
from quantimodo.measurements.queries import (
    parse_measurement_query,
    parse_variable_query,
)
from quantimodo.measurements.resolved_queries import Person

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
    # These are not parameters, and must have no effect.
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
sample_lists = st.lists(
    st.builds(
        Sample,
        st.sampled_from(_NAMES),
        st.sampled_from(["", "App"]),
        st.integers(0, 12),
        st.integers(1, 5).map(float),
    ),
    min_size=1,
    max_size=12,
)


async def results(database: MeasurementDatabase, user_id: int, query: str) -> Any:
    """The page and the export of this person for the query, or the text of the refusal."""
    try:
        rows, total = await database.page(user_id, query)
        exported = await database.export(user_id, query)
    except MeasurementError as refused:
        return refused.text
    assert {row.measurement.user_id for row in (*rows, *exported)} <= {user_id}
    return rows, total, exported


@few_examples
@given(sample_lists, sample_lists, queries)
async def test_11_measurements_of_other_people_change_no_result(
    database: MeasurementDatabase, own: list[Sample], others: list[Sample], query: str
) -> None:
    user_id = await database.add_person(own)
    before = await results(database, user_id, query)
    await database.add_person(others)
    assert await results(database, user_id, query) == before


@few_examples
@given(sample_lists, sample_lists, st.sampled_from(["", "name=%25", "category=%25", "name=!x"]))
async def test_11_variables_are_those_of_the_person(
    database: MeasurementDatabase, own: list[Sample], others: list[Sample], query: str
) -> None:
    user_id = await database.add_person(own)
    await database.add_person(others)
    parsed = parse_variable_query(query.encode())
    found, total = await database.service.variables(user_id, parsed)
    assert {each.summary.variable.user_id for each in found} == {user_id}
    assert total == len({one.variable for one in own})
    numbers = {each.summary.variable.name: each.summary.number for each in found}
    assert sum(numbers.values()) == len({one[:3] for one in own})


@few_examples
@given(sample_lists, sample_lists, sample_lists)
async def test_11_no_write_of_one_person_changes_data_of_another(
    database: MeasurementDatabase, own: list[Sample], others: list[Sample], again: list[Sample]
) -> None:
    user_id, other_id = await database.add_person(own), await database.add_person(others)
    before = await database.export(other_id, "")
    await database.save(user_id, again)
    for row in before:
        number = row.measurement.id
        assert await database.service.one(user_id, number) is None
        assert await database.service.change(user_id, number, Change(value=1)) is None
        assert not await database.service.delete(user_id, number)
    for name in _NAMES:
        await database.service.delete_variable(user_id, name)
    assert await database.export(user_id, "") == []
    assert await database.export(other_id, "") == before


@few_examples
@given(sample_lists, sample_lists, sample_lists, queries)
async def test_1_a_page_of_several_people_has_no_one_else(
    database: MeasurementDatabase,
    one: list[Sample],
    other: list[Sample],
    third: list[Sample],
    query: str,
) -> None:
    """The page that an application reads over all people who allowed it."""
    people = [await database.add_person(each) for each in (one, other)]
    await database.add_person(third)
    try:
        parsed = parse_measurement_query(query.encode())
        rows, total = await database.service.page_of_people(
            [Person(each) for each in people],
            parsed,
            database.stores.measurements.count_measurements,
        )
        pages = [await database.service.page(each, parsed) for each in people]
    except MeasurementError:
        return
    assert {row.measurement.user_id for row in rows} <= set(people)
    assert total == sum(number for _, number in pages)
