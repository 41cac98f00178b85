"""The table `webhook_deliveries`: what is due to which endpoint, and the results of attempts."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from quantimodo.model.app_events import Attempt, Delivery, WebhookEndpoint
from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.rows import first_value
from quantimodo.storage.tables.table import Table
from quantimodo.storage.tables.webhooks import DELIVERY, ENDPOINT
from quantimodo.storage.timestamps import from_micros, to_micros, to_micros_or_none

_LIVE = (
    "w.disabled_at IS NULL AND EXISTS (SELECT 1 FROM clients c WHERE c.id = w.client_id"
    " AND c.disabled_at IS NULL)"
)
_DUE_ENDPOINTS = Statement(
    f"SELECT w.id, w.client_id FROM webhook_endpoints w WHERE w.id > {{2}} AND {_LIVE}"
    " AND EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = w.id"
    " AND d.due_at <= {1}) ORDER BY w.id LIMIT {3}"
)
_FIND_ENDPOINT = Statement(
    f"SELECT {ENDPOINT.columns} FROM webhook_endpoints w WHERE w.id = {{1}} AND {_LIVE}"
)
_DUE = (
    "SELECT event_id FROM webhook_deliveries WHERE endpoint_id = {1} AND due_at <= {2}"
    " ORDER BY due_at, event_id LIMIT {4}"
)
_CLAIM = Statement(
    "UPDATE webhook_deliveries SET due_at = {3}, attempts = attempts + 1"
    f" WHERE endpoint_id = {{1}} AND event_id IN ({_DUE}) RETURNING event_id",
    # Each sender claims rows that no other has locked. MATERIALIZED: they are chosen once only.
    postgres=f"WITH due AS MATERIALIZED ({_DUE} FOR UPDATE SKIP LOCKED)"
    " UPDATE webhook_deliveries d SET due_at = {3}, attempts = d.attempts + 1 FROM due"
    " WHERE d.endpoint_id = {1} AND d.event_id = due.event_id RETURNING d.event_id",
)
_CLAIMED = Statement(
    f"SELECT {DELIVERY.columns} FROM webhook_deliveries d JOIN app_events e ON e.id = d.event_id"
    " WHERE d.endpoint_id = {1} AND d.event_id = {2}"
)
# Has no effect for a sender whose lease has ended: the next sender has counted another attempt.
_SAME_ATTEMPT = "endpoint_id = {1} AND event_id = {2} AND attempts = {3} AND due_at IS NOT NULL"
_RECORD_DELIVERED = Statement(
    "UPDATE webhook_deliveries SET due_at = NULL, delivered_at = {4}, tried_at = {4},"
    f" status = {{5}}, cause = '' WHERE {_SAME_ATTEMPT} RETURNING 1"
)
_RECORD_FAILED = Statement(
    "UPDATE webhook_deliveries SET due_at = {6}, tried_at = {4}, status = {5}, cause = {7}"
    f" WHERE {_SAME_ATTEMPT} RETURNING 1"
)
_CLEAR_FAILING = Statement(
    "UPDATE webhook_endpoints SET failing_since = NULL WHERE id = {1} AND failing_since IS NOT NULL"
)
_MARK_FAILING = Statement(
    "UPDATE webhook_endpoints SET failing_since = COALESCE(failing_since, {2}) WHERE id = {1}"
    " RETURNING failing_since"
)


class WebhookDeliveries(Table):
    """Implements `DeliveryQueue`."""

    async def due_endpoints(
        self, at: datetime, after: str, limit: int
    ) -> Sequence[tuple[str, str]]:
        rows = await self._database.search(_DUE_ENDPOINTS, to_micros(at), after, limit)
        return [(endpoint_id, client_id) for endpoint_id, client_id in rows]

    async def claim_deliveries(
        self, endpoint_id: str, at: datetime, lease: timedelta, limit: int
    ) -> tuple[WebhookEndpoint, Sequence[Delivery]] | None:
        values = (endpoint_id, to_micros(at), to_micros(at + lease), limit)

        def operation() -> Operation[tuple[WebhookEndpoint, Sequence[Delivery]] | None]:
            endpoint = ENDPOINT.read_first((yield _FIND_ENDPOINT, (endpoint_id,)))
            if endpoint is None:
                return None
            claimed: list[Delivery] = []
            for (event_id,) in sorted((yield _CLAIM, values)):
                claimed += DELIVERY.read_all((yield _CLAIMED, (endpoint_id, event_id)))
            return (endpoint, claimed) if claimed else None

        return await self._database.write(operation)

    async def record_delivered(self, attempt: Attempt) -> None:
        values = (*_key(attempt), to_micros(attempt.at), attempt.status)

        def operation() -> Operation[None]:
            if (yield _RECORD_DELIVERED, values):
                yield _CLEAR_FAILING, (attempt.endpoint_id,)

        await self._database.write(operation)

    async def record_failed(self, attempt: Attempt) -> datetime | None:
        moment = to_micros(attempt.at)
        retry_at = to_micros_or_none(attempt.retry_at)
        values = (*_key(attempt), moment, attempt.status, retry_at, attempt.cause)

        def operation() -> Operation[datetime | None]:
            if not (yield _RECORD_FAILED, values):
                return None
            since = first_value((yield _MARK_FAILING, (attempt.endpoint_id, moment)))
            return None if since is None else from_micros(since)

        return await self._database.write(operation)


def _key(attempt: Attempt) -> tuple[str, int, int]:
    return attempt.endpoint_id, attempt.event_id, attempt.attempts
