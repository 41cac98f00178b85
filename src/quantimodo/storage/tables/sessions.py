"""The tables `sessions` and `email_tokens`. How a session ends is in `session_end.py`."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.budgets import Charge
from quantimodo.model.sessions import EmailToken, Session
from quantimodo.model.users import fold_email
from quantimodo.storage.database import Database, KeyedRead, Operation, Row, Statement, execute
from quantimodo.storage.tables.budgets import BudgetChecks, BudgetedTable, charged
from quantimodo.storage.tables.session_end import ending_all, ending_one, replacing
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import USER_COLUMNS, to_user
from quantimodo.storage.timestamps import from_micros, to_micros

_SESSION = (
    "SELECT s.key, s.created_at, s.authenticated_at, s.seen_at, s.expires_at, s.methods,"
    f" s.address, s.agent, s.sid, {USER_COLUMNS} FROM sessions s"
    " JOIN users u ON u.id = s.user_id AND u.disabled_at IS NULL"
)
_BY_KEY = KeyedRead(f"{_SESSION} WHERE s.key")
_OF_USER = Statement(f"{_SESSION} WHERE s.user_id = {{1}} ORDER BY s.seen_at DESC")
# Held until the session is saved, so that a call that ends a person's sessions, because a password
# or an address changed hands, comes before it or after it and never past it. SQLite has one writer.
_PERSON = "SELECT id FROM users WHERE id = {1}"
_HOLD_PERSON = Statement(_PERSON, postgres=f"{_PERSON} FOR SHARE")
_ADD = Statement(
    "INSERT INTO sessions (key, user_id, created_at, authenticated_at, seen_at, expires_at,"
    " methods, address, agent, sid) VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10})"
)
_TOUCH = Statement("UPDATE sessions SET seen_at = {2} WHERE key = {1} AND seen_at < {2}")

_EMAIL_TOKEN_COLUMNS = "key, purpose, expires_at, email, user_id, payload"
_EMAIL_TOKEN = KeyedRead(f"SELECT {_EMAIL_TOKEN_COLUMNS} FROM email_tokens WHERE key")
_ADD_EMAIL_TOKEN = Statement(
    "INSERT INTO email_tokens (key, purpose, expires_at, email, user_id, payload, network,"
    " stored_bytes) VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8})"
)
_EMAIL_TOKENS = BudgetedTable("email_tokens")
_TAKE_EMAIL_TOKEN = Statement(
    f"DELETE FROM email_tokens WHERE key = {{1}} RETURNING {_EMAIL_TOKEN_COLUMNS}"
)
_DROP_EMAIL_TOKENS = Statement("DELETE FROM email_tokens WHERE purpose = {1} AND email = {2}")


def _start_session(row: Row) -> Session:
    return Session(
        key=row[0],
        created_at=from_micros(row[1]),
        authenticated_at=from_micros(row[2]),
        seen_at=from_micros(row[3]),
        expires_at=from_micros(row[4]),
        methods=tuple(row[5].split()),
        address=row[6],
        agent=row[7],
        sid=row[8],
        user=to_user(row[9:]),
    )


def _to_email_token(row: Row) -> EmailToken:
    return EmailToken(
        key=row[0],
        purpose=row[1],
        expires_at=from_micros(row[2]),
        email=row[3],
        user_id=row[4],
        payload=row[5],
    )


class Sessions(Table):
    async def session(self, key: bytes) -> Session | None:
        row = await self._database.one(_BY_KEY, key)
        return None if row is None else _start_session(row)

    async def sessions_of(self, user_id: int) -> Sequence[Session]:
        return [_start_session(row) for row in await self._database.list_rows(_OF_USER, user_id)]

    async def add_session(self, session: Session, replaces: bytes | None) -> None:
        def operation() -> Operation[None]:
            yield _HOLD_PERSON, (session.user.id,)
            sid = session.sid
            if replaces is not None:
                at, end = to_micros(session.created_at), to_micros(session.expires_at)
                sid = (yield from replacing(replaces, session.user.id, at, end)) or sid
            yield (
                _ADD,
                (
                    session.key,
                    session.user.id,
                    to_micros(session.created_at),
                    to_micros(session.authenticated_at),
                    to_micros(session.seen_at),
                    to_micros(session.expires_at),
                    " ".join(session.methods),
                    session.address,
                    session.agent,
                    sid,
                ),
            )

        await self._database.write(operation)

    async def touch_session(self, key: bytes, seen_at: datetime) -> None:
        await self._database.write(execute(_TOUCH, key, to_micros(seen_at)))

    async def end_session(self, user_id: int, key: bytes, at: datetime) -> bool:
        return await self._database.write(lambda: ending_one(user_id, key, to_micros(at)))

    async def end_sessions(
        self, user_id: int, at: datetime, except_key: bytes | None = None
    ) -> int:
        kept = except_key or b""
        return await self._database.write(lambda: ending_all(user_id, to_micros(at), kept))


class EmailTokens(Table):
    """Addresses are kept folded, so that one person's tokens are found under one address."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._email_token_budget = BudgetChecks(_EMAIL_TOKENS)

    async def add_email_token(self, email_token: EmailToken, charge: Charge | None = None) -> None:
        values = (
            email_token.key,
            email_token.purpose,
            to_micros(email_token.expires_at),
            fold_email(email_token.email),
            email_token.user_id,
            email_token.payload,
        )
        await charged(self._database, self._email_token_budget, _ADD_EMAIL_TOKEN, values, charge)

    async def email_token(self, key: bytes) -> EmailToken | None:
        row = await self._database.one(_EMAIL_TOKEN, key)
        return None if row is None else _to_email_token(row)

    async def take_email_token(self, key: bytes) -> EmailToken | None:
        rows = await self._database.write(execute(_TAKE_EMAIL_TOKEN, key))
        return _to_email_token(rows[0]) if rows else None

    async def drop_email_tokens(self, purpose: str, email: str) -> None:
        await self._database.write(execute(_DROP_EMAIL_TOKENS, purpose, fold_email(email)))
