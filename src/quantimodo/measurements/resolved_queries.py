"""Turns a query into filters that the store can apply: ids for names, values in stored units."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from quantimodo.measurements.catalogue import Catalogue
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.filters import matches
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.units import converter, convertible
from quantimodo.model.measurements import (
    AllowedMeasurements,
    Comparison,
    Filter,
    Filters,
    QueryFilters,
    Unit,
)
from quantimodo.ports.measurement_stores import MeasurementStore


class Person(NamedTuple):
    """A person whose measurements are read, and which of them; all for None."""

    user_id: int
    allowed: AllowedMeasurements | None = None


@dataclass(frozen=True, slots=True)
class ResolvedQuery:
    """The filters for the store, and the unit of the response; None: the unit of each variable."""

    filters: QueryFilters
    unit: Unit | None

    def filters_for(self, allowed: AllowedMeasurements | None) -> Filters:
        """The filters, restricted to what is allowed."""
        return restrict(self.filters, allowed)


def restrict(filters: QueryFilters, allowed: AllowedMeasurements | None) -> Filters:
    """Restrict the filters to what is allowed; None allows everything."""
    return filters if allowed is None else (*filters, allowed)


def ids_by_allowed(people: Sequence[Person]) -> dict[AllowedMeasurements | None, list[int]]:
    """The ids of the people, by what is allowed of them."""
    found: dict[AllowedMeasurements | None, list[int]] = {}
    for user_id, allowed in people:
        found.setdefault(allowed, []).append(user_id)
    return found


async def resolve(
    store: MeasurementStore,
    catalogue: Catalogue,
    people: Sequence[Person],
    query: MeasurementQuery,
) -> ResolvedQuery:
    """The query with ids and stored units. Raises `MeasurementError` if the values of a chosen
    variable cannot be converted to the unit."""
    filters = with_category_ids(query.filters, catalogue)
    if query.unit is None:
        return ResolvedQuery(filters, None)
    unit = catalogue.unit_named(query.unit)
    unit_ids = frozenset[int]()
    for allowed, user_ids in ids_by_allowed(people).items():
        unit_ids |= await store.units_in_use(user_ids, restrict(filters, allowed))
    used = [catalogue.unit(each) for each in sorted(unit_ids)]
    if not all(convertible(each, unit) for each in used):
        raise MeasurementError(
            "the unit is of another category than the measurements; ask for variables that"
            " have units of one category"
        )
    return ResolvedQuery(_with_stored_values(filters, unit, used), unit)


def with_category_ids(filters: QueryFilters, catalogue: Catalogue) -> QueryFilters:
    """Filters of `category` compare ids instead of names."""
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
        if any(matches(one, category.name) for one in each.comparisons)
    )


def _with_stored_values(filters: QueryFilters, unit: Unit, used: Sequence[Unit]) -> QueryFilters:
    """Filters of `value` compare in each variable's own unit instead of in `unit`."""
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


def is_descending(query: MeasurementQuery) -> bool:
    """Whether the latest start comes first, for reads that are in the order of start. Raises
    `MeasurementError` for a query in another order."""
    if query.order.key != "start":
        raise MeasurementError("this goes by startTime: sort takes startTime and -startTime here")
    return query.order.descending
