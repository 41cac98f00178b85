"""INSERT of many rows at once, because most of the time of a single INSERT is the call.

On SQLite that is `VALUES` of many rows, in a few sizes, so that statements are prepared already; on
PostgreSQL one statement over arrays, of whatever size.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count
from typing import Any, Final

from quantimodo.storage.database import Call, Row, Statement

_SIZES: Final = (1_000, 200, 20, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """`head VALUES row, row, … tail`. In `row`, `{1} …` are the values that all rows share, and `%`
    stands for each value of the row's own. The types are PostgreSQL's names for them."""

    head: str
    row: str
    tail: str
    shared: tuple[str, ...] = ()
    own: tuple[str, ...]


class _ManyRows(Statement):
    """The statement for `size` rows; its values are the shared ones, then row after row."""

    __slots__ = ("_own", "_shared")

    def __init__(self, insert: Insert, size: int) -> None:
        self._shared, self._own = len(insert.shared), len(insert.own)
        self.sqlite = _sqlite(insert, size)
        self.postgres = _postgres(insert)

    def arguments(self, values: Row) -> Row:
        rows = values[self._shared :]
        columns = (list(rows[place :: self._own]) for place in range(self._own))
        return (*values[: self._shared], *columns)


def insert_many(
    insert: Insert, same: Row, rows: Sequence[Sequence[Any]]
) -> Generator[Call, Sequence[Row], None]:
    """The calls that insert these rows; `same` are the values that all rows share."""
    place = 0
    for size in _SIZES:
        while len(rows) - place >= size:
            values = chain.from_iterable(rows[place : place + size])
            yield _statement(insert, size), (*same, *values)
            place += size


@lru_cache(maxsize=64)
def _statement(insert: Insert, size: int) -> _ManyRows:
    return _ManyRows(insert, size)


def _sqlite(insert: Insert, size: int) -> str:
    row = insert.row.format(*(f"?{n}" for n in range(len(insert.shared) + 1)))
    numbers = count(len(insert.shared) + 1)
    rows = (
        "".join(f"?{next(numbers)}" if sign == "%" else sign for sign in row) for _ in range(size)
    )
    return f"{insert.head} VALUES {', '.join(rows)} {insert.tail}"


def _postgres(insert: Insert) -> str:
    shared = (f"${n}::{kind}" for n, kind in enumerate(insert.shared, 1))
    row = insert.row.strip("()").format("", *shared)
    names = [f"c{n}" for n in range(len(insert.own))]
    columns = iter(names)
    chosen = "".join(f"u.{next(columns)}" if sign == "%" else sign for sign in row)
    arrays = (f"${n}::{kind}[]" for n, kind in enumerate(insert.own, len(insert.shared) + 1))
    source = f"unnest({', '.join(arrays)}) AS u({', '.join(names)})"
    return f"{insert.head} SELECT {chosen} FROM {source} {insert.tail}"
