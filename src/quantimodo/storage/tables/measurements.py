"""The table `measurements`."""

from collections.abc import Generator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from quantimodo.model.consents import ConsentingPerson
from quantimodo.model.measurements import (
    Entry,
    EntrySet,
    Filters,
    GroupedValue,
    Measurement,
    MeasurementGroup,
    Micros,
    NewVariable,
    Order,
    SpanRule,
    Variable,
)
from quantimodo.ports.measurement_stores import GroupPage
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.consent_details import from_json_or_none
from quantimodo.storage.database import Call, Operation, Row, Statement, execute
from quantimodo.storage.rows import Column, RowReader, first_value
from quantimodo.storage.tables.bulk_insert import Insert, insert_many
from quantimodo.storage.tables.measurement_groups import (
    GROUP,
    GROUPED_VALUE,
    measurements_by_id,
    number_of_groups,
    page_of_groups,
    values_of_groups,
)
from quantimodo.storage.tables.measurement_notices import NOTE_MEASUREMENTS
from quantimodo.storage.tables.measurement_queries import (
    MEASUREMENT,
    VARIABLE,
    change_of_measurement,
    deletion_of_measurement,
    measurements_behind,
    number_of_measurements,
    one_measurement,
    page_of_measurements,
    units_of_variables,
)
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.variables import find_variables
from quantimodo.storage.timestamps import to_micros

_PEOPLE_AT_ONCE: Final = 100

_SAVE = Insert(
    head="INSERT INTO measurements (user_id, variable_id, source, start_at, value, stored_value,"
    " stored_unit_id, note, created_at, updated_at)",
    row="({1}, {2}, {3}, %, %, %, %, %, {4}, {4})",
    tail="ON CONFLICT (variable_id, start_at, source) DO UPDATE SET value = excluded.value,"
    " stored_value = excluded.stored_value, stored_unit_id = excluded.stored_unit_id,"
    " note = excluded.note, updated_at = excluded.updated_at"
    " WHERE measurements.stored_value <> excluded.stored_value"
    " OR measurements.stored_unit_id <> excluded.stored_unit_id"
    " OR measurements.note <> excluded.note",
    shared=("bigint", "bigint", "text", "bigint"),
    own=("bigint", "double precision", "double precision", "integer", "text"),
)
_ADD_VARIABLES = Insert(
    head="INSERT INTO variables (user_id, name, category_id, unit_id, combination, created_at)",
    row="({1}, %, %, %, %, {2})",
    tail="ON CONFLICT (user_id, name) DO NOTHING",
    shared=("bigint", "bigint"),
    own=("text", "integer", "integer", "text"),
)
_ONE = Statement(
    f"SELECT {MEASUREMENT.columns} FROM measurements m JOIN variables v ON v.id = m.variable_id"
    " WHERE m.id = {2} AND m.user_id = {1}"
)
_CONSENTING = RowReader(
    ConsentingPerson, "user_id", Column("details", from_json_or_none), table="g"
)
CONSENTING_PEOPLE = Statement(
    f"SELECT {_CONSENTING.columns} FROM consents g JOIN users u ON u.id = g.user_id"
    " JOIN clients c ON c.id = g.client_id"
    " WHERE g.client_id = {1} AND g.user_id > {4}"
    " AND u.disabled_at IS NULL AND c.disabled_at IS NULL"
    " AND (g.expires_at IS NULL OR g.expires_at > {3})"
    " AND ' ' || g.scope || ' ' LIKE '% ' || {2} || ' %'"
    " AND EXISTS (SELECT 1 FROM grants f WHERE f.user_id = g.user_id"
    " AND f.client_id = g.client_id AND f.revoked_at IS NULL AND f.expires_at > {3}"
    " AND ' ' || f.scope || ' ' LIKE '% ' || {2} || ' %')"
    " ORDER BY g.user_id LIMIT {5}"
)


class _VariableChanged(Exception):
    """A variable has changed since the caller read it; the transaction is rolled back."""


def _create_variables(
    user_id: int, new: Sequence[NewVariable], at: int
) -> Generator[Call, Sequence[Row], dict[str, Variable]]:
    """Create the variables that are missing; all variables of these names."""
    rows = [(each.name, each.category_id, each.unit_id, each.combination) for each in new]
    yield from insert_many(_ADD_VARIABLES, (user_id, at), rows)
    found: dict[str, Variable] = {}
    for statement, values in find_variables(user_id, [each.name for each in new]):
        found |= {each.name: each for each in VARIABLE.read_all((yield statement, values))}
    return found


def _variable_id(variable: Variable | NewVariable, found: dict[str, Variable]) -> int:
    if isinstance(variable, Variable):
        return variable.id
    known = found.get(variable.name)
    # It was created meanwhile with another unit than that of the entries, or in a category that the
    # caller may not write.
    created = None if known is None else (known.unit_id, known.category_id)
    if known is None or created != (variable.unit_id, variable.category_id):
        raise _VariableChanged
    return known.id


class Measurements(Table):
    """Implements `MeasurementStore`."""

    async def save_measurements(self, user_id: int, sets: Sequence[EntrySet], at: datetime) -> bool:
        moment = to_micros(at)
        new = {each.variable.name: each.variable for each in sets if _is_new(each)}
        in_order = [new[name] for name in sorted(new)]

        def operation() -> Operation[None]:
            found: dict[str, Variable] = {}
            if in_order:
                found = yield from _create_variables(user_id, in_order, moment)  # type: ignore[arg-type]
            sets_by_variable = [(_variable_id(each.variable, found), each) for each in sets]
            # All callers lock rows in one order, so that none deadlock.
            for variable_id, each in sorted(
                sets_by_variable, key=lambda one: (one[0], one[1].source)
            ):
                same = (user_id, variable_id, each.source, moment)
                yield from insert_many(_SAVE, same, sorted(each.entries))
            yield NOTE_MEASUREMENTS, (user_id, moment)

        try:
            await self._database.write(operation)
        except (_VariableChanged, Conflict):  # Conflict: the variable or the person was deleted
            return False
        return True

    async def measurement(
        self, user_id: int, measurement_id: int, filters: Filters = ()
    ) -> Measurement | None:
        if filters:
            found = await self._search(one_measurement(user_id, measurement_id, filters))
            return next(iter(found), None)
        return MEASUREMENT.read_first(await self._database.rows(_ONE, user_id, measurement_id))

    async def change_measurement(
        self,
        user_id: int,
        measurement_id: int,
        entry: Entry,
        at: datetime,
        filters: Filters = (),
    ) -> bool:
        changes = {
            "start_at": entry.start,
            "value": entry.value,
            "stored_value": entry.stored_value,
            "stored_unit_id": entry.stored_unit_id,
            "note": entry.note,
            "updated_at": to_micros(at),
        }
        statement, values = change_of_measurement(user_id, measurement_id, filters, changes)
        return bool(await self._database.write(execute(statement, *values)))

    async def delete_measurement(
        self, user_id: int, measurement_id: int, filters: Filters = ()
    ) -> bool:
        statement, values = deletion_of_measurement(user_id, measurement_id, filters)
        return bool(await self._database.write(execute(statement, *values)))

    async def measurements(
        self, user_id: int, filters: Filters, order: Order, *, offset: int = 0, limit: int = 100
    ) -> Sequence[Measurement]:
        return await self._search(
            page_of_measurements(user_id, filters, order, offset=offset, limit=limit)
        )

    async def measurements_after(
        self,
        user_id: int,
        filters: Filters,
        after: tuple[Micros, int] | None,
        limit: int,
        *,
        descending: bool = False,
    ) -> Sequence[Measurement]:
        return await self._search(
            measurements_behind(user_id, filters, after, limit, descending=descending)
        )

    async def count_measurements(self, user_ids: Sequence[int], filters: Filters) -> dict[int, int]:
        counted: dict[int, int] = {}
        for batch in _batches(user_ids):
            statement, values = number_of_measurements(batch, filters)
            for user_id, number in await self._database.search(statement, *values):
                if number:
                    counted[user_id] = number
        return counted

    async def count_groups(self, user_id: int, filters: Filters, rules: Sequence[SpanRule]) -> int:
        statement, values = number_of_groups(user_id, filters, rules)
        return first_value(await self._database.search(statement, *values)) or 0

    async def groups(
        self, user_id: int, filters: Filters, page: GroupPage
    ) -> Sequence[MeasurementGroup]:
        statement, values = page_of_groups(user_id, filters, page)
        return GROUP.read_all(await self._database.search(statement, *values))

    async def values_of_groups(
        self,
        user_id: int,
        filters: Filters,
        groups: Sequence[MeasurementGroup],
        after: tuple[Micros, int] | None,
        *,
        descending: bool,
    ) -> Sequence[GroupedValue]:
        statement, values = values_of_groups(user_id, filters, groups, after, descending=descending)
        return GROUPED_VALUE.read_all(await self._database.search(statement, *values))

    async def measurements_by_id(self, user_id: int, ids: Sequence[int]) -> Sequence[Measurement]:
        return await self._search(measurements_by_id(user_id, ids))

    async def units_in_use(self, user_ids: Sequence[int], filters: Filters) -> frozenset[int]:
        found: set[int] = set()
        for batch in _batches(user_ids):
            statement, values = units_of_variables(batch, filters)
            found |= {unit_id for (unit_id,) in await self._database.search(statement, *values)}
        return frozenset(found)

    async def consenting_people(
        self, client_id: str, scope: str, now: datetime, *, after: int, limit: int
    ) -> Sequence[ConsentingPerson]:
        values = (client_id, scope, to_micros(now), after, limit)
        return _CONSENTING.read_all(await self._database.search(CONSENTING_PEOPLE, *values))

    async def _search(self, call: Call) -> list[Measurement]:
        statement, values = call
        return MEASUREMENT.read_all(await self._database.search(statement, *values))


def _is_new(each: EntrySet) -> bool:
    return isinstance(each.variable, NewVariable)


def _batches(user_ids: Sequence[int]) -> list[tuple[int, ...]]:
    left = iter(user_ids)
    batches = []
    while batch := tuple(islice(left, _PEOPLE_AT_ONCE)):
        batches.append(batch)
    return batches
