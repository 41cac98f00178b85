"""Storage budgets: which rows are deleted when callers without an account have stored too many
bytes.

A table with a budget has the columns `network` (who stored the row) and `stored_bytes`. An insert
adds both, and in the same transaction deletes the oldest rows over the budget of its network, then
of the whole table. Sums cost time, so a process sums only for a network that is new to it, and
again after it has inserted a sixteenth of that budget (of the total: a sixty-fourth). A budget is
therefore exceeded by at most that fraction a process, and by the inserts under way.
"""

import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any, Final, TypeVar

from quantimodo.model.budgets import Charge
from quantimodo.ports.stores import BudgetExceeded
from quantimodo.storage.database import Call, Database, Operation, Row, Statement, execute
from quantimodo.storage.rows import first_value

T = TypeVar("T")

ROW_OVERHEAD: Final = 256  # what keys, indexes and the engine add to a row, in bytes
NETWORK_FRACTION: Final = 16
TOTAL_FRACTION: Final = 64
_MOST_NETWORKS: Final = 4096
_BATCH: Final = 10_000
_MOST_BATCHES: Final = 8


def stored_bytes(values: Sequence[Any]) -> int:
    """The size of a row with these values; a text counts by its UTF-8."""
    return ROW_OVERHEAD + sum(_size(value) for value in values)


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, bytes) else 8


class BudgetedTable:
    """The statements for one table. `order`: its columns from the oldest row on; `evictable`: a
    condition on rows that may be deleted; `counted`: a condition on rows that count, or "" for
    all; `source`: where rows are deleted, with its key."""

    def __init__(
        self,
        table: str,
        *,
        key: str = "key",
        order: str = "key",
        evictable: str = "",
        counted: str = "",
        source: tuple[str, str] | None = None,
    ) -> None:
        deleted, deleted_key = source or (table, key)
        also = f" AND {evictable}" if evictable else ""
        columns = ", ".join(dict.fromkeys([key, "stored_bytes", *order.split(", ")]))

        def evict(condition: str) -> Statement:
            return Statement(
                f"DELETE FROM {deleted} WHERE {deleted_key} IN (SELECT {key} FROM"
                f" (SELECT {key}, stored_bytes, SUM(stored_bytes) OVER (ORDER BY {order}) AS gone"
                f" FROM (SELECT {columns} FROM {table} WHERE {condition}{also}"
                f" ORDER BY {order} LIMIT {_BATCH}) oldest_rows) oldest_rows"
                f" WHERE gone - stored_bytes < CAST({{1}} AS BIGINT)) RETURNING 1"
            )

        # Of processes that delete at once, each sees what the one before it has deleted. SQLite
        # has one writer.
        number = zlib.crc32(table.encode())
        self.lock = Statement("SELECT 1", postgres=f"SELECT pg_advisory_xact_lock({number})")
        self.has_protected_rows = bool(evictable)
        summed = f"SELECT CAST(COALESCE(SUM(stored_bytes), 0) AS BIGINT) FROM {table}"
        self.sum_of_network = Statement(f"{summed} WHERE network = {{1}}")
        self.sum_of_all = Statement(f"{summed} WHERE {counted}" if counted else summed)
        self.evict_of_network = evict("network = {2}")
        self.evict_of_all = evict(counted or "stored_bytes >= 0")


class BudgetChecks:
    """What this process has inserted into one table since it last summed. Not thread-safe: one
    event loop calls it."""

    def __init__(self, table: BudgetedTable) -> None:
        self._table = table
        self._inserted: OrderedDict[bytes, int] = OrderedDict()
        self._inserted_in_all: int | None = None

    async def write(
        self,
        charge: Charge,
        size: int,
        insert: Callable[[], Operation[T]],
        run: Callable[[Callable[[], Operation[T]]], Awaitable[T]],
    ) -> T:
        """Run `insert`, and the deletions for `size` bytes, in one transaction.

        Raises `BudgetExceeded` and stores nothing when too few rows may be deleted.
        """
        check_network = self._is_network_due(charge, size)
        check_all = self._is_total_due(charge, size)

        def operation() -> Operation[T]:
            result = yield from insert()
            if check_network or check_all:
                yield self._table.lock, ()
            if check_network:
                yield from self._delete_oldest(
                    charge.budget.per_address,
                    self._table.sum_of_network,
                    self._table.evict_of_network,
                    (charge.network,),
                )
            if check_all:
                table = self._table
                yield from self._delete_oldest(
                    charge.budget.total, table.sum_of_all, table.evict_of_all, ()
                )
            return result

        try:
            return await run(operation)
        except BaseException:
            self._inserted.pop(charge.network, None)
            self._inserted_in_all = None
            raise

    def _is_network_due(self, charge: Charge, size: int) -> bool:
        before = self._inserted.pop(charge.network, None)
        after = size if before is None else before + size
        due = before is None or after >= charge.budget.per_address // NETWORK_FRACTION
        self._inserted[charge.network] = 0 if due else after
        if len(self._inserted) > _MOST_NETWORKS:
            self._inserted.popitem(last=False)
        return due

    def _is_total_due(self, charge: Charge, size: int) -> bool:
        before = self._inserted_in_all
        after = size if before is None else before + size
        due = before is None or after >= charge.budget.total // TOTAL_FRACTION
        self._inserted_in_all = 0 if due else after
        return due

    def _delete_oldest(
        self, most: int, total: Statement, evict: Statement, values: tuple[Any, ...]
    ) -> Generator[Call, Sequence[Row], None]:
        for _ in range(_MOST_BATCHES):
            excess = first_value((yield total, values)) - most
            if excess <= 0:
                return
            if not (yield evict, (excess, *values)):
                # None may be deleted; or, where all may, the cleanup has deleted them meanwhile.
                if self._table.has_protected_rows:
                    raise BudgetExceeded
                return


async def charged(
    database: Database,
    checks: BudgetChecks,
    insert: Statement,
    values: Row,
    charge: Charge | None,
) -> None:
    """Insert `values`, then network and size as the last two columns. Without a charge the row
    counts in the total only, and is not checked."""
    size = stored_bytes(values)
    row = execute(insert, *values, None if charge is None else charge.network, size)
    if charge is None:
        await database.write(row)
    else:
        await checks.write(charge, size, row, database.write)
