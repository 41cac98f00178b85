"""Initial access tokens for dynamic registration (RFC 7591 §1.2)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationToken:
    """An initial access token, by the digest of its text; `label` is the operator's own note."""

    key: bytes
    label: str
    uses_left: int
    created_at: datetime
    expires_at: datetime
