"""The response channel of a device: the response is stored, and the device polls (RFC 8628).

The person confirms that the device is theirs (RFC 8628 §3.3, §5.4). The confirmation is that of one
session, so that no attacker can confirm a device and send a victim the address of the next step.
"""

from dataclasses import dataclass
from typing import ClassVar

from quantimodo.crypto.digests import digest
from quantimodo.model.clients import Client
from quantimodo.model.devices import DeviceAuthorization
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.ports.clock import Clock
from quantimodo.ports.device_store import DeviceAuthorizationStore
from quantimodo.protocol.authorization import AuthorizationRequest, Target
from quantimodo.protocol.device_grant import DEVICE_CONFIRM, DEVICE_TARGET, validate_device
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import RequestedResources


@dataclass(frozen=True, slots=True)
class DeviceApproval:
    """The approval of a device, on pages of this server.

    Implements `ResponseChannel`.
    """

    device: DeviceAuthorization
    store: DeviceAuthorizationStore
    clock: Clock
    in_browser: ClassVar[bool] = True
    carried: ClassVar[bool] = False
    confirm_at: ClassVar[str] = DEVICE_CONFIRM

    def target(self, form: Form, client: Client) -> Target:
        return DEVICE_TARGET

    def validated(
        self, form: Form, client: Client, target: Target, resources: RequestedResources
    ) -> AuthorizationRequest:
        return validate_device(form, client, resources, self.device)

    def is_confirmed(self, subject: AuthenticatedSubject | None) -> bool:
        if subject is None or subject.sid is None:
            return False
        return self.device.confirmed_by == holder_of(subject.sid, subject.user.id)

    async def refuse(self) -> None:
        await self.store.refuse_device(self.device.key, self.clock.now())


@dataclass(frozen=True, slots=True)
class DeviceChannels:
    """Implements `PolledChannels`."""

    store: DeviceAuthorizationStore
    clock: Clock

    async def of(self, key: bytes) -> DeviceApproval | None:
        device = await self.store.device_authorization(key)
        return None if device is None else DeviceApproval(device, self.store, self.clock)


def holder_of(sid: str, user_id: int) -> bytes:
    """A digest of one person in one session."""
    return digest(f"device {sid} {user_id}")
