"""The end of a browser session by any cause: its applications are notified, and lose what they got
for it. Pieces of an operation, for the tables that end sessions.

One that has expired is no such thing: it is forgotten in silence (`retention.py`).
"""

from quantimodo.storage.database import Operation, Statement

# Held until they are gone: an authorization that is given in one of them comes before, or not at
# all (`authorizations.py`).
_FIND = "SELECT sid, user_id FROM sessions WHERE key = {1}"
_HOLD = Statement(_FIND, postgres=f"{_FIND} FOR UPDATE")
_FIND_ALL = "SELECT key, sid FROM sessions WHERE user_id = {1} AND key <> {2} ORDER BY key"
_HOLD_ALL = Statement(_FIND_ALL, postgres=f"{_FIND_ALL} FOR UPDATE")
_DROP = Statement("DELETE FROM sessions WHERE key = {1}")
_DROP_PENDING = Statement("DELETE FROM pending_logins WHERE user_id = {1}")
_PROLONG = Statement("UPDATE session_clients SET expires_at = {2} WHERE sid = {1}")
_TELL = Statement("UPDATE session_clients SET due_at = {2} WHERE sid = {1} AND due_at IS NULL")
# Back-Channel Logout §2.7: what was given for this session, and not for when the
# person is away as well, ends with it. Who only used OAuth stays connected.
_END_ONLINE = Statement(
    "UPDATE grants SET revoked_at = {2} WHERE sid = {1} AND revoked_at IS NULL"
    " AND scope NOT LIKE '%offline_access%'"
)


def ending_one(user_id: int, key: bytes, at: int) -> Operation[bool]:
    """End this session if it is this person's."""
    found = yield _HOLD, (key,)
    if not found or found[0][1] != user_id:
        return False
    yield from _ending(key, found[0][0], at)
    return True


def ending_all(user_id: int, at: int, except_key: bytes = b"") -> Operation[int]:
    """End all of a person's sessions but one, and their pending logins; how many sessions."""
    found = yield _HOLD_ALL, (user_id, except_key)
    for key, sid in found:
        yield from _ending(key, sid, at)
    yield _DROP_PENDING, (user_id,)
    return len(found)


def replacing(key: bytes, user_id: int, at: int, expires_at: int) -> Operation[str | None]:
    """Put another session in the place of this one. Of the same person, it goes on under the name
    that is returned, until `expires_at`; of anybody else, this one ends."""
    found = yield _HOLD, (key,)
    if not found:
        return None
    sid: str = found[0][0]
    if found[0][1] != user_id:
        yield from _ending(key, sid, at)
        return None
    yield _DROP, (key,)
    yield _PROLONG, (sid, expires_at)
    return sid


def _ending(key: bytes, sid: str, at: int) -> Operation[None]:
    yield _TELL, (sid, at)
    yield _END_ONLINE, (sid, at)
    yield _DROP, (key,)
