"""SQL of queries of measurements: filters, order, pages.

A repeated shape of query reuses its statement. Each one starts at a person's rows, by an index;
tests/storage/test_plans_of_measurements.py checks the plans.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from quantimodo.model.measurements import (
    Comparison,
    Filter,
    Filters,
    Measurement,
    Order,
    Variable,
    VariableSummary,
)
from quantimodo.storage.database import Call, Statement
from quantimodo.storage.rows import Column, Part, RowReader

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


def _first(column: str, order: str) -> str:
    """The value of this column in the first measurement of a variable, by this order."""
    return (
        f"(SELECT m.{column} FROM measurements m WHERE m.variable_id = v.id"
        f" ORDER BY {order} LIMIT 1)"
    )


SUMMARY: Final = RowReader(
    VariableSummary,
    Part("variable", VARIABLE),
    Column("number", sql="(SELECT count(*) FROM measurements m WHERE m.variable_id = v.id)"),
    Column("earliest", sql=_first("start_at", "m.start_at")),
    Column("latest", sql=_first("start_at", "m.start_at DESC")),
    Column("last_value", sql=_first("value", "m.start_at DESC, m.source DESC")),
)
_SELECT_SUMMARY: Final = f"SELECT {SUMMARY.columns} FROM variables v"
JOINED: Final = "measurements m JOIN variables v ON v.id = m.variable_id"
_COLUMNS: Final = {
    "variable": "v.name",
    "category": "v.category_id",
    "source": "m.source",
    "value": "m.value",
    "start": "m.start_at",
    "created": "m.created_at",
    "updated": "m.updated_at",
}
_SORTED_BY: Final = {
    "start": ("m.start_at", "m.id"),
    "value": ("m.value", "m.id"),
    "created": ("m.created_at", "m.id"),
    "updated": ("m.updated_at", "m.id"),
    "variable": ("v.name", "m.start_at", "m.id"),
    "source": ("m.source", "m.id"),
    "id": ("m.id",),
}
_SYMBOLS: Final = {"is": "=", "above": ">", "from": ">=", "below": "<", "until": "<="}
_OF_VARIABLES: Final = ("variable", "category")


class ComposedStatement(Statement):
    """A statement with any number of parameters. `instr` is SQLite's name for `strpos`."""

    __slots__ = ()

    def __init__(self, template: str, count: int, postgres: str | None) -> None:
        numbers = range(count + 1)
        self.sqlite = template.format(*(f"?{n}" for n in numbers))
        second = (postgres or template).replace("instr(", "strpos(")
        self.postgres = second.format(*(f"${n}" for n in numbers))


@lru_cache(maxsize=512)
def composed(template: str, count: int, postgres: str | None = None) -> ComposedStatement:
    """`postgres` is the template for PostgreSQL, where it differs."""
    return ComposedStatement(template, count, postgres)


class MeasurementSelect:
    """Builds a SELECT: conditions, order and page, each with its values."""

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._conditions: list[str] = []
        self._tail = ""

    @property
    def conditions(self) -> str:
        return " AND ".join(self._conditions)

    @property
    def values(self) -> tuple[Any, ...]:
        return tuple(self._values)

    def place(self, value: Any) -> str:
        self._values.append(value)
        return f"{{{len(self._values)}}}"

    def where(self, condition: str) -> None:
        self._conditions.append(condition)

    def of_people(self, column: str, user_ids: Sequence[int]) -> None:
        if len(user_ids) == 1:
            self.where(f"{column} = {self.place(user_ids[0])}")
        else:
            self.where(f"{column} IN ({', '.join(map(self.place, user_ids))})")

    def filtered(self, filters: Filters) -> None:
        for each in filters:
            self.where(self._filter(each))

    def by_start(self, after: tuple[int, int] | None, limit: int, *, descending: bool) -> None:
        """Order by start and id, after this (start, id)."""
        direction = " DESC" if descending else ""
        if after is not None:
            sign = "<" if descending else ">"
            start, last = self.place(after[0]), self.place(after[1])
            self.where(f"(m.start_at, m.id) {sign} ({start}, {last})")
        self._tail = f" ORDER BY m.start_at{direction}, m.id{direction} LIMIT {self.place(limit)}"

    def call(self, head: str, tail: str = "", *, around: str = "{}") -> Call:
        """`around` is the statement that has this one as a subquery."""
        sql = f"{head} WHERE {self.conditions}{tail or self._tail}"
        return composed(around.replace("{}", sql), len(self._values)), self.values

    def _filter(self, each: Filter) -> str:
        column = _COLUMNS[each.field]
        one_of = " OR ".join(self._comparison(column, one) for one in each.comparisons) or "1 = 0"
        return f"NOT ({one_of})" if each.negated else f"({one_of})"

    def _comparison(self, column: str, one: Comparison) -> str:
        compared = self._compared(column, one)
        if one.unit_id is None:
            return compared
        return f"(v.unit_id = {self.place(one.unit_id)} AND {compared})"

    def _compared(self, column: str, one: Comparison) -> str:
        operand = one.operand
        if isinstance(operand, str) and one.operator != "is":
            # No LIKE: it means another thing to each engine. The length is in characters.
            if one.operator == "begins":
                place, length = self.place(operand), self.place(len(operand))
                return f"substr({column}, 1, {length}) = {place}"
            if one.operator == "ends":
                place, length = self.place(operand), self.place(len(operand))
                return f"substr({column}, length({column}) - {length} + 1) = {place}"
            return f"instr({column}, {self.place(operand)}) > 0"
        return f"{column} {_SYMBOLS[one.operator]} {self.place(operand)}"


def measurements_of_person(user_id: int, filters: Filters) -> MeasurementSelect:
    """A query over a person's measurements; of one variable, by that variable's index."""
    query = MeasurementSelect()
    person = query.place(user_id)
    names = _one_name(filters)
    if not names:
        query.where(f"m.user_id = {person}")
    else:
        name = query.place(names[0].comparisons[0].operand)
        # The variable is this person's, and so are all its measurements: nothing else is looked
        # at, so that they are counted in the index alone.
        query.where(
            "m.variable_id = (SELECT o.id FROM variables o"
            f" WHERE o.user_id = {person} AND o.name = {name})"
        )
    query.filtered(tuple(each for each in filters if each not in names))
    return query


def _one_name(filters: Filters) -> Filters:
    """The first filter that names just one variable, if there is one."""
    return tuple(each for each in filters if _is_one_name(each))[:1]


def _is_one_name(each: Filter) -> bool:
    if each.field != "variable" or each.negated or len(each.comparisons) != 1:
        return False
    return each.comparisons[0].operator == "is"


def page_of_measurements(
    user_id: int, filters: Filters, order: Order, *, offset: int, limit: int
) -> Call:
    query = measurements_of_person(user_id, filters)
    direction = " DESC" if order.descending else ""
    columns = ", ".join(f"{column}{direction}" for column in _SORTED_BY[order.key])
    ordered = f" ORDER BY {columns}"
    # The page is chosen by ids: rows before the offset are neither read whole nor sorted whole.
    needs_variables = order.key == "variable" or _about_variables(
        [each for each in filters if each not in _one_name(filters)]
    )
    return query.call(
        f"SELECT m.id FROM {JOINED if needs_variables else 'measurements m'}",
        f"{ordered} LIMIT {query.place(limit)} OFFSET {query.place(offset)}",
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
    query = measurements_of_person(user_id, filters)
    query.by_start(after, limit, descending=descending)
    return query.call(f"SELECT {MEASUREMENT.columns} FROM {JOINED}")


def number_of_measurements(user_ids: Sequence[int], filters: Filters) -> Call:
    """Rows of (person, how many)."""
    if len(user_ids) == 1 and _one_name(filters):
        query = measurements_of_person(user_ids[0], filters)
        # One name is looked up beforehand, and what is left may need the index alone.
        left = [each for each in filters if each not in _one_name(filters)]
        source = JOINED if _about_variables(left) else "measurements m"
        return query.call(f"SELECT CAST({{1}} AS BIGINT), count(*) FROM {source}")
    query = MeasurementSelect()
    if not _about_variables(filters):
        query.of_people("m.user_id", user_ids)
        query.filtered(filters)
        head = "SELECT m.user_id, count(*) FROM measurements m"
        return query.call(head, " GROUP BY m.user_id")
    # The variables first, which are few, and theirs in the index by variable. CROSS: SQLite keeps
    # this order.
    query.of_people("v.user_id", user_ids)
    query.where("m.variable_id = v.id")
    query.filtered(filters)
    head = "SELECT v.user_id, count(*) FROM variables v CROSS JOIN measurements m"
    return query.call(head, " GROUP BY v.user_id")


def _about_variables(filters: Sequence[Filter]) -> bool:
    return any(
        each.field in _OF_VARIABLES or any(one.unit_id is not None for one in each.comparisons)
        for each in filters
    )


def units_of_variables(user_ids: Sequence[int], filters: Filters) -> Call:
    query = MeasurementSelect()
    query.of_people("v.user_id", user_ids)
    query.filtered(tuple(each for each in filters if each.field in _OF_VARIABLES))
    return query.call("SELECT DISTINCT v.unit_id FROM variables v")


def page_of_summaries(
    user_id: int, filters: Filters, *, descending: bool, offset: int, limit: int
) -> Call:
    query = MeasurementSelect()
    query.of_people("v.user_id", (user_id,))
    query.filtered(filters)
    direction = " DESC" if descending else ""
    tail = f" ORDER BY v.name{direction} LIMIT {query.place(limit)} OFFSET {query.place(offset)}"
    return query.call(_SELECT_SUMMARY, tail)


def number_of_variables(user_id: int, filters: Filters) -> Call:
    query = MeasurementSelect()
    query.of_people("v.user_id", (user_id,))
    query.filtered(filters)
    return query.call("SELECT count(*) FROM variables v")
