"""The tools: what an agent can do with a person's measurements.

Each tool corresponds to a request of the measurements API, with the same queries, limits, consent
and entries in the access log.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from quantimodo.agents.arguments import (
    AddMeasurement,
    AggregateMeasurements,
    ListVariables,
    ReadMeasurements,
    parse_arguments,
    schema_of,
)
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.times import format_time
from quantimodo.measurements.views import MeasurementView, VariableView
from quantimodo.ports.client_stores import ClientStore
from quantimodo.resource.measurements import (
    READ,
    WRITE,
    AuthorizedRequest,
    MeasurementAccess,
    number_in,
)

_PLACE: Final = re.compile(r"^set 0(?:, measurement 0)?: ")
_HINT: Final = "; GET /"  # the error code of an endpoint whose scope the token does not have

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """`scope` is the scope that it needs, by its plain name; `run` takes the arguments as sent."""

    name: str
    title: str
    description: str
    scope: str
    arguments: type[msgspec.Struct]
    run: Callable[["AgentTools", AuthorizedRequest, Any], Awaitable[Result]]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the arguments."""
        return schema_of(self.arguments)

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.scope == READ


@dataclass(frozen=True, slots=True)
class AgentTools:
    access: MeasurementAccess
    measurement_service: MeasurementService
    clients: ClientStore

    async def list_variables(self, authorized: AuthorizedRequest, sent: Any) -> Result:
        """What the person measures. Raises `MeasurementError`, `Unavailable`."""
        user, app, permissions = authorized
        query = parse_arguments(ListVariables, sent).query()
        async with self.access.reads.place(user.id):
            views, total = await self.measurement_service.variables(
                user.id, query, permissions.read
            )
        number = sum(view.summary.number > 0 for view in views)
        self.access.record_reading(user, app, query, number)
        return _page("variables", list(map(_variable, views)), query, total)

    async def read_measurements(self, authorized: AuthorizedRequest, sent: Any) -> Result:
        """Single measurements. Raises `MeasurementError`, `Unavailable`."""
        query = parse_arguments(ReadMeasurements, sent).query()
        return await self._read(authorized, query, "measurements", _measurement)

    async def aggregate_measurements(self, authorized: AuthorizedRequest, sent: Any) -> Result:
        """Groups of measurements. Raises `MeasurementError`, `Unavailable`."""
        query = parse_arguments(AggregateMeasurements, sent).query()
        return await self._read(authorized, query, "spans", _span)

    async def add_measurement(self, authorized: AuthorizedRequest, sent: Any) -> Result:
        """Store a measurement, with the application as its source. Raises `MeasurementError`."""
        user, app, permissions = authorized
        given = parse_arguments(AddMeasurement, sent)
        client = await self.clients.client(app)
        start: str | int | None = given.time
        if start is None:
            start = int(self.access.clock.now().timestamp())
        entry = SentMeasurement(start_time=start, value=given.value, note=given.note)
        saved = await self.measurement_service.save(
            user.id,
            [
                SentSet(
                    measurements=[entry],
                    variable_name=given.variable,
                    source_name=None if client is None else client.name,
                    variable_category_name=given.category,
                    abbreviated_unit_name=given.unit,
                    combination_operation=given.combination,
                )
            ],
            permissions.write,
        )
        self.access.record_saving(user, app, saved)
        return {"saved": sum(saved.numbers.values())}

    async def _read(
        self,
        authorized: AuthorizedRequest,
        query: MeasurementQuery,
        name: str,
        row: Callable[[MeasurementView], Result],
    ) -> Result:
        user, app, permissions = authorized
        async with self.access.reads.place(user.id):
            views, total = await self.measurement_service.page(user.id, query, permissions.read)
        self.access.record_reading(user, app, query, number_in(views))
        return _page(name, list(map(row, views)), query, total)


TOOLS: Final[Mapping[str, Tool]] = {
    tool.name: tool
    for tool in (
        Tool(
            "list_variables",
            "List variables",
            "What the person measures: each variable with its category, unit, number of"
            " measurements, and the times of the first and the last one.",
            READ,
            ListVariables,
            AgentTools.list_variables,
        ),
        Tool(
            "read_measurements",
            "Read measurements",
            "Single measurements of the person, newest first, with time, value, unit, source and"
            " note. Use aggregate_measurements for more than a few days.",
            READ,
            ReadMeasurements,
            AgentTools.read_measurements,
        ),
        Tool(
            "aggregate_measurements",
            "Aggregate measurements",
            "The mean or the sum of each variable for each hour, day or week.",
            READ,
            AggregateMeasurements,
            AgentTools.aggregate_measurements,
        ),
        Tool(
            "add_measurement",
            "Add a measurement",
            "Record one measurement. The same variable and time again replace it.",
            WRITE,
            AddMeasurement,
            AgentTools.add_measurement,
        ),
    )
}


def error_text(error: MeasurementError) -> str:
    """The text of a refusal for an agent, which sends one measurement at a time."""
    return _PLACE.sub("", error.text).partition(_HINT)[0]


def _page(name: str, rows: list[Result], query: MeasurementQuery, total: int) -> Result:
    end = query.offset + len(rows)
    return {name: rows, "total": total, "next_offset": end if rows and end < total else None}


def _variable(view: VariableView) -> Result:
    summary, variable = view.summary, view.summary.variable
    return {
        "name": variable.name,
        "category": view.category,
        "unit": view.unit.abbreviated_name,
        "combination": variable.combination,
        "measurements": summary.number,
        "first": _time(summary.earliest),
        "last": _time(summary.latest),
        "last_value": summary.last_value,
    }


def _measurement(view: MeasurementView) -> Result:
    return {
        "variable": view.measurement.variable,
        "category": view.category,
        "time": format_time(view.start),
        "value": view.value,
        "unit": view.unit.abbreviated_name,
        "source": view.source,
        "note": view.measurement.note or None,
    }


def _span(view: MeasurementView) -> Result:
    return {
        "variable": view.measurement.variable,
        "category": view.category,
        "begins": format_time(view.start),
        "value": view.value,
        "unit": view.unit.abbreviated_name,
        "measurements": view.number,
    }


def _time(micros: int | None) -> str | None:
    return None if micros is None else format_time(micros)
