"""The calls of the measurements API: one function for each, which every kind of client uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict, Union

from swagger_client.calls import CSV, Call, Pairs, Parameter, pairs, segment
from swagger_client.models import (
    Measurement,
    MeasurementSet,
    Unit,
    UnitCategory,
    User,
    Variable,
    VariableCategory,
)
from swagger_client.models.authentication import no_content
from swagger_client.records import Record, camel_case, many, one, text

Sets = Union[MeasurementSet, Mapping[str, Any], Iterable[Union[MeasurementSet, Mapping[str, Any]]]]


class MeasurementFilters(TypedDict, total=False):
    r"""Which measurements, and how they are shown.

    Values and times take `(gt)`, `(ge)`, `(lt)`, `(le)` before them; commas mean "one of"; `%` at
    the start or end means like; `!` negates; a list means all of them. A backslash escapes the
    next character: `variable_name=r"Fat\, total"`.
    `start_time` alone means from then on, `end_time` until then. `unit` converts.
    `grouping_width` is in seconds. `sort`: a field, `-field` descends.
    """

    variable_name: Parameter
    variable_category_name: Parameter
    source: Parameter
    value: Parameter
    unit: Parameter
    start_time: Parameter
    end_time: Parameter
    created_at: Parameter
    updated_at: Parameter
    last_updated: Parameter
    grouping_width: Parameter
    grouping_timezone: Parameter
    offset: Parameter
    sort: Parameter


class MeasurementPage(MeasurementFilters, total=False):
    """One page of them: `limit` is 100 unless given, and at most 200."""

    limit: Parameter


_FILTERS = frozenset(MeasurementPage.__annotations__)


def me() -> Call[User]:
    """The person whom the token belongs to."""
    return Call("GET", "/v1/user/me", one(User))


def measurements(filters: Mapping[str, Any]) -> Call[list[Measurement]]:
    """The person's measurements."""
    return Call("GET", "/v1/measurements", many(Measurement), query=filter_query(filters))


def measurements_of_application(filters: Mapping[str, Any]) -> Call[list[Measurement]]:
    """Measurements of all people who allow this application to read them."""
    query = filter_query(filters)
    return Call("GET", "/v2/application/measurements", many(Measurement), query=query)


def measurements_csv(filters: Mapping[str, Any]) -> Call[str]:
    """The person's measurements as a CSV file."""
    query = filter_query(filters)
    return Call("GET", "/v2/measurements/csv", text, query=query, accept=CSV)


def add_measurements(sets: Sets) -> Call[Record]:
    """Add measurements, or change those with the same variable, source and start time."""
    return Call("POST", "/v1/measurements", _record_or_none, body=_sets(sets))


def measurement(number: int) -> Call[Measurement]:
    """One measurement."""
    return Call("GET", _measurement_path(number), one(Measurement))


def change_measurement(number: int, changes: Mapping[str, Any]) -> Call[Record]:
    """Change one measurement."""
    return Call("PUT", _measurement_path(number), _record_or_none, body=dict(changes))


def delete_measurement(number: int) -> Call[None]:
    """Delete one measurement."""
    return Call("DELETE", _measurement_path(number), no_content)


def variables(parameters: Mapping[str, Parameter]) -> Call[list[Variable]]:
    """The person's variables."""
    query = pairs({camel_case(name): value for name, value in parameters.items()})
    return Call("GET", "/v1/variables", many(Variable), query=query)


def variable(name: str) -> Call[Variable]:
    """One variable, by its name."""
    return Call("GET", f"/v1/variables/{segment(name)}", one(Variable))


def variable_categories() -> Call[list[VariableCategory]]:
    """All categories of variables."""
    return Call("GET", "/v1/variableCategories", many(VariableCategory))


def units() -> Call[list[Unit]]:
    """All units."""
    return Call("GET", "/v1/units", many(Unit))


def unit_categories() -> Call[list[UnitCategory]]:
    """All categories of units."""
    return Call("GET", "/v1/unitCategories", many(UnitCategory))


def filter_query(filters: Mapping[str, Any]) -> Pairs:
    """Filters as they go over the wire. Raises `TypeError` for one that does not exist."""
    for unknown in filters.keys() - _FILTERS:
        raise TypeError(f"Got an unexpected keyword argument '{unknown}': no such filter")
    return pairs({camel_case(name): value for name, value in filters.items()})


def _measurement_path(number: int) -> str:
    return f"/v2/measurements/{segment(number)}"


def _sets(sets: Sets) -> Sequence[Mapping[str, Any]]:
    several = [sets] if isinstance(sets, (MeasurementSet, Mapping)) else list(sets)
    return [each.to_dict() if isinstance(each, MeasurementSet) else dict(each) for each in several]


def _record_or_none(value: Any) -> Record:
    return Record() if value is None else one(Record)(value)
