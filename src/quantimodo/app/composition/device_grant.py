"""Builds the device grant (RFC 8628): its channel, its codes, its endpoint and its pages."""

from collections.abc import Sequence

from quantimodo.app.composition.authorization import client_authentication, dpop_proofs
from quantimodo.app.composition.services import AppContext
from quantimodo.authorization.device_channel import DeviceChannels
from quantimodo.authorization.device_codes import DeviceCodes
from quantimodo.authorization.requested_resources import ResourceReader
from quantimodo.authorization.stored_requests import StoredRequests
from quantimodo.endpoints.device_authorization import DeviceAuthorizationEndpoint
from quantimodo.pages.authorization.device import DevicePages
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute


def device_channels(context: AppContext) -> DeviceChannels:
    """The channels of requests of devices."""
    return DeviceChannels(context.stores.device_authorizations, context.clock)


def device_authorization(
    context: AppContext, requests: StoredRequests, resources: ResourceReader
) -> DeviceAuthorizationEndpoint:
    """The endpoint at which a device begins (RFC 8628 §3.1)."""
    return DeviceAuthorizationEndpoint(
        context.token_policy.issuer,
        client_authentication(context),
        resources,
        _codes(context, requests),
        context.throttle,
        dpop_proofs(context),
    )


def device_routes(
    context: AppContext, page_context: PageContext, requests: StoredRequests
) -> Sequence[PageRoute]:
    """The routes of the pages on which a person enters the code of a device."""
    return DevicePages(page_context, _codes(context, requests), context.stores.clients).routes()


def _codes(context: AppContext, requests: StoredRequests) -> DeviceCodes:
    return DeviceCodes(
        context.stores.device_authorizations,
        requests,
        context.envelope.derive_all("user codes of devices"),
        context.envelope,
        context.clock,
        context.entropy,
        context.settings.tokens.device_code_lifetime,
    )
