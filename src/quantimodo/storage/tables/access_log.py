"""The table `accesses`: which applications read or wrote a person's measurements."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from quantimodo.model.measurements import Access, AccessSum
from quantimodo.model.personal_tokens import name_of_token
from quantimodo.storage.database import Operation, Row, Statement, execute
from quantimodo.storage.rows import Column, Part, RowReader
from quantimodo.storage.tables.bulk_insert import Insert, insert_many
from quantimodo.storage.tables.retention_rules import DAY, HOUR, oldest
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

MOST_FILTERS: Final = 200
"""Rows about different filters of the reads of one application, for one person and hour. What is
read beyond that is one row without a filter, so that no application buries its other reads."""
_ADD = Insert(
    head="INSERT INTO accesses (user_id, hour, client_id, action, variable, category, first_at,"
    " last_at, measurements, requests)",
    row="(%, %, %, %, %, %, %, %, %, %)",
    tail="ON CONFLICT (user_id, hour, client_id, action, variable, category) DO UPDATE SET"
    " requests = accesses.requests + excluded.requests,"
    " measurements = accesses.measurements + excluded.measurements,"
    " last_at = CASE WHEN accesses.last_at > excluded.last_at"
    " THEN accesses.last_at ELSE excluded.last_at END",
    own=("bigint", "bigint", *("text",) * 4, *("bigint",) * 4),
)
_ACCESS = RowReader(
    Access,
    "user_id",
    "client_id",
    "action",
    "variable",
    "category",
    Column("first_at", from_micros),
    Column("last_at", from_micros),
    "measurements",
    "requests",
)


class _AppHour(NamedTuple):
    """An hour in which an application accessed the measurements of a person."""

    user_id: int
    hour: int
    client_id: str


class _NumberedAccess(NamedTuple):
    id: int
    access: Access


_NUMBERED = RowReader(_NumberedAccess, "id", Part("access", _ACCESS))
_PAGE = Statement(
    f"SELECT {_NUMBERED.columns} FROM accesses WHERE user_id = {{1}} AND id < {{2}}"
    " ORDER BY id DESC LIMIT {3}"
)
_PAGE_OF_CLIENT = Statement(
    f"SELECT {_NUMBERED.columns} FROM accesses WHERE user_id = {{1}} AND id < {{2}}"
    " AND client_id = {4} ORDER BY id DESC LIMIT {3}"
)
# `id + 0`: the rows of these hours, by the other index, and not the newest of all time.
_IN_TIME = (
    f"SELECT {_NUMBERED.columns} FROM accesses WHERE user_id = {{1}} AND id + 0 < {{2}}"
    " AND hour >= {4} AND hour <= {5} AND last_at >= {6} AND last_at < {7}{client}"
    " ORDER BY id + 0 DESC LIMIT {3}"
)
_PAGE_IN_TIME = Statement(_IN_TIME.replace("{client}", ""))
_PAGE_OF_CLIENT_IN_TIME = Statement(_IN_TIME.replace("{client}", " AND client_id = {8}"))
_SUM = RowReader(
    AccessSum, "client_id", "action", "measurements", "requests", Column("last_at", from_micros)
)
_SUMS = Statement(
    "SELECT client_id, action, CAST(SUM(measurements) AS BIGINT), CAST(SUM(requests) AS BIGINT),"
    " MAX(last_at) FROM accesses WHERE user_id = {1} AND hour >= {2} AND last_at > {3}"
    " GROUP BY client_id, action ORDER BY client_id, action"
)
# The e-mail about the first read of health data under this consent becomes due.
_FIRST_READ = Statement(
    "UPDATE consents SET read_notice_at = {3}"
    " WHERE user_id = {1} AND client_id = {2} AND read_notice_at IS NULL"
)
_DUE = (
    "SELECT user_id, client_id FROM consents WHERE read_notice_at > 0 AND read_notice_at <= {1}"
    " ORDER BY read_notice_at LIMIT {3}"
)
_CLAIM = Statement(
    f"UPDATE consents SET read_notice_at = {{2}} WHERE (user_id, client_id) IN ({_DUE})"
    " RETURNING user_id, client_id",
    # Each process claims rows that no other has locked. MATERIALIZED: they are chosen once only.
    postgres=f"WITH due AS MATERIALIZED ({_DUE} FOR UPDATE SKIP LOCKED)"
    " UPDATE consents SET read_notice_at = {2} FROM due WHERE consents.user_id = due.user_id"
    " AND consents.client_id = due.client_id RETURNING consents.user_id, consents.client_id",
)
_FINISH = Statement(
    "UPDATE consents SET read_notice_at = 0"
    " WHERE user_id = {1} AND client_id = {2} AND read_notice_at > 0"
)
# A later token may have the name of an earlier one, whose last uses are not its own.
_RECORD_TOKEN_USE = Statement(
    "UPDATE personal_tokens SET used_at = {3} WHERE user_id = {1} AND name = {2}"
    " AND created_at <= {3} AND (used_at IS NULL OR used_at < {3})"
)
_FILTERS = Statement(
    "SELECT variable, category FROM accesses WHERE user_id = {1} AND hour = {2}"
    " AND client_id = {3} AND action = 'read' AND (variable <> '' OR category <> '')"
    f" LIMIT {MOST_FILTERS}"
)
_NEWEST = 2**63 - 1


def _to_row(access: Access) -> Row:
    first_at = to_micros(access.first_at)
    return (
        access.user_id,
        first_at // HOUR,
        access.client_id,
        access.action,
        access.variable,
        access.category,
        first_at,
        to_micros(access.last_at),
        access.measurements,
        access.requests,
    )


def _within_most_filters(accesses: Sequence[Access]) -> Operation[Sequence[Access]]:
    """The accesses, in which reads with more than `MOST_FILTERS` different filters are merged into
    one without a filter. A filter that has a row already keeps it."""
    filters: dict[_AppHour, set[tuple[str, str]]] = {}
    for app_hour in sorted({_app_hour(each) for each in accesses if _has_filter(each)}):
        rows = yield _FILTERS, tuple(app_hour)
        filters[app_hour] = {(variable, category) for variable, category in rows}
    found: dict[tuple[object, ...], Access] = {}
    for access in accesses:
        app_hour, each = _app_hour(access), access
        if _has_filter(access):
            known, own = filters[app_hour], (access.variable, access.category)
            if own in known or len(known) < MOST_FILTERS:
                known.add(own)
            else:
                each = replace(access, variable="", category="")
        key = (app_hour, each.action, each.variable, each.category)
        found[key] = _merged(found[key], each) if key in found else each
    return list(found.values())


def _app_hour(access: Access) -> _AppHour:
    return _AppHour(access.user_id, to_micros(access.first_at) // HOUR, access.client_id)


def _has_filter(access: Access) -> bool:
    return access.action == "read" and bool(access.variable or access.category)


def _merged(one: Access, other: Access) -> Access:
    return replace(
        one,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
        measurements=one.measurements + other.measurements,
        requests=one.requests + other.requests,
    )


def _uses_of_tokens(accesses: Sequence[Access]) -> dict[tuple[int, str], int]:
    """When each personal token was used last, by its person and name."""
    uses = dict[tuple[int, str], int]()
    for each in accesses:
        name = name_of_token(each.client_id)
        if name is not None:
            token = (each.user_id, name)
            uses[token] = max(uses.get(token, 0), to_micros(each.last_at))
    return uses


class Accesses(Table):
    """Implements `AccessLogStore`."""

    retention = (oldest("accesses", "id", f"last_at <= {{1}} - {400 * DAY}"),)

    async def add_accesses(self, accesses: Sequence[Access]) -> None:
        reads = {
            (each.user_id, each.client_id): to_micros(each.first_at)
            for each in accesses
            if each.action == "read"
        }

        uses = _uses_of_tokens(accesses)

        def operation() -> Operation[None]:
            bounded = yield from _within_most_filters(accesses)
            # Rows are locked in one order, so that writers do not deadlock.
            yield from insert_many(_ADD, (), sorted(map(_to_row, bounded)))
            for pair in sorted(reads):
                yield _FIRST_READ, (*pair, reads[pair])
            for (user_id, name), used_at in sorted(uses.items()):
                yield _RECORD_TOKEN_USE, (user_id, name, used_at)

        await self._database.write(operation)

    async def claim_first_reads(
        self, at: datetime, lease: timedelta, limit: int
    ) -> Sequence[tuple[int, str]]:
        claim = execute(_CLAIM, to_micros(at), to_micros(at + lease), limit)
        return [(user_id, client_id) for user_id, client_id in await self._database.write(claim)]

    async def finish_first_read(self, user_id: int, client_id: str) -> None:
        await self._database.write(execute(_FINISH, user_id, client_id))

    async def accesses_of(
        self,
        user_id: int,
        *,
        client_id: str | None = None,
        between: tuple[datetime, datetime] | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[tuple[int, Access]]:
        values: tuple[object, ...] = (user_id, _NEWEST if before is None else before, limit)
        statement = _PAGE if client_id is None else _PAGE_OF_CLIENT
        if between is not None:
            statement = _PAGE_IN_TIME if client_id is None else _PAGE_OF_CLIENT_IN_TIME
            start, end = map(to_micros, between)
            values += (start // HOUR, end // HOUR, start, end)
        if client_id is not None:
            values += (client_id,)
        return _NUMBERED.read_all(await self._database.list_rows(statement, *values))

    async def sums_of_accesses(self, user_id: int, since: datetime) -> Sequence[AccessSum]:
        start = to_micros(since)
        rows = await self._database.list_rows(_SUMS, user_id, start // HOUR, start)
        return _SUM.read_all(rows)
