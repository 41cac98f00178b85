"""Builds the SQL of queries of measurements: conditions, order and page, each with its values.

The one place that applies what a consent allows: `AllowedMeasurements` is a condition of every
query that has it.
"""

from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from quantimodo.model.measurements import (
    AllowedMeasurements,
    AllowedRule,
    Comparison,
    Filter,
    Filters,
)
from quantimodo.storage.database import Call, Statement

_COLUMNS: Final = {
    "variable": "v.name",
    "category": "v.category_id",
    "source": "m.source",
    "value": "m.value",
    "start": "m.start_at",
    "created": "m.created_at",
    "updated": "m.updated_at",
}
_SYMBOLS: Final = {"is": "=", "above": ">", "from": ">=", "below": "<", "until": "<="}
OF_VARIABLES: Final = ("variable", "category")
_ALWAYS: Final = -(2**63)
_HAS_MEASUREMENT: Final = (
    "EXISTS (SELECT 1 FROM measurements m WHERE m.variable_id = v.id AND m.start_at >= {})"
)


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
    """The statement of this template with `count` parameters. `postgres` is the template for
    PostgreSQL where it differs."""
    return ComposedStatement(template, count, postgres)


class MeasurementSelect:
    """Builds a SELECT: conditions, order and page, each with its values."""

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._conditions: list[str] = []
        self._tail = ""

    @property
    def conditions(self) -> str:
        """The WHERE clause, without the word."""
        return " AND ".join(self._conditions)

    @property
    def values(self) -> tuple[Any, ...]:
        """The values of the placeholders, in order."""
        return tuple(self._values)

    def placeholder(self, value: Any) -> str:
        """Add a value, and return its placeholder."""
        self._values.append(value)
        return f"{{{len(self._values)}}}"

    def where(self, condition: str) -> None:
        """Add a condition; all of them hold. It contains values as placeholders only."""
        self._conditions.append(condition)

    def where_in(self, column: str, user_ids: Sequence[int]) -> None:
        """Add the condition that the column has one of these ids of people."""
        if len(user_ids) == 1:
            self.where(f"{column} = {self.placeholder(user_ids[0])}")
        else:
            self.where(f"{column} IN ({', '.join(map(self.placeholder, user_ids))})")

    def filter_measurements(self, filters: Filters) -> None:
        """Add the conditions of these filters on measurements."""
        for each in filters:
            if isinstance(each, AllowedMeasurements):
                self.where(self._allowed(each))
            else:
                self.where(self._filter(each))

    def filter_variables(self, filters: Filters) -> None:
        """Add the conditions of these filters on variables. With a rule about time, a variable is
        allowed only if it has a measurement in that time: otherwise the application would learn
        that there is an older one."""
        for each in filters:
            if isinstance(each, AllowedMeasurements):
                self.where(self._allowed(each, _HAS_MEASUREMENT))
            elif each.field in OF_VARIABLES:
                self.where(self._filter(each))

    def earliest(self, filters: Filters) -> str:
        """A condition on measurements `m` of an allowed variable `v`; empty without one."""
        conditions = [
            f" AND m.start_at >= {self._earliest(each)}"
            for each in filters
            if isinstance(each, AllowedMeasurements)
        ]
        return "".join(conditions)

    def order_by_start(
        self, after: tuple[int, int] | None, limit: int, *, descending: bool
    ) -> None:
        """Order by start and id, after this (start, id)."""
        direction = " DESC" if descending else ""
        if after is not None:
            sign = "<" if descending else ">"
            start, last = self.placeholder(after[0]), self.placeholder(after[1])
            self.where(f"(m.start_at, m.id) {sign} ({start}, {last})")
        self._tail = (
            f" ORDER BY m.start_at{direction}, m.id{direction} LIMIT {self.placeholder(limit)}"
        )

    def call(self, head: str, tail: str = "", *, around: str = "{}") -> Call:
        """The SELECT with its values. `around` is a statement that has it as a subquery."""
        sql = f"{head} WHERE {self.conditions}{tail or self._tail}"
        return composed(around.replace("{}", sql), len(self._values)), self.values

    def _allowed(self, allowed: AllowedMeasurements, since: str = "m.start_at >= {}") -> str:
        """The condition that one of the rules holds. `since` is the condition on the earliest start
        time."""
        rules = []
        for rule in allowed.rules:
            conditions = self._of_rule(rule)
            if (start := allowed.starts_at(rule)) is not None:
                conditions.append(since.replace("{}", self.placeholder(start)))
            rules.append(" AND ".join(conditions) or "1 = 1")
        return f"({' OR '.join(f'({rule})' for rule in rules) or '1 = 0'})"

    def _earliest(self, allowed: AllowedMeasurements) -> str:
        """The earliest allowed start time of a measurement of a variable: that of the first rule
        that holds for it."""
        starts = [(_start(allowed, rule), rule) for rule in allowed.rules]
        cases = [
            f"WHEN {' AND '.join(self._of_rule(rule)) or '1 = 1'} THEN"
            f" CAST({self.placeholder(start)} AS BIGINT)"
            for start, rule in sorted(starts, key=itemgetter(0))
        ]
        return f"CASE {' '.join(cases)} END" if cases else "NULL"

    def _of_rule(self, rule: AllowedRule) -> list[str]:
        conditions = []
        for column, values in (("v.category_id", rule.category_ids), ("v.name", rule.variables)):
            if values is not None:
                conditions.append(f"{column} IN ({', '.join(map(self.placeholder, values))})")
        return conditions

    def _filter(self, each: Filter) -> str:
        column = _COLUMNS[each.field]
        one_of = " OR ".join(self._comparison(column, one) for one in each.comparisons) or "1 = 0"
        return f"NOT ({one_of})" if each.negated else f"({one_of})"

    def _comparison(self, column: str, one: Comparison) -> str:
        compared = self._compared(column, one)
        if one.unit_id is None:
            return compared
        return f"(v.unit_id = {self.placeholder(one.unit_id)} AND {compared})"

    def _compared(self, column: str, one: Comparison) -> str:
        operand = one.operand
        if isinstance(operand, str) and one.operator != "is":
            # No LIKE, which differs between the engines. The length is in characters.
            if one.operator == "begins":
                placeholder, length = self.placeholder(operand), self.placeholder(len(operand))
                return f"substr({column}, 1, {length}) = {placeholder}"
            if one.operator == "ends":
                placeholder, length = self.placeholder(operand), self.placeholder(len(operand))
                return f"substr({column}, length({column}) - {length} + 1) = {placeholder}"
            return f"instr({column}, {self.placeholder(operand)}) > 0"
        return f"{column} {_SYMBOLS[one.operator]} {self.placeholder(operand)}"


def about_variables(filters: Sequence[Filter | AllowedMeasurements]) -> bool:
    """Whether one of the filters needs the table of variables."""
    return any(map(_is_about_variables, filters))


def _is_about_variables(each: Filter | AllowedMeasurements) -> bool:
    if isinstance(each, AllowedMeasurements):
        return any(
            rule.category_ids is not None or rule.variables is not None for rule in each.rules
        )
    return each.field in OF_VARIABLES or any(one.unit_id is not None for one in each.comparisons)


def _start(allowed: AllowedMeasurements, rule: AllowedRule) -> int:
    start = allowed.starts_at(rule)
    return _ALWAYS if start is None else start
