"""A new response channel is one class, one file and one line: the flow asks the channel itself."""

from dataclasses import dataclass, replace
from typing import ClassVar

from quantimodo.authorization.device_authorizations import DeviceApproval, DeviceChannels
from quantimodo.authorization.interactions import (
    IdentifiedRequest,
    Interaction,
    InteractionPolicy,
    RedirectResponse,
    ResponseChannel,
)
from quantimodo.authorization.steps import channel
from quantimodo.authorization.stored_requests import StoredRequests
from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.model.clients import Client
from quantimodo.model.consents import StoredRequest
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.model.tokens import PolledCode
from quantimodo.protocol.authorization import AuthorizationRequest, Target
from quantimodo.protocol.device_grant import validate_device
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import RequestedResources
from support.app import AppHarness
from support.devices import device_app, started

CODE = b"another kind of code"
PARAMETERS = (("client_id", "app"), ("scope", "basic"))
DONE = Target("/approved", False, "query", None)


@dataclass(frozen=True, slots=True)
class Approval:
    """The new file: an application polls, as with another standard than RFC 8628."""

    refused: list[bytes]
    in_browser: ClassVar[bool] = True
    carried: ClassVar[bool] = False
    confirm_at: ClassVar[str] = "/approve"

    def target(self, form: Form, client: Client) -> Target:
        """A page of this server."""
        return DONE

    def validated(
        self, form: Form, client: Client, target: Target, resources: RequestedResources
    ) -> AuthorizationRequest:
        """By its own rules."""
        return validate_device(form, client, resources, None)

    def is_confirmed(self, subject: AuthenticatedSubject | None) -> bool:
        """Not yet."""
        return False

    async def refuse(self) -> None:
        """For the next poll."""
        self.refused.append(CODE)

    async def of(self, key: bytes) -> ResponseChannel | None:
        """Its channels."""
        return self if key == CODE else None


async def test_a_channel_that_is_added_is_found_and_decides_for_itself(harness: AppHarness) -> None:
    context, added = harness.context, Approval([])
    stores, clock = context.stores, context.clock
    devices = DeviceChannels(stores.device_authorizations, clock)
    requests = StoredRequests(
        stores.authorizations, (devices, added), context.envelope, clock, context.entropy
    )
    charge = context.throttle.charge("authorization_requests", "192.0.2.7")

    async def saved(key: bytes) -> StoredRequest:
        code = PolledCode(key, clock.now() + context.settings.tokens.device_code_lifetime, None)
        found = await requests.find(await requests.add_polled("app", PARAMETERS, code, charge))
        assert found is not None
        return found

    form = Form.of_pairs(PARAMETERS)
    plain = await requests.find(await requests.add("app", form))
    assert plain is not None
    assert await requests.channel_of(plain) == RedirectResponse()
    assert await requests.channel_of(await saved(CODE)) is added
    assert await requests.channel_of(await saved(b"a code that is gone")) is None
    app = await device_app(harness)
    client = await stores.clients.client(app.id)
    assert client is not None
    identified = IdentifiedRequest(form=form, client=client, target=DONE, channel=added)
    assert identified.validated().scope == {"basic"}, "without a redirect URI"
    interaction = Interaction(
        identified=identified, request=identified.validated(), created_at=clock.now(), id="qmq_one"
    )
    assert channel.needed(interaction, None, InteractionPolicy(), clock.now()) == channel.REASON
    assert channel.page(interaction) == "/approve?request=qmq_one"
    by_redirect = replace(interaction, identified=replace(identified, channel=RedirectResponse()))
    assert channel.needed(by_redirect, None, InteractionPolicy(), clock.now()) is None


async def test_a_device_code_has_its_channel_which_takes_the_refusal(harness: AppHarness) -> None:
    device = await started(harness, await device_app(harness))
    key = key_of(Kind.DEVICE, device["device_code"])
    assert key is not None
    channels = DeviceChannels(harness.context.stores.device_authorizations, harness.context.clock)
    approval = await channels.of(key)
    assert isinstance(approval, DeviceApproval)
    await approval.refuse()
    after = await channels.of(key)
    assert after is not None
    assert after.device.refused
