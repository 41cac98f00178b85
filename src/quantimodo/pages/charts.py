"""The numbers of a small chart for an SVG: a line through (time, value) points. Pure.

Its size is bounded: of many points, those that determine the shape of the line are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Point = tuple[float, float]
_EDGE: Final = 4.0  # margin for the dots at the border
_MOST_POINTS: Final = 240


@dataclass(frozen=True, slots=True)
class Chart:
    """`line` is the `points` of a polyline in a box of `width` by `height`; `last` its end."""

    width: int
    height: int
    line: str
    last: Point
    least: float
    most: float


def chart(points: Sequence[Point], width: int, height: int) -> Chart | None:
    """The chart of these points, in the order of time; None without points."""
    if not points:
        return None
    shown = sampled(points)
    across, up = [x for x, _ in shown], [y for _, y in shown]
    placed = [
        (
            round(place(x, min(across), max(across), width), 1),
            round(height - place(y, min(up), max(up), height), 1),
        )
        for x, y in shown
    ]
    line = " ".join(f"{x:g},{y:g}" for x, y in placed)
    return Chart(width, height, line, placed[-1], min(up), max(up))


def place(value: float, least: float, most: float, size: int, edge: float = _EDGE) -> float:
    """Where a value is between the edges of a box of this size."""
    if most == least:
        return size / 2
    # Halves, because the difference of two floats may overflow.
    share = (value / 2 - least / 2) / (most / 2 - least / 2)
    return edge + share * (size - 2 * edge)


def sampled(points: Sequence[Point]) -> Sequence[Point]:
    """The first and the last point, and the lowest and the highest of each part between."""
    if len(points) <= _MOST_POINTS:
        return points
    points_per_span = -(-len(points) * 2 // _MOST_POINTS)
    indexes = {0, len(points) - 1}
    for start in range(0, len(points), points_per_span):
        part = range(start, min(start + points_per_span, len(points)))
        indexes.add(min(part, key=lambda at: points[at][1]))
        indexes.add(max(part, key=lambda at: points[at][1]))
    return [points[at] for at in sorted(indexes)]
