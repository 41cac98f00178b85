"""The response channel of a device: the response is stored, and the device polls (RFC 8628)."""

from dataclasses import dataclass
from typing import ClassVar

from quantimodo.model.clients import Client
from quantimodo.model.devices import DeviceAuthorization
from quantimodo.ports.clock import Clock
from quantimodo.ports.device_store import DeviceAuthorizationStore
from quantimodo.protocol.authorization import AuthorizationRequest, Target
from quantimodo.protocol.device_requests import DEVICE_TARGET, validate_device
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

    def target(self, form: Form, client: Client) -> Target:
        return DEVICE_TARGET

    def validated(
        self, form: Form, client: Client, target: Target, resources: RequestedResources
    ) -> AuthorizationRequest:
        return validate_device(form, client, resources, self.device)

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
