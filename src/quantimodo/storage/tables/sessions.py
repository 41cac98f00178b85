"""The tables `sessions` and `email_tokens`. How a session ends is in `session_end.py`."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.budgets import Charge
from quantimodo.model.provider_sessions import ProviderSession
from quantimodo.model.sessions import EmailToken, Session
from quantimodo.model.users import fold_email
from quantimodo.ports.stores import Conflict
from quantimodo.storage.database import Database, KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader
from quantimodo.storage.tables.budgets import BudgetChecks, BudgetedTable, charged
from quantimodo.storage.tables.provider_sessions import (
    require_live_provider_session,
    save_provider_session,
)
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.session_end import end_session, end_sessions, replace_session
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.texts import to_words, words_text
from quantimodo.storage.tables.users import USER
from quantimodo.storage.timestamps import from_micros, to_micros

_SESSION = RowReader(
    Session,
    "key",
    Column("created_at", from_micros),
    Column("authenticated_at", from_micros),
    Column("seen_at", from_micros),
    Column("expires_at", from_micros),
    Column("methods", to_words),
    "address",
    "agent",
    "sid",
    Part("user", USER),
    table="s",
)
_SELECT_SESSION = (
    f"SELECT {_SESSION.columns} FROM sessions s"
    " JOIN users u ON u.id = s.user_id AND u.disabled_at IS NULL"
)
_BY_KEY = KeyedRead(f"{_SELECT_SESSION} WHERE s.key")
_OF_USER = Statement(f"{_SELECT_SESSION} WHERE s.user_id = {{1}} ORDER BY s.seen_at DESC")
# Locked until the session is stored, so that a call that ends all sessions of the person, as a
# change of password or address does, runs before or after it. SQLite has one writer.
_PERSON = "SELECT id FROM users WHERE id = {1} AND disabled_at IS NULL"
_LOCK_PERSON = Statement(_PERSON, postgres=f"{_PERSON} FOR SHARE")
_ADD = Statement(
    "INSERT INTO sessions (key, user_id, created_at, authenticated_at, seen_at, expires_at,"
    " methods, address, agent, sid) VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10})"
)
_RECORD_USE = Statement("UPDATE sessions SET seen_at = {2} WHERE key = {1} AND seen_at < {2}")

_EMAIL_TOKEN = RowReader(
    EmailToken,
    "key",
    "purpose",
    Column("expires_at", from_micros),
    "email",
    "user_id",
    "payload",
)
_FIND_EMAIL_TOKEN = KeyedRead(f"SELECT {_EMAIL_TOKEN.columns} FROM email_tokens WHERE key")
_ADD_EMAIL_TOKEN = Statement(
    f"INSERT INTO email_tokens ({_EMAIL_TOKEN.columns}, network, stored_bytes)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8})"
)
_EMAIL_TOKENS = BudgetedTable("email_tokens")
_TAKE_EMAIL_TOKEN = Statement(
    f"DELETE FROM email_tokens WHERE key = {{1}} RETURNING {_EMAIL_TOKEN.columns}"
)
_DELETE_EMAIL_TOKENS = Statement("DELETE FROM email_tokens WHERE purpose = {1} AND email = {2}")


class Sessions(Table):
    """Implements `SessionStore`."""

    retention = (expired("sessions", "key"),)

    async def session(self, key: bytes) -> Session | None:
        return _SESSION.read_found(await self._database.one(_BY_KEY, key))

    async def sessions_of(self, user_id: int) -> Sequence[Session]:
        return _SESSION.read_all(await self._database.list_rows(_OF_USER, user_id))

    async def add_session(
        self, session: Session, replaces: bytes | None, provider: ProviderSession | None = None
    ) -> None:
        def operation() -> Operation[None]:
            if provider is not None:
                yield from require_live_provider_session(provider)
            if not (yield _LOCK_PERSON, (session.user.id,)):
                raise Conflict
            sid = session.sid
            at, end = to_micros(session.created_at), to_micros(session.expires_at)
            if replaces is not None:
                sid = (yield from replace_session(replaces, session.user.id, at, end)) or sid
            yield (
                _ADD,
                (
                    session.key,
                    session.user.id,
                    at,
                    to_micros(session.authenticated_at),
                    to_micros(session.seen_at),
                    end,
                    words_text(session.methods),
                    session.address,
                    session.agent,
                    sid,
                ),
            )
            if provider is not None:
                yield from save_provider_session(sid, provider, end)

        await self._database.write(operation)

    async def record_session_use(self, key: bytes, seen_at: datetime) -> None:
        await self._database.write(execute(_RECORD_USE, key, to_micros(seen_at)))

    async def end_session(self, user_id: int, key: bytes, at: datetime) -> bool:
        return await self._database.write(lambda: end_session(user_id, key, to_micros(at)))

    async def end_sessions(
        self, user_id: int, at: datetime, except_key: bytes | None = None
    ) -> int:
        kept = except_key or b""
        return await self._database.write(lambda: end_sessions(user_id, to_micros(at), kept))


class EmailTokens(Table):
    """E-mail addresses are stored folded, so that all tokens of one person have one address.
    Implements `EmailTokenStore`."""

    retention = (expired("email_tokens", "key"),)

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
        return _EMAIL_TOKEN.read_found(await self._database.one(_FIND_EMAIL_TOKEN, key))

    async def take_email_token(self, key: bytes) -> EmailToken | None:
        return _EMAIL_TOKEN.read_first(await self._database.write(execute(_TAKE_EMAIL_TOKEN, key)))

    async def delete_email_tokens(self, purpose: str, email: str) -> None:
        await self._database.write(execute(_DELETE_EMAIL_TOKENS, purpose, fold_email(email)))
