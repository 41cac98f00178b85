"""Authenticator apps of people."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpFactor:
    """An authenticator app in use (RFC 6238). `sealed_secret` is the encrypted secret; `last_step`
    is the time step of the last accepted code."""

    user_id: int
    sealed_secret: bytes = field(repr=False)
    confirmed_at: datetime
    last_step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpEnrolment:
    """An authenticator app that waits for its first code. It is no factor yet. `holder` is the key
    of the session, or of the pending login, that began it."""

    user_id: int
    sealed_secret: bytes = field(repr=False)
    holder: bytes
    created_at: datetime
    expires_at: datetime
