"""The tables `hour_counts` and `day_counts`: what all processes counted. No request writes them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from quantimodo.model.server_counts import Counted, CountName, PeriodCount, Unit
from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.tables.bulk_insert import Insert, insert_many
from quantimodo.storage.tables.retention_rules import DAY, HOUR, counted_before
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_LENGTHS: Final[Mapping[Unit, int]] = {"hour": HOUR, "day": DAY}


def _add(unit: Unit) -> Insert:
    return Insert(
        head=f"INSERT INTO {unit}_counts ({unit}, name, label, number)",
        row="({1}, %, %, %)",
        tail=f"ON CONFLICT ({unit}, name, label) DO UPDATE SET"
        f" number = {unit}_counts.number + excluded.number",
        shared=("bigint",),
        own=("text", "text", "bigint"),
    )


def _read(unit: Unit) -> Statement:
    return Statement(
        f"SELECT {unit}, label, number FROM {unit}_counts WHERE {unit} >= {{1}} AND name = {{2}}"
        f" ORDER BY {unit}, label"
    )


_ADD: Final[Mapping[Unit, Insert]] = {unit: _add(unit) for unit in _LENGTHS}
_COUNTS: Final[Mapping[Unit, Statement]] = {unit: _read(unit) for unit in _LENGTHS}
HOURS_KEPT: Final = 72


class ServerCounts(Table):
    """Implements `ServerCountStore`."""

    retention = (
        counted_before(
            "hour_counts", "hour, name, label", unit="hour", length=HOUR, kept=HOURS_KEPT
        ),
        counted_before("day_counts", "day, name, label", unit="day", length=DAY, kept=400),
    )

    async def add_counts(self, at: datetime, counted: Counted) -> None:
        # Rows are locked in one order, so that writers do not deadlock.
        rows = sorted((name, label, number) for (name, label), number in counted.items())

        def operation() -> Operation[None]:
            for unit, length in _LENGTHS.items():
                yield from insert_many(_ADD[unit], (to_micros(at) // length,), rows)

        await self._database.write(operation)

    async def counts(self, name: CountName, unit: Unit, since: datetime) -> Sequence[PeriodCount]:
        length = _LENGTHS[unit]
        rows = await self._database.search(_COUNTS[unit], to_micros(since) // length, name)
        return [
            PeriodCount(from_micros(number * length), label, count) for number, label, count in rows
        ]
