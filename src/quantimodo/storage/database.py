"""The interface between tables and an engine. The engines are `sqlite/database.py` and
`postgres/database.py`.

SQL is written once, in the subset that both engines share. Its parameters are `{1} {2} …`, which
become the placeholders of each engine when the module is loaded. A write is a generator that yields
calls and receives rows; a thread runs it on SQLite, and a coroutine on PostgreSQL. A write that
runs thousands of times a second is a `Batch`: on SQLite one statement for each table with many
rows, on PostgreSQL one statement over arrays.
"""

from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

Row = tuple[Any, ...]
T = TypeVar("T")


class Statement:
    """One SQL statement with the placeholders of both engines; at most 40 parameters."""

    __slots__ = ("postgres", "sqlite")

    def __init__(self, template: str, *, postgres: str | None = None) -> None:
        numbers = range(41)
        self.sqlite = template.format(*(f"?{n}" for n in numbers))
        self.postgres = (postgres or template).format(*(f"${n}" for n in numbers))

    def arguments(self, values: Row) -> Row:
        """The values in the order of the placeholders for PostgreSQL."""
        return values


class SqliteStatement(Statement):
    """A statement of a batch on SQLite, with as many `?` as it has values; PostgreSQL has none."""

    __slots__ = ()

    def __init__(self, sqlite: str) -> None:
        self.sqlite = sqlite
        self.postgres = ""


class KeyedRead:
    """A read of at most one row by a unique key, the key being the first column.

    `select` ends with the column that is compared, as in `SELECT t.key, … FROM t WHERE t.key`.
    On PostgreSQL one statement serves many waiting reads of one kind.
    """

    __slots__ = ("postgres", "sqlite")

    def __init__(self, select: str) -> None:
        self.sqlite = f"{select} = ?1"
        self.postgres = f"{select} = ANY($1)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPolicy:
    """The limits of searches in one process: `at_once` run, `waiting` more are queued, and each is
    interrupted after `seconds`."""

    at_once: int = 2
    waiting: int = 64
    seconds: float = 10.0


DEFAULT_SEARCHES: Final = SearchPolicy()


Call = tuple[Statement, tuple[Any, ...]]
Operation = Generator[Call, Sequence[Row], T]


@dataclass(frozen=True, slots=True)
class Batch:
    """A hot write of many requests at once. Both engines return which requests won.

    `sqlite(requests)` is the operation on SQLite, with the values of each request in a tuple.
    `postgres` is one statement: `$1 …` are arrays, one element a request, in the
    order of `values`, and the last array numbers the requests; it returns the numbers of those
    that won. Requests are sorted by `values[0]`, so that two servers lock the same rows in the
    same order and do not deadlock.
    """

    name: str
    sqlite: Callable[[Sequence[tuple[Any, ...]]], Operation[list[bool]]]
    postgres: str


class Database(Protocol):
    """One process's access to one database, over either engine."""

    async def one(self, read: KeyedRead, key: Any) -> Row | None:
        """The row with this key; None without one. The read has everything that was committed
        before the caller was started, by a request that came in or a write that returned."""

    async def rows(self, statement: Statement, *values: Any) -> Sequence[Row]:
        """The rows of a SELECT by a unique key, with the guarantee of `one`. It may run in the
        event loop: use it only where the number of rows that are read is fixed."""

    async def list_rows(self, statement: Statement, *values: Any) -> Sequence[Row]:
        """The rows of a SELECT that reads a short list by an index. It does not run in the event
        loop, and not where searches run, so that no search delays an account page. Raises as
        `search`."""

    async def search(self, statement: Statement, *values: Any) -> Sequence[Row]:
        """The rows of a SELECT that may read many rows. It does not run in the event loop.

        It is interrupted when it runs longer than `SearchPolicy.seconds` (raises `TooSlow`) and
        when the caller is cancelled. Raises `Unavailable` when too many searches wait.
        """

    async def write(self, operation: Callable[[], Operation[T]]) -> T:
        """Run one operation in one transaction: all of it, or, when it raises, nothing.

        It may be started again after a conflict, so it keeps no state outside.
        Raises `Conflict` for a unique value that is taken, `Unavailable` when it cannot be
        stored.
        """

    def put(self, batch: Batch, values: tuple[Any, ...]) -> Awaitable[bool]:
        """Commit one hot write, together with the other requests of its batch; False if another
        request won, so that nothing is stored."""

    async def close(self) -> None:
        """Finish the statements that wait, then disconnect."""


@dataclass(frozen=True, slots=True)
class SingleStatement:
    """An operation of one statement; its result is the rows of the statement."""

    statement: Statement
    values: tuple[Any, ...]

    def __call__(self) -> Operation[Sequence[Row]]:
        return (yield self.statement, self.values)


def execute(statement: Statement, *values: Any) -> SingleStatement:
    """The operation of one statement with these values."""
    return SingleStatement(statement, values)


def is_storable(value: Any) -> bool:
    """Whether both engines can store this value. A read by another value returns no rows.

    PostgreSQL stores no NUL in a text; neither engine stores half a surrogate pair or a 65-bit
    integer.
    """
    if isinstance(value, str):
        return "\0" not in value and (value.isascii() or _is_unicode(value))
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
