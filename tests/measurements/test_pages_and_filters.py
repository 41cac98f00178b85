"""measurements-api.md §5, §6: for generated measurements and queries, the pages together have each
row once and in order, and filters select exactly what they state."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import fsum
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from measurement_database import (
    SECOND,
    MeasurementDatabase,
    Sample,
    few_examples,
    latest,
    sample_of,
)

from quantimodo.measurements.grouping import Grouping
from quantimodo.measurements.queries import parse_variable_query
from support.environment import FrozenClock

_SORTS = ("startTime", "value", "createdAt", "updatedAt", "variableName", "source", "id")
_CLOCK_SET_BACK = 1_793_512_800  # 2026-11-01T06:00:00Z, in New York
_NAMES = ("Mood", "Sleep, long", "Café", r"100% \ !x", "a_b", "aXb")
sample_lists = st.lists(
    st.builds(
        Sample,
        st.sampled_from(_NAMES),
        st.sampled_from(["", "App", "Äpp", "(gt)1"]),
        st.integers(0, 12),
        st.integers(1, 5).map(float),
    ),
    max_size=25,
)

# ------------------------------------------------------------------------------------------- pages


@few_examples
@given(sample_lists, st.sampled_from(_SORTS), st.booleans(), st.integers(1, 7))
async def test_5_pages_together_have_each_row_once_and_in_order(
    database: MeasurementDatabase, samples: list[Sample], sort: str, backwards: bool, limit: int
) -> None:
    user_id = await database.add_person(samples)
    order = f"sort={'-' if backwards else ''}{sort}"
    whole, total = await database.samples(user_id, f"limit=200&{order}")
    assert sorted(whole) == sorted(latest(samples))
    assert total == len(whole)
    pages = [
        await database.samples(user_id, f"limit={limit}&offset={offset}&{order}")
        for offset in range(0, total + limit, limit)
    ]
    assert [row for rows, _ in pages for row in rows] == whole
    assert {number for _, number in pages} == {total}
    keys: dict[str, Callable[[Sample], Any]] = {
        "startTime": lambda one: one.start,
        "value": lambda one: one.value,
        "source": lambda one: one.source,
        "variableName": lambda one: one.variable,
    }
    if sort in keys:
        found = [keys[sort](row) for row in whole]
        assert found == sorted(found, reverse=backwards)


@few_examples
@given(sample_lists, st.sampled_from([1, 3, 5, 86_400]), st.booleans(), st.integers(1, 4))
async def test_6_pages_of_groups_together_are_all_groups(
    database: MeasurementDatabase, samples: list[Sample], width: int, backwards: bool, limit: int
) -> None:
    user_id = await database.add_person(samples)
    query = f"groupingWidth={width}&sort={'-' if backwards else ''}startTime"
    whole, total = await database.page(user_id, f"{query}&limit=200")
    pages = [
        (await database.page(user_id, f"{query}&limit={limit}&offset={offset}"))[0]
        for offset in range(0, total + limit, limit)
    ]
    assert [row for rows in pages for row in rows] == list(whole)
    expected: dict[tuple[int, str], list[float]] = {}
    for one in latest(samples):
        expected.setdefault((one.start // width * width, one.variable), []).append(one.value)
    assert {
        (row.start // SECOND, row.measurement.variable): (row.number, row.value) for row in whole
    } == {key: (len(found), sum(found) / len(found)) for key, found in expected.items()}
    keys = [(row.start, row.measurement.variable) for row in whole]
    assert keys == sorted(keys, reverse=backwards)


@few_examples
@given(
    st.lists(
        st.builds(
            Sample,
            st.sampled_from(_NAMES[:2]),
            st.sampled_from(["", "App"]),
            st.integers(-30, 30).map(lambda quarters: _CLOCK_SET_BACK + quarters * 900),
            st.integers(10, 50).map(lambda tenths: tenths / 10),
        ),
        max_size=25,
    ),
    st.sampled_from([60, 900, 3_600, 5_400, 86_400, 604_800]),
    st.booleans(),
)
async def test_6_groups_have_the_measurements_of_their_span_and_sums_are_exact(
    database: MeasurementDatabase, samples: list[Sample], width: int, backwards: bool
) -> None:
    user_id = await database.add_person(samples)
    zone = "America/New_York"
    query = f"groupingWidth={width}&groupingTimezone={zone}"
    query += f"&sort={'-' if backwards else ''}startTime"
    grouping = Grouping(width * SECOND, ZoneInfo(zone))
    expected: dict[tuple[int, str], list[Sample]] = {}
    for one in sorted(latest(samples), key=lambda each: each.start):
        key = grouping.start(one.start * SECOND), one.variable
        expected.setdefault(key, []).append(one)
    rows = {
        (row.start, row.measurement.variable): row for row in await database.export(user_id, query)
    }
    assert list(rows) == sorted(expected, reverse=backwards)
    for key, members in expected.items():
        assert rows[key].value == fsum(each.value for each in members) / len(members)
        assert rows[key].number == len(members)
        sources = {each.source for each in members}
        assert rows[key].source == (sources.pop() if len(sources) == 1 else None)
        first = members[-1 if backwards else 0].start * SECOND
        assert rows[key].measurement.start == first
    page, total = await database.page(user_id, f"{query}&limit=200")
    assert (list(page), total) == (list(rows.values()), len(rows))


@few_examples
@given(st.sets(st.text(st.characters(codec="utf-8", categories=["L", "N", "S"]), min_size=1)),
       st.booleans(), st.integers(1, 4))  # fmt: skip
async def test_5_pages_of_variables_together_are_all_variables(
    database: MeasurementDatabase, names: set[str], backwards: bool, limit: int
) -> None:
    user_id = await database.add_person([Sample(name[:100], "", 1, 3) for name in sorted(names)])
    named = {unicodedata.normalize("NFC", name[:100]) for name in names}
    found: list[str] = []
    for offset in range(0, len(named) + limit, limit):
        query = f"sort={'-' if backwards else ''}name&limit={limit}&offset={offset}"
        page, total = await database.service.variables(
            user_id, parse_variable_query(query.encode())
        )
        assert total == len(named)
        found += [each.summary.variable.name for each in page]
    assert found == sorted(named, reverse=backwards)


@few_examples
@given(sample_lists, st.booleans())
async def test_an_export_has_the_rows_of_the_pages_in_order(
    database: MeasurementDatabase, samples: list[Sample], backwards: bool
) -> None:
    user_id = await database.add_person(samples)
    order = f"sort={'-' if backwards else ''}startTime"
    whole, _ = await database.samples(user_id, f"limit=200&{order}")
    assert [sample_of(row) for row in await database.export(user_id, order)] == whole


# ----------------------------------------------------------------------------------------- filters


@dataclass(frozen=True)
class Filter:
    """One filter: its text, and which samples it selects."""

    name: str
    text: str
    selects: Callable[[Sample], bool]


def escaped(text: str) -> str:
    """`text` with every special character escaped."""
    return "".join(f"\\{character}" if character in "\\,%!" else character for character in text)


_LIKE: dict[str, tuple[str, Callable[[str, str], bool]]] = {
    "is": ("{}", lambda text, part: text == part),
    "begins": ("{}%", lambda text, part: text.startswith(part)),
    "ends": ("%{}", lambda text, part: text.endswith(part)),
    "contains": ("%{}%", lambda text, part: part in text),
}
_THAN: dict[str, Callable[[float, float], bool]] = {
    "": lambda one, other: one == other,
    "(gt)": lambda one, other: one > other,
    "(ge)": lambda one, other: one >= other,
    "(lt)": lambda one, other: one < other,
    "(le)": lambda one, other: one <= other,
}


@st.composite
def text_filters(draw: st.DrawFn, name: str, field: Callable[[Sample], str]) -> Filter:
    whole = st.sampled_from([*_NAMES, "App", "Äpp", "(gt)1", "nothing"])
    parts = draw(st.lists(st.tuples(st.sampled_from(sorted(_LIKE)), whole), min_size=1, max_size=3))
    items = [
        (how, text if how == "is" else text[draw(st.integers(0, 3)) :][: draw(st.integers(0, 4))])
        for how, text in parts
    ]
    negated = draw(st.booleans())
    text = ",".join(_LIKE[how][0].format(escaped(text)) for how, text in items)
    return Filter(
        name,
        f"!{text}" if negated else text,
        lambda one: negated != any(_LIKE[how][1](field(one), text) for how, text in items),
    )


@st.composite
def number_filters(
    draw: st.DrawFn, name: str, field: Callable[[Sample], float], bare: str = ""
) -> Filter:
    items = draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(_THAN)), st.integers(-1, 13)), min_size=1, max_size=3
        )
    )
    negated = draw(st.booleans())
    text = ",".join(f"{operator}{number}" for operator, number in items)
    if len(items) == 1:  # one time without an operator is the first, or the last
        items = [(operator or bare, number) for operator, number in items]
    return Filter(
        name,
        f"!{text}" if negated else text,
        lambda one: (
            negated != any(_THAN[operator](field(one), number) for operator, number in items)
        ),
    )


filters = st.one_of(
    text_filters("variableName", lambda one: one.variable),
    text_filters("source", lambda one: one.source),
    number_filters("value", lambda one: one.value),
    number_filters("startTime", lambda one: one.start, bare="(ge)"),
    number_filters("endTime", lambda one: one.start, bare="(le)"),
)


@few_examples
@given(sample_lists, st.lists(filters, max_size=3), st.booleans())
async def test_5_filters_select_what_they_state(
    database: MeasurementDatabase, samples: list[Sample], chosen: Sequence[Filter], brackets: bool
) -> None:
    """All filters apply, whether a repeated name has brackets or not."""
    user_id = await database.add_person(samples)
    suffix = "[]" if brackets else ""
    query = urlencode([(f"{each.name}{suffix}", each.text) for each in chosen])
    found, total = await database.samples(user_id, f"limit=200&{query}")
    expected = [one for one in latest(samples) if all(each.selects(one) for each in chosen)]
    assert sorted(found) == sorted(expected)
    assert total == len(expected)
    assert sorted(sample_of(row) for row in await database.export(user_id, query)) == sorted(
        expected
    )


@few_examples
@given(st.lists(st.integers(1, 5).map(float), min_size=1, max_size=6),
       st.integers(0, 6), st.sampled_from(["", *_THAN]), st.booleans())  # fmt: skip
async def test_5_filters_by_creation_and_by_change(
    database: MeasurementDatabase, values: list[float], hour: int, operator: str, last: bool
) -> None:
    """One measurement is added each hour, and the first is changed in each later hour."""
    clock = database.clock
    assert isinstance(clock, FrozenClock)
    user_id, began = await database.add_person(), clock.now()
    for number, value in enumerate(values):
        made = [Sample("Mood", "", number, value)]
        changed = [Sample("Mood", "Other", 0, float(number))]
        await database.save(user_id, [*made, *changed], unit="count")
        clock.advance(timedelta(hours=1))
    at = (began + timedelta(hours=hour)).isoformat()
    holds = _THAN[operator or "(ge)"]
    hours = range(len(values))
    created, _ = await database.samples(user_id, urlencode({"createdAt": operator + at}))
    assert sorted(one.start for one in created) == sorted(
        [number for number in hours if holds(number, hour)] + [0] * holds(0, hour)
    )
    name = "lastUpdated" if last else "updatedAt"
    updated, _ = await database.samples(user_id, urlencode({name: operator + at}))
    assert sorted(one.start for one in updated) == sorted(
        [number for number in hours if holds(number, hour)] + [0] * holds(hours[-1], hour)
    )
