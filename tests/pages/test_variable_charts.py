"""The chart of a variable's page: its axes, its ranges of time, and its days, weeks and months."""

import re
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.pages.axis_charts import axis_chart, axis_lines, ticks_of
from support.page_site import Visitor

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("least", "most", "ticks"),
    [
        (0, 10, [0, 5, 10]),
        (61.3, 78.9, [60, 65, 70, 75, 80]),
        (3, 3, [1, 2, 3, 4, 5]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]),
        (1999, 9254, [0, 2000, 4000, 6000, 8000, 10000]),
    ],
)
def test_an_axis_has_round_values(least: float, most: float, ticks: list[float]) -> None:
    assert ticks_of(least, most) == ticks


@given(FINITE, FINITE)
def test_every_value_is_between_the_ends_of_the_axis(one: float, other: float) -> None:
    least, most = sorted((one, other))
    ticks = ticks_of(least, most)
    assert 2 <= len(ticks) <= 8
    assert all(map(isfinite, ticks))
    drawn = axis_chart([(1, least), (2, most)], 1, 2)
    assert drawn is not None
    for pair in drawn.line.split():
        x, y = map(float, pair.split(","))
        assert -0.2 <= x <= drawn.width + 0.2
        assert -0.2 <= y <= drawn.height + 0.2


async def test_the_page_of_a_variable_has_ranges_groups_and_a_table(ann: Visitor) -> None:
    visitor = ann
    for when, value in (
        ("2026-11-23T07:30", "3"),
        ("2026-11-23T23:30", "5"),
        ("2026-11-24T07:30", "2"),
        ("2026-10-02T07:30", "1"),
        ("2019-01-01T07:30", "4"),
    ):
        fields = {"variable": "Sleep Quality", "value": value, "unit": "/5", "category": "Sleep"}
        await visitor.submit("/account/data", **fields, when=when, note="")
    path = "/account/data/variable?name=Sleep%20Quality"

    async def table(query: str) -> list[tuple[str, str, str]]:
        page = (await visitor.get(path + query)).text
        assert len(page.encode()) < 60_000
        found = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td>', page)
        return [(str(a), str(b), str(c)) for a, b, c in found]

    days = [("24 November 2026", "2/5", "1"), ("23 November 2026", "4/5", "2")]
    assert await table("&range=30&by=day") == days
    assert await table("") == days, "the range that has the latest measurement"
    assert await table("&range=7&by=day") == days
    assert (await table("&range=90&by=week"))[0] == ("Week of 23 November 2026", "3.33/5", "3")
    months = await table("&range=all&by=month")
    assert [month for month, _, _ in months] == ["November 2026", "October 2026", "January 2019"]
    assert await table("&range=x&by=%00") == days
    page = (await visitor.get(path)).text
    assert '<desc id="chart-desc">2 values from' in page
    assert page.count('aria-current="true"') >= 2


def test_the_axis_of_counts_begins_at_zero() -> None:
    points = [(1.0, 90.0), (2.0, 100.0)]
    of_values, of_counts = (axis_chart(points, 1, 2, of_counts=each) for each in (False, True))
    assert of_values is not None
    assert of_counts is not None
    assert (of_values.ticks[0], of_counts.ticks[0]) == (90.0, 0.0)


def test_several_lines_share_one_axis_and_have_gaps_where_a_value_is_missing() -> None:
    drawn = axis_lines([[0.0, 50.0, None, None, 100.0], [None, 40.0, None, 60.0, 100.0]])
    assert drawn is not None
    assert (drawn.ticks[0], drawn.ticks[-1]) == (0.0, 100.0)
    assert drawn.paths == ["M0 200h0L160 100M640 0h0", "M160 120h0M480 80h0L640 0"]
    assert axis_lines([[None, None], [None, None]]) is None
    assert axis_lines([]) is None
    one = axis_lines([[7.0]])
    assert one is not None
    assert one.paths[0].startswith("M320 ")
