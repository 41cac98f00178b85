"""When a call that failed is sent again, and how long it waits. Pure: the clock is given."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from swagger_client.calls import Call
from swagger_client.rest import ApiException


@dataclass(frozen=True)
class Retries:
    """How often and how long a session retries. Only idempotent calls are sent again.

    `attempts`: how often a call is sent at most, the first time included; 1 for never again.
    `first_wait`: seconds before the second; each wait is twice the previous one, less
    a random part.
    `longest_wait`: seconds. If `Retry-After` is longer, the call is not repeated.
    """

    attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 30.0
    statuses: frozenset[int] = frozenset({429, 502, 503, 504})

    def wait(
        self, call: Call[Any], failure: ApiException, attempt: int, *, now: float, jitter: float
    ) -> float | None:
        """Seconds until the next attempt, or None to give up. `jitter`: from 0 to 1."""
        if attempt >= self.attempts or not call.may_be_repeated:
            return None
        if not failure.temporary and failure.status not in self.statuses:
            return None
        requested = _retry_after(failure, now)
        if requested is None:
            longest: float = min(self.first_wait * 2.0 ** (attempt - 1), self.longest_wait)
            return longest * (0.5 + jitter / 2)
        return requested if requested <= self.longest_wait else None


def _retry_after(failure: ApiException, now: float) -> float | None:
    """RFC 9110 §10.2.3: seconds, or a date."""
    value = "" if failure.headers is None else failure.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (TypeError, ValueError, IndexError):
        return None
