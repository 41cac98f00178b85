"""Parses a CSV file into sets of measurements, and names the line to which an error belongs."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from quantimodo.measurements.catalogue import Catalogue
from quantimodo.measurements.csv_cells import BadCsv
from quantimodo.measurements.csv_reader import (
    Group,
    Row,
    check_stored,
    groups_of,
    read_rows,
    value_to_send,
)
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.payloads import MOST_MEASUREMENTS, SentMeasurement, SentSet
from quantimodo.model.measurements import Unit

StepsByUnit = Mapping[str, Sequence[tuple[str, float]] | None]
_TOO_MANY: Final = f"the file has more than {MOST_MEASUREMENTS} measurements; split it"


@dataclass(frozen=True, slots=True)
class ParsedCsv:
    """The sets of a CSV file. `groups` are in the same order, and have the lines of the file."""

    sets: Sequence[SentSet] = ()
    groups: Sequence[Group] = ()

    def line(self, error: MeasurementError) -> int | None:
        """The line of the file to which this error belongs, the first line of a set for an error of
        the whole set; None for an error of the whole file."""
        if error.set_index is None:
            return None
        return self.groups[error.set_index].line_of(error.measurement_index)


def parse_csv(content: bytes, catalogue: Catalogue) -> ParsedCsv:
    """The sets of a CSV file. Raises `MeasurementError`, whose text names the line."""
    units = _steps_by_unit(catalogue.units)
    try:
        rows = list(islice(read_rows(io.BytesIO(content)), MOST_MEASUREMENTS + 1))
        for row in rows:
            check_stored(row, units)
    except BadCsv as error:
        raise MeasurementError(str(error)) from None
    if len(rows) > MOST_MEASUREMENTS:
        raise MeasurementError(_TOO_MANY)
    if not rows:
        raise MeasurementError("the file has no measurements")
    groups = groups_of(rows)
    return ParsedCsv([_sent_set(group) for group in groups], groups)


def _sent_set(group: Group) -> SentSet:
    return SentSet(
        measurements=[_sent_measurement(row) for row in group.rows],
        variable_name=group.variable,
        source_name=group.source,
        variable_category_name=group.category,
        combination_operation=group.combination,
        abbreviated_unit_name=group.unit,
    )


def _sent_measurement(row: Row) -> SentMeasurement:
    return SentMeasurement(start_time=row.time, value=value_to_send(row), note=row.note)


def _steps_by_unit(units: Sequence[Unit]) -> StepsByUnit:
    """The conversion steps of each unit, by its name and by its abbreviation."""
    steps = {unit: _float_steps(unit) for unit in units}
    return {
        **{unit.name: steps[unit] for unit in units},
        **{unit.abbreviated_name: steps[unit] for unit in units},
    }


def _float_steps(unit: Unit) -> Sequence[tuple[str, float]] | None:
    if unit.steps is None:
        return None
    return [(each.operation, float(each.value)) for each in unit.steps]
