"""Whatever was recorded and is asked for: pages one after the other are the whole, in order and
without doubles, and filters choose what they say."""

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantimodo.measurements.catalogue import References
from quantimodo.measurements.journal import Journal
from quantimodo.measurements.posts import SentMeasurement, SentSet
from quantimodo.measurements.questions import question_about_measurements
from quantimodo.model.users import NewUser
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Stores

_NUMBERS = count()
_SORTS = ("startTime", "value", "createdAt", "updatedAt", "variableName", "source", "id")
recorded = st.lists(
    st.tuples(
        st.sampled_from(["Mood", "Sleep, long", "Café"]),
        st.sampled_from(["", "App", "Äpp"]),
        st.integers(0, 12),
        st.integers(1, 5),
    ),
    max_size=25,
)
bounds = st.sampled_from(["(gt)", "(ge)", "(lt)", "(le)", ""])
examples = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Diary:
    """A person of their own, with these measurements."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self.stores = stores
        self.clock = clock
        self.journal = Journal(stores, References(stores), clock)

    async def person(self, what: list[tuple[str, str, int, int]]) -> int:
        name = f"diary-{next(_NUMBERS)}"
        user = await self.stores.add_user(
            NewUser(subject=name, name=name, email=None, created_at=self.clock.now()), None
        )
        sets = [
            SentSet(
                measurements=[SentMeasurement(start_time=start, value=value)],
                variable_name=variable,
                source_name=source or None,
                abbreviated_unit_name="/5",
            )
            for variable, source, start, value in what
        ]
        if sets:
            await self.journal.save(user.id, sets)
        return user.id

    async def ask(self, user_id: int, query: str) -> tuple[list[Any], int]:
        question = question_about_measurements(query.encode())
        rows, total = await self.journal.page(user_id, question)
        told = [
            (row.measurement.variable, row.source, row.start // 1_000_000, row.value)
            for row in rows
        ]
        return told, total


@pytest.fixture
def diary(stores: Stores, clock: Clock) -> Diary:
    return Diary(stores, clock)


def kept(what: list[tuple[str, str, int, int]]) -> list[tuple[str, str, int, int]]:
    """The last of each variable, source and start."""
    found = {(variable, source, start): value for variable, source, start, value in what}
    return [(*key, value) for key, value in found.items()]


@examples
@given(recorded, st.sampled_from(_SORTS), st.booleans(), st.integers(1, 7))
async def test_pages_together_are_the_whole_in_order_without_doubles(
    diary: Diary, what: list[tuple[str, str, int, int]], sort: str, backwards: bool, limit: int
) -> None:
    user_id = await diary.person(what)
    order = f"{'-' if backwards else ''}{sort}"
    whole, total = await diary.ask(user_id, f"limit=200&sort={order}")
    assert sorted(whole) == sorted(kept(what))
    assert total == len(whole)
    pages = [
        await diary.ask(user_id, f"limit={limit}&offset={offset}&sort={order}")
        for offset in range(0, total + limit, limit)
    ]
    assert [row for rows, _ in pages for row in rows] == whole
    assert {number for _, number in pages} == {total}
    place = {"startTime": 2, "value": 3, "source": 1}.get(sort)
    if place is not None:
        keys = [row[place] for row in whole]
        if sort != "source":
            assert keys == sorted(keys, reverse=backwards)


@examples
@given(recorded, bounds, st.integers(0, 6), bounds, st.integers(0, 12), st.booleans())
async def test_filters_choose_what_they_say(
    diary: Diary,
    what: list[tuple[str, str, int, int]],
    of_value: str,
    value: int,
    of_time: str,
    time: int,
    negated: bool,
) -> None:
    user_id = await diary.person(what)
    sign = "!" if negated else ""
    found, _ = await diary.ask(
        user_id,
        f"limit=200&variableName={sign}Sleep%5C,%25&value={of_value}{value}&startTime={of_time}{time}",
    )
    holds = {
        "(gt)": lambda one, other: one > other,
        "(ge)": lambda one, other: one >= other,
        "(lt)": lambda one, other: one < other,
        "(le)": lambda one, other: one <= other,
    }
    by_value = holds.get(of_value, lambda one, other: one == other)
    by_time = holds.get(of_time, holds["(ge)"])
    assert sorted(found) == sorted(
        row
        for row in kept(what)
        if row[0].startswith("Sleep,") != negated
        and by_value(row[3], value)
        and by_time(row[2], time)
    )


@examples
@given(recorded)
async def test_the_walk_of_an_export_is_the_same_by_start(
    diary: Diary, what: list[tuple[str, str, int, int]]
) -> None:
    user_id = await diary.person(what)
    question = question_about_measurements(b"")
    walked = [
        (row.measurement.variable, row.source, row.start // 1_000_000, row.value)
        async for rows in await diary.journal.walk(user_id, question)
        for row in rows
    ]
    whole, _ = await diary.ask(user_id, "limit=200")
    assert walked == whole
