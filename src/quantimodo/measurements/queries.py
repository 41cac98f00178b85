"""Parses the query of a GET into filters, an order and a page.

Owns the names and the syntax of parameters. Unknown parameters are ignored.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Final
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo, available_timezones

from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.filters import number_filter, text_filter, time_filter
from quantimodo.measurements.grouping import Grouping
from quantimodo.measurements.times import SECOND
from quantimodo.model.measurements import Filter, Order, QueryFilters, SortKey

MOST_AT_ONCE: Final = 200
_DEFAULT_LIMIT: Final = 100
_LONGEST_QUERY: Final = 4096
_MOST_PARAMETERS: Final = 64
_MOST_COMPARISONS: Final = 100
_LARGEST_OFFSET: Final = 10**12
_WIDEST: Final = 366 * 86_400  # seconds
_LONGEST_DESCRIPTION: Final = 255
_JOINERS: Final = "\u200c\u200d"  # not printable, but part of words and emoji
_DIGITS: Final = re.compile(r"\d{1,15}", re.ASCII)
_REPEATED: Final = re.compile(r"([A-Za-z]+)\[\d{0,4}\]", re.ASCII)
_NO_ZONES: Final = frozenset({"localtime", "posixrules"})  # of the machine, not of IANA

_FILTERS: Final[dict[str, Callable[[str], Filter]]] = {
    "variableName": partial(text_filter, "variable"),
    "variableCategoryName": partial(text_filter, "category"),
    "source": partial(text_filter, "source"),
    "value": partial(number_filter, "value"),
    # A measurement has no end: both bound the moment at which it starts.
    "startTime": partial(time_filter, "start", bare="from"),
    "endTime": partial(time_filter, "start", bare="until"),
    "createdAt": partial(time_filter, "created", bare="from"),
    "updatedAt": partial(time_filter, "updated", bare="from"),
    "lastUpdated": partial(time_filter, "updated", bare="from"),
}
_MEASUREMENT_FILTERS: Final = {name: name for name in _FILTERS}
_VARIABLE_FILTERS: Final = {
    "name": "variableName",
    "variableName": "variableName",
    "category": "variableCategoryName",
    "variableCategoryName": "variableCategoryName",
}
_SORTS: Final[dict[str, SortKey]] = {
    "startTime": "start",
    "value": "value",
    "createdAt": "created",
    "updatedAt": "updated",
    "lastUpdated": "updated",
    "variableName": "variable",
    "variable": "variable",
    "source": "source",
    "id": "id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementQuery:
    """A parsed query. Filters of `category` compare names, and filters of `value` are in `unit` if
    there is one; `resolved_queries.py` makes them filters for the store.

    `variables` and `categories` are the texts of their filters, for the log. `given` are the
    parameters as sent, without tokens and the page, for links. `byte_order_mark` is for CSV.
    """

    filters: QueryFilters = ()
    unit: str | None = None
    order: Order = field(default_factory=Order)
    limit: int = _DEFAULT_LIMIT
    offset: int = 0
    grouping: Grouping | None = None
    variables: str = ""
    categories: str = ""
    byte_order_mark: bool = False
    given: tuple[tuple[str, str], ...] = ()


def parse_measurement_query(query: bytes) -> MeasurementQuery:
    """The query of measurements. Raises `MeasurementError` for an invalid value."""
    parameters = _Parameters(query)
    return MeasurementQuery(
        filters=parameters.filters(_MEASUREMENT_FILTERS),
        unit=parameters.once("unit"),
        order=_order(parameters.once("sort")),
        limit=_limit(parameters.once("limit")),
        offset=_integer("offset", parameters.once("offset"), 0, _LARGEST_OFFSET, default=0),
        grouping=_grouping(parameters.once("groupingWidth"), parameters.once("groupingTimezone")),
        variables=parameters.description("variableName", _MEASUREMENT_FILTERS),
        categories=parameters.description("variableCategoryName", _MEASUREMENT_FILTERS),
        byte_order_mark=_boolean("bom", parameters.once("bom")),
        given=parameters.given,
    )


def parse_variable_query(query: bytes) -> MeasurementQuery:
    """The query of variables, which are sorted by name, with `sort=-name` in descending order.
    Raises `MeasurementError`."""
    parameters = _Parameters(query)
    sort = (parameters.once("sort") or "name").removeprefix("+")
    if sort.removeprefix("-") != "name":
        raise MeasurementError("variables can be sorted by name and -name only")
    return MeasurementQuery(
        filters=parameters.filters(_VARIABLE_FILTERS),
        order=Order("variable", descending=sort.startswith("-")),
        limit=_limit(parameters.once("limit")),
        offset=_integer("offset", parameters.once("offset"), 0, _LARGEST_OFFSET, default=0),
        variables=parameters.description("variableName", _VARIABLE_FILTERS),
        categories=parameters.description("variableCategoryName", _VARIABLE_FILTERS),
        given=parameters.given,
    )


class _Parameters:
    def __init__(self, query: bytes) -> None:
        if len(query) > _LONGEST_QUERY:
            raise MeasurementError(
                f"the query has more than {_LONGEST_QUERY} bytes; ask for less at once"
            )
        pairs = query.split(b"&", _MOST_PARAMETERS)
        if len(pairs) > _MOST_PARAMETERS:
            raise MeasurementError(f"the query has more than {_MOST_PARAMETERS} parameters")
        try:
            found = [_decoded(pair.decode("ascii")) for pair in pairs if pair]
        except UnicodeError:
            raise MeasurementError("the parameters are not properly encoded") from None
        self._pairs = [(name, value) for name, value in found if value]
        # An access token must not get into links and logs.
        left_out = ("access_token", "limit", "offset")
        self.given = tuple(pair for pair in self._pairs if pair[0] not in left_out)

    def once(self, name: str) -> str | None:
        values = [value for spelled, value in self._pairs if spelled == name]
        if len(set(values)) > 1:
            raise MeasurementError(f"the parameter {name} is given more than once")
        return values[0] if values else None

    def description(self, name: str, names: dict[str, str]) -> str:
        """The text of the filters by this name, for people: characters that are not printable are
        replaced by U+FFFD, and a longer text ends with an ellipsis."""
        values = [value for spelled, value in self._pairs if names.get(_plain(spelled)) == name]
        text = "".join(
            sign if sign.isprintable() or sign in _JOINERS else "\ufffd"
            for sign in " & ".join(values)
        )
        return text if len(text) <= _LONGEST_DESCRIPTION else f"{text[: _LONGEST_DESCRIPTION - 1]}…"

    def filters(self, names: dict[str, str]) -> QueryFilters:
        """The filters. A name that is repeated, as `name`, `name[]` or `name[0]`, gives several
        filters, and a measurement has to match all of them."""
        for spelled, _ in self._pairs:
            if "[" in (plain := _plain(spelled)) and plain.partition("[")[0] in names:
                raise MeasurementError("a repeated filter is written as name[] or as name[0]")
        found = tuple(
            _FILTERS[names[name]](value)
            for spelled, value in self._pairs
            if (name := _plain(spelled)) in names
        )
        if sum(len(each.comparisons) for each in found) > _MOST_COMPARISONS:
            raise MeasurementError(
                f"the filters compare with more than {_MOST_COMPARISONS} values; ask more than once"
            )
        return found


def _plain(spelled: str) -> str:
    """The name of a parameter without the `[]` or `[0]` of a repeated one."""
    repeated = _REPEATED.fullmatch(spelled)
    return repeated[1] if repeated else spelled


def _decoded(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")


def _order(sort: str | None) -> Order:
    if sort is None:
        return Order()
    key = _SORTS.get(sort.removeprefix("-").removeprefix("+").strip())
    if key is None:
        raise MeasurementError(
            "sort takes startTime, value, createdAt, updatedAt, variableName, source or id,"
            " with - before it for the other way round"
        )
    return Order(key, descending=sort.startswith("-"))


def _limit(text: str | None) -> int:
    return _integer("limit", text, 1, MOST_AT_ONCE, default=_DEFAULT_LIMIT)


def _integer(name: str, text: str | None, least: int, most: int, *, default: int) -> int:
    if text is None:
        return default
    if not _DIGITS.fullmatch(text) or not least <= int(text) <= most:
        raise MeasurementError(f"{name} takes a whole number from {least} to {most}")
    return int(text)


def _boolean(name: str, text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise MeasurementError(f"{name} takes true or false")
    return text == "true"


def _grouping(width: str | None, zone: str | None) -> Grouping | None:
    if width is None:
        return None
    seconds = _integer("groupingWidth", width, 1, _WIDEST, default=1)
    return Grouping(seconds * SECOND, _zone(zone or "UTC"))


def _zone(name: str) -> ZoneInfo:
    if name in _zones():
        return ZoneInfo(name)
    raise MeasurementError("groupingTimezone takes the name of a time zone, such as Europe/Berlin")


@cache
def _zones() -> frozenset[str]:
    """The names of IANA's time zones: no POSIX rules, and no files of the machine."""
    return frozenset(available_timezones()) - _NO_ZONES
