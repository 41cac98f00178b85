"""The tables `mails` (waiting to be sent) and `events` (what happened)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from quantimodo.model.events import Event
from quantimodo.storage.database import Operation, Statement, execute
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_ADD_MAIL = Statement(
    "INSERT INTO mails (sealed, created_at, due_at, attempts, expires_at)"
    " VALUES ({1}, {2}, {2}, 0, {3})"
)
_DUE = "SELECT id FROM mails WHERE due_at <= {1} AND expires_at > {1} ORDER BY due_at LIMIT {3}"
_CLAIM_MAIL = Statement(
    f"UPDATE mails SET due_at = {{2}}, attempts = attempts + 1 WHERE id IN ({_DUE})"
    " RETURNING id, sealed, attempts - 1",
    # Of several senders each takes what no other holds. MATERIALIZED: it is chosen once only.
    postgres=f"WITH due AS MATERIALIZED ({_DUE} FOR UPDATE SKIP LOCKED)"
    " UPDATE mails m SET due_at = {2}, attempts = m.attempts + 1 FROM due WHERE m.id = due.id"
    " RETURNING m.id, m.sealed, m.attempts - 1",
)
_DROP_MAIL = Statement("DELETE FROM mails WHERE id = {1}")
_RECENT = Statement("SELECT id, sealed, created_at FROM mails ORDER BY id DESC LIMIT {1}")

_ADD_EVENT = Statement(
    "INSERT INTO events (at, kind, user_id, client_id, address, detail)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6})"
)
_EVENTS_OF = Statement(
    "SELECT at, kind, user_id, client_id, address, detail FROM events"
    " WHERE user_id = {1} ORDER BY id DESC LIMIT {2}"
)


class Mails(Table):
    async def add_mail(self, sealed: bytes, at: datetime, expires_at: datetime) -> None:
        await self._database.write(execute(_ADD_MAIL, sealed, to_micros(at), to_micros(expires_at)))

    async def claim_mail(
        self, at: datetime, lease: timedelta, limit: int
    ) -> Sequence[tuple[int, bytes, int]]:
        claim = execute(_CLAIM_MAIL, to_micros(at), to_micros(at + lease), limit)
        return [(row[0], row[1], row[2]) for row in await self._database.write(claim)]

    async def drop_mail(self, mail_id: int) -> None:
        await self._database.write(execute(_DROP_MAIL, mail_id))

    async def recent_mail(self, limit: int) -> Sequence[tuple[int, bytes, datetime]]:
        rows = await self._database.list_rows(_RECENT, limit)
        return [(row[0], row[1], from_micros(row[2])) for row in rows]


class Events(Table):
    async def add_events(self, events: Sequence[Event]) -> None:
        def operation() -> Operation[None]:
            for event in events:
                yield (
                    _ADD_EVENT,
                    (
                        to_micros(event.at),
                        event.kind,
                        event.user_id,
                        event.client_id,
                        event.address,
                        event.detail,
                    ),
                )

        await self._database.write(operation)

    async def events_of(self, user_id: int, limit: int) -> Sequence[Event]:
        return [
            Event(
                at=from_micros(row[0]),
                kind=row[1],
                user_id=row[2],
                client_id=row[3],
                address=row[4],
                detail=row[5],
            )
            for row in await self._database.list_rows(_EVENTS_OF, user_id, limit)
        ]
