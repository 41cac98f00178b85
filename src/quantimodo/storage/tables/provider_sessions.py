"""The table `provider_sessions`: the session at a provider from which a session here began.

A row ends with its session (`session_end.py`). The end of a session at the provider is recorded as
the end of sign-ins is, so that a sign-in from it is stored before, and ended, or refused.
"""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.provider_sessions import EndedProviderSession, ProviderSession
from quantimodo.ports.stores import SignInEnded
from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.ended_sign_ins import end_sign_ins, sign_ins_ended_at
from quantimodo.storage.tables.identities import sign_out_account
from quantimodo.storage.tables.retention_rules import expired
from quantimodo.storage.tables.session_end import end_locked_session
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_SESSION = RowReader(
    ProviderSession,
    "provider",
    "issuer",
    "subject",
    Column("sid", sql="provider_sid"),
    Column("began_at", from_micros),
    "sealed_id_token",
)
_OF_SESSION = Statement(f"SELECT {_SESSION.columns} FROM provider_sessions WHERE sid = {{1}}")
_IS_RECORDED = Statement(
    "SELECT 1 FROM provider_sessions WHERE issuer = {1} AND provider_sid = {2} LIMIT 1"
)
_SAVE = Statement(
    "INSERT INTO provider_sessions (sid, provider, issuer, subject, provider_sid, began_at,"
    " sealed_id_token, expires_at) VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8})"
    " ON CONFLICT (sid) DO UPDATE SET provider = excluded.provider, issuer = excluded.issuer,"
    " subject = excluded.subject, provider_sid = excluded.provider_sid,"
    " began_at = excluded.began_at, sealed_id_token = excluded.sealed_id_token,"
    " expires_at = excluded.expires_at"
)
_FIND = (
    "SELECT s.key, s.sid, s.user_id FROM provider_sessions p JOIN sessions s ON s.sid = p.sid"
    " WHERE p.issuer = {1} AND "
)
_ORDER = " ORDER BY s.key"


def _locked(condition: str) -> Statement:
    text = _FIND + condition + _ORDER
    return Statement(text, postgres=f"{text} FOR UPDATE OF s")


# Without a name of the provider's session, the account is all that is known of it.
_OF_PROVIDER_SESSION = _locked(
    "((p.provider_sid = {2} AND ({3} = '' OR p.subject = {3}))"
    " OR (p.provider_sid = '' AND p.subject = {3}))"
)
_OF_ACCOUNT = _locked("p.subject = {2}")


def save_provider_session(sid: str, session: ProviderSession, expires_at: int) -> Operation[None]:
    """Store it as that of the session `sid`, in place of another one."""
    yield (
        _SAVE,
        (
            sid,
            session.provider,
            session.issuer,
            session.subject,
            session.sid,
            to_micros(session.began_at),
            session.sealed_id_token,
            expires_at,
        ),
    )


def require_live_provider_session(session: ProviderSession) -> Operation[None]:
    """Raises `SignInEnded` when the provider ended it after the sign-in began. Locks its name."""
    if session.sid:
        ended_at = yield from sign_ins_ended_at(session.issuer, _name(session.sid))
        if ended_at is not None and to_micros(session.began_at) <= ended_at:
            raise SignInEnded


class ProviderSessions(Table):
    """Implements `ProviderSessionStore`."""

    retention = (
        expired("provider_sessions", "sid"),
        expired("ended_sign_ins", "key"),
    )

    async def provider_session(self, sid: str) -> ProviderSession | None:
        return _SESSION.read_first(await self._database.rows(_OF_SESSION, sid))

    async def is_recorded(self, issuer: str, sid: str) -> bool:
        return bool(await self._database.list_rows(_IS_RECORDED, issuer, sid))

    async def end_provider_sessions(
        self, ended: EndedProviderSession, at: datetime
    ) -> Sequence[int]:
        moment = to_micros(at)

        def operation() -> Operation[Sequence[int]]:
            if ended.sid:
                yield from end_sign_ins(ended.issuer, _name(ended.sid), moment)
                values = (ended.issuer, ended.sid, ended.subject)
                rows = yield _OF_PROVIDER_SESSION, values
            else:
                yield from sign_out_account(ended.issuer, ended.subject, moment)
                rows = yield _OF_ACCOUNT, (ended.issuer, ended.subject)
            for key, sid, _ in rows:
                yield from end_locked_session(key, sid, moment)
            return tuple(dict.fromkeys(user_id for _, _, user_id in rows))

        return await self._database.write(operation)


def _name(sid: str) -> str:
    """In place of a subject, which has no control characters."""
    return f"session\0{sid}"
