"""What a person allowed an application, and the stored authorization request."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Remembered until revoked; `scope` is everything the person ever allowed this client."""

    user_id: int
    client_id: str
    scope: frozenset[str]
    granted_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """An authorization request, stored immutable on the server while the person signs in and
    decides (security.md §10). `parameters` are the client's, already validated once.

    `claimed_by`: the digest of the person and browser that decided; None before the decision.
    `response` is what the client got, encrypted, so that a form that is sent twice gets the same
    response.
    """

    key: bytes
    client_id: str
    parameters: tuple[tuple[str, str], ...]
    created_at: datetime
    expires_at: datetime
    claimed_by: bytes | None = None
    response: bytes | None = field(default=None, repr=False)
