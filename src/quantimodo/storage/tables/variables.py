"""The table `variables`; and the reference data, which is only read: `units`, `unit_categories`,
`variable_categories`."""

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from quantimodo.model.measurements import (
    Comparison,
    ConversionStep,
    Filter,
    Filters,
    Unit,
    UnitCategory,
    Variable,
    VariableCategory,
    VariableSummary,
)
from quantimodo.storage.database import Call, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader, first_value
from quantimodo.storage.tables.bulk_delete import OF_VARIABLE, delete_in_batches
from quantimodo.storage.tables.measurement_queries import (
    SUMMARY,
    VARIABLE,
    number_of_variables,
    page_of_summaries,
)
from quantimodo.storage.tables.table import Table


def _to_steps(text: str | None) -> tuple[ConversionStep, ...] | None:
    if text is None:
        return None
    return tuple(
        ConversionStep(operation, Fraction(value)) for operation, value in json.loads(text)
    )


_UNIT_CATEGORY = RowReader(UnitCategory, "id", "name", table="c")
_UNIT = RowReader(
    Unit,
    "id",
    "name",
    "abbreviated_name",
    Part("category", _UNIT_CATEGORY),
    "minimum",
    "maximum",
    Column("steps", _to_steps),
    table="u",
)
_VARIABLE_CATEGORY = RowReader(VariableCategory, "id", "name")
_UNITS = Statement(
    f"SELECT {_UNIT.columns}"
    " FROM units u JOIN unit_categories c ON c.id = u.category_id ORDER BY u.id"
)
_UNIT_CATEGORIES = Statement(
    f"SELECT {_UNIT_CATEGORY.columns} FROM unit_categories c ORDER BY c.id"
)
_VARIABLE_CATEGORIES = Statement(
    f"SELECT {_VARIABLE_CATEGORY.columns} FROM variable_categories ORDER BY id"
)
_AT_ONCE: Final = 32  # names in one statement; the last is repeated where there are fewer
_ONE = Statement(
    f"SELECT {VARIABLE.columns} FROM variables v WHERE v.user_id = {{1}} AND v.name = {{2}}"
)
_NAMED = Statement(
    f"SELECT {VARIABLE.columns} FROM variables v WHERE v.user_id = {{1}} AND v.name IN"
    f" ({', '.join(f'{{{n}}}' for n in range(2, _AT_ONCE + 2))})"
)
_DELETE = Statement("DELETE FROM variables WHERE user_id = {1} AND name = {2} RETURNING id")


def find_variables(user_id: int, names: Sequence[str]) -> list[Call]:
    """The statements that find all of these variables."""
    calls: list[Call] = []
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        if len(some) == 1:
            calls.append((_ONE, (user_id, *some)))
        else:
            calls.append((_NAMED, (user_id, *some, *[some[-1]] * (_AT_ONCE - len(some)))))
    return calls


class References(Table):
    """Implements `ReferenceStore`."""

    async def units(self) -> Sequence[Unit]:
        return _UNIT.read_all(await self._database.list_rows(_UNITS))

    async def unit_categories(self) -> Sequence[UnitCategory]:
        return _UNIT_CATEGORY.read_all(await self._database.list_rows(_UNIT_CATEGORIES))

    async def variable_categories(self) -> Sequence[VariableCategory]:
        return _VARIABLE_CATEGORY.read_all(await self._database.list_rows(_VARIABLE_CATEGORIES))


class Variables(Table):
    """Implements `VariableStore`."""

    async def variable(self, user_id: int, name: str) -> Variable | None:
        return VARIABLE.read_first(await self._database.rows(_ONE, user_id, name))

    async def variables_named(self, user_id: int, names: Sequence[str]) -> Sequence[Variable]:
        variables: list[Variable] = []
        for statement, values in find_variables(user_id, names):
            rows = await self._database.list_rows(statement, *values)
            variables += VARIABLE.read_all(dict.fromkeys(rows))
        return variables

    async def summary(
        self, user_id: int, name: str, filters: Filters = ()
    ) -> VariableSummary | None:
        named = Filter("variable", (Comparison("is", name),))
        summaries = await self.summaries(user_id, (named, *filters), limit=1)
        return next(iter(summaries), None)

    async def summaries(
        self,
        user_id: int,
        filters: Filters,
        *,
        descending: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> Sequence[VariableSummary]:
        statement, values = page_of_summaries(
            user_id, filters, descending=descending, offset=offset, limit=limit
        )
        return SUMMARY.read_all(await self._database.search(statement, *values))

    async def count_variables(self, user_id: int, filters: Filters) -> int:
        statement, values = number_of_variables(user_id, filters)
        return first_value(await self._database.search(statement, *values)) or 0

    async def delete_variable(self, user_id: int, name: str) -> bool:
        variable = await self.variable(user_id, name)
        if variable is None:
            return False
        await delete_in_batches(self._database, OF_VARIABLE, variable.id)
        return bool(await self._database.write(execute(_DELETE, user_id, name)))
