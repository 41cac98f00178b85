"""The registered APIs that an authorization request names (RFC 8707 §2)."""

from dataclasses import dataclass

from quantimodo.ports.resource_store import ResourceStore
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import NO_RESOURCES, RequestedResources


@dataclass(frozen=True, slots=True)
class ResourceReader:
    """`own` is the identifier of this server's API. Reads nothing without the parameter."""

    own: str
    store: ResourceStore

    async def read(self, form: Form) -> RequestedResources:
        """The APIs that are registered; `validate` refuses the request if another one is named."""
        named = dict.fromkeys(form.all("resource"))
        if not named:
            return NO_RESOURCES
        has_own = self.own in named
        named.pop(self.own, None)
        resources = [await self.store.resource(each) for each in named]
        foreign = tuple(each for each in resources if each is not None)
        return RequestedResources(has_own, foreign, len(foreign) + has_own)
