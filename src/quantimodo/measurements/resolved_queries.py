"""Turns a query into filters that the store can apply: ids for names, values in stored units."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from quantimodo.measurements.catalogue import Catalogue
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.filters import holds
from quantimodo.measurements.queries import MeasurementQuery
from quantimodo.measurements.units import converter, convertible
from quantimodo.model.measurements import Comparison, Filter, Filters, Unit
from quantimodo.ports.measurements import MeasurementStore


@dataclass(frozen=True, slots=True)
class ResolvedQuery:
    """Filters for the store, and the unit of the response (None: each variable's own unit)."""

    filters: Filters
    unit: Unit | None


async def resolve(
    store: MeasurementStore,
    catalogue: Catalogue,
    user_ids: Sequence[int],
    query: MeasurementQuery,
) -> ResolvedQuery:
    """Raises `MeasurementError` when the unit cannot express the chosen variables."""
    filters = with_category_ids(query.filters, catalogue)
    if query.unit is None:
        return ResolvedQuery(filters, None)
    unit = catalogue.unit_named(query.unit)
    used = [catalogue.unit(each) for each in await store.units_in_use(user_ids, filters)]
    if not all(convertible(each, unit) for each in used):
        raise MeasurementError(
            "the unit is of another category than the measurements; ask for variables that"
            " have units of one category"
        )
    return ResolvedQuery(_with_stored_values(filters, unit, used), unit)


def with_category_ids(filters: Filters, catalogue: Catalogue) -> Filters:
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
        if any(holds(one, category.name) for one in each.comparisons)
    )


def _with_stored_values(filters: Filters, unit: Unit, used: Sequence[Unit]) -> Filters:
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
    """Whether the last start comes first, for reads that go by start only. Raises
    `MeasurementError` for another order."""
    if query.order.key != "start":
        raise MeasurementError("this goes by startTime: sort takes startTime and -startTime here")
    return query.order.descending
