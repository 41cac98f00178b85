"""Reads groups of measurements: the database groups them, and their values are summed here.

Sums are exact, rounded once; no engine does that in SQL. So the values of the groups of a page, and
of no others, are read in small parts between which the event loop runs.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final

from quantimodo.measurements.catalogue import References
from quantimodo.measurements.grouping import Grouping
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.read_limits import MOST_SPANS, check_spans
from quantimodo.measurements.resolved_queries import Person, ResolvedQuery, is_descending
from quantimodo.measurements.units import converter
from quantimodo.measurements.views import MeasurementView, group_view
from quantimodo.model.measurements import (
    Filters,
    GroupedValue,
    GroupKey,
    Measurement,
    MeasurementGroup,
    Micros,
    SpanRule,
    Unit,
)
from quantimodo.ports.measurement_stores import GROUPED_VALUES, GroupPage, MeasurementStore

_CHUNK: Final = 500  # groups of one part of a stream
_LONGEST: Final[Micros] = 40 * 366 * 86_400 * 1_000_000  # of a period, for its rules are in memory
_CONVERSIONS: Final = 100  # between two turns of the event loop, less than a millisecond


@dataclass(frozen=True, slots=True)
class GroupQuery:
    """The groups of one person that a request is about."""

    user_id: int
    filters: Filters
    unit: Unit | None
    grouping: Grouping
    descending: bool


@dataclass(frozen=True, slots=True)
class GroupReader:
    """Pages and streams of groups."""

    store: MeasurementStore
    references: References

    async def page(
        self, people: Sequence[Person], resolved: ResolvedQuery, query: MeasurementQuery
    ) -> tuple[Sequence[MeasurementView], int]:
        """The page, and the number of groups of all these people. Raises `MeasurementError`."""
        views, total = list[MeasurementView](), 0
        for query_of_person in _queries(people, resolved, query):
            bounds = await self._bounds(query_of_person)
            for first, last in _periods(query_of_person, bounds, MOST_SPANS):
                rules = await _rules(query_of_person.grouping, first, last)
                number = await self.store.count_groups(
                    query_of_person.user_id, query_of_person.filters, rules
                )
                skip, left = max(0, query.offset - total), query.limit - len(views)
                if skip < number and left > 0:
                    page = GroupPage(
                        rules=rules, descending=query_of_person.descending, limit=left, offset=skip
                    )
                    views += (await self._read(query_of_person, page))[0]
                total += number
        return views, total

    async def stream(
        self, person: Person, resolved: ResolvedQuery, query: MeasurementQuery
    ) -> AsyncIterator[Sequence[MeasurementView]]:
        """All groups of one person, in parts. Raises `MeasurementError` before the first part."""
        (group_query,) = _queries([person], resolved, query)
        bounds = await self._bounds(group_query)

        async def parts() -> AsyncIterator[Sequence[MeasurementView]]:
            for first, last in _periods(group_query, bounds, _CHUNK):
                rules, after = await _rules(group_query.grouping, first, last), None
                while True:
                    page = GroupPage(
                        rules=rules, descending=group_query.descending, limit=_CHUNK, after=after
                    )
                    views, after = await self._read(group_query, page)
                    if views:
                        yield views
                    if after is None:
                        break

        return parts()

    async def _bounds(self, query: GroupQuery) -> tuple[Micros, Micros] | None:
        return await check_spans(self.store, query.user_id, query.filters, query.grouping)

    async def _read(
        self, query: GroupQuery, page: GroupPage
    ) -> tuple[Sequence[MeasurementView], GroupKey | None]:
        """The groups of a page, and the last one's key if there may be more."""
        filters, unit = query.filters, query.unit
        groups = await self.store.groups(query.user_id, filters, page)
        if not groups:
            return [], None
        members = _Members(groups)
        after: tuple[Micros, int] | None = None
        while True:
            values = await self.store.values_of_groups(
                query.user_id, filters, groups, after, descending=query.descending
            )
            members.add(values)
            if len(values) < GROUPED_VALUES:
                break
            after = values[-1].start, values[-1].id
        measurements = await self.store.measurements_by_id(query.user_id, members.first_ids())
        samples = {each.id: each for each in measurements}
        catalogue, views = await self.references.catalogue(), list[MeasurementView]()
        for group, values_of_group in members.of_groups():
            # What was deleted since the groups were read is left out.
            if values_of_group and (sample := samples.get(values_of_group[0].id)) is not None:
                converted = [each.value for each in values_of_group]
                if unit is not None:
                    convert = converter(catalogue.unit(sample.unit_id), unit)
                    for first in range(0, len(converted), _CONVERSIONS):
                        part = slice(first, first + _CONVERSIONS)
                        converted[part] = map(convert, converted[part])
                        await asyncio.sleep(0)
                value = _combined(sample, converted)
                views.append(group_view(catalogue, group, sample, value, unit))
        key = GroupKey(groups[-1].begins, groups[-1].variable)
        return views, key if len(groups) == page.limit else None


class _Members:
    """The values of the groups of one page."""

    def __init__(self, groups: Sequence[MeasurementGroup]) -> None:
        self._groups = groups
        self._starts = sorted({each.begins for each in groups})
        self._values: dict[tuple[Micros, int], list[GroupedValue]] = {
            (each.begins, each.variable_id): [] for each in groups
        }

    def add(self, values: Sequence[GroupedValue]) -> None:
        for each in values:
            begins = self._starts[max(0, bisect_right(self._starts, each.start) - 1)]
            members = self._values.get((begins, each.variable_id))
            if members is not None:
                members.append(each)

    def first_ids(self) -> list[int]:
        return [values[0].id for values in self._values.values() if values]

    def of_groups(self) -> Iterator[tuple[MeasurementGroup, list[GroupedValue]]]:
        for each in self._groups:
            yield each, self._values[each.begins, each.variable_id]


def _combined(sample: Measurement, values: Sequence[float]) -> float:
    total = fsum(values)
    return total if sample.combination == "SUM" else total / len(values)


def _queries(
    people: Sequence[Person], resolved: ResolvedQuery, query: MeasurementQuery
) -> list[GroupQuery]:
    if query.grouping is None:
        raise AssertionError("the query has no grouping")
    descending, grouping, unit = is_descending(query), query.grouping, resolved.unit
    return [
        GroupQuery(user_id, resolved.filters_for(allowed), unit, grouping, descending)
        for user_id, allowed in people
    ]


def _periods(
    query: GroupQuery, bounds: tuple[Micros, Micros] | None, most_spans: int
) -> list[tuple[Micros, Micros]]:
    """The time from the first to the last measurement in periods of whole spans."""
    if bounds is None:
        return []
    first, last = bounds
    length = min(query.grouping.width * most_spans, _LONGEST)
    periods = []
    while last - first > length:
        following = query.grouping.start(first + length)
        if following <= first:
            break
        periods.append((first, following - 1))
        first = following
    periods.append((first, last))
    return periods[::-1] if query.descending else periods


async def _rules(grouping: Grouping, first: Micros, last: Micros) -> list[SpanRule]:
    await asyncio.sleep(0)  # the rules of a period are a few milliseconds of work at most
    return list(grouping.rules(first, last))
