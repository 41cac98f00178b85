"""The table `resources`: registered APIs."""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

import msgspec

from quantimodo.model.resources import Resource, ResourceScope
from quantimodo.ports.stores import BudgetExceeded
from quantimodo.storage.database import KeyedRead, Operation, Statement, execute
from quantimodo.storage.rows import Column, RowReader, first_value
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.texts import scope_text, to_scope
from quantimodo.storage.tables.users import LOCK_PERSON
from quantimodo.storage.timestamps import from_micros, to_micros


@lru_cache(maxsize=256)
def _to_scopes(text: str) -> tuple[ResourceScope, ...]:
    return tuple(msgspec.json.decode(text, type=list[ResourceScope]))


def _to_lifetime(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


_FIELDS = (
    "id",
    Column("name"),
    Column("created_at", from_micros),
    "owner_id",
    Column("scopes", _to_scopes),
    Column("clients", to_scope),
    Column("introspected_by", to_scope),
    "token_format",
    Column("token_lifetime", _to_lifetime),
    "documentation_uri",
    Column("reviewed", bool),
    "revision",
)
_RESOURCE = RowReader(Resource, "identifier", *_FIELDS, cache=256)
_FIND = KeyedRead(f"SELECT {_RESOURCE.columns} FROM resources WHERE identifier")
_ALL = Statement(f"SELECT {_RESOURCE.columns} FROM resources ORDER BY identifier LIMIT 1000")
_OF_OWNER = Statement(
    f"SELECT {_RESOURCE.columns} FROM resources WHERE owner_id = {{1}}"
    " ORDER BY identifier LIMIT 1000"
)
_NUMBER = Statement("SELECT count(*) FROM resources WHERE owner_id = {1}")
_STORED = (
    "identifier",
    "revision",
    "owner_id",
    "name",
    "scopes",
    "clients",
    "introspected_by",
    "token_format",
    "token_lifetime",
    "documentation_uri",
    "reviewed",
    "created_at",
)
_NUMBERED = tuple(enumerate(_STORED, 1))
_ADD = Statement(
    f"INSERT INTO resources ({', '.join(_STORED)})"
    f" VALUES ({', '.join(f'{{{n}}}' for n, _ in _NUMBERED)}) RETURNING {_RESOURCE.columns}"
)
_REPLACE = Statement(
    "UPDATE resources SET revision = revision + 1, "
    + ", ".join(f"{name} = {{{n}}}" for n, name in _NUMBERED[2:-1])
    + " WHERE identifier = {1} AND revision = {2} AND created_at = {12} RETURNING id"
)
_DELETE = Statement("DELETE FROM resources WHERE identifier = {1} AND id = {2} RETURNING id")


def add_row(resource: Resource) -> Operation[Resource]:
    """The part of an operation that adds a resource; with its id."""
    (added,) = yield _ADD, _values(resource)
    return _RESOURCE.read(added)


def replace_row(resource: Resource) -> Operation[bool]:
    """The part of an operation that replaces a resource whose revision is still the same."""
    return bool((yield _REPLACE, _values(resource)))


class Resources(Table):
    """Implements `ResourceStore`."""

    async def resource(self, identifier: str) -> Resource | None:
        return _RESOURCE.read_found(await self._database.one(_FIND, identifier))

    async def resources(self, *, owner_id: int | None = None) -> Sequence[Resource]:
        if owner_id is None:
            return _RESOURCE.read_all(await self._database.list_rows(_ALL))
        return _RESOURCE.read_all(await self._database.list_rows(_OF_OWNER, owner_id))

    async def add_resource(self, resource: Resource, most_owned: int | None = None) -> Resource:
        def operation() -> Operation[Resource]:
            if resource.owner_id is not None and most_owned is not None:
                yield LOCK_PERSON, (resource.owner_id,)
                if first_value((yield _NUMBER, (resource.owner_id,))) >= most_owned:
                    raise BudgetExceeded("this owner has the most resources that are allowed")
            return (yield from add_row(resource))

        return await self._database.write(operation)

    async def replace_resource(self, resource: Resource) -> bool:
        return await self._database.write(partial(replace_row, resource))

    async def delete_resource(self, resource: Resource) -> bool:
        deleted = execute(_DELETE, resource.identifier, resource.id)
        return bool(await self._database.write(deleted))


def _values(resource: Resource) -> tuple[Any, ...]:
    lifetime = resource.token_lifetime
    return (
        resource.identifier,
        resource.revision,
        resource.owner_id,
        resource.name,
        msgspec.json.encode(resource.scopes).decode(),
        scope_text(resource.clients),
        scope_text(resource.introspected_by),
        resource.token_format,
        None if lifetime is None else int(lifetime.total_seconds()),
        resource.documentation_uri,
        int(resource.reviewed),
        to_micros(resource.created_at),
    )
