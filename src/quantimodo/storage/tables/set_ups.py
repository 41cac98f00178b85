"""Administrators, clients, resources and settings that are written in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from quantimodo.model.clients import Client
from quantimodo.model.resources import Resource
from quantimodo.model.set_ups import SetUpChanges
from quantimodo.ports.stores import Conflict
from quantimodo.storage.database import Operation
from quantimodo.storage.rows import first_value
from quantimodo.storage.tables import clients, resources, stored_settings
from quantimodo.storage.tables.people_search import ADD_ROLE, remove_role
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.users import insert_user

Owned = TypeVar("Owned", Client, Resource)


class SetUps(Table):
    """Implements `SetUpStore`."""

    async def apply_set_up(self, changes: SetUpChanges) -> Sequence[int]:
        def operation() -> Operation[list[int]]:
            yield from _change_roles(changes)
            people: list[int] = []
            for person in changes.new_people:
                people.append(first_value((yield insert_user(person))))
            for client in changes.new_clients:
                yield from clients.add_rows(_with_owner(client, people))
            for client in changes.changed_clients:
                if not (yield from clients.replace_rows(_with_owner(client, people))):
                    raise Conflict("a client was changed meanwhile")
            for resource in changes.new_resources:
                yield from resources.add_row(_with_owner(resource, people))
            for resource in changes.changed_resources:
                if not (yield from resources.replace_row(_with_owner(resource, people))):
                    raise Conflict("a resource was changed meanwhile")
            if changes.settings is not None:
                yield from stored_settings.write_row(changes.settings)
            return people

        return await self._database.write(operation)


def _change_roles(changes: SetUpChanges) -> Operation[None]:
    for user_id in changes.promoted:
        if not (yield ADD_ROLE, (user_id,)):
            raise Conflict("an account was changed meanwhile")
    for user_id in changes.demoted:
        if not (yield from remove_role(user_id)):
            raise Conflict("no administrator would be left")


def _with_owner(row: Owned, people: Sequence[int]) -> Owned:
    """The row, in which the number of a new person (`SetUpChanges`) is replaced by the person's
    id."""
    owner_id = row.owner_id
    if owner_id is None or owner_id > 0:
        return row
    return replace(row, owner_id=people[-owner_id - 1])
