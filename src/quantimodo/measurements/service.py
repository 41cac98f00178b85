"""The measurements of people: saved, found, changed and removed.

Owns the steps from what an app sent to what the store saves, and from a query to a read of the
store. Knows no HTTP and no scope; every method reads and writes one person's data, except
`page_of_people`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from quantimodo.measurements.catalogue import References
from quantimodo.measurements.drafts import EntryDraft, Saved, changed_entry, variable_name
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.groups import GroupReader
from quantimodo.measurements.payloads import Change, SentSet
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.resolved_queries import (
    ResolvedQuery,
    is_descending,
    resolve,
    with_category_ids,
)
from quantimodo.measurements.views import (
    MeasurementView,
    VariableView,
    measurement_view,
    variable_view,
)
from quantimodo.model.measurements import Filters, Measurement, Micros, Unit
from quantimodo.ports.clock import Clock
from quantimodo.ports.measurements import MeasurementStore, VariableStore
from quantimodo.ports.stores import Conflict

_CHUNK: Final = 500  # measurements of one part of a stream
_AT_ONCE: Final = 50  # views between two turns of the event loop
_TRIES: Final = 5


CountOfPeople = Callable[[Sequence[int], Filters], Awaitable[Mapping[int, int]]]


@dataclass(frozen=True, slots=True)
class MeasurementService:
    """Saves, reads, changes and removes measurements."""

    store: MeasurementStore
    variable_store: VariableStore
    references: References
    clock: Clock

    async def save(self, user_id: int, sent: Sequence[SentSet]) -> Saved:
        """Save all of it, on disk, or nothing. Of one measurement (variable, source, start) that is
        sent twice, the last one is saved. Raises `MeasurementError`."""
        catalogue = await self.references.catalogue()
        names = [variable_name(at, each) for at, each in enumerate(sent)]
        for _ in range(_TRIES):
            known = await self.variable_store.variables_named(user_id, sorted(set(names)))
            draft = EntryDraft(catalogue, {each.name: each for each in known})
            for at, (name, each) in enumerate(zip(names, sent, strict=True)):
                await draft.add(at, name, each)
            if await self.store.save_measurements(user_id, draft.sets(), self.clock.now()):
                return draft.saved()
        raise MeasurementError(
            "these variables are being changed by another request; try again", status=409
        )

    async def change(
        self, user_id: int, measurement_id: int, change: Change
    ) -> MeasurementView | None:
        """The changed measurement; None when there is none. Raises `MeasurementError`."""
        catalogue = await self.references.catalogue()
        found = await self.store.measurement(user_id, measurement_id)
        if found is None:
            return None
        entry = changed_entry(catalogue, found, change)
        try:
            if not await self.store.change_measurement(
                user_id, measurement_id, entry, self.clock.now()
            ):
                return None
        except Conflict:
            raise MeasurementError(
                "there is another measurement of this variable, source and start time", status=409
            ) from None
        return await self.one(user_id, measurement_id)

    async def remove(self, user_id: int, measurement_id: int) -> bool:
        return await self.store.delete_measurement(user_id, measurement_id)

    async def remove_variable(self, user_id: int, name: str) -> bool:
        """With all its measurements."""
        return await self.variable_store.delete_variable(user_id, name)

    async def one(self, user_id: int, measurement_id: int) -> MeasurementView | None:
        found = await self.store.measurement(user_id, measurement_id)
        if found is None:
            return None
        return measurement_view(await self.references.catalogue(), found, None)

    async def rows(self, user_id: int, query: MeasurementQuery) -> Sequence[MeasurementView]:
        """One page, without groups and without the total."""
        resolved = await self._resolve([user_id], query)
        found = await self.store.measurements(
            user_id,
            resolved.filters,
            query.order,
            offset=query.offset,
            limit=query.limit,
        )
        return await self._views(found, resolved.unit)

    async def page(
        self, user_id: int, query: MeasurementQuery
    ) -> tuple[Sequence[MeasurementView], int]:
        """One page of measurements or groups, and the total. Raises `MeasurementError`."""
        return await self.page_of_people([user_id], query, self.store.count_measurements)

    async def page_of_people(
        self, user_ids: Sequence[int], query: MeasurementQuery, count: CountOfPeople
    ) -> tuple[Sequence[MeasurementView], int]:
        """The same over several people, one after the other in this order."""
        resolved = await self._resolve(user_ids, query)
        if query.grouping is not None:
            return await self._groups.page(user_ids, resolved, query)
        numbers = await count(user_ids, resolved.filters)
        skip, left, rows = query.offset, query.limit, list[Measurement]()
        for user_id in user_ids:
            number = numbers.get(user_id, 0)
            if skip < number and left > 0:
                found = await self.store.measurements(
                    user_id, resolved.filters, query.order, offset=skip, limit=left
                )
                rows += found
                left -= len(found)
            skip = max(0, skip - number)
        return await self._views(rows, resolved.unit), sum(numbers.values())

    async def stream(
        self, user_id: int, query: MeasurementQuery
    ) -> AsyncIterator[Sequence[MeasurementView]]:
        """All measurements of the query, by start, in constant memory, in parts. Raises
        `MeasurementError` before the first part."""
        resolved = await self._resolve([user_id], query)
        descending = is_descending(query)
        if query.grouping is not None:
            return await self._groups.stream(user_id, resolved, query)
        return self._parts(user_id, resolved, descending)

    async def variables(
        self, user_id: int, query: MeasurementQuery
    ) -> tuple[Sequence[VariableView], int]:
        catalogue = await self.references.catalogue()
        filters = with_category_ids(query.filters, catalogue)
        number = await self.variable_store.count_variables(user_id, filters)
        found = await self.variable_store.summaries(
            user_id,
            filters,
            descending=query.order.descending,
            offset=query.offset,
            limit=query.limit,
        )
        return [variable_view(catalogue, each) for each in found], number

    async def variable(self, user_id: int, name: str) -> VariableView | None:
        found = await self.variable_store.summary(user_id, name)
        return None if found is None else variable_view(await self.references.catalogue(), found)

    async def _resolve(self, user_ids: Sequence[int], query: MeasurementQuery) -> ResolvedQuery:
        return await resolve(self.store, await self.references.catalogue(), user_ids, query)

    async def _parts(
        self, user_id: int, resolved: ResolvedQuery, descending: bool
    ) -> AsyncIterator[Sequence[MeasurementView]]:
        last: tuple[Micros, int] | None = None
        while True:
            rows = await self.store.measurements_after(
                user_id, resolved.filters, last, _CHUNK, descending=descending
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
