"""The arguments of tools: their types, their JSON Schema, and the queries that they describe.

Queries are those of the measurements API, with its parameters and limits.
"""

import re
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import urlencode

import msgspec

from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.queries import (
    MOST_AT_ONCE,
    MeasurementQuery,
    parse_measurement_query,
    parse_variable_query,
)

_SPECIAL: Final = re.compile(r"[\\,%!]")
_WIDTHS: Final = {"hour": 3_600, "day": 86_400, "week": 604_800}

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=125)]
Moment = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=64, description="ISO 8601, UTC unless it has an offset: 2026-01-31"
    ),
]
Limit = Annotated[int, msgspec.Meta(ge=1, le=MOST_AT_ONCE, description="How many at most.")]
Offset = Annotated[
    int, msgspec.Meta(ge=0, le=10**12, description="How many to skip: next_offset of a response.")
]


class ListVariables(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[Name | None, msgspec.Meta(description="A part of the name.")] = None
    category: Annotated[Name | None, msgspec.Meta(description="Such as Sleep.")] = None
    limit: Limit = 100
    offset: Offset = 0

    def query(self) -> MeasurementQuery:
        """The query of variables. Raises `MeasurementError`."""
        named = None if self.name is None else f"%{_exactly(self.name)}%"
        pairs = [("name", named), ("category", _exactly(self.category))]
        return parse_variable_query(_encoded([*pairs, *_page(self.limit, self.offset)]))


class ReadMeasurements(msgspec.Struct, forbid_unknown_fields=True):
    variable: Annotated[Name | None, msgspec.Meta(description="The exact name.")] = None
    category: Annotated[Name | None, msgspec.Meta(description="Such as Sleep.")] = None
    source: Annotated[Name | None, msgspec.Meta(description="What recorded them.")] = None
    since: Annotated[Moment | None, msgspec.Meta(description="From this moment on.")] = None
    before: Annotated[Moment | None, msgspec.Meta(description="Up to this moment.")] = None
    unit: Annotated[
        Name | None, msgspec.Meta(description="Convert to this unit, such as min or kg.")
    ] = None
    newest_first: bool = True
    limit: Limit = 100
    offset: Offset = 0

    def query(self) -> MeasurementQuery:
        """The query of single measurements. Raises `MeasurementError`."""
        order = [("sort", "-startTime" if self.newest_first else "startTime")]
        page = _page(self.limit, self.offset)
        return parse_measurement_query(_encoded([*_filters(self), *order, *page]))


class AggregateMeasurements(msgspec.Struct, forbid_unknown_fields=True):
    every: Annotated[
        Literal["hour", "day", "week"], msgspec.Meta(description="The length of a span.")
    ]
    variable: Annotated[Name | None, msgspec.Meta(description="The exact name.")] = None
    category: Annotated[Name | None, msgspec.Meta(description="Such as Sleep.")] = None
    source: Annotated[Name | None, msgspec.Meta(description="What recorded them.")] = None
    since: Annotated[Moment | None, msgspec.Meta(description="From this moment on.")] = None
    before: Annotated[Moment | None, msgspec.Meta(description="Up to this moment.")] = None
    unit: Annotated[
        Name | None, msgspec.Meta(description="Convert to this unit, such as min or kg.")
    ] = None
    time_zone: Annotated[
        Name, msgspec.Meta(description="Where spans begin, such as Europe/Berlin.")
    ] = "UTC"
    newest_first: bool = True
    limit: Limit = 100
    offset: Offset = 0

    def query(self) -> MeasurementQuery:
        """The query of groups. Raises `MeasurementError`."""
        pairs = [
            *_filters(self),
            ("groupingWidth", str(_WIDTHS[self.every])),
            ("groupingTimezone", self.time_zone),
            ("sort", "-startTime" if self.newest_first else "startTime"),
        ]
        return parse_measurement_query(_encoded([*pairs, *_page(self.limit, self.offset)]))


class AddMeasurement(msgspec.Struct, forbid_unknown_fields=True):
    variable: Annotated[Name, msgspec.Meta(description="Such as Sleep Quality.")]
    value: float
    time: Annotated[
        Moment | None, msgspec.Meta(description="When it was measured; now without it.")
    ] = None
    unit: Annotated[
        Name | None,
        msgspec.Meta(description="Such as h, /5, kg, count. A new variable needs it."),
    ] = None
    category: Annotated[
        Name | None, msgspec.Meta(description="Of a new variable, such as Sleep.")
    ] = None
    combination: Annotated[
        Literal["MEAN", "SUM"] | None,
        msgspec.Meta(description="How values of a new variable are combined."),
    ] = None
    note: Annotated[str, msgspec.Meta(max_length=2_000)] | None = None


T = TypeVar("T", bound=msgspec.Struct)


def parse_arguments(kind: type[T], arguments: Any) -> T:
    """Raises `MeasurementError`, with the name of the argument but not with its value."""
    try:
        return msgspec.convert(arguments, kind)
    except msgspec.ValidationError as error:
        place = str(error).partition(" - at `$.")[2].rstrip("`")
        known = {each.encode_name for each in msgspec.structs.fields(kind)}
        named = f"the argument {place} does" if place in known else "the arguments do"
        raise MeasurementError(f"{named} not fit the input schema of the tool") from None


def schema_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema of the arguments, without references."""
    _, components = msgspec.json.schema_components([kind])
    schema = dict(components[kind.__name__])
    schema.pop("title", None)
    return schema


def _filters(given: ReadMeasurements | AggregateMeasurements) -> list[tuple[str, str | None]]:
    since, before = _exactly(given.since), _exactly(given.before)
    return [
        ("variableName", _exactly(given.variable)),
        ("variableCategoryName", _exactly(given.category)),
        ("source", _exactly(given.source)),
        ("startTime", None if since is None else f"(ge){since}"),
        ("endTime", None if before is None else f"(lt){before}"),
        ("unit", given.unit),
    ]


def _page(limit: int, offset: int) -> list[tuple[str, str | None]]:
    return [("limit", str(limit)), ("offset", str(offset))]


def _exactly(text: str | None) -> str | None:
    """The text for a filter, in which no sign has a special meaning."""
    return None if text is None else _SPECIAL.sub(r"\\\g<0>", text)


def _encoded(pairs: list[tuple[str, str | None]]) -> bytes:
    return urlencode([pair for pair in pairs if pair[1] is not None]).encode("ascii")
