"""The registry of APIs: the service behind the developer portal and `quantimodo resources`.

What an API may be is decided by `protocol/resource_registration.py`; which clients get tokens for
it, by `protocol/resources.py`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.clients.reserved_names import ReservedNames
from quantimodo.model.events import Event
from quantimodo.model.resources import Resource
from quantimodo.ports.audit import Audit
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.ports.stores import BudgetExceeded, Conflict
from quantimodo.protocol.registration import Fault
from quantimodo.protocol.resource_registration import (
    ResourceRegistration,
    identifier_faults,
    registration_faults,
)

MOST_OWNED: Final = 20


@dataclass(frozen=True, slots=True)
class ResourceRegistry:
    """Registers, changes and deletes APIs. `by_operator` means: not limited to what a person may do
    in the portal. `own` is the identifier of this server's API."""

    own: str
    resources: ResourceStore
    clients: ClientStore
    reserved: ReservedNames
    clock: Clock
    audit: Audit

    async def register(
        self,
        identifier: str,
        registration: ResourceRegistration,
        *,
        owner_id: int | None,
        by_operator: bool = False,
    ) -> Resource:
        """Add an API; one that the operator adds is reviewed. Raises `InvalidMetadata`."""
        faults = [
            *identifier_faults(identifier, self.own, by_operator=by_operator),
            *registration_faults(registration),
        ]
        added = _with(
            Resource(
                id=0,
                identifier=identifier,
                name="",
                created_at=self.clock.now(),
                owner_id=owner_id,
                reviewed=by_operator,
            ),
            registration,
        )
        await self._check(faults, added, by_operator=by_operator)
        try:
            stored = await self.resources.add_resource(added, None if by_operator else MOST_OWNED)
        except Conflict:
            raise InvalidMetadata("identifier", "is registered already") from None
        except BudgetExceeded:
            text = f"you have {MOST_OWNED} APIs already: remove one to register another"
            raise InvalidMetadata("identifier", text) from None
        self._record(stored, "resource.registered", "registered")
        return stored

    async def change(
        self,
        resource: Resource,
        registration: ResourceRegistration,
        *,
        reviewed: bool | None = None,
        by_operator: bool = False,
    ) -> Resource:
        """Replace what was registered. A change that is not the operator's ends the review if it
        changes a text. Raises `InvalidMetadata`, `ChangedMeanwhile`."""
        changed = _with(resource, registration)
        if reviewed is not None and by_operator:
            changed = replace(changed, reviewed=reviewed)
        elif not by_operator and _texts(changed) != _texts(resource):
            changed = replace(changed, reviewed=False)
        faults = list(registration_faults(registration))
        await self._check(faults, changed, by_operator=by_operator)
        if not await self.resources.replace_resource(changed):
            raise ChangedMeanwhile
        self._record(changed, "resource.changed", "changed")
        return replace(changed, revision=resource.revision + 1)

    async def delete(self, resource: Resource) -> None:
        """Delete it: its tokens are inactive at once."""
        if await self.resources.delete_resource(resource):
            self._record(resource, "resource.removed", "removed")

    async def owned(self, owner_id: int) -> Sequence[Resource]:
        """The APIs of this person, by identifier."""
        return await self.resources.resources(owner_id=owner_id)

    async def _check(self, faults: list[Fault], resource: Resource, *, by_operator: bool) -> None:
        faults += await self._client_faults(resource)
        # The first call loads a table: the event loop does not wait for it.
        if not by_operator and await asyncio.to_thread(self.reserved.is_reserved, resource.name):
            faults.append(Fault("name", "looks like a name of this server; choose another"))
        if faults:
            raise InvalidMetadata(faults[0].field, faults[0].message, faults)

    async def _client_faults(self, resource: Resource) -> list[Fault]:
        """The first fault of each list."""
        faults = []
        for client_id in sorted(resource.clients):
            if await self.clients.client(client_id) is None:
                faults.append(Fault("clients", "there is no app with one of these ids"))
                break
        for client_id in sorted(resource.introspected_by):
            client = await self.clients.client(client_id)
            if client is None or client.public or client.owner_id != resource.owner_id:
                text = (
                    "each must be a confidential app of the same owner, which the API signs in as"
                )
                faults.append(Fault("introspected_by", text))
                break
        return faults

    def _record(self, resource: Resource, kind: str, action: str) -> None:
        self.audit.record(
            Event(
                at=self.clock.now(),
                kind=kind,
                user_id=resource.owner_id,
                client_id=None,
                detail=f"API {resource.name}: {action}",
            )
        )


def _with(resource: Resource, registration: ResourceRegistration) -> Resource:
    return replace(
        resource,
        name=registration.name,
        scopes=registration.scopes,
        clients=registration.clients,
        introspected_by=registration.introspected_by,
        token_format=registration.token_format,
        token_lifetime=registration.token_lifetime,
        documentation_uri=registration.documentation_uri,
    )


def _texts(resource: Resource) -> tuple[object, ...]:
    """What people read about it."""
    return resource.name, resource.scopes, resource.documentation_uri
