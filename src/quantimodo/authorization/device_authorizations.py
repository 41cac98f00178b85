"""Device authorizations (RFC 8628): their codes, which a person enters and confirms, and their
response channel, by which the device gets the decision when it polls.

The database has a digest of the device code, and a keyed digest of the user code: the latter is
short, so that a plain digest could be reversed. The page of the confirmation shows the user code
once more, from an encrypted copy.

The person confirms that the device is theirs (RFC 8628 §3.3, §5.4). The confirmation is that of one
session, so that no attacker can confirm a device and send a victim the address of the next step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final, NamedTuple

from quantimodo.authorization.stored_requests import LARGEST, StoredRequests
from quantimodo.crypto.digests import digest, keyed_digest
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.crypto.tokens import Kind, mint
from quantimodo.model.budgets import Charge
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.consents import StoredRequest
from quantimodo.model.devices import DeviceAuthorization
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import AuthenticatedSubject, Session
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.device_store import DeviceAuthorizationStore
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.authorization import AuthorizationRequest, Target
from quantimodo.protocol.device_grant import (
    DEVICE_CONFIRM,
    DEVICE_TARGET,
    USER_CODE_RANDOM_BYTES,
    format_user_code,
    parse_user_code,
    user_code_from_random,
    validate_device,
)
from quantimodo.protocol.errors import InvalidRequest
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import RequestedResources

PARAMETERS: Final = frozenset({"client_id", "scope", "resource", "authorization_details"})
"""What is stored of a device authorization request."""

_INTERVAL: Final = timedelta(seconds=5)  # RFC 8628 §3.2: the default
_PURPOSE: Final = "user code of a device"
_TRIES: Final = 5  # to draw a user code that no waiting device has


class DeviceOrigin(NamedTuple):
    """Where a request came from, as the person sees it."""

    address: str
    agent: str


class WaitingDevice(NamedTuple):
    """A device that waits for its person, with the authorization request of the person's steps."""

    stored: StoredRequest
    device: DeviceAuthorization


class MintedDeviceCode(NamedTuple):
    """`user_code` is written as the device shows it."""

    device_code: Secret
    user_code: str
    lifetime: timedelta
    interval: timedelta


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """`keys`: of the digests of user codes, the current one first. `lifetime`: of both codes."""

    store: DeviceAuthorizationStore
    requests: StoredRequests
    keys: Sequence[bytes] = field(repr=False)
    envelope: Envelope = field(repr=False)
    clock: Clock
    entropy: Entropy
    lifetime: timedelta

    async def mint(
        self, form: Form, confirmation: Confirmation | None, origin: DeviceOrigin, charge: Charge
    ) -> MintedDeviceCode:
        """Mint the codes of a valid request and store it. The device code is bound to
        `confirmation`, if there is one.

        Raises `InvalidRequest` when the parameters have more than 16 KiB.
        """
        parameters = tuple((name, text) for name, text in form.items() if name in PARAMETERS)
        if sum(len(name) + len(text.encode()) for name, text in parameters) > LARGEST:
            raise InvalidRequest(
                "the parameters of the request are too long together", refusal="request_too_long"
            )
        now = self.clock.now()
        minted = mint(Kind.DEVICE, now, self.entropy)
        for _ in range(_TRIES):
            code = user_code_from_random(self.entropy.bytes(USER_CODE_RANDOM_BYTES))
            device = DeviceAuthorization(
                key=minted.key,
                user_code=keyed_digest(self.keys[0], _PURPOSE, code),
                sealed=self.envelope.seal(code.encode(), _PURPOSE),
                client_id=form.required("client_id"),
                parameters=parameters,
                confirmation=confirmation,
                address=origin.address,
                agent=origin.agent,
                created_at=now,
                expires_at=now + self.lifetime,
                polled_at=None,
                interval=_INTERVAL,
            )
            try:
                await self.store.add_device_authorization(device, charge)
            except Conflict:
                continue
            text = format_user_code(code)
            return MintedDeviceCode(minted.raw, text, self.lifetime, _INTERVAL)
        raise Conflict("no user code is free")

    async def find(self, text: str) -> DeviceAuthorization | None:
        """The device that waits for the code that a person typed, unless another session has
        confirmed it."""
        code = parse_user_code(text)
        if code is None:
            return None
        for key in self.keys:
            found = await self.store.device_of_user_code(keyed_digest(key, _PURPOSE, code))
            if found is not None:
                return found if self._waits(found) and found.confirmed_by is None else None
        return None

    async def store_request(self, device: DeviceAuthorization, charge: Charge) -> str:
        """Store the authorization request for the steps of the person who entered the code; returns
        its id."""
        return await self.requests.add_polled(
            device.client_id, device.parameters, device.polled_code, charge
        )

    async def find_waiting(self, request_id: str) -> WaitingDevice | None:
        """The stored request with its device, if both still wait."""
        stored = await self.requests.find(request_id)
        if stored is None or stored.polled is None:
            return None
        device = await self.store.device_authorization(stored.polled)
        return None if device is None or not self._waits(device) else WaitingDevice(stored, device)

    def format_user_code(self, device: DeviceAuthorization) -> str:
        """The user code for the page on which the person compares it; empty when the secret key
        was replaced."""
        try:
            return format_user_code(self.envelope.open(device.sealed, _PURPOSE).decode())
        except DecryptionFailed:
            return ""

    async def confirm(self, device: DeviceAuthorization, session: Session) -> bool:
        """Bind the device to this person in this session; False when another session confirmed it,
        it is decided, or it has expired."""
        holder = holder_of(session.sid, session.user.id)
        return await self.store.bind_device(device.key, holder, self.clock.now())

    async def refuse(self, stored: StoredRequest, device: DeviceAuthorization) -> bool:
        """The person does not know the device. False when it was decided about before."""
        refused = await self.store.refuse_device(device.key, self.clock.now())
        await self.requests.close(stored)
        return refused

    def _waits(self, device: DeviceAuthorization) -> bool:
        return device.decided_at is None and device.expires_at > self.clock.now()


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
