"""Reads rows into values by name. A `RowReader` names each column once, beside its conversion.

`reader.columns` is the column list of the SELECT, and `reader.read` takes such a row: both have the
order of one list of fields, so they cannot differ. A row is a tuple on both engines. A row of one
to three columns that becomes no value of `model` is unpacked into names instead.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Generic, NamedTuple

from quantimodo.storage.database import Row, T


class _Conversion(NamedTuple):
    """The place of a value among those of a row, and its conversion."""

    place: int
    convert: Callable[[Any], Any]


class Column:
    """One column and the field that it fills. `sql` is its expression, where it is not the column
    of that name; `convert` takes the stored value, None for NULL."""

    __slots__ = ("convert", "name", "sql")

    def __init__(
        self, name: str, convert: Callable[[Any], Any] | None = None, *, sql: str = ""
    ) -> None:
        self.name = name
        self.convert = convert
        self.sql = sql


class Part:
    """A field whose value another reader makes of its columns.

    `optional`: the field is None when the first of these columns is NULL, as after a LEFT JOIN.
    """

    __slots__ = ("name", "optional", "reader")

    def __init__(self, name: str, reader: "RowReader[Any]", *, optional: bool = False) -> None:
        self.name = name
        self.reader = reader
        self.optional = optional


class UnreadColumn:
    """A column that fills no field, such as the key of a `KeyedRead`."""

    __slots__ = ("sql",)

    def __init__(self, sql: str) -> None:
        self.sql = sql


class RowReader(Generic[T]):
    """Makes a value from a row. A string is a column without conversion; `table` qualifies the
    names of columns; `cache` is the number of different rows whose values are cached.

    Raises `TypeError` when it is constructed if `make` lacks a field or requires another one.
    `read` raises `ValueError` for a row of another width. Thread-safe.
    """

    __slots__ = ("columns", "read", "width")

    def __init__(
        self,
        make: Callable[..., T],
        *fields: str | Column | Part | UnreadColumn,
        table: str = "",
        cache: int = 0,
    ) -> None:
        given = [Column(field) if isinstance(field, str) else field for field in fields]
        self.columns = ", ".join(_sql(field, f"{table}." if table else "") for field in given)
        self.width = sum(_width(field) for field in given)
        read: Callable[[Row], T] = _row_function(make, given)
        self.read: Callable[[Row], T] = lru_cache(maxsize=cache)(read) if cache else read

    def read_found(self, row: Row | None) -> T | None:
        """The value of the row that a keyed read found; None without a row."""
        return None if row is None else self.read(row)

    def read_first(self, rows: Sequence[Row]) -> T | None:
        """The value of the first row; None without rows."""
        return next(map(self.read, rows), None)

    def read_all(self, rows: Iterable[Row]) -> list[T]:
        """The values of all rows, in their order."""
        return list(map(self.read, rows))


def first_value(rows: Iterable[Row]) -> Any:
    """The value in the first of these rows of one column; None without rows."""
    return next((value for (value,) in rows), None)


def _sql(field: Column | Part | UnreadColumn, prefix: str) -> str:
    if isinstance(field, Part):
        return field.reader.columns
    if isinstance(field, UnreadColumn):
        return field.sql
    return f"{field.sql} AS {field.name}" if field.sql else f"{prefix}{field.name}"


def _width(field: Column | Part | UnreadColumn) -> int:
    return field.reader.width if isinstance(field, Part) else 1


def _row_function(
    make: Callable[..., Any], fields: Sequence[Column | Part | UnreadColumn]
) -> Callable[[Row], Any]:
    """The function that converts a row and calls `make`: by position where the fields have the
    order of its parameters, which costs less, otherwise by name."""
    names: list[str] = []
    places: list[int | slice] = []
    conversions: list[_Conversion] = []
    width = 0
    for field in fields:
        start, width = width, width + _width(field)
        if isinstance(field, UnreadColumn):
            continue
        convert = _part_conversion(field) if isinstance(field, Part) else field.convert
        if convert is not None:
            conversions.append(_Conversion(len(names), convert))
        names.append(field.name)
        places.append(slice(start, width) if isinstance(field, Part) else start)
    signature = inspect.signature(make)
    signature.bind(**dict.fromkeys(names))
    parameters = signature.parameters.values()
    positional = [each.name for each in parameters if each.kind != each.KEYWORD_ONLY]
    in_order = positional[: len(names)] == names
    select = _selector(places)

    def read(row: Row) -> Any:
        if len(row) != width:
            raise ValueError(f"a row of {width} columns is expected, not of {len(row)}")
        values = list(select(row))
        for place, convert in conversions:
            values[place] = convert(values[place])
        if in_order:
            return make(*values)
        return make(**dict(zip(names, values)))  # noqa: B905 - `select` gives one for each name

    return read


def _selector(places: list[int | slice]) -> Callable[[Row], tuple[Any, ...]]:
    """The function that returns the values in these places of a row; a slice is one value."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple(row[place] for place in places)


def _part_conversion(part: Part) -> Callable[[Row], Any]:
    read = part.reader.read
    if part.optional:
        return lambda selected: None if selected[0] is None else read(selected)
    return read
