"""The measurement service: saves, reads, changes and deletes the measurements of people.

Owns the steps from a payload to what the store saves, and from a query to a read of the store. It
has no HTTP and no scopes; every method reads and writes one person's data, except
`page_of_people`. `allowed` and `permissions` restrict it to what the person allows an application;
the person's own pages leave them out.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from quantimodo.measurements.catalogue import References
from quantimodo.measurements.drafts import (
    EntryDraft,
    SavedMeasurements,
    changed_entry,
    forbidden,
    variable_name,
)
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.group_reader import GroupReader
from quantimodo.measurements.payloads import Change, SentSet
from quantimodo.measurements.permissions import EVERYTHING, Permissions
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.resolved_queries import (
    Person,
    ResolvedQuery,
    ids_by_allowed,
    is_descending,
    resolve,
    restrict,
    with_category_ids,
)
from quantimodo.measurements.views import (
    MeasurementView,
    VariableView,
    measurement_view,
    variable_view,
)
from quantimodo.model.measurements import AllowedMeasurements, Filters, Measurement, Micros, Unit
from quantimodo.ports.clock import Clock
from quantimodo.ports.measurement_stores import MeasurementStore, VariableStore
from quantimodo.ports.stores import Conflict

_CHUNK: Final = 500  # measurements of one part of a stream
_AT_ONCE: Final = 50  # views between two turns of the event loop
_TRIES: Final = 5


CountOfPeople = Callable[[Sequence[int], Filters], Awaitable[Mapping[int, int]]]


@dataclass(frozen=True, slots=True)
class MeasurementService:
    """Saves, reads, changes and deletes measurements."""

    store: MeasurementStore
    variable_store: VariableStore
    references: References
    clock: Clock

    async def save(
        self, user_id: int, sent: Sequence[SentSet], allowed: AllowedMeasurements | None = None
    ) -> SavedMeasurements:
        """Save all sets, durably, or nothing. Of one measurement (variable, source, start) that is
        sent twice, the last one is saved. Raises `MeasurementError`."""
        catalogue = await self.references.catalogue()
        names = [variable_name(at, each) for at, each in enumerate(sent)]
        for _ in range(_TRIES):
            known = await self.variable_store.variables_named(user_id, sorted(set(names)))
            draft = EntryDraft(catalogue, {each.name: each for each in known}, allowed)
            for at, (name, each) in enumerate(zip(names, sent, strict=True)):
                await draft.add(at, name, each)
            sets = draft.sets()
            if await self.store.save_measurements(user_id, sets, self.clock.now()):
                return draft.saved()
        raise MeasurementError(
            "these variables are being changed by another request; try again", status=409
        )

    async def change(
        self,
        user_id: int,
        measurement_id: int,
        change: Change,
        permissions: Permissions = EVERYTHING,
    ) -> MeasurementView | None:
        """The changed measurement; None when there is none that the application may read.

        The response has the measurement, so its new start has to be readable too. Raises
        `MeasurementError`.
        """
        catalogue, allowed = await self.references.catalogue(), permissions.write
        found = await self._writable(user_id, measurement_id, permissions)
        if found is None or not _allows(permissions.read, found, found.start):
            return None
        entry = changed_entry(catalogue, found, change)
        if not all(_allows(each, found, entry.start) for each in (allowed, permissions.read)):
            raise forbidden()
        try:
            if not await self.store.change_measurement(
                user_id, measurement_id, entry, self.clock.now(), restrict((), allowed)
            ):
                return None
        except Conflict:
            raise MeasurementError(
                "there is another measurement of this variable, source and start time", status=409
            ) from None
        return await self.one(user_id, measurement_id, allowed)

    async def delete(
        self, user_id: int, measurement_id: int, permissions: Permissions = EVERYTHING
    ) -> MeasurementView | None:
        """Delete one measurement and return it; None if there is none. Raises `MeasurementError` if
        the application may only read it."""
        found = await self._writable(user_id, measurement_id, permissions)
        if found is None or not await self.store.delete_measurement(
            user_id, measurement_id, restrict((), permissions.write)
        ):
            return None
        return measurement_view(await self.references.catalogue(), found, None)

    async def delete_variable(self, user_id: int, name: str) -> bool:
        """Delete the variable with all its measurements; False if there is none."""
        return await self.variable_store.delete_variable(user_id, name)

    async def one(
        self, user_id: int, measurement_id: int, allowed: AllowedMeasurements | None = None
    ) -> MeasurementView | None:
        """One measurement in the unit of its variable; None if there is none, or it is not
        allowed."""
        found = await self.store.measurement(user_id, measurement_id, restrict((), allowed))
        if found is None:
            return None
        return measurement_view(await self.references.catalogue(), found, None)

    async def rows(self, user_id: int, query: MeasurementQuery) -> Sequence[MeasurementView]:
        """One page, without groups and without the total."""
        resolved = await self._resolve([Person(user_id)], query)
        found = await self.store.measurements(
            user_id,
            resolved.filters,
            query.order,
            offset=query.offset,
            limit=query.limit,
        )
        return await self._views(found, resolved.unit)

    async def page(
        self, user_id: int, query: MeasurementQuery, allowed: AllowedMeasurements | None = None
    ) -> tuple[Sequence[MeasurementView], int]:
        """One page of measurements or groups, and the total. Raises `MeasurementError`."""
        people = [Person(user_id, allowed)]
        return await self.page_of_people(people, query, self.store.count_measurements)

    async def page_of_people(
        self, people: Sequence[Person], query: MeasurementQuery, count: CountOfPeople
    ) -> tuple[Sequence[MeasurementView], int]:
        """One page over several people, one after the other in this order, and the total. Raises
        `MeasurementError`."""
        resolved = await self._resolve(people, query)
        if query.grouping is not None:
            return await self._groups.page(people, resolved, query)
        numbers: dict[int, int] = {}
        for allowed, user_ids in ids_by_allowed(people).items():
            numbers |= await count(user_ids, resolved.filters_for(allowed))
        skip, left, rows = query.offset, query.limit, list[Measurement]()
        for user_id, allowed in people:
            number = numbers.get(user_id, 0)
            if skip < number and left > 0:
                filters = resolved.filters_for(allowed)
                found = await self.store.measurements(
                    user_id, filters, query.order, offset=skip, limit=left
                )
                rows += found
                left -= len(found)
            skip = max(0, skip - number)
        return await self._views(rows, resolved.unit), sum(numbers.values())

    async def stream(
        self, user_id: int, query: MeasurementQuery, allowed: AllowedMeasurements | None = None
    ) -> AsyncIterator[Sequence[MeasurementView]]:
        """All measurements of the query, by start, in constant memory, in parts. Raises
        `MeasurementError` before the first part."""
        person = Person(user_id, allowed)
        resolved = await self._resolve([person], query)
        descending = is_descending(query)
        if query.grouping is not None:
            return await self._groups.stream(person, resolved, query)
        return self._parts(person, resolved, descending)

    async def variables(
        self, user_id: int, query: MeasurementQuery, allowed: AllowedMeasurements | None = None
    ) -> tuple[Sequence[VariableView], int]:
        """One page of the variables that are allowed, and how many there are in all."""
        catalogue = await self.references.catalogue()
        filters = restrict(with_category_ids(query.filters, catalogue), allowed)
        number = await self.variable_store.count_variables(user_id, filters)
        found = await self.variable_store.summaries(
            user_id,
            filters,
            descending=query.order.descending,
            offset=query.offset,
            limit=query.limit,
        )
        return [variable_view(catalogue, each) for each in found], number

    async def variable(
        self, user_id: int, name: str, allowed: AllowedMeasurements | None = None
    ) -> VariableView | None:
        """One variable with its summary; None if there is none, or it is not allowed."""
        found = await self.variable_store.summary(user_id, name, restrict((), allowed))
        return None if found is None else variable_view(await self.references.catalogue(), found)

    async def _writable(
        self, user_id: int, measurement_id: int, permissions: Permissions
    ) -> Measurement | None:
        """The measurement, if it may be written. Raises `MeasurementError` if it may only be read;
        one that may not be read does not exist for the application."""
        filters = restrict((), permissions.write)
        found = await self.store.measurement(user_id, measurement_id, filters)
        if found is None and permissions.write is not None:
            filters = restrict((), permissions.read)
            if await self.store.measurement(user_id, measurement_id, filters) is not None:
                raise forbidden()
        return found

    async def _resolve(self, people: Sequence[Person], query: MeasurementQuery) -> ResolvedQuery:
        return await resolve(self.store, await self.references.catalogue(), people, query)

    async def _parts(
        self, person: Person, resolved: ResolvedQuery, descending: bool
    ) -> AsyncIterator[Sequence[MeasurementView]]:
        last: tuple[Micros, int] | None = None
        filters = resolved.filters_for(person.allowed)
        while True:
            rows = await self.store.measurements_after(
                person.user_id, filters, last, _CHUNK, descending=descending
            )
            if rows:
                yield await self._views(rows, resolved.unit)
            if len(rows) < _CHUNK:
                return
            last = rows[-1].start, rows[-1].id

    async def _views(
        self, rows: Sequence[Measurement], unit: Unit | None
    ) -> Sequence[MeasurementView]:
        catalogue, views = await self.references.catalogue(), list[MeasurementView]()
        for first in range(0, len(rows), _AT_ONCE):
            part = rows[first : first + _AT_ONCE]
            views += [measurement_view(catalogue, row, unit) for row in part]
            await asyncio.sleep(0)
        return views

    @property
    def _groups(self) -> GroupReader:
        return GroupReader(self.store, self.references)


def _allows(allowed: AllowedMeasurements | None, found: Measurement, start: Micros) -> bool:
    return allowed is None or allowed.allows(found.category_id, found.variable, start)
