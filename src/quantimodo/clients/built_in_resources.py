"""Resources that are a part of this server beside the measurements API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from quantimodo.model.clients import TokenFormat
from quantimodo.model.resources import BUILT_IN, Resource, ResourceScope
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.protocol.discovery import MCP
from quantimodo.protocol.scopes import SCOPE_OF_ACTION, SCOPES

_FORMAT: Final[TokenFormat] = "opaque"


def agents_api(issuer: str) -> Resource:
    """The resource for agents. Its tokens are opaque, and no client gets one for itself."""
    return Resource(
        id=BUILT_IN,
        identifier=issuer + MCP,
        name="MCP server",
        created_at=datetime(1970, 1, 1, tzinfo=UTC),
        scopes=tuple(
            ResourceScope(name, SCOPES[name].title, SCOPES[name].description)
            for name in SCOPE_OF_ACTION.values()
        ),
        token_format=_FORMAT,
        reviewed=True,
    )


@dataclass(frozen=True, slots=True)
class ResourcesWithBuiltIn:
    """Implements `ResourceStore`, and finds these resources too, by their identifiers. They are not
    listed and cannot be changed."""

    store: ResourceStore
    built_in: Mapping[str, Resource]

    async def resource(self, identifier: str) -> Resource | None:
        return self.built_in.get(identifier) or await self.store.resource(identifier)

    async def resources(self, *, owner_id: int | None = None) -> Sequence[Resource]:
        return await self.store.resources(owner_id=owner_id)

    async def add_resource(self, resource: Resource, most_owned: int | None = None) -> Resource:
        return await self.store.add_resource(resource, most_owned)

    async def replace_resource(self, resource: Resource) -> bool:
        return await self.store.replace_resource(resource)

    async def delete_resource(self, resource: Resource) -> bool:
        return await self.store.delete_resource(resource)
