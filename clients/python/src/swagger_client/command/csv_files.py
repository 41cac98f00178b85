"""CSV files of measurements as the sets that are sent. `csv_reader.py` reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from swagger_client.command.csv_reader import Group, Row, check_stored, read_rows, value_to_send
from swagger_client.models import MeasurementSet, NewMeasurement, Unit

BYTE_ORDER_MARK = "\ufeff".encode()  # by which Excel knows that a file is in UTF-8


def rows_of(path: Path) -> Iterator[Row]:
    """The measurements of a file, row by row, so it may be of any size. Raises `BadCsv`."""
    with path.open("rb") as file:
        yield from read_rows(file)


def checked(rows: Iterable[Row], units: Callable[[], Iterable[Unit]]) -> Iterator[Row]:
    """The rows, each Value compared with its Stored Value. `units` is called once, and only if
    there is a stored value. Raises `BadCsv`."""
    steps: dict[str, list[tuple[str, float]] | None] = {}
    for row in rows:
        if row.stored_value is not None and not steps:
            for unit in units():
                found = unit.conversion_steps
                read = None if found is None else [(each.operation, each.value) for each in found]
                steps[unit.name] = steps[unit.abbreviated_name] = read
        check_stored(row, steps)
        yield row


def set_of(group: Group) -> MeasurementSet:
    """A group, as it is sent."""
    return MeasurementSet(
        group.variable,
        [NewMeasurement(row.time, value_to_send(row), row.note) for row in group.rows],
        source_name=group.source,
        abbreviated_unit_name=group.unit,
        variable_category_name=group.category,
        combination_operation=group.combination,
    )
