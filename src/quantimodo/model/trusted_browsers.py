"""Browsers in which a person signs in without the second factor for a while."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedBrowser:
    """`key` is the digest of its cookie. `address` and `agent` are those of the sign-in in which
    the person chose to trust it."""

    key: bytes
    user_id: int
    created_at: datetime
    expires_at: datetime
    address: str = ""
    agent: str = ""
