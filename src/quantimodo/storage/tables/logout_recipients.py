"""The table `session_clients`: the applications that a session signed its person in to, and the
logout notifications that are due to them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from quantimodo.model.sessions import LogoutRecipient
from quantimodo.storage.database import Statement, execute
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.retention_rules import DAY, expired
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_FIELDS = (
    "sid",
    "client_id",
    "user_id",
    "subject",
    Column("at", from_micros),
    Column("expires_at", from_micros),
)
_RECIPIENT = RowReader(LogoutRecipient, *_FIELDS, "attempts")
_CLAIMED = RowReader(
    LogoutRecipient,
    *_FIELDS,
    Column("attempts", sql="session_clients.attempts - 1"),
    table="session_clients",
)
_OF_SESSION = Statement(
    f"SELECT {_RECIPIENT.columns} FROM session_clients WHERE sid = {{1}} ORDER BY client_id"
)
ADD_LOGOUT_RECIPIENT = Statement(
    "INSERT INTO session_clients (sid, client_id, user_id, subject, at, expires_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}) ON CONFLICT (sid, client_id)"
    " DO UPDATE SET subject = excluded.subject, at = excluded.at, expires_at = excluded.expires_at"
)
_DUE = "SELECT sid, client_id FROM session_clients WHERE due_at <= {1} ORDER BY due_at LIMIT {3}"
_CLAIM = Statement(
    "UPDATE session_clients SET due_at = {2}, attempts = attempts + 1"
    f" WHERE (sid, client_id) IN ({_DUE}) RETURNING {_CLAIMED.columns}",
    # Each sender claims rows that no other has locked. MATERIALIZED: they are chosen once only.
    postgres=f"WITH due AS MATERIALIZED ({_DUE} FOR UPDATE SKIP LOCKED)"
    " UPDATE session_clients SET due_at = {2}, attempts = session_clients.attempts + 1 FROM due"
    " WHERE session_clients.sid = due.sid AND session_clients.client_id = due.client_id"
    f" RETURNING {_CLAIMED.columns}",
)
_DELAY = Statement("UPDATE session_clients SET due_at = {3} WHERE sid = {1} AND client_id = {2}")
_DELETE = Statement("DELETE FROM session_clients WHERE sid = {1} AND client_id = {2}")


def logout_recipient_values(logout_recipient: LogoutRecipient) -> tuple[object, ...]:
    """The values of its row, in the order of the columns."""
    return (
        logout_recipient.sid,
        logout_recipient.client_id,
        logout_recipient.user_id,
        logout_recipient.subject,
        to_micros(logout_recipient.at),
        to_micros(logout_recipient.expires_at),
    )


class LogoutRecipients(Table):
    """Implements `LogoutRecipientStore`."""

    retention = (
        # A day longer than its session: due notifications are sent by then.
        expired("session_clients", "sid, client_id", kept=DAY),
    )

    async def logout_recipients(self, sid: str) -> Sequence[LogoutRecipient]:
        return _RECIPIENT.read_all(await self._database.list_rows(_OF_SESSION, sid))

    async def claim_logout_notifications(
        self, at: datetime, lease: timedelta, limit: int
    ) -> Sequence[LogoutRecipient]:
        claim = execute(_CLAIM, to_micros(at), to_micros(at + lease), limit)
        return _CLAIMED.read_all(await self._database.write(claim))

    async def delay_logout_notification(self, sid: str, client_id: str, until: datetime) -> None:
        await self._database.write(execute(_DELAY, sid, client_id, to_micros(until)))

    async def delete_logout_notification(self, sid: str, client_id: str) -> None:
        await self._database.write(execute(_DELETE, sid, client_id))
