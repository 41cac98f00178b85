"""Devices that wait for a person (RFC 8628).

The promises of `stores.py` hold here too.
"""

from datetime import datetime
from typing import Protocol

from quantimodo.model.budgets import Charge
from quantimodo.model.devices import DeviceAuthorization


class DeviceAuthorizationStore(Protocol):
    async def add_device_authorization(
        self, device: DeviceAuthorization, charge: Charge | None = None
    ) -> None:
        """Store a request. Raises `Conflict` when the user code is taken."""

    async def device_authorization(self, key: bytes) -> DeviceAuthorization | None:
        """The one with this device code, expired and decided ones included."""

    async def device_of_user_code(self, user_code: bytes) -> DeviceAuthorization | None:
        """The one with this user code, expired and decided ones included."""

    async def record_poll(self, before: DeviceAuthorization, after: DeviceAuthorization) -> bool:
        """Store `polled_at` and `interval` of `after`. False, and nothing changes, unless they are
        those of `before` and no person has decided; of concurrent calls exactly one returns True.
        """

    async def bind_device(self, key: bytes, holder: bytes, at: datetime) -> bool:
        """Bind the device to this session. False when it is bound to another one, decided or
        expired; of concurrent calls for different sessions exactly one returns True."""

    async def refuse_device(self, key: bytes, at: datetime) -> bool:
        """Store that the person refused it. Of any number of concurrent calls of this and of
        `AuthorizationStore.add_grant` for it exactly one returns True."""
