"""The tables `clients`, `redirect_uris` (the index over what clients registered) and
`client_logos`."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from quantimodo.model.budgets import Charge
from quantimodo.model.client_metadata import BARE, ClientMetadata
from quantimodo.model.clients import Client, Logo, SecretDigest
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
from quantimodo.storage.tables.budgets import BudgetChecks, BudgetedTable, stored_bytes
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)

T = TypeVar("T")

_COLUMNS = (
    "id, revision, owner_id, name, description, homepage_uri, policy_uri, tos_uri, redirect_uris,"
    " scope, grant_types, response_types, public, strict, first_party, resource_server,"
    " token_format, id_token_alg, secret, previous_secret, previous_secret_expires_at, created_at,"
    " disabled_at, metadata, sealed_secret, registration_digest"
)
_PLACES = ", ".join(f"{{{n}}}" for n in range(1, 27))
_BY_ID = KeyedRead(f"SELECT {_COLUMNS} FROM clients WHERE id")
_VERSION = KeyedRead("SELECT id, revision, created_at, disabled_at FROM clients WHERE id")
_PAGE = Statement(f"SELECT {_COLUMNS} FROM clients WHERE id > {{1}} ORDER BY id LIMIT {{2}}")
_PAGE_OF_OWNER = Statement(
    f"SELECT {_COLUMNS} FROM clients WHERE owner_id = {{3}} AND id > {{1}} ORDER BY id LIMIT {{2}}"
)
_BY_REDIRECT_URI = Statement(
    f"SELECT {_COLUMNS} FROM clients WHERE disabled_at IS NULL AND id IN"
    " (SELECT client_id FROM redirect_uris WHERE uri = {1})"
    " ORDER BY created_at, id LIMIT {2}"
)
_FIRST_PARTY_NAMES = Statement(
    "SELECT name FROM clients WHERE first_party = 1 ORDER BY name LIMIT {1}"
)
_ADD_REDIRECT_URI = Statement("INSERT INTO redirect_uris (uri, client_id) VALUES ({1}, {2})")
_DROP_REDIRECT_URIS = Statement("DELETE FROM redirect_uris WHERE client_id = {1}")
_ADD = Statement(f"INSERT INTO clients ({_COLUMNS}) VALUES ({_PLACES})")
_REPLACE = Statement(
    "UPDATE clients SET revision = revision + 1, owner_id = {3}, name = {4}, description = {5},"
    " homepage_uri = {6}, policy_uri = {7}, tos_uri = {8}, redirect_uris = {9}, scope = {10},"
    " grant_types = {11}, response_types = {12}, public = {13}, strict = {14},"
    " first_party = {15}, resource_server = {16}, token_format = {17}, id_token_alg = {18},"
    " secret = {19}, previous_secret = {20}, previous_secret_expires_at = {21}, created_at = {22},"
    " disabled_at = {23}, metadata = {24}, sealed_secret = {25}, registration_digest = {26}"
    " WHERE id = {1} AND revision = {2} RETURNING id"
)
_ADD_UNPROVEN = Statement(
    "INSERT INTO unused_clients (client_id, expires_at, network, row_bytes, stored_bytes)"
    " VALUES ({1}, {2}, {3}, {4}, {4})"
)
# The network address that changes a row is charged for it from then on.
_RECHARGE = Statement(
    "UPDATE unused_clients SET network = {2}, row_bytes = COALESCE({3}, row_bytes),"
    " stored_bytes = COALESCE({3}, row_bytes) + COALESCE((SELECT LENGTH(data) FROM client_logos l"
    " WHERE l.client_id = {1}), 0) WHERE client_id = {1}",
    postgres="UPDATE unused_clients SET network = {2},"
    " row_bytes = COALESCE(CAST({3} AS BIGINT), row_bytes),"
    " stored_bytes = COALESCE(CAST({3} AS BIGINT), row_bytes) + COALESCE((SELECT LENGTH(data)"
    " FROM client_logos l WHERE l.client_id = {1}), 0) WHERE client_id = {1}",
)
_UNPROVEN = BudgetedTable(
    "unused_clients",
    key="client_id",
    order="expires_at, client_id",
    # A client with a consent stays, and counts.
    evictable="NOT EXISTS (SELECT 1 FROM consents c WHERE c.client_id = unused_clients.client_id)",
    source=("clients", "id"),
)
_DELETE = Statement("DELETE FROM clients WHERE id = {1} RETURNING id")
_LOGO = KeyedRead("SELECT client_id, media_type, data FROM client_logos WHERE client_id")
_DROP_LOGO = Statement("DELETE FROM client_logos WHERE client_id = {1}")
_ADD_LOGO = Statement(
    "INSERT INTO client_logos (client_id, media_type, data) VALUES ({1}, {2}, {3})"
)


_MOST_KNOWN = 4096  # clients whose value is kept


def _join(words: frozenset[str]) -> str:
    return "\n".join(sorted(words))


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


def _to_client(row: Row) -> Client:
    secret, previous = row[18], row[19]
    return Client(
        id=row[0],
        revision=row[1],
        owner_id=row[2],
        name=row[3],
        description=row[4],
        homepage_uri=row[5],
        policy_uri=row[6],
        tos_uri=row[7],
        redirect_uris=_split(row[8]),
        scope=frozenset(_split(row[9])),
        grant_types=frozenset(_split(row[10])),
        response_types=frozenset(_split(row[11])),
        public=bool(row[12]),
        strict=bool(row[13]),
        first_party=bool(row[14]),
        resource_server=bool(row[15]),
        token_format=row[16],
        id_token_alg=row[17],
        secret=None if secret is None else SecretDigest(secret),
        previous_secret=(
            None if previous is None else SecretDigest(previous, from_micros_or_none(row[20]))
        ),
        created_at=from_micros(row[21]),
        disabled_at=from_micros_or_none(row[22]),
        metadata=_read_metadata(row[23]),
        sealed_secret=row[24],
        registration_digest=row[25],
    )


def _to_row(client: Client) -> tuple[Any, ...]:
    previous = client.previous_secret
    return (
        client.id,
        client.revision,
        client.owner_id,
        client.name,
        client.description,
        client.homepage_uri,
        client.policy_uri,
        client.tos_uri,
        "\n".join(client.redirect_uris),
        _join(client.scope),
        _join(client.grant_types),
        _join(client.response_types),
        int(client.public),
        int(client.strict),
        int(client.first_party),
        int(client.resource_server),
        client.token_format,
        client.id_token_alg,
        None if client.secret is None else client.secret.digest,
        None if previous is None else previous.digest,
        None if previous is None else to_micros_or_none(previous.expires_at),
        to_micros(client.created_at),
        to_micros_or_none(client.disabled_at),
        _write_metadata(client.metadata),
        client.sealed_secret,
        client.registration_digest,
    )


def _row_bytes(client: Client) -> int:
    """With the index of its redirect URIs, which holds them once more."""
    return stored_bytes(_to_row(client)) + sum(
        stored_bytes((uri, client.id)) for uri in client.redirect_uris
    )


def _write_metadata(metadata: ClientMetadata) -> str:
    """As JSON, without what is as if not given: one that gave nothing costs nothing."""
    given = {
        field.name: value
        for field in fields(metadata)
        if (value := getattr(metadata, field.name)) != getattr(BARE, field.name)
    }
    return msgspec.json.encode(given).decode()


def _read_metadata(text: str) -> ClientMetadata:
    return BARE if text == "{}" else msgspec.json.decode(text, type=ClientMetadata)


def _indexing(client: Client) -> Generator[Call, Sequence[Row], None]:
    for uri in dict.fromkeys(map(portless, client.redirect_uris)):
        yield _ADD_REDIRECT_URI, (uri, client.id)


class Clients(Table):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._known: dict[Row, Client] = {}
        self._registration_budget = BudgetChecks(_UNPROVEN)

    async def client(self, client_id: str) -> Client | None:
        # Every token request reads which version of its client there is, so nothing is ever
        # stale; the whole row is read only when that version is new here.
        version = await self._database.one(_VERSION, client_id)
        if version is None:
            return None
        version = tuple(version)
        known = self._known.get(version)
        if known is None:
            row = await self._database.one(_BY_ID, client_id)
            known = None if row is None else self._remember(_to_client(row))
        return known

    def _remember(self, client: Client) -> Client:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        created_at, disabled_at = client.created_at, client.disabled_at
        version = (
            client.id,
            client.revision,
            to_micros(created_at),
            to_micros_or_none(disabled_at),
        )
        self._known[version] = client
        return client

    async def clients(
        self, *, owner_id: int | None = None, after: str = "", limit: int = 100
    ) -> Sequence[Client]:
        if owner_id is None:
            rows = await self._database.list_rows(_PAGE, after, limit)
        else:
            rows = await self._database.list_rows(_PAGE_OF_OWNER, after, limit, owner_id)
        return [_to_client(row) for row in rows]

    async def clients_by_redirect_uri(
        self, redirect_uri: str, *, limit: int = 2
    ) -> Sequence[Client]:
        rows = await self._database.rows(_BY_REDIRECT_URI, portless(redirect_uri), limit)
        return [_to_client(row) for row in rows]

    async def first_party_names(self, *, limit: int = 1000) -> Sequence[str]:
        return [row[0] for row in await self._database.list_rows(_FIRST_PARTY_NAMES, limit)]

    async def add_client(
        self,
        client: Client,
        delete_if_unused_at: datetime | None = None,
        charge: Charge | None = None,
    ) -> None:
        row, size = _to_row(client), _row_bytes(client)

        def operation() -> Operation[None]:
            yield _ADD, row
            yield from _indexing(client)
            if delete_if_unused_at is not None:
                network = None if charge is None else charge.network
                yield _ADD_UNPROVEN, (client.id, to_micros(delete_if_unused_at), network, size)

        await self._charged(operation, charge, size)

    async def replace_client(self, client: Client, charge: Charge | None = None) -> bool:
        row, size = _to_row(client), _row_bytes(client)

        def operation() -> Operation[bool]:
            replaced = yield _REPLACE, row
            if replaced:
                yield _DROP_REDIRECT_URIS, (client.id,)
                yield from _indexing(client)
                if charge is not None:
                    yield _RECHARGE, (client.id, charge.network, size)
            return bool(replaced)

        return await self._charged(operation, charge, size)

    async def _charged(
        self, operation: Callable[[], Operation[T]], charge: Charge | None, size: int
    ) -> T:
        if charge is None:
            return await self._database.write(operation)
        budget = self._registration_budget
        return await budget.write(charge, size, operation, self._database.write)

    async def delete_client(self, client_id: str) -> bool:
        # Consents, logo and index go by foreign key; codes and tokens join the client and are dead.
        return bool(await self._database.write(execute(_DELETE, client_id)))

    async def logo(self, client_id: str) -> Logo | None:
        row = await self._database.one(_LOGO, client_id)
        return None if row is None else Logo(row[1], bytes(row[2]))

    async def set_logo(
        self, client_id: str, logo: Logo | None, charge: Charge | None = None
    ) -> None:
        def operation() -> Operation[None]:
            yield _DROP_LOGO, (client_id,)
            if logo is not None:
                yield _ADD_LOGO, (client_id, logo.media_type, logo.data)
            if charge is not None:
                yield _RECHARGE, (client_id, charge.network, None)

        await self._charged(operation, charge, 0 if logo is None else len(logo.data))
