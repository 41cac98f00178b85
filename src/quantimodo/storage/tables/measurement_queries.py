"""SQL of queries of measurements: filters, order, pages.

A repeated shape of query reuses its statement. Each one starts at a person's rows, by an index;
tests/storage/test_plans_of_measurements.py checks the plans.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from quantimodo.model.measurements import (
    Filter,
    Filters,
    Measurement,
    Order,
    Variable,
    VariableSummary,
)
from quantimodo.storage.database import Call
from quantimodo.storage.rows import Column, Part, RowReader
from quantimodo.storage.tables.measurement_select import MeasurementSelect, about_variables

MEASUREMENT: Final = RowReader(
    Measurement,
    "id",
    "user_id",
    "variable_id",
    Column("variable", sql="v.name"),
    Column("category_id", sql="v.category_id"),
    Column("combination", sql="v.combination"),
    "source",
    Column("start", sql="m.start_at"),
    "value",
    Column("unit_id", sql="v.unit_id"),
    "stored_value",
    "stored_unit_id",
    "note",
    "created_at",
    "updated_at",
    table="m",
)
VARIABLE: Final = RowReader(
    Variable,
    "id",
    "user_id",
    "name",
    "category_id",
    "unit_id",
    "combination",
    "created_at",
    table="v",
)


_OF_VARIABLE: Final = "m.variable_id = v.id"


def _first(column: str, order: str) -> str:
    """The value of this column in the first measurement of a variable, by this order."""
    return f"(SELECT m.{column} FROM measurements m WHERE {_OF_VARIABLE} ORDER BY {order} LIMIT 1)"


SUMMARY: Final = RowReader(
    VariableSummary,
    Part("variable", VARIABLE),
    Column("number", sql=f"(SELECT count(*) FROM measurements m WHERE {_OF_VARIABLE})"),
    Column("earliest", sql=_first("start_at", "m.start_at")),
    Column("latest", sql=_first("start_at", "m.start_at DESC")),
    Column("last_value", sql=_first("value", "m.start_at DESC, m.source DESC")),
)
_SELECT_SUMMARY: Final = f"SELECT {SUMMARY.columns} FROM variables v"
JOINED: Final = "measurements m JOIN variables v ON v.id = m.variable_id"
_SORTED_BY: Final = {
    "start": ("m.start_at", "m.id"),
    "value": ("m.value", "m.id"),
    "created": ("m.created_at", "m.id"),
    "updated": ("m.updated_at", "m.id"),
    "variable": ("v.name", "m.start_at", "m.id"),
    "source": ("m.source", "m.id"),
    "id": ("m.id",),
}


def measurements_of_person(user_id: int, filters: Filters) -> MeasurementSelect:
    """A query over a person's measurements; of one variable, by that variable's index."""
    query = MeasurementSelect()
    person = query.placeholder(user_id)
    names = _one_name(filters)
    if not names:
        query.where(f"m.user_id = {person}")
    else:
        name = query.placeholder(names[0].comparisons[0].operand)
        # The variable is this person's, and so are its measurements. Without another condition they
        # are counted in the index alone.
        query.where(
            "m.variable_id = (SELECT o.id FROM variables o"
            f" WHERE o.user_id = {person} AND o.name = {name})"
        )
    query.filter_measurements(tuple(each for each in filters if each not in names))
    return query


def _one_name(filters: Filters) -> tuple[Filter, ...]:
    """The first filter that names just one variable, if there is one."""
    named = (each for each in filters if isinstance(each, Filter) and _is_one_name(each))
    return tuple(named)[:1]


def _is_one_name(each: Filter) -> bool:
    if each.field != "variable" or each.negated or len(each.comparisons) != 1:
        return False
    return each.comparisons[0].operator == "is"


def page_of_measurements(
    user_id: int, filters: Filters, order: Order, *, offset: int, limit: int
) -> Call:
    """The SELECT of one page of a person's measurements. Rows before the offset are read by their
    ids only."""
    query = measurements_of_person(user_id, filters)
    direction = " DESC" if order.descending else ""
    columns = ", ".join(f"{column}{direction}" for column in _SORTED_BY[order.key])
    ordered = f" ORDER BY {columns}"
    # The page is chosen by ids: rows before the offset are neither read whole nor sorted whole.
    needs_variables = order.key == "variable" or about_variables(
        [each for each in filters if each not in _one_name(filters)]
    )
    return query.call(
        f"SELECT m.id FROM {JOINED if needs_variables else 'measurements m'}",
        f"{ordered} LIMIT {query.placeholder(limit)} OFFSET {query.placeholder(offset)}",
        around=f"SELECT {MEASUREMENT.columns} FROM ({{}}) p JOIN measurements m ON m.id = p.id"
        f" JOIN variables v ON v.id = m.variable_id{ordered}",
    )


def measurements_behind(
    user_id: int,
    filters: Filters,
    after: tuple[int, int] | None,
    limit: int,
    *,
    descending: bool,
) -> Call:
    """The SELECT of a person's measurements by start and id, from after this (start, id) on."""
    query = measurements_of_person(user_id, filters)
    query.order_by_start(after, limit, descending=descending)
    return query.call(f"SELECT {MEASUREMENT.columns} FROM {JOINED}")


def number_of_measurements(user_ids: Sequence[int], filters: Filters) -> Call:
    """Rows of (person, how many)."""
    if len(user_ids) == 1 and _one_name(filters):
        query = measurements_of_person(user_ids[0], filters)
        # One name is looked up beforehand, and what is left may need the index alone.
        left = [each for each in filters if each not in _one_name(filters)]
        source = JOINED if about_variables(left) else "measurements m"
        return query.call(f"SELECT CAST({{1}} AS BIGINT), count(*) FROM {source}")
    query = MeasurementSelect()
    if not about_variables(filters):
        query.where_in("m.user_id", user_ids)
        query.filter_measurements(filters)
        head = "SELECT m.user_id, count(*) FROM measurements m"
        return query.call(head, " GROUP BY m.user_id")
    # The variables first, which are few, and theirs in the index by variable. CROSS: SQLite keeps
    # this order.
    query.where_in("v.user_id", user_ids)
    query.where("m.variable_id = v.id")
    query.filter_measurements(filters)
    head = "SELECT v.user_id, count(*) FROM variables v CROSS JOIN measurements m"
    return query.call(head, " GROUP BY v.user_id")


def one_measurement(user_id: int, measurement_id: int, filters: Filters) -> Call:
    """The SELECT of one measurement, if the filters allow it."""
    query = _one_of_person(user_id, measurement_id, filters)
    return query.call(f"SELECT {MEASUREMENT.columns} FROM {JOINED}")


def change_of_measurement(
    user_id: int, measurement_id: int, filters: Filters, values: Mapping[str, Any]
) -> Call:
    """The UPDATE of these columns of one measurement, if the filters allow it."""
    query = _one_of_person(user_id, measurement_id, filters)
    changes = ", ".join(
        f"{column} = {query.placeholder(value)}" for column, value in values.items()
    )
    return query.call(
        f"SELECT m.id FROM {JOINED}",
        around=f"UPDATE measurements SET {changes} WHERE id IN ({{}}) RETURNING id",
    )


def deletion_of_measurement(user_id: int, measurement_id: int, filters: Filters) -> Call:
    """The DELETE of one measurement, if the filters allow it."""
    query = _one_of_person(user_id, measurement_id, filters)
    return query.call(
        f"SELECT m.id FROM {JOINED}",
        around="DELETE FROM measurements WHERE id IN ({}) RETURNING id",
    )


def _one_of_person(user_id: int, measurement_id: int, filters: Filters) -> MeasurementSelect:
    query = MeasurementSelect()
    query.where(f"m.id = {query.placeholder(measurement_id)}")
    query.where(f"m.user_id = {query.placeholder(user_id)}")
    query.filter_measurements(filters)
    return query


def units_of_variables(user_ids: Sequence[int], filters: Filters) -> Call:
    """The SELECT of the ids of all units of the people's variables that the filters allow."""
    query = MeasurementSelect()
    query.where_in("v.user_id", user_ids)
    query.filter_variables(filters)
    return query.call("SELECT DISTINCT v.unit_id FROM variables v")


def page_of_summaries(
    user_id: int, filters: Filters, *, descending: bool, offset: int, limit: int
) -> Call:
    """The SELECT of one page of a person's variables with their summaries, by name."""
    query = MeasurementSelect()
    query.where_in("v.user_id", (user_id,))
    query.filter_variables(filters)
    direction = " DESC" if descending else ""
    number, first = query.placeholder(limit), query.placeholder(offset)
    tail = f" ORDER BY v.name{direction} LIMIT {number} OFFSET {first}"
    select = _SELECT_SUMMARY.replace(_OF_VARIABLE, _OF_VARIABLE + query.earliest(filters))
    return query.call(select, tail)


def number_of_variables(user_id: int, filters: Filters) -> Call:
    """The SELECT of how many variables of the person the filters allow."""
    query = MeasurementSelect()
    query.where_in("v.user_id", (user_id,))
    query.filter_variables(filters)
    return query.call("SELECT count(*) FROM variables v")
