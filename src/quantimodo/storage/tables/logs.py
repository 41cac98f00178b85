"""Searches of the table `events`, and the table `admin_actions`.

A search reads a limited number of rows in the order of their ids, so that none takes long.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from quantimodo.model.admin_actions import (
    AdminAction,
    DayCount,
    HourCount,
    LoggedAction,
    LoggedEvent,
    LogQuery,
)
from quantimodo.ports.admin_stores import Page
from quantimodo.storage.database import Row, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader
from quantimodo.storage.tables.mails import EVENT
from quantimodo.storage.tables.retention_rules import DAY, HOUR, oldest
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_ROWS_OF_A_SEARCH: Final = 20_000
_NEWEST: Final = 2**63 - 1
_LATEST: Final = 2**62
# Processes write events in batches, so their order by id is nearly that of their time.
_DISORDER: Final = timedelta(hours=1)

_ACTION = RowReader(
    AdminAction,
    Column("at", from_micros),
    "kind",
    "actor_id",
    "user_id",
    "client_id",
    "detail",
    "reason",
    "address",
)
_LOGGED_EVENT = RowReader(LoggedEvent, "id", Part("event", EVENT))
_LOGGED_ACTION = RowReader(LoggedAction, "id", Part("action", _ACTION))
_ADD_ACTION = Statement(
    f"INSERT INTO admin_actions ({_ACTION.columns})"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8})"
)


def _matching(columns: str, rows: str, more: str = "") -> Statement:
    return Statement(
        f"SELECT {columns} FROM ({rows} ORDER BY id DESC LIMIT {{2}}) recent_rows"
        " WHERE kind LIKE {3} AND (client_id = {4} OR {4} = '') AND at >= {5} AND at < {6}"
        f"{more}"
        " ORDER BY id DESC LIMIT {7}"
    )


def _extent(rows: str) -> Statement:
    """The statement that says how many rows a search read, and the id and time of the oldest."""
    return Statement(
        f"SELECT COUNT(*), MIN(id), MIN(at) FROM ({rows} ORDER BY id DESC LIMIT {{2}}) recent_rows"
    )


def _start(table: str) -> Statement:
    """The statement that finds the newest row before a time."""
    return Statement(f"SELECT id FROM {table} WHERE at < {{1}} ORDER BY at DESC, id DESC LIMIT 1")


_EVENTS: Final = "SELECT * FROM events WHERE id < {1}"
_EVENTS_OF: Final = "SELECT * FROM events WHERE user_id = {8} AND id < {1}"
_ACTIONS: Final = "SELECT * FROM admin_actions WHERE id < {1}"
_EVENTS_MATCHING = _matching(_LOGGED_EVENT.columns, _EVENTS)
_EVENTS_EXTENT = _extent(_EVENTS)
_EVENTS_MATCHING_OF = _matching(_LOGGED_EVENT.columns, _EVENTS_OF)
_EVENTS_EXTENT_OF = _extent(_EVENTS_OF.replace("{8}", "{3}"))
_EVENTS_START = _start("events")
_ACTIONS_MATCHING = _matching(_LOGGED_ACTION.columns, _ACTIONS, " AND (user_id = {8} OR {8} = 0)")
_ACTIONS_EXTENT = _extent(_ACTIONS)
_ACTIONS_START = _start("admin_actions")

_MOST_COUNTED: Final = 200_000


def _counts(length: int) -> Statement:
    return Statement(
        f"SELECT at / {length} AS period, kind, COUNT(*) FROM (SELECT at, kind FROM events"
        " WHERE at >= {1} ORDER BY at DESC LIMIT {2}) recent_rows GROUP BY period, kind"
        " ORDER BY period, kind"
    )


_COUNTS = _counts(DAY)
_COUNTS_BY_HOUR = _counts(HOUR)

Logged = TypeVar("Logged", LoggedEvent, LoggedAction)


class Logs(Table):
    """Implements `LogStore`."""

    retention = (oldest("admin_actions", "id", f"at <= {{1}} - {400 * DAY}"),)

    async def add_admin_action(self, action: AdminAction) -> None:
        row = (
            to_micros(action.at),
            action.kind,
            action.actor_id,
            action.user_id,
            action.client_id,
            action.detail,
            action.reason,
            action.address,
        )
        await self._database.write(execute(_ADD_ACTION, *row))

    async def search_events(self, query: LogQuery, limit: int) -> Page[LoggedEvent]:
        before = await self._before(query, _EVENTS_START)
        matching, read = _EVENTS_MATCHING, _EVENTS_EXTENT
        person: tuple[int, ...] = ()
        if query.user_id is not None:
            matching, read, person = _EVENTS_MATCHING_OF, _EVENTS_EXTENT_OF, (query.user_id,)
        values = _values(query, before, limit)
        rows = await self._database.list_rows(matching, *values, *person)
        following = await self._database.list_rows(read, before, _ROWS_OF_A_SEARCH, *person)
        return _page(rows, _LOGGED_EVENT.read, _next(following, query), limit)

    async def search_admin_actions(self, query: LogQuery, limit: int) -> Page[LoggedAction]:
        before = await self._before(query, _ACTIONS_START)
        values = *_values(query, before, limit), query.user_id or 0
        rows = await self._database.list_rows(_ACTIONS_MATCHING, *values)
        following = await self._database.list_rows(_ACTIONS_EXTENT, before, _ROWS_OF_A_SEARCH)
        return _page(rows, _LOGGED_ACTION.read, _next(following, query), limit)

    async def count_events(self, since: datetime) -> Sequence[DayCount]:
        rows = await self._database.list_rows(_COUNTS, to_micros(since), _MOST_COUNTED)
        return [DayCount(from_micros(day * DAY).date(), kind, number) for day, kind, number in rows]

    async def count_events_by_hour(self, since: datetime) -> Sequence[HourCount]:
        rows = await self._database.list_rows(_COUNTS_BY_HOUR, to_micros(since), _MOST_COUNTED)
        return [HourCount(from_micros(at * HOUR), kind, number) for at, kind, number in rows]

    async def _before(self, query: LogQuery, start: Statement) -> int:
        """The id below which the search begins."""
        if query.before is not None:
            return query.before
        if query.until is None:
            return _NEWEST
        rows = await self._database.list_rows(start, to_micros(query.until + _DISORDER))
        return next((found + 1 for (found,) in rows), 0)


def _values(query: LogQuery, before: int, limit: int) -> tuple[Any, ...]:
    since = 0 if query.since is None else to_micros(query.since)
    until = _LATEST if query.until is None else to_micros(query.until)
    return before, _ROWS_OF_A_SEARCH, f"{query.kind}%", query.client_id, since, until, limit


def _next(read: Sequence[Row], query: LogQuery) -> int | None:
    """The id below which the next page of the search begins; None when no rows are left."""
    ((count, oldest, at),) = read
    if count < _ROWS_OF_A_SEARCH:
        return None
    ended = query.since is not None and _is_before(at, query.since)
    return None if ended else oldest


def _is_before(at: int, since: datetime) -> bool:
    return at < to_micros(since - _DISORDER)


def _page(
    rows: Sequence[Row], read: Callable[[Row], Logged], following: int | None, limit: int
) -> Page[Logged]:
    page = [read(row) for row in rows]
    return Page(page, page[-1].id if len(page) == limit else following)
