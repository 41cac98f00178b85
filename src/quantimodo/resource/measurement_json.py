"""Measurements and variables as JSON of the API (measurements-api.md §4, §7, §8): names, times,
links."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from quantimodo.http.json import PRIVATE, private_json
from quantimodo.http.messages import Response
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.times import format_time, seconds_of
from quantimodo.measurements.views import MeasurementView, VariableView
from quantimodo.model.measurements import Unit

_ROWS_IN_A_STEP: Final = 50  # less than half a millisecond
CSV_HEADERS = (
    (b"content-type", b"text/csv; charset=utf-8"),
    (b"content-disposition", b'attachment; filename="measurements.csv"'),
    *PRIVATE,
)


def measurement_json(view: MeasurementView) -> dict[str, Any]:
    """A measurement as the API returns it (measurements-api.md §8)."""
    measurement = view.measurement
    return {
        "id": measurement.id,
        "variable": measurement.variable,
        "variableCategoryName": view.category,
        "source": view.source,
        "startTime": seconds_of(view.start),
        "humanTime": format_time(view.start),
        "value": view.value,
        "unit": view.unit.abbreviated_name,
        "storedValue": measurement.stored_value,
        "storedAbbreviatedUnitName": view.stored_unit.abbreviated_name,
        "note": measurement.note or None,
        "createdAt": format_time(view.created_at),
        "updatedAt": format_time(view.updated_at),
    }


async def measurement_rows(views: Sequence[MeasurementView]) -> list[dict[str, Any]]:
    """`measurement_json` of a page, in steps between which the event loop runs."""
    rows = list[dict[str, Any]]()
    for first in range(0, len(views), _ROWS_IN_A_STEP):
        rows += map(measurement_json, views[first : first + _ROWS_IN_A_STEP])
        await asyncio.sleep(0)
    return rows


def variable_json(view: VariableView) -> dict[str, Any]:
    """A variable as the API returns it."""
    summary, variable = view.summary, view.summary.variable
    return {
        "id": variable.id,
        "name": variable.name,
        "category": view.category,
        "unit": view.unit.abbreviated_name,
        "combinationOperation": variable.combination,
        "numberOfMeasurements": summary.number,
        "earliestMeasurementTime": _seconds(summary.earliest),
        "latestMeasurementTime": _seconds(summary.latest),
        "lastValue": summary.last_value,
    }


def unit_json(unit: Unit) -> dict[str, Any]:
    """`conversionSteps` lead to the category's own unit; a unit without them converts into none."""
    steps = None
    if unit.steps is not None:
        steps = [{"operation": each.operation, "value": float(each.value)} for each in unit.steps]
    return {
        "id": unit.id,
        "name": unit.name,
        "abbreviatedName": unit.abbreviated_name,
        "category": unit.category.name,
        "minimumValue": unit.minimum,
        "maximumValue": unit.maximum,
        "conversionSteps": steps,
    }


def page_response(
    address: str, query: MeasurementQuery, rows: Sequence[dict[str, Any]], total: int
) -> Response:
    """One page of rows, with the headers that link to the other pages."""
    links = list(_links(address, query, total))
    headers = [(b"total-count", b"%d" % total)]
    headers += [(b"link-" + name.encode(), url.encode("ascii")) for name, url in links]
    joined = ", ".join(f'<{url}>; rel="{name}"' for name, url in links)
    return private_json(200, rows, *headers, (b"link", joined.encode("ascii")))


def _seconds(micros: int | None) -> int | float | None:
    return None if micros is None else seconds_of(micros)


def _links(address: str, query: MeasurementQuery, total: int) -> Iterable[tuple[str, str]]:
    limit, offset = query.limit, query.offset
    last = (total - 1) // limit * limit if total else 0

    def at(place: int) -> str:
        pairs = (*query.given, ("limit", str(limit)), ("offset", str(place)))
        return f"{address}?{urlencode(pairs, safe='()!:')}"

    yield "first", at(0)
    if offset > 0:
        yield "prev", at(max(0, min(offset - limit, last)))
    if offset + limit < total:
        yield "next", at(offset + limit)
    yield "last", at(last)
