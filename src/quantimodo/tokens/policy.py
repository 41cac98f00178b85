"""Lifetimes of codes, tokens and authorizations."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from quantimodo.protocol.discovery import API

_DAY = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """`refresh_idle_lifetime`: how long an unused refresh token is valid.

    `refresh_absolute_lifetime`: how long an authorization is valid, however often refreshed.
    """

    issuer: str
    access_lifetime: timedelta
    id_token_lifetime: timedelta
    code_lifetime: timedelta
    refresh_idle_lifetime: timedelta
    refresh_absolute_lifetime: timedelta

    @property
    def audience(self) -> str:
        """The `aud` of this server's resources (RFC 9068 §3)."""
        return self.issuer + API


def seconds_until(end: datetime, now: datetime) -> int:
    """`expires_in` (RFC 6749 §5.1): whole seconds, rounded down so that no client uses a
    token after its end; 0 if the end has passed."""
    left = end - now
    return left.days * _DAY + left.seconds if left.days >= 0 else 0
