"""Client credentials grant (RFC 6749 §4.4): an application acts for itself."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from quantimodo.grant_types.contract import MintOwn
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.resources import Resource
from quantimodo.ports.grant_stores import TokenReader
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.protocol import app_events, grant_management, scopes
from quantimodo.protocol.errors import InvalidAuthorizationDetails, InvalidScope, UnauthorizedClient
from quantimodo.protocol.grant_types import ENTRY_OF
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import IDENTITY, Targets, full_names, may_request

_APPLICATION_SCOPES: Final = grant_management.SCOPES | app_events.SCOPES
"""Scopes of an application's own grants and events: no person and no registration grants them."""


@dataclass(frozen=True, slots=True)
class ClientCredentialsGrant:
    """Implements `GrantType`."""

    targets: Targets
    resources: ResourceStore
    entry = ENTRY_OF["client_credentials"]

    async def load(self, form: Form, tokens: TokenReader) -> Resource | None:
        if form.get("resource") is None:
            return None
        others = frozenset(form.all("resource")) - {self.targets.own}
        return await self.resources.resource(min(others)) if others else None

    def decide(
        self,
        form: Form,
        client: Client,
        evidence: Resource | None,
        now: datetime,
        sender_key: Confirmation | None,
    ) -> MintOwn:
        # RFC 6749 §4.4: MUST only be used by confidential clients.
        if client.public:
            raise UnauthorizedClient(
                "a public client cannot use this grant", refusal="public_client_not_allowed"
            )
        if form.get("authorization_details") is not None:
            # RFC 9396 §6.1: the type is about the data of a person, and there is none.
            raise InvalidAuthorizationDetails(
                "authorization_details: the app itself has no health data"
            )
        if form.get("resource") is not None:
            identifiers = form.all("resource")
            available = self._available(client, evidence)
            scope = self.targets.narrow(available, identifiers, form.get("scope"))
            return MintOwn(client, scope)
        allowed = _allowed(client.scope, form.get("scope"))
        if not allowed and form.get("scope") is not None:
            raise InvalidScope(
                "the app may have none of the requested scopes for itself",
                refusal="scope_not_registered",
            )
        return MintOwn(client, allowed)

    def _available(self, client: Client, resource: Resource | None) -> frozenset[str]:
        """What the application may have for itself. No person decides, so an API has to list it."""
        own = client.scope - IDENTITY
        if (
            resource is None
            or client.id not in resource.clients
            or not may_request(client, resource)
        ):
            return own
        return own | full_names(resource, (each.name for each in resource.scopes))


@lru_cache(maxsize=512)
def _allowed(registered: frozenset[str], requested: str | None) -> frozenset[str]:
    """The scope of a token for our API. Raises `InvalidScope` for a malformed one."""
    own = registered - IDENTITY
    if requested is None:
        return own
    # Only where the application names them (Grant Management §6.1).
    managing = frozenset(requested.split(" ")) & _APPLICATION_SCOPES
    rest = " ".join(name for name in requested.split(" ") if name not in managing)
    return (scopes.parse_scope(rest) & own) | managing
