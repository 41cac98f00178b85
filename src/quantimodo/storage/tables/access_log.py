"""The table `accesses`: which applications read or wrote a person's measurements."""

from collections.abc import Sequence
from typing import NamedTuple

from quantimodo.model.measurements import Access
from quantimodo.storage.database import Operation, Row, Statement
from quantimodo.storage.rows import Column, Part, RowReader
from quantimodo.storage.tables.bulk_insert import Insert, insert_many
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_HOUR = 3_600_000_000
_ADD = Insert(
    head="INSERT INTO accesses (user_id, hour, client_id, action, variable, category, first_at,"
    " last_at, measurements, requests)",
    row="(%, %, %, %, %, %, %, %, %, %)",
    tail="ON CONFLICT (user_id, hour, client_id, action, variable, category) DO UPDATE SET"
    " requests = accesses.requests + excluded.requests,"
    " measurements = accesses.measurements + excluded.measurements,"
    " last_at = CASE WHEN accesses.last_at > excluded.last_at"
    " THEN accesses.last_at ELSE excluded.last_at END",
    own=("bigint", "bigint", *("text",) * 4, *("bigint",) * 4),
)
_ACCESS = RowReader(
    Access,
    "user_id",
    "client_id",
    "action",
    "variable",
    "category",
    Column("first_at", from_micros),
    Column("last_at", from_micros),
    "measurements",
    "requests",
)


class _NumberedAccess(NamedTuple):
    id: int
    access: Access


_NUMBERED = RowReader(_NumberedAccess, "id", Part("access", _ACCESS))
_PAGE = Statement(
    f"SELECT {_NUMBERED.columns} FROM accesses WHERE user_id = {{1}} AND id < {{2}}"
    " ORDER BY id DESC LIMIT {3}"
)
_PAGE_OF_CLIENT = Statement(
    f"SELECT {_NUMBERED.columns} FROM accesses WHERE user_id = {{1}} AND id < {{2}}"
    " AND client_id = {4} ORDER BY id DESC LIMIT {3}"
)
_NEWEST = 2**63 - 1


def _to_row(access: Access) -> Row:
    first_at = to_micros(access.first_at)
    return (
        access.user_id,
        first_at // _HOUR,
        access.client_id,
        access.action,
        access.variable,
        access.category,
        first_at,
        to_micros(access.last_at),
        access.measurements,
        access.requests,
    )


class Accesses(Table):
    async def add_accesses(self, accesses: Sequence[Access]) -> None:
        # Rows are locked in one order, so that writers do not deadlock.
        rows = sorted(map(_to_row, accesses))

        def operation() -> Operation[None]:
            yield from insert_many(_ADD, (), rows)

        await self._database.write(operation)

    async def accesses_of(
        self,
        user_id: int,
        *,
        client_id: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[tuple[int, Access]]:
        values: tuple[object, ...] = (user_id, _NEWEST if before is None else before, limit)
        if client_id is None:
            rows = await self._database.list_rows(_PAGE, *values)
        else:
            rows = await self._database.list_rows(_PAGE_OF_CLIENT, *values, client_id)
        return _NUMBERED.read_all(rows)
