"""The table `webhook_endpoints`, and what the owner of an application does with deliveries."""

from collections.abc import Sequence
from datetime import datetime

from quantimodo.model.app_events import (
    MOST_ENDPOINTS,
    TEST_KIND,
    Delivery,
    DisabledReason,
    WebhookEndpoint,
)
from quantimodo.storage.database import Operation, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader, first_value
from quantimodo.storage.tables.app_events import ADD_STREAM, APP_EVENT
from quantimodo.storage.tables.event_outbox import ADD_EVENT, NEXT_NUMBER, delete_old
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.texts import scope_text, to_scope
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
)

ENDPOINT = RowReader(
    WebhookEndpoint,
    "id",
    "client_id",
    "url",
    Column("kinds", to_scope),
    "sealed_secret",
    Column("created_at", from_micros),
    "sealed_previous",
    Column("previous_until", from_micros_or_none),
    Column("disabled_at", from_micros_or_none),
    "disabled_reason",
    Column("failing_since", from_micros_or_none),
    "dropped",
)
DELIVERY = RowReader(
    Delivery,
    "endpoint_id",
    Part("event", APP_EVENT),
    Column("due_at", from_micros_or_none),
    "attempts",
    Column("tried_at", from_micros_or_none),
    Column("delivered_at", from_micros_or_none),
    "status",
    "cause",
    table="d",
)
_ONE = "id = {1} AND client_id = {2}"
_FIND = Statement(f"SELECT {ENDPOINT.columns} FROM webhook_endpoints WHERE {_ONE}")
_OF_CLIENT = Statement(
    f"SELECT {ENDPOINT.columns} FROM webhook_endpoints WHERE client_id = {{1}}"
    " ORDER BY created_at, id"
)
_LOCK_STREAM = Statement(
    "UPDATE event_streams SET last_number = last_number WHERE client_id = {1} RETURNING client_id"
)
_COUNT = Statement("SELECT count(*) FROM webhook_endpoints WHERE client_id = {1}")
_ADD = Statement(
    "INSERT INTO webhook_endpoints (id, client_id, url, kinds, sealed_secret, created_at)"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6})"
)
_CHANGE = Statement(
    f"UPDATE webhook_endpoints SET url = {{3}}, kinds = {{4}} WHERE {_ONE} RETURNING id"
)
_ROTATE = Statement(
    "UPDATE webhook_endpoints SET sealed_previous = sealed_secret, sealed_secret = {3},"
    f" previous_until = {{4}} WHERE {_ONE} RETURNING id"
)
_ENABLE = Statement(
    "UPDATE webhook_endpoints SET disabled_at = NULL, disabled_reason = '', failing_since = NULL"
    f" WHERE {_ONE} AND disabled_at IS NOT NULL RETURNING id"
)
_DISABLE = Statement(
    "UPDATE webhook_endpoints SET disabled_at = {3}, disabled_reason = {4}"
    f" WHERE {_ONE} AND disabled_at IS NULL RETURNING id"
)
_DELETE = Statement(f"DELETE FROM webhook_endpoints WHERE {_ONE} RETURNING id")
_ADD_DELIVERY = Statement(
    "INSERT INTO webhook_deliveries (endpoint_id, event_id, due_at)"
    " SELECT id, CAST({3} AS BIGINT), CAST({4} AS BIGINT) FROM webhook_endpoints"
    f" WHERE {_ONE}"
)
_DELIVERIES = Statement(
    f"SELECT {DELIVERY.columns} FROM app_events e JOIN webhook_deliveries d"
    " ON d.endpoint_id = {2} AND d.event_id = e.id"
    " WHERE e.client_id = {1} AND e.number < {3} ORDER BY e.number DESC LIMIT {4}"
)


def _replay(condition: str) -> Statement:
    """The statement that makes events due again; a test event only for the endpoint that received
    it."""
    return Statement(
        "INSERT INTO webhook_deliveries (endpoint_id, event_id, due_at)"
        " SELECT w.id, e.id, CAST({3} AS BIGINT) FROM webhook_endpoints w JOIN app_events e"
        f" ON e.client_id = w.client_id WHERE w.id = {{1}} AND w.client_id = {{2}} AND {condition}"
        f" AND (e.kind = '{TEST_KIND}' AND EXISTS (SELECT 1 FROM webhook_deliveries t"
        " WHERE t.endpoint_id = w.id AND t.event_id = e.id)"
        " OR ' ' || w.kinds || ' ' LIKE '% ' || e.kind || ' %')"
        " ON CONFLICT (endpoint_id, event_id) DO UPDATE SET due_at = excluded.due_at,"
        " attempts = 0, delivered_at = NULL, status = 0, cause = '' RETURNING 1"
    )


_REPLAY = _replay("e.number = {4}")
_REPLAY_SINCE = _replay(f"e.at >= {{4}} AND e.kind <> '{TEST_KIND}'")
_NEWEST = 2**63 - 1


class Webhooks(Table):
    """Implements `WebhookStore`."""

    async def add_endpoint(self, endpoint: WebhookEndpoint) -> bool:
        values = (
            endpoint.id,
            endpoint.client_id,
            endpoint.url,
            scope_text(endpoint.kinds),
            endpoint.sealed_secret,
            to_micros(endpoint.created_at),
        )

        def operation() -> Operation[bool]:
            yield ADD_STREAM, (endpoint.client_id,)
            yield _LOCK_STREAM, (endpoint.client_id,)  # concurrent calls count one after the other
            if first_value((yield _COUNT, (endpoint.client_id,))) >= MOST_ENDPOINTS:
                return False
            yield _ADD, values
            return True

        return await self._database.write(operation)

    async def endpoint(self, client_id: str, endpoint_id: str) -> WebhookEndpoint | None:
        return ENDPOINT.read_first(await self._database.rows(_FIND, endpoint_id, client_id))

    async def endpoints_of(self, client_id: str) -> Sequence[WebhookEndpoint]:
        return ENDPOINT.read_all(await self._database.list_rows(_OF_CLIENT, client_id))

    async def change_endpoint(
        self, client_id: str, endpoint_id: str, url: str, kinds: frozenset[str]
    ) -> bool:
        return await self._write(_CHANGE, endpoint_id, client_id, url, scope_text(kinds))

    async def rotate_secret(
        self, client_id: str, endpoint_id: str, sealed: bytes, previous_until: datetime
    ) -> bool:
        until = to_micros(previous_until)
        return await self._write(_ROTATE, endpoint_id, client_id, sealed, until)

    async def enable_endpoint(self, client_id: str, endpoint_id: str) -> bool:
        return await self._write(_ENABLE, endpoint_id, client_id)

    async def disable_endpoint(
        self, client_id: str, endpoint_id: str, at: datetime, reason: DisabledReason
    ) -> bool:
        return await self._write(_DISABLE, endpoint_id, client_id, to_micros(at), reason)

    async def delete_endpoint(self, client_id: str, endpoint_id: str) -> bool:
        return await self._write(_DELETE, endpoint_id, client_id)

    async def add_test_event(self, client_id: str, endpoint_id: str, at: datetime) -> bool:
        moment = to_micros(at)

        def operation() -> Operation[bool]:
            found = ENDPOINT.read_first((yield _FIND, (endpoint_id, client_id)))
            if found is None or found.disabled_at is not None:
                return False
            number = first_value((yield NEXT_NUMBER, (client_id,)))
            added = yield ADD_EVENT, (client_id, number, TEST_KIND, moment, None, "{}")
            yield _ADD_DELIVERY, (endpoint_id, client_id, first_value(added), moment)
            yield from delete_old(client_id, number)
            return True

        return await self._database.write(operation)

    async def deliveries(
        self, client_id: str, endpoint_id: str, limit: int, before: int | None = None
    ) -> Sequence[Delivery]:
        first = _NEWEST if before is None else before
        rows = await self._database.search(_DELIVERIES, client_id, endpoint_id, first, limit)
        return DELIVERY.read_all(rows)

    async def replay(self, client_id: str, endpoint_id: str, number: int, at: datetime) -> bool:
        return await self._write(_REPLAY, endpoint_id, client_id, to_micros(at), number)

    async def replay_since(
        self, client_id: str, endpoint_id: str, since: datetime, at: datetime
    ) -> int:
        values = (endpoint_id, client_id, to_micros(at), to_micros(since))
        return len(await self._database.write(execute(_REPLAY_SINCE, *values)))

    async def _write(self, statement: Statement, *values: object) -> bool:
        """Run the statement; whether it changed a row."""
        return bool(await self._database.write(execute(statement, *values)))
