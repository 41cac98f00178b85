"""The grants for which an application polls, one line each: what they add to the interactive flow
and to the token endpoint."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from quantimodo.app.composition.device_grant import DeviceGrant
from quantimodo.app.composition.services import AppContext
from quantimodo.authorization.interactions import PolledChannels
from quantimodo.authorization.requested_resources import ResourceReader
from quantimodo.authorization.stored_requests import StoredRequests
from quantimodo.grant_types.contract import GrantType
from quantimodo.http.messages import Endpoint
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute


class PolledGrant(Protocol):
    """Builds the parts of one such grant."""

    def channels(self) -> PolledChannels:
        """The response channels of its requests."""

    def endpoints(
        self, requests: StoredRequests, resources: ResourceReader
    ) -> Mapping[str, Endpoint]:
        """The endpoints at which an application begins, by their names in
        `protocol/endpoints.py`."""

    def routes(self, page_context: PageContext, requests: StoredRequests) -> Sequence[PageRoute]:
        """The routes of the pages on which a person confirms a request."""

    def grant_type(self) -> GrantType[Any]:
        """The grant type that redeems its codes."""


def polled_grants(context: AppContext) -> Sequence[PolledGrant]:
    """All of them."""
    return (DeviceGrant(context),)
