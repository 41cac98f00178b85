"""Registered APIs. The promises of `stores.py` hold here too."""

from collections.abc import Sequence
from typing import Protocol

from quantimodo.model.resources import Resource


class ResourceStore(Protocol):
    async def resource(self, identifier: str) -> Resource | None:
        """The one with exactly this identifier."""

    async def resources(self, *, owner_id: int | None = None) -> Sequence[Resource]:
        """At most 1000 APIs by identifier, ascending; of one owner, or all."""

    async def add_resource(self, resource: Resource, most_owned: int | None = None) -> Resource:
        """Add it, and return it with its id. Raises `Conflict` when the identifier is taken, and
        `BudgetExceeded` when its owner has `most_owned` already, also of concurrent calls."""

    async def replace_resource(self, resource: Resource) -> bool:
        """Replace the row, but not its identifier, if its revision still is `resource.revision`,
        and count that up."""

    async def delete_resource(self, resource: Resource) -> bool:
        """Delete it, whatever its revision: no token is issued for it, and all of its tokens are
        inactive. One that was registered with the same identifier meanwhile is not deleted."""
