"""The tables `event_streams` and `app_events`, read in the order of their numbers."""

import json
from collections.abc import Sequence

from quantimodo.model.app_events import TEST_KIND, AppEvent, EventStream
from quantimodo.storage.database import KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.retention_rules import DAY, RetentionRule
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros

APP_EVENT = RowReader(
    AppEvent,
    "id",
    "client_id",
    "number",
    "kind",
    Column("at", from_micros),
    "user_id",
    Column("data", json.loads),
    table="e",
)
_STREAM = RowReader(
    EventStream, "client_id", Column("polled", bool), "last_number", "dropped_number"
)
_FIND_STREAM = KeyedRead(f"SELECT {_STREAM.columns} FROM event_streams WHERE client_id")
_SET_POLLED = Statement(
    "INSERT INTO event_streams (client_id, polled, last_number, dropped_number)"
    " VALUES ({1}, {2}, 0, 0) ON CONFLICT (client_id) DO UPDATE SET polled = excluded.polled"
)
ADD_STREAM = Statement(
    "INSERT INTO event_streams (client_id, polled, last_number, dropped_number)"
    " VALUES ({1}, 0, 0, 0) ON CONFLICT (client_id) DO NOTHING"
)
_AFTER = Statement(
    f"SELECT {APP_EVENT.columns} FROM app_events e WHERE e.client_id = {{1}} AND e.number > {{2}}"
    f" AND e.kind <> '{TEST_KIND}' ORDER BY e.number LIMIT {{3}}"
)
_DELETE_EXPIRED = Statement(
    "DELETE FROM app_events WHERE id IN (SELECT id FROM app_events WHERE at <= {1}"
    " ORDER BY at LIMIT {2}) RETURNING client_id, number"
)
_MARK_DROPPED = Statement(
    "UPDATE event_streams SET dropped_number = {2} WHERE client_id = {1} AND dropped_number < {2}"
)
_EVENTS_KEPT = 30 * DAY


def _delete_expired_events(now: int, limit: int) -> Operation[int]:
    """Delete events that are older than 30 days with their deliveries; how many."""
    dropped = yield _DELETE_EXPIRED, (now - _EVENTS_KEPT, limit)
    last: dict[str, int] = {}
    for client_id, number in dropped:
        last[client_id] = max(number, last.get(client_id, 0))
    for client_id, number in sorted(last.items()):
        yield _MARK_DROPPED, (client_id, number)
    return len(dropped)


class AppEvents(Table):
    """Implements `AppEventStore`."""

    retention = (RetentionRule("app_events", _delete_expired_events),)

    async def stream(self, client_id: str) -> EventStream | None:
        return _STREAM.read_found(await self._database.one(_FIND_STREAM, client_id))

    async def set_polled(self, client_id: str, polled: bool) -> None:
        await self._database.write(execute(_SET_POLLED, client_id, int(polled)))

    async def events_after(self, client_id: str, number: int, limit: int) -> Sequence[AppEvent]:
        return APP_EVENT.read_all(await self._database.list_rows(_AFTER, client_id, number, limit))
