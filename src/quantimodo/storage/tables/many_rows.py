"""INSERT of many rows at once: each row on its own costs most of its time in getting there.

Statements come in a few sizes, so that the engines have them prepared.
"""

from collections.abc import Generator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from quantimodo.storage.database import Call, Row
from quantimodo.storage.tables.measurement_queries import ComposedStatement

_SIZES: Final = (200, 20, 1)


def insert_many(
    head: str, row: str, tail: str, same: tuple[Any, ...], rows: Sequence[Sequence[Any]]
) -> Generator[Call, Sequence[Row], None]:
    """`head VALUES row, row, … tail`. In `row`, `{1} …` are the values of `same`, which all rows
    share, and `%` stands for each value of the row's own."""
    place = 0
    for size in _SIZES:
        while len(rows) - place >= size:
            values = chain.from_iterable(rows[place : place + size])
            yield _statement(head, row, tail, len(same), size), (*same, *values)
            place += size


@lru_cache(maxsize=64)
def _statement(head: str, row: str, tail: str, shared: int, size: int) -> ComposedStatement:
    own = row.count("%")
    spelled = []
    for first in range(shared + 1, shared + 1 + own * size, own):
        numbers = iter(range(first, first + own))
        spelled.append("".join(f"{{{next(numbers)}}}" if sign == "%" else sign for sign in row))
    return ComposedStatement(f"{head} VALUES {', '.join(spelled)} {tail}", shared + own * size)
