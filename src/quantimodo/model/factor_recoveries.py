"""Requests to remove a second factor whose person has lost it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRecovery:
    """The second factor of this person may be removed from `due_at` until `expires_at`, unless the
    request is cancelled."""

    user_id: int
    requested_at: datetime
    due_at: datetime
    expires_at: datetime
