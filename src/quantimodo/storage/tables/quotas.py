"""The table `quotas`: bytes of rows that are never deleted before they expire.

A budget (`budgets.py`) deletes the oldest rows; a quota refuses the new one. A row is added to its
quota in the transaction that inserts it, and subtracted in the one that deletes it, so a quota is
never exceeded. A large quota is split over several counters, so that concurrent transactions of one
owner do not all wait for one row. One counter can be full while others have space: a split quota
refuses its last few percent.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from quantimodo.storage.database import KeyedRead, Operation, Statement
from quantimodo.storage.rows import first_value

_MOST_COUNTERS: Final = 16
_LEAST_ROWS: Final = 1000  # of one counter: with fewer, rows are too unevenly spread

_ADD = Statement(
    "INSERT INTO quotas (name, held) VALUES ({1}, {2}) ON CONFLICT (name)"
    " DO UPDATE SET held = quotas.held + {2} WHERE quotas.held + {2} <= {3} RETURNING held"
)
_SUBTRACT = Statement("UPDATE quotas SET held = held - {2} WHERE name = {1}")
_DELETE_EMPTY = Statement("DELETE FROM quotas WHERE name = {1} AND held <= 0")
HELD = KeyedRead("SELECT name, held FROM quotas WHERE name")


class QuotaCounter(NamedTuple):
    """One counter of a quota: its name, and the most bytes that it may count."""

    name: bytes
    most: int


class RowQuota:
    """The quota of one owner, or of all, for rows of `size` bytes each."""

    def __init__(self, owner: str, most: int, size: int) -> None:
        self._prefix = sha256(owner.encode("utf-8", "surrogatepass")).digest()[:15]
        self._most = most
        self._counters = min(_MOST_COUNTERS, max(1, most // size // _LEAST_ROWS))

    def counter_of(self, key: bytes) -> QuotaCounter:
        """The counter for the row with this key. The last byte of the key is random."""
        number = key[-1] % self._counters
        return QuotaCounter(self._prefix + bytes([number]), self._most // self._counters)


def take(counter: QuotaCounter, size: int) -> Operation[int]:
    """Count `size` more bytes; what the counter holds now. 0 if it is full: then the caller raises,
    so that its transaction stores nothing."""
    if size > counter.most:
        return 0
    return int(first_value((yield _ADD, (counter.name, size, counter.most))) or 0)


def release(rows: Iterable[tuple[bytes, int]]) -> Operation[None]:
    """Subtract deleted rows from their counters: of each row, the counter's name and the size.

    The counters are locked in the order of their names, as in each transaction that locks several.
    """
    for name, size in sorted(_sums(rows).items()):
        yield _SUBTRACT, (name, size)
        yield _DELETE_EMPTY, (name,)


def _sums(rows: Iterable[tuple[bytes, int]]) -> Mapping[bytes, int]:
    sums: Counter[bytes] = Counter()
    for name, size in rows:
        sums[name] += size
    return sums
