"""Access tokens that a client got by token exchange (RFC 8693)."""

from datetime import datetime
from typing import NamedTuple

from quantimodo.model.confirmations import Confirmation


class ExchangedToken(NamedTuple):
    """An exchanged access token to save. `key` is that of an opaque token, or the `jti` of a JWT.

    `client_id` is the client that exchanged. `subject_key` and `subject_jti` identify the token
    that it presented, the one of an opaque token, the other of a JWT: the new token ends with it,
    and with the grant. `parent_key` is the key of one that was exchanged before, in place of both.
    `actors` are the clients that act, the present one first.
    """

    key: bytes
    client_id: str
    grant_id: bytes
    scope: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    subject_key: bytes | None
    subject_jti: str | None
    confirmation: Confirmation | None = None
    details: str | None = None
    parent_key: bytes | None = None
    actors: tuple[str, ...] = ()
