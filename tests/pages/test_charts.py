"""A chart is a bounded number of finite points inside its box, for any measurements."""

from hypothesis import given
from hypothesis import strategies as st

from quantimodo.pages.charts import chart

numbers = st.floats(allow_nan=False, allow_infinity=False)


def test_nothing_has_no_chart_and_one_point_is_in_the_middle() -> None:
    assert chart([], 100, 40) is None
    alone = chart([(5.0, 7.0)], 100, 40)
    assert alone is not None
    assert (alone.line, alone.last, alone.least, alone.most) == ("50,20", (50.0, 20.0), 7.0, 7.0)


def test_it_goes_from_edge_to_edge_and_up_is_more() -> None:
    drawn = chart([(0, 0), (1, 5), (2, 10)], 100, 40)
    assert drawn is not None
    assert drawn.line == "4,36 50,20 96,4"


def test_of_many_points_the_peaks_stay() -> None:
    points = [(float(at), 1.0) for at in range(10_000)]
    points[4_321] = (4_321.0, 99.0)
    drawn = chart(points, 640, 160)
    assert drawn is not None
    assert drawn.most == 99
    assert len(drawn.line.split()) <= 250


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=600))
def test_every_point_is_in_the_box(points: list[tuple[float, float]]) -> None:
    drawn = chart(sorted(points), 240, 56)
    assert drawn is not None
    for place in drawn.line.split():
        x, y = map(float, place.split(","))
        assert 0 <= x <= 240
        assert 0 <= y <= 56
