"""The table `ended_sign_ins`: accounts at providers that the provider deleted, disabled or signed
out. Parts of an operation, for the table of identities.

Both parts lock the account at the provider, whether or not it has a row: a sign-in that began
before is stored before the end, which then deletes it, or is refused.
"""

from datetime import timedelta
from hashlib import sha256
from typing import Final

from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.rows import first_value

# As long as the replay record of the provider's message, of which there is one for each row: the
# quota of those records bounds this table, too. A front-channel logout, which has no such
# record, adds a row only for a session that there was.
_KEPT: Final = timedelta(days=30) // timedelta(microseconds=1)

# SQLite has one writer.
_LOCK = Statement("SELECT {1}", postgres="SELECT pg_advisory_xact_lock({1})")
_FIND = Statement("SELECT ended_at FROM ended_sign_ins WHERE key = {1}")
_SAVE = Statement(
    "INSERT INTO ended_sign_ins (key, ended_at, expires_at) VALUES ({1}, {2}, {3})"
    " ON CONFLICT (key) DO UPDATE SET ended_at = excluded.ended_at,"
    " expires_at = excluded.expires_at WHERE ended_sign_ins.ended_at < excluded.ended_at"
)


def end_sign_ins(issuer: str, subject: str, at: int) -> Operation[None]:
    """Record that sign-ins through this account from before `at` are void."""
    key = _key(issuer, subject)
    yield _LOCK, (_number(key),)
    yield _SAVE, (key, at, at + _KEPT)


def sign_ins_ended_at(issuer: str, subject: str) -> Operation[int | None]:
    """When sign-ins through this account were last ended; None for never, or for more than 30 days
    ago."""
    key = _key(issuer, subject)
    yield _LOCK, (_number(key),)
    ended_at: int | None = first_value((yield _FIND, (key,)))
    return ended_at


def _key(issuer: str, subject: str) -> bytes:
    return sha256(f"{issuer}\0{subject}".encode("utf-8", "surrogatepass")).digest()


def _number(key: bytes) -> int:
    return int.from_bytes(key[:8], signed=True)
