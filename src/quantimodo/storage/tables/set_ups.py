"""Clients and resources that are written in one transaction."""

from quantimodo.model.set_ups import SetUpChanges
from quantimodo.ports.stores import Conflict
from quantimodo.storage.database import Operation
from quantimodo.storage.tables import clients, resources
from quantimodo.storage.tables.table import Table


class SetUps(Table):
    """Implements `SetUpStore`."""

    async def write_set_up(self, changes: SetUpChanges) -> None:
        def operation() -> Operation[None]:
            for client in changes.new_clients:
                yield from clients.add_rows(client)
            for client in changes.changed_clients:
                if not (yield from clients.replace_rows(client)):
                    raise Conflict("a client was changed meanwhile")
            for resource in changes.new_resources:
                yield from resources.add_row(resource)
            for resource in changes.changed_resources:
                if not (yield from resources.replace_row(resource)):
                    raise Conflict("a resource was changed meanwhile")

        await self._database.write(operation)
