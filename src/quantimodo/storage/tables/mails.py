"""The tables `mails`, which are to be sent, and `events`, the audit trail."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from quantimodo.model.budgets import Charge
from quantimodo.model.events import Event
from quantimodo.storage.database import Database, Operation, Row, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader
from quantimodo.storage.tables.budgets import (
    BudgetChecks,
    BudgetedTable,
    charged,
    stored_bytes,
)
from quantimodo.storage.tables.retention_rules import DAY, expired, oldest
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_ADD_MAIL = Statement(
    "INSERT INTO mails"
    " (sealed, created_at, due_at, attempts, expires_at, of_account, network, stored_bytes)"
    " VALUES ({1}, {2}, {2}, 0, {3}, {4}, {5}, {6})"
)
# Mails that strangers cause displace none that a person with an account caused.
_OF_STRANGERS = BudgetedTable("mails", key="id", order="id", counted="of_account = 0")
_OF_ACCOUNTS = BudgetedTable("mails", key="id", order="id", counted="of_account = 1")
_DUE = "SELECT id FROM mails WHERE due_at <= {1} AND expires_at > {1} ORDER BY due_at LIMIT {3}"
_CLAIM_MAIL = Statement(
    f"UPDATE mails SET due_at = {{2}}, attempts = attempts + 1 WHERE id IN ({_DUE})"
    " RETURNING id, sealed, attempts - 1",
    # Each sender claims rows that no other has locked. MATERIALIZED: they are chosen once only.
    postgres=f"WITH due AS MATERIALIZED ({_DUE} FOR UPDATE SKIP LOCKED)"
    " UPDATE mails m SET due_at = {2}, attempts = m.attempts + 1 FROM due WHERE m.id = due.id"
    " RETURNING m.id, m.sealed, m.attempts - 1",
)
_DELETE_MAIL = Statement("DELETE FROM mails WHERE id = {1}")
_RECENT = Statement("SELECT id, sealed, created_at FROM mails ORDER BY id DESC LIMIT {1}")

EVENT = RowReader(
    Event, Column("at", from_micros), "kind", "user_id", "client_id", "address", "detail"
)
# An event of a person who was deleted meanwhile is stored without their id. The lock makes a
# deletion wait for events that were stored just before it, and delete them.
_PERSON_OF_EVENT = "SELECT id FROM users WHERE id = {3}"
_ADD_EVENT_OF = (
    f"INSERT INTO events ({EVENT.columns}, network, stored_bytes)"
    " VALUES ({{1}}, {{2}}, ({person}), {{4}}, {{5}}, {{6}}, {{7}}, {{8}})"
)
_ADD_EVENT = Statement(
    _ADD_EVENT_OF.format(person=_PERSON_OF_EVENT),
    postgres=_ADD_EVENT_OF.format(person=f"{_PERSON_OF_EVENT} FOR KEY SHARE"),
)
_EVENTS = BudgetedTable("events", key="id", order="id", counted="network IS NOT NULL")
_EVENTS_OF = Statement(
    f"SELECT {EVENT.columns} FROM events WHERE user_id = {{1}} ORDER BY id DESC LIMIT {{2}}"
)


class _NumberedEvent(NamedTuple):
    id: int
    event: Event


_NUMBERED = RowReader(_NumberedEvent, "id", Part("event", EVENT))
_EVENTS_BEFORE = Statement(
    f"SELECT {_NUMBERED.columns} FROM events WHERE user_id = {{1}} AND id < {{2}}"
    " ORDER BY id DESC LIMIT {3}"
)
_NEWEST = 2**63 - 1


class Mails(Table):
    """Implements `MailStore`."""

    retention = (expired("mails", "id"),)

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._of_strangers = BudgetChecks(_OF_STRANGERS)
        self._of_accounts = BudgetChecks(_OF_ACCOUNTS)

    async def add_mail(
        self,
        sealed: bytes,
        at: datetime,
        expires_at: datetime,
        charge: Charge | None = None,
        *,
        of_account: bool = False,
    ) -> None:
        values = (sealed, to_micros(at), to_micros(expires_at), int(of_account))
        checks = self._of_accounts if of_account else self._of_strangers
        await charged(self._database, checks, _ADD_MAIL, values, charge)

    async def claim_mail(
        self, at: datetime, lease: timedelta, limit: int
    ) -> Sequence[tuple[int, bytes, int]]:
        claim = execute(_CLAIM_MAIL, to_micros(at), to_micros(at + lease), limit)
        rows = await self._database.write(claim)
        return [(mail_id, sealed, attempts) for mail_id, sealed, attempts in rows]

    async def delete_mail(self, mail_id: int) -> None:
        await self._database.write(execute(_DELETE_MAIL, mail_id))

    async def recent_mail(self, limit: int) -> Sequence[tuple[int, bytes, datetime]]:
        rows = await self._database.list_rows(_RECENT, limit)
        return [(mail_id, sealed, from_micros(created_at)) for mail_id, sealed, created_at in rows]


class Events(Table):
    """Implements `EventStore`."""

    retention = (oldest("events", "id", f"at <= {{1}} - {400 * DAY}"),)

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._event_budget = BudgetChecks(_EVENTS)

    async def add_events(self, events: Sequence[Event], charge: Charge | None = None) -> None:
        rows = [_event_row(each) for each in events]
        network = None if charge is None else charge.network
        sizes = [stored_bytes(row) for row in rows]

        def operation() -> Operation[None]:
            for row, size in zip(rows, sizes, strict=True):
                yield _ADD_EVENT, (*row, network, size)

        if charge is None:
            await self._database.write(operation)
        else:
            await self._event_budget.write(charge, sum(sizes), operation, self._database.write)

    async def events_of(self, user_id: int, limit: int) -> Sequence[Event]:
        return EVENT.read_all(await self._database.list_rows(_EVENTS_OF, user_id, limit))

    async def events_before(
        self, user_id: int, before: int | None, limit: int
    ) -> Sequence[tuple[int, Event]]:
        values = (user_id, _NEWEST if before is None else before, limit)
        return _NUMBERED.read_all(await self._database.list_rows(_EVENTS_BEFORE, *values))


def _event_row(event: Event) -> Row:
    return (
        to_micros(event.at),
        event.kind,
        event.user_id,
        event.client_id,
        event.address,
        event.detail,
    )
