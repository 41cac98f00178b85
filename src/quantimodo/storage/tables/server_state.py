"""The tables `last_backup`, `provider_outcomes` and `token_minutes`; and the state of the queues.

Nothing here is read or written by a request.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from quantimodo.model.server_state import (
    ProviderState,
    QueueName,
    QueueState,
    Sizes,
    TokenRequests,
)
from quantimodo.storage.database import Operation, Row, Statement, execute
from quantimodo.storage.rows import Column, RowReader, first_value
from quantimodo.storage.tables.retention_rules import DAY, MINUTE, RetentionRule, counted_before
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)

_MOST_COUNTED: Final = 100_000

_MAILS = Statement(
    "SELECT COUNT(*), MIN(created_at) FROM (SELECT created_at FROM mails WHERE expires_at > {2}"
    " ORDER BY id LIMIT {1}) oldest_rows"
)
_DELIVERIES = Statement(
    "SELECT COUNT(*), MIN(due_at) FROM (SELECT d.due_at FROM webhook_deliveries d"
    " JOIN webhook_endpoints w ON w.id = d.endpoint_id JOIN clients c ON c.id = w.client_id"
    " WHERE d.due_at IS NOT NULL AND w.disabled_at IS NULL AND c.disabled_at IS NULL"
    " LIMIT {1}) oldest_rows"
)
_SIZE = Statement(
    "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    postgres="SELECT pg_database_size(current_database())",
)
_MAY_READ_LOG = Statement(
    "SELECT 0",
    postgres="SELECT CAST(has_function_privilege('pg_ls_waldir()', 'execute') AS INTEGER)",
)
_LOG_SIZE = Statement("SELECT 0", postgres="SELECT CAST(SUM(size) AS BIGINT) FROM pg_ls_waldir()")

_RECORD_BACKUP = Statement(
    "INSERT INTO last_backup (id, made_at) VALUES (1, {1}) ON CONFLICT (id) DO UPDATE"
    " SET made_at = excluded.made_at WHERE last_backup.made_at < excluded.made_at"
)
_LAST_BACKUP = Statement("SELECT made_at FROM last_backup WHERE id = 1")

_PROVIDER = RowReader(
    ProviderState,
    "provider",
    Column("succeeded_at", from_micros_or_none),
    Column("failed_at", from_micros_or_none),
    "failures",
)
_OLD: Final = "COALESCE(provider_outcomes.{0}, 0)"
_NEW: Final = "COALESCE(excluded.{0}, 0)"
_SUCCEEDED: Final = f"{_NEW} > {_OLD}".format("succeeded_at")
_ADD_OUTCOME = Statement(
    f"INSERT INTO provider_outcomes ({_PROVIDER.columns}) VALUES ({{1}}, {{2}}, {{3}}, {{4}})"
    " ON CONFLICT (provider) DO UPDATE SET"
    f" failures = excluded.failures + CASE WHEN {_SUCCEEDED} THEN 0"
    " ELSE provider_outcomes.failures END,"
    f" succeeded_at = CASE WHEN {_SUCCEEDED} THEN excluded.succeeded_at"
    " ELSE provider_outcomes.succeeded_at END,"
    " failed_at = CASE WHEN COALESCE(excluded.failed_at, 0)"
    " > COALESCE(provider_outcomes.failed_at, 0) THEN excluded.failed_at"
    " ELSE provider_outcomes.failed_at END"
)
_PROVIDERS = Statement(f"SELECT {_PROVIDER.columns} FROM provider_outcomes ORDER BY provider")

_ADD_REQUESTS = Statement(
    "INSERT INTO token_minutes (minute, requests, refused) VALUES ({1}, {2}, {3})"
    " ON CONFLICT (minute) DO UPDATE SET requests = token_minutes.requests + excluded.requests,"
    " refused = token_minutes.refused + excluded.refused"
)
_REQUESTS = Statement(
    "SELECT CAST(COALESCE(SUM(requests), 0) AS BIGINT), CAST(COALESCE(SUM(refused), 0) AS BIGINT)"
    " FROM token_minutes WHERE minute >= {1} AND minute <= {2}"
)


_OUTCOMES_KEPT: Final = 400 * DAY


class StoredServerState(Table):
    """Implements `ServerStateStore`."""

    retention = (
        RetentionRule(
            "provider_outcomes",
            Statement(
                "DELETE FROM provider_outcomes WHERE provider IN"
                " (SELECT provider FROM provider_outcomes"
                f" WHERE COALESCE(succeeded_at, 0) <= {{1}} - {_OUTCOMES_KEPT}"
                f" AND COALESCE(failed_at, 0) <= {{1}} - {_OUTCOMES_KEPT} LIMIT {{2}}) RETURNING 1"
            ),
        ),
        counted_before("token_minutes", "minute", unit="minute", length=MINUTE, kept=DAY // MINUTE),
    )

    async def queues(self, at: datetime) -> Sequence[QueueState]:
        mails = await self._database.list_rows(_MAILS, _MOST_COUNTED, to_micros(at))
        deliveries = await self._database.list_rows(_DELIVERIES, _MOST_COUNTED)
        return _queue("mail", mails), _queue("webhooks", deliveries)

    async def sizes(self) -> Sizes:
        size = first_value(await self._database.list_rows(_SIZE))
        if not first_value(await self._database.list_rows(_MAY_READ_LOG)):
            return Sizes(size, None)
        return Sizes(size, first_value(await self._database.list_rows(_LOG_SIZE)))

    async def record_backup(self, at: datetime) -> None:
        await self._database.write(execute(_RECORD_BACKUP, to_micros(at)))

    async def last_backup(self) -> datetime | None:
        micros = first_value(await self._database.list_rows(_LAST_BACKUP))
        return None if micros is None else from_micros(micros)

    async def add_provider_outcomes(self, outcomes: Sequence[ProviderState]) -> None:
        # In one order, so that two processes do not lock each other out.
        rows = [
            (
                each.provider,
                to_micros_or_none(each.succeeded_at),
                to_micros_or_none(each.failed_at),
                each.failures,
            )
            for each in sorted(outcomes, key=lambda each: each.provider)
        ]

        def operation() -> Operation[None]:
            for row in rows:
                yield _ADD_OUTCOME, row

        await self._database.write(operation)

    async def provider_states(self) -> Sequence[ProviderState]:
        return _PROVIDER.read_all(await self._database.list_rows(_PROVIDERS))

    async def add_token_requests(self, at: datetime, requests: TokenRequests) -> None:
        minute = to_micros(at) // MINUTE
        values = (minute, requests.total, requests.refused)
        await self._database.write(execute(_ADD_REQUESTS, *values))

    async def token_requests(self, at: datetime, during: timedelta) -> TokenRequests:
        first, last = to_micros(at - during) // MINUTE, to_micros(at) // MINUTE
        ((total, refused),) = await self._database.list_rows(_REQUESTS, first, last)
        return TokenRequests(total, refused)


def _queue(name: QueueName, rows: Sequence[Row]) -> QueueState:
    ((waiting, oldest),) = rows
    return QueueState(name=name, waiting=waiting, oldest_at=from_micros_or_none(oldest))
