"""The tables `clients`, `redirect_uris` (an index of the redirect URIs of all clients),
`client_logos` and `localized_logos`. Rows of `clients` are in `client_rows.py`."""

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from quantimodo.model.budgets import Charge
from quantimodo.model.clients import Client, Logo
from quantimodo.protocol.redirects import portless
from quantimodo.storage.database import (
    Call,
    Database,
    KeyedRead,
    Operation,
    Row,
    Statement,
    execute,
)
from quantimodo.storage.rows import Part, RowReader, UnreadColumn
from quantimodo.storage.tables.budgets import BudgetChecks, BudgetedTable
from quantimodo.storage.tables.client_rows import CLIENT, CLIENT_COLUMNS, client_bytes, client_row
from quantimodo.storage.tables.client_teams import check_owned
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import to_micros, to_micros_or_none

T = TypeVar("T")


class _LocalizedLogo(NamedTuple):
    language: str
    logo: Logo


_BY_ID = KeyedRead(f"SELECT {CLIENT.columns} FROM clients WHERE id")
_VERSION = KeyedRead("SELECT id, revision, created_at, disabled_at FROM clients WHERE id")
_PAGE = Statement(f"SELECT {CLIENT.columns} FROM clients WHERE id > {{1}} ORDER BY id LIMIT {{2}}")
_PAGE_OF_OWNER = Statement(
    f"SELECT {CLIENT.columns} FROM clients WHERE owner_id = {{3}} AND id > {{1}}"
    " ORDER BY id LIMIT {2}"
)
_BY_REDIRECT_URI = Statement(
    f"SELECT {CLIENT.columns} FROM clients WHERE disabled_at IS NULL AND id IN"
    " (SELECT client_id FROM redirect_uris WHERE uri = {1})"
    " ORDER BY created_at, id LIMIT {2}"
)
_FIRST_PARTY_NAMES = Statement(
    "SELECT name FROM clients WHERE first_party = 1 ORDER BY name LIMIT {1}"
)
_ADD_REDIRECT_URI = Statement("INSERT INTO redirect_uris (uri, client_id) VALUES ({1}, {2})")
_DELETE_REDIRECT_URIS = Statement("DELETE FROM redirect_uris WHERE client_id = {1}")
_NUMBERED = tuple(enumerate(CLIENT_COLUMNS, 1))
_ADD = Statement(
    f"INSERT INTO clients ({', '.join(CLIENT_COLUMNS)})"
    f" VALUES ({', '.join(f'{{{n}}}' for n, _ in _NUMBERED)})"
)
_REPLACE = Statement(
    "UPDATE clients SET revision = revision + 1, "
    + ", ".join(f"{name} = {{{n}}}" for n, name in _NUMBERED if name not in ("id", "revision"))
    + " WHERE id = {1} AND revision = {2} RETURNING id"
)
_ADD_UNUSED = Statement(
    "INSERT INTO unused_clients (client_id, expires_at, network, row_bytes, stored_bytes)"
    " VALUES ({1}, {2}, {3}, {4}, {4})"
)
_PICTURES = (
    "COALESCE((SELECT LENGTH(data) FROM client_logos l WHERE l.client_id = {1}), 0)"
    " + COALESCE((SELECT SUM(LENGTH(data)) FROM localized_logos l WHERE l.client_id = {1}), 0)"
)
# The network address that last changed a client is charged for it.
_RECHARGE = Statement(
    "UPDATE unused_clients SET network = {2}, row_bytes = COALESCE({3}, row_bytes),"
    f" stored_bytes = COALESCE({{3}}, row_bytes) + {_PICTURES} WHERE client_id = {{1}}",
    postgres="UPDATE unused_clients SET network = {2},"
    " row_bytes = COALESCE(CAST({3} AS BIGINT), row_bytes),"
    f" stored_bytes = COALESCE(CAST({{3}} AS BIGINT), row_bytes) + {_PICTURES}"
    " WHERE client_id = {1}",
)
_UNUSED = BudgetedTable(
    "unused_clients",
    key="client_id",
    order="expires_at, client_id",
    # A client with a consent is not deleted, and counts.
    evictable="NOT EXISTS (SELECT 1 FROM consents c WHERE c.client_id = unused_clients.client_id)",
    source=("clients", "id"),
)
_DELETE = Statement("DELETE FROM clients WHERE id = {1} RETURNING id")
_LOGO = RowReader(Logo, UnreadColumn("client_id"), "media_type", "data")
_FIND_LOGO = KeyedRead(f"SELECT {_LOGO.columns} FROM client_logos WHERE client_id")
_DELETE_LOGO = Statement("DELETE FROM client_logos WHERE client_id = {1}")
_ADD_LOGO = Statement(
    "INSERT INTO client_logos (client_id, media_type, data) VALUES ({1}, {2}, {3})"
)
_LOCALIZED = RowReader(
    _LocalizedLogo, "language", Part("logo", RowReader(Logo, "media_type", "data"))
)
_OF_CLIENT = Statement(f"SELECT {_LOCALIZED.columns} FROM localized_logos WHERE client_id = {{1}}")
_DELETE_LOCALIZED = Statement("DELETE FROM localized_logos WHERE client_id = {1}")
_ADD_LOCALIZED = Statement(
    "INSERT INTO localized_logos (client_id, language, media_type, data)"
    " VALUES ({1}, {2}, {3}, {4})"
)


_MOST_CACHED = 4096  # clients


def _index_redirect_uris(client: Client) -> Generator[Call, Sequence[Row], None]:
    # A metadata document can name any redirect URI: social sign-in must not treat it as registered.
    uris = () if client.document_host else client.redirect_uris
    for uri in dict.fromkeys(map(portless, uris)):
        yield _ADD_REDIRECT_URI, (uri, client.id)


def add_rows(client: Client) -> Operation[None]:
    """The part of an operation that adds a client."""
    yield _ADD, client_row(client)
    yield from _index_redirect_uris(client)


def replace_rows(client: Client) -> Operation[bool]:
    """The part of an operation that replaces a client whose revision is still the same."""
    replaced = yield _REPLACE, client_row(client)
    if replaced:
        yield _DELETE_REDIRECT_URIS, (client.id,)
        yield from _index_redirect_uris(client)
    return bool(replaced)


class Clients(Table):
    """Implements `ClientStore`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._cached: dict[Row, Client] = {}
        self._registration_budget = BudgetChecks(_UNUSED)

    async def client(self, client_id: str) -> Client | None:
        # Each call reads the version of the client, so no cached value is ever stale. The whole row
        # is read when no value of that version is cached.
        version = await self._database.one(_VERSION, client_id)
        if version is None:
            return None
        version = tuple(version)
        cached = self._cached.get(version)
        if cached is None:
            row = await self._database.one(_BY_ID, client_id)
            cached = None if row is None else self._cache(CLIENT.read(row))
        return cached

    def _cache(self, client: Client) -> Client:
        if len(self._cached) >= _MOST_CACHED:
            self._cached.clear()
        created_at, disabled_at = client.created_at, client.disabled_at
        version = (
            client.id,
            client.revision,
            to_micros(created_at),
            to_micros_or_none(disabled_at),
        )
        self._cached[version] = client
        return client

    async def clients(
        self, *, owner_id: int | None = None, after: str = "", limit: int = 100
    ) -> Sequence[Client]:
        if owner_id is None:
            rows = await self._database.list_rows(_PAGE, after, limit)
        else:
            rows = await self._database.list_rows(_PAGE_OF_OWNER, after, limit, owner_id)
        return CLIENT.read_all(rows)

    async def clients_by_redirect_uri(
        self, redirect_uri: str, *, limit: int = 2
    ) -> Sequence[Client]:
        rows = await self._database.rows(_BY_REDIRECT_URI, portless(redirect_uri), limit)
        return CLIENT.read_all(rows)

    async def first_party_names(self, *, limit: int = 1000) -> Sequence[str]:
        return [name for (name,) in await self._database.list_rows(_FIRST_PARTY_NAMES, limit)]

    async def add_client(
        self,
        client: Client,
        delete_if_unused_at: datetime | None = None,
        charge: Charge | None = None,
        most_owned: int | None = None,
    ) -> None:
        size = client_bytes(client)

        def operation() -> Operation[None]:
            if client.owner_id is not None and most_owned is not None:
                yield from check_owned(client.owner_id, client.id, most_owned)
            yield from add_rows(client)
            if delete_if_unused_at is not None:
                network = None if charge is None else charge.network
                yield _ADD_UNUSED, (client.id, to_micros(delete_if_unused_at), network, size)

        await self._charged(operation, charge, size)

    async def replace_client(self, client: Client, charge: Charge | None = None) -> bool:
        size = client_bytes(client)

        def operation() -> Operation[bool]:
            replaced = yield from replace_rows(client)
            if replaced and charge is not None:
                yield _RECHARGE, (client.id, charge.network, size)
            return replaced

        return await self._charged(operation, charge, size)

    async def _charged(
        self, operation: Callable[[], Operation[T]], charge: Charge | None, size: int
    ) -> T:
        if charge is None:
            return await self._database.write(operation)
        budget = self._registration_budget
        return await budget.write(charge, size, operation, self._database.write)

    async def delete_client(self, client_id: str) -> bool:
        # Foreign keys delete consents, logo and redirect URIs. Reads of codes and tokens join the
        # client, so they find none.
        return bool(await self._database.write(execute(_DELETE, client_id)))

    async def logo(self, client_id: str) -> Logo | None:
        return _LOGO.read_found(await self._database.one(_FIND_LOGO, client_id))

    async def localized_logos(self, client_id: str) -> Mapping[str, Logo]:
        rows = await self._database.list_rows(_OF_CLIENT, client_id)
        return dict(_LOCALIZED.read_all(rows))

    async def set_logo(
        self,
        client_id: str,
        logo: Logo | None,
        charge: Charge | None = None,
        localized: Mapping[str, Logo] | None = None,
    ) -> None:
        def operation() -> Operation[None]:
            yield _DELETE_LOGO, (client_id,)
            if logo is not None:
                yield _ADD_LOGO, (client_id, logo.media_type, logo.data)
            if localized is not None:
                yield _DELETE_LOCALIZED, (client_id,)
                for language, each in sorted(localized.items()):
                    yield _ADD_LOCALIZED, (client_id, language, each.media_type, each.data)
            if charge is not None:
                yield _RECHARGE, (client_id, charge.network, None)

        pictures = [*([] if logo is None else [logo]), *(localized or {}).values()]
        await self._charged(operation, charge, sum(len(each.data) for each in pictures))
