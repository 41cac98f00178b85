"""What one person measured: kept, found, changed and removed.

Owns the way from what an app sent to what the store keeps, and from a question to what the store
is asked. Knows no HTTP and no scope; every method sees one person's data, `people` aside.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from quantimodo.measurements import payloads
from quantimodo.measurements.catalogue import MISCELLANEOUS, Catalogue, References
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.filters import holds
from quantimodo.measurements.grouping import Group, grouped
from quantimodo.measurements.limits import check_spans
from quantimodo.measurements.payloads import Change, SentSet, refused_at
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.units import converter, convertible
from quantimodo.model.measurements import (
    Comparison,
    Entry,
    EntrySet,
    Filter,
    Filters,
    Measurement,
    Micros,
    NewVariable,
    Unit,
    Variable,
    VariableSummary,
)
from quantimodo.ports.clock import Clock
from quantimodo.ports.measurements import MeasurementStore, VariableStore
from quantimodo.ports.stores import Conflict

_CHUNK: Final = 500  # measurements of a walk through many, and of work between two breaths
_TRIES: Final = 5


Counting = Callable[[Sequence[int], Filters], Awaitable[Mapping[int, int]]]


class MeasurementServiceStore(MeasurementStore, VariableStore, Protocol):
    """What the journal asks of a database."""


@dataclass(frozen=True, slots=True)
class MeasurementView:
    """A measurement, or a group of them, as it is told: `value` in `unit`."""

    measurement: Measurement
    start: Micros
    value: float
    unit: Unit
    stored_unit: Unit
    category: str
    source: str | None
    number: int = 1
    created_at: Micros = 0
    updated_at: Micros = 0
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class ShownVariable:
    summary: VariableSummary
    unit: Unit
    category: str


@dataclass(frozen=True, slots=True)
class Saved:
    """How many measurements of which variable a POST had; the categories of the variables."""

    numbers: Mapping[str, int]
    categories: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question whose filters the store understands."""

    filters: Filters
    unit: Unit | None


@dataclass(frozen=True, slots=True)
class MeasurementService:
    store: MeasurementServiceStore
    references: References
    clock: Clock

    # --------------------------------------------------------------------------------- keeping

    async def save(self, user_id: int, sent: Sequence[SentSet]) -> Saved:
        """All of it, on disk, or nothing. The same measurement (variable, source, start) twice in
        one request: the last one counts. Raises `MeasurementError`."""
        catalogue = await self.references.catalogue()
        names = [_variable_name(at, each) for at, each in enumerate(sent)]
        for _ in range(_TRIES):
            known = await self.store.variables_named(user_id, sorted(set(names)))
            draft = _Draft(catalogue, {each.name: each for each in known})
            for at, (name, each) in enumerate(zip(names, sent, strict=True)):
                await draft.take(at, name, each)
            if await self.store.save_measurements(user_id, draft.sets(), self.clock.now()):
                return draft.saved()
        raise MeasurementError(
            "these variables are being changed by another request; try again", status=409
        )

    async def change(
        self, user_id: int, measurement_id: int, change: Change
    ) -> MeasurementView | None:
        """The measurement as it is now; None when there is none. Raises `MeasurementError`."""
        catalogue = await self.references.catalogue()
        found = await self.store.measurement(user_id, measurement_id)
        if found is None:
            return None
        entry = _changed(catalogue, found, change)
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
        return await self.store.delete_variable(user_id, name)

    # --------------------------------------------------------------------------------- finding

    async def one(self, user_id: int, measurement_id: int) -> MeasurementView | None:
        found = await self.store.measurement(user_id, measurement_id)
        return None if found is None else _shown(await self.references.catalogue(), found, None)

    async def rows(self, user_id: int, question: MeasurementQuery) -> Sequence[MeasurementView]:
        """The page asked for, without groups, where nobody asks how many there are in all."""
        asked, catalogue = await self._understood([user_id], question), self.references.known
        found = await self.store.measurements(
            user_id,
            asked.filters,
            question.order,
            offset=question.offset,
            limit=question.limit,
        )
        return [_shown(catalogue, row, asked.unit) for row in found]

    async def page(
        self, user_id: int, question: MeasurementQuery
    ) -> tuple[Sequence[MeasurementView], int]:
        """The page asked for, and how many there are in all. Raises `MeasurementError`."""
        return await self.page_of_people([user_id], question, self.store.count_measurements)

    async def page_of_people(
        self, user_ids: Sequence[int], question: MeasurementQuery, count: Counting
    ) -> tuple[Sequence[MeasurementView], int]:
        """The same over several people, one after the other in this order."""
        asked = await self._understood(user_ids, question)
        if question.grouping is not None:
            return await self._page_of_groups(user_ids, question, asked)
        numbers = await count(user_ids, asked.filters)
        skip, left, rows = question.offset, question.limit, list[Measurement]()
        for user_id in user_ids:
            number = numbers.get(user_id, 0)
            if skip < number and left > 0:
                found = await self.store.measurements(
                    user_id, asked.filters, question.order, offset=skip, limit=left
                )
                rows += found
                left -= len(found)
            skip = max(0, skip - number)
        catalogue = await self.references.catalogue()
        return [_shown(catalogue, row, asked.unit) for row in rows], sum(numbers.values())

    async def walk(
        self, user_id: int, question: MeasurementQuery
    ) -> AsyncIterator[Sequence[MeasurementView]]:
        """Everything that the question is about, by start, in constant memory, a chunk at a time.
        Raises `MeasurementError` before the first."""
        asked = await self._understood([user_id], question)
        catalogue = await self.references.catalogue()
        descending = _by_start(question)
        await check_spans(self.store, [user_id], asked.filters, question.grouping)

        async def chunks() -> AsyncIterator[Sequence[MeasurementView]]:
            if question.grouping is None:
                async for rows in self._chunks(user_id, asked, descending):
                    yield [_shown(catalogue, row, asked.unit) for row in rows]
                return
            waiting: list[MeasurementView] = []
            async for group in self._groups(user_id, question, asked):
                waiting.append(_shown_group(catalogue, group, asked.unit))
                if len(waiting) >= _CHUNK:
                    yield waiting
                    waiting = []
            if waiting:
                yield waiting

        return chunks()

    async def variables(
        self, user_id: int, question: MeasurementQuery
    ) -> tuple[Sequence[ShownVariable], int]:
        catalogue = await self.references.catalogue()
        filters = _with_category_ids(question.filters, catalogue)
        number = await self.store.count_variables(user_id, filters)
        found = await self.store.summaries(
            user_id,
            filters,
            descending=question.order.descending,
            offset=question.offset,
            limit=question.limit,
        )
        return [_shown_variable(catalogue, each) for each in found], number

    async def variable(self, user_id: int, name: str) -> ShownVariable | None:
        found = await self.store.summary(user_id, name)
        return None if found is None else _shown_variable(await self.references.catalogue(), found)

    # ------------------------------------------------------------------------------ what it asks

    async def _understood(self, user_ids: Sequence[int], question: MeasurementQuery) -> _Asked:
        catalogue = await self.references.catalogue()
        filters = _with_category_ids(question.filters, catalogue)
        if question.unit is None:
            return _Asked(filters, None)
        unit = catalogue.unit_named(question.unit)
        used = [catalogue.unit(each) for each in await self.store.units_in_use(user_ids, filters)]
        if not all(convertible(each, unit) for each in used):
            raise MeasurementError(
                "the unit is of another category than the measurements; ask for variables that"
                " have units of one category"
            )
        return _Asked(_with_values_in(filters, unit, used), unit)

    async def _chunks(
        self, user_id: int, asked: _Asked, descending: bool
    ) -> AsyncIterator[Sequence[Measurement]]:
        last: tuple[Micros, int] | None = None
        while True:
            rows = await self.store.measurements_after(
                user_id, asked.filters, last, _CHUNK, descending=descending
            )
            if rows:
                yield rows
                await asyncio.sleep(0)  # others have their turn
            if len(rows) < _CHUNK:
                return
            last = rows[-1].start, rows[-1].id

    def _groups(
        self, user_id: int, question: MeasurementQuery, asked: _Asked
    ) -> AsyncIterator[Group]:
        grouping, catalogue_unit = question.grouping, asked.unit
        if grouping is None:
            raise AssertionError("the question asks for no groups")
        descending = _by_start(question)
        return grouped(
            self._chunks(user_id, asked, descending),
            grouping,
            self._telling(catalogue_unit),
            descending=descending,
        )

    def _telling(self, unit: Unit | None) -> Callable[[Measurement], float]:
        known = self.references.known

        def value(one: Measurement) -> float:
            return (
                one.value if unit is None else converter(known.unit(one.unit_id), unit)(one.value)
            )

        return value

    async def _page_of_groups(
        self, user_ids: Sequence[int], question: MeasurementQuery, asked: _Asked
    ) -> tuple[Sequence[MeasurementView], int]:
        catalogue = await self.references.catalogue()
        await check_spans(self.store, user_ids, asked.filters, question.grouping)
        page, number = list[MeasurementView](), 0
        for user_id in user_ids:
            async for group in self._groups(user_id, question, asked):
                if question.offset <= number < question.offset + question.limit:
                    page.append(_shown_group(catalogue, group, asked.unit))
                number += 1
        return page, number


class _Draft:
    """A POST on its way to the store: what its sets mean, each start time of a source once."""

    def __init__(self, catalogue: Catalogue, known: Mapping[str, Variable]) -> None:
        self._catalogue = catalogue
        self._variables: dict[str, Variable | NewVariable] = dict(known)
        self._entries: dict[tuple[str, str], dict[Micros, Entry]] = {}
        self._numbers: Counter[str] = Counter()

    async def take(self, at: int, name: str, sent: SentSet) -> None:
        try:
            source, unit, variable = self._meant(name, sent)
        except ValueError as error:
            raise refused_at(str(error), at) from None
        except MeasurementError as error:
            raise refused_at(error.text, at) from None
        told_in = self._catalogue.unit(variable.unit_id)
        if not convertible(unit, told_in):
            raise refused_at("the unit is of another category than the variable's", at)
        convert, entries = converter(unit, told_in), self._entries.setdefault((name, source), {})
        self._numbers[name] += len(sent.entries)
        for number, one in enumerate(sent.entries):
            try:
                start = payloads.start_of(one.start_time, one.timestamp)
                stored = _within(payloads.value_of(one.value), unit)
                entries[start] = Entry(
                    start, convert(stored), stored, unit.id, payloads.note_of(one.note)
                )
            except ValueError as error:
                raise refused_at(str(error), at, number) from None
            except MeasurementError as error:
                raise refused_at(error.text, at, number) from None
            if number % _CHUNK == _CHUNK - 1:
                await asyncio.sleep(0)  # ten thousand at once would hold up everybody

    def sets(self) -> list[EntrySet]:
        return [
            EntrySet(self._variables[name], source, tuple(entries.values()))
            for (name, source), entries in self._entries.items()
            if entries
        ]

    def saved(self) -> Saved:
        category = self._catalogue.category
        return Saved(
            dict(self._numbers),
            {name: category(self._variables[name].category_id) for name in self._numbers},
        )

    def _meant(self, name: str, sent: SentSet) -> tuple[str, Unit, Variable | NewVariable]:
        source = payloads.either(sent.source_name, sent.source)
        unit_name = payloads.either(sent.abbreviated_unit_name, sent.unit)
        category = payloads.either(sent.variable_category_name, sent.category)
        combination = payloads.combination_of(sent.combination_operation)
        variable = self._variables.get(name)
        if unit_name:
            unit = self._catalogue.unit_named(unit_name)
        elif variable is not None:
            unit = self._catalogue.unit(variable.unit_id)
        else:
            raise ValueError("a new variable needs its abbreviatedUnitName")
        category_id = self._catalogue.category_named(category or MISCELLANEOUS)
        if variable is None:
            variable = NewVariable(
                name=name,
                category_id=category_id,
                unit_id=unit.id,
                combination=combination or "MEAN",
            )
            self._variables[name] = variable
        return payloads.name_of(source, "sourceName") if source else "", unit, variable


def _variable_name(at: int, sent: SentSet) -> str:
    try:
        return payloads.name_of(payloads.either(sent.variable_name, sent.name), "variableName")
    except ValueError as error:
        raise refused_at(str(error), at) from None


def _within(value: float, unit: Unit) -> float:
    if unit.minimum is not None and value < unit.minimum:
        raise ValueError(f"value is below {unit.minimum:g}, the least of its unit")
    if unit.maximum is not None and value > unit.maximum:
        raise ValueError(f"value is above {unit.maximum:g}, the most of its unit")
    return value


def _changed(catalogue: Catalogue, found: Measurement, change: Change) -> Entry:
    told_in, unit = catalogue.unit(found.unit_id), catalogue.unit(found.stored_unit_id)
    try:
        named = payloads.either(change.abbreviated_unit_name, change.unit)
        if named:
            unit = catalogue.unit_named(named)
        if not convertible(unit, told_in):
            raise ValueError("the unit is of another category than the variable's")
        start = found.start
        if change.start_time is not None or change.timestamp is not None:
            start = payloads.start_of(change.start_time, change.timestamp)
        stored = found.stored_value if change.value is None else change.value
        stored = _within(payloads.value_of(stored), unit)
        note = found.note if change.note is None else payloads.note_of(change.note)
    except ValueError as error:
        raise MeasurementError(str(error)) from None
    return Entry(start, converter(unit, told_in)(stored), stored, unit.id, note)


# ----------------------------------------------------------------------------- what is understood


def _with_category_ids(filters: Filters, catalogue: Catalogue) -> Filters:
    """Filters of `category` that compare names become filters that compare ids."""
    return tuple(
        replace(each, comparisons=_category_ids(each, catalogue))
        if each.field == "category"
        else each
        for each in filters
    )


def _category_ids(each: Filter, catalogue: Catalogue) -> tuple[Comparison, ...]:
    return tuple(
        Comparison("is", category.id)
        for category in catalogue.variable_categories
        if any(holds(one, category.name) for one in each.comparisons)
    )


def _with_values_in(filters: Filters, unit: Unit, used: Sequence[Unit]) -> Filters:
    """Filters of `value` that speak of `unit` become ones that speak of each variable's own."""
    return tuple(
        replace(
            each,
            comparisons=tuple(
                replace(one, operand=converter(unit, own)(float(one.operand)), unit_id=own.id)
                for one in each.comparisons
                for own in used
            ),
        )
        if each.field == "value"
        else each
        for each in filters
    )


def _by_start(question: MeasurementQuery) -> bool:
    """Whether backwards. What is walked through whole goes by its start."""
    if question.order.key != "start":
        raise MeasurementError("this goes by startTime: sort takes startTime and -startTime here")
    return question.order.descending


# ------------------------------------------------------------------------------------ what is told


def _shown(catalogue: Catalogue, one: Measurement, unit: Unit | None) -> MeasurementView:
    own = catalogue.unit(one.unit_id)
    told_in = own if unit is None else unit
    return MeasurementView(
        measurement=one,
        start=one.start,
        value=converter(own, told_in)(one.value),
        unit=told_in,
        stored_unit=catalogue.unit(one.stored_unit_id),
        category=catalogue.category(one.category_id),
        source=one.source,
        created_at=one.created_at,
        updated_at=one.updated_at,
    )


def _shown_group(catalogue: Catalogue, group: Group, unit: Unit | None) -> MeasurementView:
    one = group.sample
    return MeasurementView(
        measurement=one,
        start=group.start,
        value=group.value,
        unit=catalogue.unit(one.unit_id) if unit is None else unit,
        stored_unit=catalogue.unit(one.stored_unit_id),
        category=catalogue.category(one.category_id),
        source=group.source,
        number=group.number,
        created_at=group.created_at,
        updated_at=group.updated_at,
        grouped=True,
    )


def _shown_variable(catalogue: Catalogue, summary: VariableSummary) -> ShownVariable:
    variable = summary.variable
    return ShownVariable(
        summary, catalogue.unit(variable.unit_id), catalogue.category(variable.category_id)
    )
