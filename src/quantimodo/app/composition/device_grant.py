"""Builds the device grant (RFC 8628): its channels, its endpoint, its pages and its grant type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quantimodo.app.composition.authorization import (
    client_authentication,
    dpop_proofs,
    successor_derivation,
)
from quantimodo.app.composition.services import AppContext
from quantimodo.authorization.device_authorizations import DeviceChannels, DeviceCodes
from quantimodo.authorization.requested_resources import ResourceReader
from quantimodo.authorization.stored_requests import StoredRequests
from quantimodo.endpoints.device_authorization import DeviceAuthorizationEndpoint
from quantimodo.grant_types.device_code import DeviceCodeGrant
from quantimodo.http.messages import Endpoint
from quantimodo.pages.authorization.device import DevicePages
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute
from quantimodo.protocol.resources import Targets


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """Implements `PolledGrant`."""

    context: AppContext

    def channels(self) -> DeviceChannels:
        return DeviceChannels(self.context.stores.device_authorizations, self.context.clock)

    def endpoints(
        self, requests: StoredRequests, resources: ResourceReader
    ) -> Mapping[str, Endpoint]:
        context = self.context
        return {
            "device_authorization": DeviceAuthorizationEndpoint(
                context.token_policy.issuer,
                client_authentication(context),
                resources,
                self._codes(requests),
                context.throttle,
                dpop_proofs(context),
            )
        }

    def routes(self, page_context: PageContext, requests: StoredRequests) -> Sequence[PageRoute]:
        clients = self.context.stores.clients
        return DevicePages(page_context, self._codes(requests), clients).routes()

    def grant_type(self) -> DeviceCodeGrant:
        context = self.context
        return DeviceCodeGrant(
            Targets(context.token_policy.audience),
            context.stores.device_authorizations,
            successor_derivation(context),
            context.settings.tokens.refresh_reuse_grace,
        )

    def _codes(self, requests: StoredRequests) -> DeviceCodes:
        context = self.context
        return DeviceCodes(
            context.stores.device_authorizations,
            requests,
            context.envelope.derive_all("user codes of devices"),
            context.envelope,
            context.clock,
            context.entropy,
            context.settings.tokens.device_code_lifetime,
        )
