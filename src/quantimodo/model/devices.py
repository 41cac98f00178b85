"""Devices that wait until a person allows them to use an account (RFC 8628)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from quantimodo.model.confirmations import Confirmation
from quantimodo.model.tokens import PolledCode


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAuthorization:
    """One device authorization request. `key` is that of its device code, `user_code` a keyed
    digest of the code that the person enters, and `sealed` this code, encrypted.

    `parameters` are the client's, already validated once; `confirmation` is the key to which the
    device code is bound. `address` and `agent` are where the request came from. `polled_at` is the
    last poll that came in time, None before it; `interval` is the shortest time between polls.
    `confirmed_by` is the digest of the session in which the person confirmed the device, and
    `decided_at` when the person approved or refused it.
    """

    key: bytes
    user_code: bytes
    sealed: bytes = field(repr=False)
    client_id: str
    parameters: tuple[tuple[str, str], ...]
    confirmation: Confirmation | None
    address: str
    agent: str
    created_at: datetime
    expires_at: datetime
    polled_at: datetime | None
    interval: timedelta
    confirmed_by: bytes | None = None
    decided_at: datetime | None = None
    approved: bool = False

    @property
    def polled_code(self) -> PolledCode:
        """The device code."""
        return PolledCode(self.key, self.expires_at, self.confirmation)

    @property
    def refused(self) -> bool:
        """Whether the person refused the device."""
        return self.decided_at is not None and not self.approved
