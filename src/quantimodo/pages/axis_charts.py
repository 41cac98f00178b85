"""The numbers of a chart with axes for an SVG: lines through (time, value) points. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Final

from quantimodo.pages.charts import Point, place, sampled

_WIDTH: Final = 640
_HEIGHT: Final = 200
_STEPS: Final = (1.0, 2.0, 5.0, 10.0)
_INTERVALS: Final = 4  # between ticks, at about
_MOST_DOTS: Final = 62


@dataclass(frozen=True, slots=True)
class AxisChart:
    """A line in a box of `width` by `height`. `dots` are its points, if they are few; `ticks` are
    the values of the vertical axis at equal distances, the lowest first, and `levels` where they
    are in the box."""

    width: int
    height: int
    line: str
    dots: Sequence[Point]
    ticks: Sequence[float]
    levels: Sequence[float]


def axis_chart(
    points: Sequence[Point], begins: float, ends: float, *, of_counts: bool = False
) -> AxisChart | None:
    """The chart of these points, in the order of time, from `begins` to `ends`; or None. The axis
    `of_counts` begins at 0."""
    if not points:
        return None
    values = [value for _, value in points]
    ticks = ticks_of(0.0 if of_counts else min(values), max(values))
    placed = [
        (
            round(place(at, begins, ends, _WIDTH, 0), 1),
            round(_HEIGHT - place(value, ticks[0], ticks[-1], _HEIGHT, 0), 1),
        )
        for at, value in sampled(points)
    ]
    last = len(ticks) - 1
    return AxisChart(
        _WIDTH,
        _HEIGHT,
        " ".join(f"{x:g},{y:g}" for x, y in placed),
        placed if len(placed) <= _MOST_DOTS else (),
        ticks,
        [round(_HEIGHT - _HEIGHT * number / last, 1) for number in range(len(ticks))],
    )


@dataclass(frozen=True, slots=True)
class AxisLines:
    """Several lines in one box, each as the data of a path; a period without a value is a gap.
    The other fields are those of `AxisChart`."""

    width: int
    height: int
    paths: Sequence[str]
    ticks: Sequence[float]
    levels: Sequence[float]


def axis_lines(lines: Sequence[Sequence[float | None]]) -> AxisLines | None:
    """The chart of lines of equally many values at equal distances, with an axis from 0; None
    without a value."""
    values = [value for line in lines for value in line if value is not None]
    if not values:
        return None
    ticks = ticks_of(0.0, max(values))
    last = len(ticks) - 1
    return AxisLines(
        _WIDTH,
        _HEIGHT,
        [_path(line, ticks[-1]) for line in lines],
        ticks,
        [round(_HEIGHT - _HEIGHT * number / last, 1) for number in range(len(ticks))],
    )


def _path(line: Sequence[float | None], most: float) -> str:
    steps, sign = [], "M"
    for place_in_line, value in enumerate(line):
        if value is None:
            sign = "M"
            continue
        x = round(place(place_in_line, 0, len(line) - 1, _WIDTH, 0), 1)
        y = round(_HEIGHT - place(value, 0, most, _HEIGHT, 0), 1)
        # A line of no length shows a value whose neighbours are missing.
        steps.append(f"{sign}{x:g} {y:g}" + ("h0" if sign == "M" else ""))
        sign = "L"
    return "".join(steps)


def ticks_of(least: float, most: float) -> list[float]:
    """Round values at equal distances, from one below `least` to one above `most`."""
    size = most - least
    if not isfinite(size) or abs(least) > 1e300 or abs(most) > 1e300:
        return [least, most] if least < most else sorted((least / 2, least))
    if size == 0:
        size = abs(least) or 1.0
        least, most = least - size / 2, most + size / 2
    if size < 1e-300:
        return [least, most]
    step = _step(size / _INTERVALS)
    first, last = floor(least / step), ceil(most / step)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def _step(size: float) -> float:
    """The smallest round distance that is not below `size`."""
    power = 10.0 ** floor(log10(size))
    return next(step * power for step in _STEPS if step * power >= size * 0.999999)
