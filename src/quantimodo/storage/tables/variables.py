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
from quantimodo.storage.database import Call, Row, Statement, execute
from quantimodo.storage.tables.bulk_delete import OF_VARIABLE, part
from quantimodo.storage.tables.measurement_queries import (
    VARIABLE_COLUMNS,
    number_of_variables,
    page_of_summaries,
)
from quantimodo.storage.tables.table import Table

_UNITS = Statement(
    "SELECT u.id, u.name, u.abbreviated_name, u.category_id, c.name, u.minimum, u.maximum, u.steps"
    " FROM units u JOIN unit_categories c ON c.id = u.category_id ORDER BY u.id"
)
_UNIT_CATEGORIES = Statement("SELECT id, name FROM unit_categories ORDER BY id")
_VARIABLE_CATEGORIES = Statement("SELECT id, name FROM variable_categories ORDER BY id")
_AT_ONCE: Final = 32  # names in one look; the last is repeated where there are fewer
_ONE = Statement(
    f"SELECT {VARIABLE_COLUMNS} FROM variables v WHERE v.user_id = {{1}} AND v.name = {{2}}"
)
_NAMED = Statement(
    f"SELECT {VARIABLE_COLUMNS} FROM variables v WHERE v.user_id = {{1}} AND v.name IN"
    f" ({', '.join(f'{{{n}}}' for n in range(2, _AT_ONCE + 2))})"
)
_DELETE = Statement("DELETE FROM variables WHERE user_id = {1} AND name = {2} RETURNING id")


def finding_variables(user_id: int, names: Sequence[str]) -> list[Call]:
    """The reads that find all of them."""
    calls: list[Call] = []
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        if len(some) == 1:
            calls.append((_ONE, (user_id, *some)))
        else:
            calls.append((_NAMED, (user_id, *some, *[some[-1]] * (_AT_ONCE - len(some)))))
    return calls


def to_variable(row: Row) -> Variable:
    return Variable(
        id=row[0],
        user_id=row[1],
        name=row[2],
        category_id=row[3],
        unit_id=row[4],
        combination=row[5],
        created_at=row[6],
    )


def _to_summary(row: Row) -> VariableSummary:
    return VariableSummary(
        variable=to_variable(row),
        number=row[7],
        earliest=row[8],
        latest=row[9],
        last_value=row[10],
    )


def _to_unit(row: Row) -> Unit:
    steps = None if row[7] is None else json.loads(row[7])
    return Unit(
        id=row[0],
        name=row[1],
        abbreviated_name=row[2],
        category=UnitCategory(row[3], row[4]),
        minimum=row[5],
        maximum=row[6],
        steps=(
            None
            if steps is None
            else tuple(ConversionStep(operation, Fraction(value)) for operation, value in steps)
        ),
    )


class References(Table):
    async def units(self) -> Sequence[Unit]:
        return [_to_unit(row) for row in await self._database.list_rows(_UNITS)]

    async def unit_categories(self) -> Sequence[UnitCategory]:
        return [UnitCategory(*row) for row in await self._database.list_rows(_UNIT_CATEGORIES)]

    async def variable_categories(self) -> Sequence[VariableCategory]:
        return [
            VariableCategory(*row) for row in await self._database.list_rows(_VARIABLE_CATEGORIES)
        ]


class Variables(Table):
    async def variable(self, user_id: int, name: str) -> Variable | None:
        rows = await self._database.rows(_ONE, user_id, name)
        return to_variable(rows[0]) if rows else None

    async def variables_named(self, user_id: int, names: Sequence[str]) -> Sequence[Variable]:
        found: list[Variable] = []
        for statement, values in finding_variables(user_id, names):
            rows = await self._database.list_rows(statement, *values)
            found += [to_variable(row) for row in dict.fromkeys(rows)]
        return found

    async def summary(self, user_id: int, name: str) -> VariableSummary | None:
        named = Filter("variable", (Comparison("is", name),))
        found = await self.summaries(user_id, (named,), limit=1)
        return found[0] if found else None

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
        return [_to_summary(row) for row in await self._database.search(statement, *values)]

    async def count_variables(self, user_id: int, filters: Filters) -> int:
        statement, values = number_of_variables(user_id, filters)
        rows = await self._database.search(statement, *values)
        return int(rows[0][0]) if rows else 0

    async def delete_variable(self, user_id: int, name: str) -> bool:
        found = await self.variable(user_id, name)
        if found is None:
            return False
        await part(self._database, OF_VARIABLE, found.id)
        return bool(await self._database.write(execute(_DELETE, user_id, name)))
