"""The rules by which rows expire: each store states those of its tables in `Table.retention`.

A rule is a statement, or an operation where other rows change too. Times are microseconds.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from quantimodo.storage.database import Operation, Statement

MINUTE: Final = 60_000_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class RetentionRule(NamedTuple):
    """How the rows of one table expire. `delete` takes `now` and the most rows to delete."""

    table: str
    delete: Statement | Callable[[int, int], Operation[int]]


def expired(table: str, key: str, *, at: str = "expires_at", kept: int = 0) -> RetentionRule:
    """Rows whose column `at` is past, for `kept` microseconds or longer. It needs an index."""
    over = f"{at} <= {{1}}" + (f" - {kept}" if kept else "")
    return RetentionRule(
        table,
        Statement(
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table}"
            f" WHERE {over} ORDER BY {at} LIMIT {{2}}) RETURNING 1"
        ),
    )


def oldest(table: str, key: str, over: str) -> RetentionRule:
    """Rows for which `over` is true, of a table whose key begins with the time at which it was
    made. Looks at the oldest rows: rows of one kind have one lifetime, so the expired ones come
    first, and no index by expiry is kept on the hot path."""
    return RetentionRule(
        table,
        Statement(
            f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM"
            f" (SELECT * FROM {table} ORDER BY {key} LIMIT {{2}}) oldest WHERE {over}) RETURNING 1"
        ),
    )


def counted_before(table: str, key: str, *, unit: str, length: int, kept: int) -> RetentionRule:
    """Rows of counts that are older than `kept` units. The column `unit` is the number of the
    minute, hour or day since 1970, which has `length` microseconds."""
    return RetentionRule(
        table,
        Statement(
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table}"
            f" WHERE {unit} < ({{1}} - {kept * length}) / {length}"
            f" ORDER BY {unit} LIMIT {{2}}) RETURNING 1"
        ),
    )
