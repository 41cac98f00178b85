"""Measurements, groups and variables for callers: with values in one unit, and names instead of
ids."""

from dataclasses import dataclass

from quantimodo.measurements.catalogue import Catalogue
from quantimodo.measurements.units import converter
from quantimodo.model.measurements import (
    Measurement,
    MeasurementGroup,
    Micros,
    Unit,
    VariableSummary,
)


@dataclass(frozen=True, slots=True)
class MeasurementView:
    """A measurement, or a group of them; `value` is in `unit`. Of a group, `measurement` is the
    first one, and `source` is None where the sources differ."""

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
class VariableView:
    """A variable with its summary."""

    summary: VariableSummary
    unit: Unit
    category: str


def measurement_view(catalogue: Catalogue, one: Measurement, unit: Unit | None) -> MeasurementView:
    """The measurement with its value in `unit`, or in the variable's unit if that is None."""
    own = catalogue.unit(one.unit_id)
    target = own if unit is None else unit
    return MeasurementView(
        measurement=one,
        start=one.start,
        value=converter(own, target)(one.value),
        unit=target,
        stored_unit=catalogue.unit(one.stored_unit_id),
        category=catalogue.category(one.category_id),
        source=one.source,
        created_at=one.created_at,
        updated_at=one.updated_at,
    )


def group_view(
    catalogue: Catalogue,
    group: MeasurementGroup,
    sample: Measurement,
    value: float,
    unit: Unit | None,
) -> MeasurementView:
    """The group with its value, which is in `unit`, or in the variable's unit if that is None."""
    return MeasurementView(
        measurement=sample,
        start=group.begins,
        value=value,
        unit=catalogue.unit(sample.unit_id) if unit is None else unit,
        stored_unit=catalogue.unit(sample.stored_unit_id),
        category=catalogue.category(sample.category_id),
        source=group.source,
        number=group.number,
        created_at=group.created_at,
        updated_at=group.updated_at,
        grouped=True,
    )


def variable_view(catalogue: Catalogue, summary: VariableSummary) -> VariableView:
    """A variable's summary with the names of its unit and category."""
    variable = summary.variable
    return VariableView(
        summary, catalogue.unit(variable.unit_id), catalogue.category(variable.category_id)
    )
