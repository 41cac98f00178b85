"""SQL for groups of measurements: `groupingWidth` and `groupingTimezone`.

The spans come as rules, as JSON in one parameter: `start_at` between two bounds gives the first
moment of its span by integer arithmetic. Each rule reads its range of a person's index.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from quantimodo.model.measurements import Filters, GroupedValue, MeasurementGroup, Micros, SpanRule
from quantimodo.ports.measurement_stores import GROUPED_VALUES, GroupPage
from quantimodo.storage.database import Call
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.measurement_queries import (
    JOINED,
    MEASUREMENT,
    measurements_of_person,
)
from quantimodo.storage.tables.measurement_select import MeasurementSelect, composed

_LIST: Final = "<list>"  # the rows of the JSON parameter
_RULES: Final = (
    "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'),"
    " json_extract(value, '$[2]'), json_extract(value, '$[3]') FROM json_each(<json>)",
    "SELECT (value->>0)::bigint, (value->>1)::bigint, (value->>2)::bigint, (value->>3)::bigint"
    " FROM jsonb_array_elements(<json>::text::jsonb)",
)
_IDS: Final = (
    "SELECT value FROM json_each(<json>)",
    "SELECT value::bigint FROM jsonb_array_elements_text(<json>::text::jsonb)",
)
_WITH_RULES: Final = f"WITH rules (first_at, last_at, begins_at, width) AS MATERIALIZED ({_LIST})"
_SPAN: Final = "r.begins_at + (m.start_at - r.first_at) / r.width * r.width"
GROUP: Final = RowReader(
    MeasurementGroup,
    Column("begins", sql=_SPAN),
    "variable_id",
    Column("variable", sql="v.name"),
    Column("number", sql="count(*)"),
    Column("source", sql="CASE WHEN min(m.source) = max(m.source) THEN min(m.source) END"),
    Column("created_at", sql="min(m.created_at)"),
    Column("updated_at", sql="max(m.updated_at)"),
    Column("earliest", sql="min(m.start_at)"),
    Column("latest", sql="max(m.start_at)"),
    table="m",
)
GROUPED_VALUE: Final = RowReader(
    GroupedValue, "id", Column("start", sql="m.start_at"), "variable_id", "value", table="m"
)
_FROM_RULES: Final = "rules r CROSS JOIN measurements m CROSS JOIN variables v"


def number_of_groups(user_id: int, filters: Filters, rules: Sequence[SpanRule]) -> Call:
    """One row with the number of groups."""
    query = _over_rules(user_id, filters)
    sql = (
        f"{_WITH_RULES} SELECT count(*) FROM (SELECT DISTINCT {_SPAN} AS span, m.variable_id"
        f" FROM {_FROM_RULES} WHERE {query.conditions}) g"
    )
    return _call(query, sql, _RULES, rules)


def page_of_groups(
    user_id: int,
    filters: Filters,
    page: GroupPage,
) -> Call:
    """Rows for `GROUP`, by span and name of the variable, after the group `page.after`."""
    query = _over_rules(user_id, filters)
    direction, sign = (" DESC", "<") if page.descending else ("", ">")
    behind = ""
    if page.after is not None:
        span, name = query.placeholder(page.after.begins), query.placeholder(page.after.variable)
        behind = (
            f" WHERE g.begins {sign} {span} OR (g.begins = {span} AND g.variable {sign} {name})"
        )
    sql = (
        f"{_WITH_RULES} SELECT * FROM (SELECT {GROUP.columns}"
        f" FROM {_FROM_RULES} WHERE {query.conditions}"
        f" GROUP BY {_SPAN}, m.variable_id, v.name) g{behind}"
        f" ORDER BY g.begins{direction}, g.variable{direction}"
        f" LIMIT {query.placeholder(page.limit)} OFFSET {query.placeholder(page.offset)}"
    )
    return _call(query, sql, _RULES, page.rules)


def values_of_groups(
    user_id: int,
    filters: Filters,
    groups: Sequence[MeasurementGroup],
    after: tuple[Micros, int] | None,
    *,
    descending: bool,
) -> Call:
    """Rows for `GROUPED_VALUE`, by start and id, in the time of these groups."""
    query = measurements_of_person(user_id, filters)
    first = query.placeholder(min(each.earliest for each in groups))
    last = query.placeholder(max(each.latest for each in groups))
    query.where(f"m.start_at BETWEEN {first} AND {last}")
    if len({each.begins for each in groups}) == 1:
        names = [each.variable for each in groups]
        query.where(
            f"v.name BETWEEN {query.placeholder(min(names))} AND {query.placeholder(max(names))}"
        )
    query.order_by_start(after, GROUPED_VALUES, descending=descending)
    return query.call(f"SELECT {GROUPED_VALUE.columns} FROM {JOINED}")


def measurements_by_id(user_id: int, ids: Sequence[int]) -> Call:
    """The SELECT of one person's measurements with these ids."""
    query = measurements_of_person(user_id, ())
    query.where(f"m.id IN ({_LIST})")
    sql = f"SELECT {MEASUREMENT.columns} FROM {JOINED} WHERE {query.conditions}"
    return _call(query, sql, _IDS, ids)


def _over_rules(user_id: int, filters: Filters) -> MeasurementSelect:
    query = measurements_of_person(user_id, filters)
    query.where("v.id = m.variable_id")
    query.where("m.start_at BETWEEN r.first_at AND r.last_at")
    return query


def _call(
    query: MeasurementSelect, sql: str, spellings: tuple[str, str], rows: Sequence[Any]
) -> Call:
    placeholder = query.placeholder(json.dumps(rows))
    sqlite, postgres = (
        sql.replace(_LIST, spelling.replace("<json>", placeholder)) for spelling in spellings
    )
    return composed(sqlite, len(query.values), postgres=postgres), query.values
