"""Ends browser sessions: makes their logout notifications due, and revokes the grants that end with
them. The functions are parts of an operation, for the tables that end sessions.

An expired session is deleted without notifications (`Sessions.retention`).
"""

from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.tables.event_outbox import REVOKED_COLUMNS, report_revoked

# Sessions are locked until they are deleted: an authorization in one of them is stored before, or
# refused (`authorizations.py`).
_FIND = "SELECT sid, user_id FROM sessions WHERE key = {1}"
_LOCK = Statement(_FIND, postgres=f"{_FIND} FOR UPDATE")
_FIND_ALL = "SELECT key, sid FROM sessions WHERE user_id = {1} AND key <> {2} ORDER BY key"
_LOCK_ALL = Statement(_FIND_ALL, postgres=f"{_FIND_ALL} FOR UPDATE")
_DELETE = Statement("DELETE FROM sessions WHERE key = {1}")
_DELETE_PENDING = Statement("DELETE FROM pending_logins WHERE user_id = {1}")
# To sign out everywhere also ends the trust in all browsers.
DELETE_TRUSTED_BROWSERS = Statement("DELETE FROM trusted_browsers WHERE user_id = {1}")
_DELETE_PROVIDER_SESSION = Statement("DELETE FROM provider_sessions WHERE sid = {1}")
_PROLONG_PROVIDER_SESSION = Statement(
    "UPDATE provider_sessions SET expires_at = {2} WHERE sid = {1}"
)
_PROLONG = Statement("UPDATE session_clients SET expires_at = {2} WHERE sid = {1}")
_MARK_DUE = Statement("UPDATE session_clients SET due_at = {2} WHERE sid = {1} AND due_at IS NULL")
# Back-Channel Logout §2.7: a grant of this session ends with it, unless it has `offline_access`. A
# grant without a session, of plain OAuth, stays.
_END_ONLINE = Statement(
    "UPDATE grants SET revoked_at = {2} WHERE sid = {1} AND revoked_at IS NULL"
    " AND scope NOT LIKE '%offline_access%'"
    f" RETURNING {REVOKED_COLUMNS}"
)


def end_session(user_id: int, key: bytes, at: int) -> Operation[bool]:
    """End this session if it is this person's."""
    for sid, owner_id in (yield _LOCK, (key,)):
        if owner_id == user_id:
            yield from end_locked_session(key, sid, at)
            return True
    return False


def end_sessions(user_id: int, at: int, except_key: bytes = b"") -> Operation[int]:
    """End all of a person's sessions but one, their pending logins and their trusted
    browsers; how many sessions."""
    found = yield _LOCK_ALL, (user_id, except_key)
    for key, sid in found:
        yield from end_locked_session(key, sid, at)
    yield _DELETE_PENDING, (user_id,)
    yield DELETE_TRUSTED_BROWSERS, (user_id,)
    return len(found)


def replace_session(key: bytes, user_id: int, at: int, expires_at: int) -> Operation[str | None]:
    """End the session that a new one of this browser replaces. If it is of the same person, the new
    one continues its `sid`, which is returned, until `expires_at`."""
    for sid, owner_id in (yield _LOCK, (key,)):
        if owner_id == user_id:
            yield _DELETE, (key,)
            yield _PROLONG, (sid, expires_at)
            yield _PROLONG_PROVIDER_SESSION, (sid, expires_at)
            return str(sid)
        yield from end_locked_session(key, sid, at)
    return None


def end_locked_session(key: bytes, sid: str, at: int) -> Operation[None]:
    """End this session, whose row the operation has locked."""
    yield _MARK_DUE, (sid, at)
    yield from report_revoked((yield _END_ONLINE, (sid, at)), at)
    yield _DELETE_PROVIDER_SESSION, (sid,)
    yield _DELETE, (key,)
