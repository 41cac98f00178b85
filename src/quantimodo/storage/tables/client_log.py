"""The tables `client_requests`, `client_days` and `client_usage`: the log of an application."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from quantimodo.model.client_log import ClientDay, ClientRefusal, ClientUsage, DaySums
from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.rows import Column, Part, RowReader
from quantimodo.storage.tables.bulk_insert import Insert, insert_many
from quantimodo.storage.tables.retention_rules import DAY, counted_before, oldest
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

_FIRST_DAY: Final = date(1970, 1, 1)
_NEWEST: Final = 2**63 - 1


def _day_number(day: date) -> int:
    return (day - _FIRST_DAY).days


def _day(number: int) -> date:
    return _FIRST_DAY + timedelta(days=number)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


_ADD = Insert(
    head="INSERT INTO client_requests (client_id, at, endpoint, code, incident, received)",
    row="(%, %, %, %, %, %)",
    tail="",
    own=("text", "bigint", *("text",) * 4),
)
_COUNT = Insert(
    head="INSERT INTO client_days (client_id, day, tokens, refusals)",
    row="(%, %, %, %)",
    tail="ON CONFLICT (client_id, day) DO UPDATE SET"
    " tokens = client_days.tokens + excluded.tokens,"
    " refusals = client_days.refusals + excluded.refusals",
    own=("text", "bigint", "bigint", "bigint"),
)
_USE = Insert(
    head="INSERT INTO client_usage (client_id, day, endpoint, code, number)",
    row="(%, %, %, %, %)",
    tail="ON CONFLICT (client_id, day, endpoint, code) DO UPDATE SET"
    " number = client_usage.number + excluded.number",
    own=("text", "bigint", "text", "text", "bigint"),
)
_EVICT = Statement(
    "DELETE FROM client_requests WHERE client_id = {1} AND id <= (SELECT id FROM client_requests"
    " WHERE client_id = {1} ORDER BY id DESC LIMIT 1 OFFSET {2})"
)
_REFUSAL = RowReader(
    ClientRefusal,
    "client_id",
    Column("at", from_micros),
    "endpoint",
    "code",
    "incident",
    Column("received", _lines),
)


class _NumberedRefusal(NamedTuple):
    id: int
    refusal: ClientRefusal


_NUMBERED = RowReader(_NumberedRefusal, "id", Part("refusal", _REFUSAL))
_PAGE = Statement(
    f"SELECT {_NUMBERED.columns} FROM client_requests WHERE client_id = {{1}} AND id < {{2}}"
    " AND ({4} = '' OR endpoint = {4}) AND ({5} = '' OR code = {5}) ORDER BY id DESC LIMIT {3}"
)
_CLIENT_DAY = RowReader(ClientDay, "client_id", Column("day", _day), "tokens", "refusals")
_DAYS = Statement(
    f"SELECT {_CLIENT_DAY.columns} FROM client_days WHERE client_id = {{1}} AND day >= {{2}}"
    " ORDER BY day"
)
_CLIENT_USAGE = RowReader(
    ClientUsage, "client_id", Column("day", _day), "endpoint", "code", "number"
)
_USAGE = Statement(
    f"SELECT {_CLIENT_USAGE.columns} FROM client_usage WHERE client_id = {{1}} AND day >= {{2}}"
    " ORDER BY day, endpoint, code"
)
_SUMS = Statement(
    "SELECT day, CAST(SUM(tokens) AS BIGINT), CAST(SUM(refusals) AS BIGINT) FROM client_days"
    " WHERE day >= {1} GROUP BY day ORDER BY day"
)
_PEOPLE = Statement(
    "SELECT hour / 24, COUNT(DISTINCT user_id) FROM accesses WHERE client_id = {1}"
    " AND hour >= {2} GROUP BY hour / 24 ORDER BY 1"
)


DAYS_KEPT: Final = 40


class ClientLogs(Table):
    """Implements `ClientLogStore`."""

    retention = (
        oldest("client_requests", "id", f"at <= {{1}} - {14 * DAY}"),
        counted_before("client_days", "client_id, day", unit="day", length=DAY, kept=DAYS_KEPT),
        counted_before(
            "client_usage", "client_id, day, endpoint, code", unit="day", length=DAY, kept=DAYS_KEPT
        ),
    )

    async def add_to_client_log(
        self,
        refusals: Sequence[ClientRefusal],
        days: Sequence[ClientDay],
        most: int,
        usage: Sequence[ClientUsage] = (),
    ) -> None:
        rows = [
            (
                each.client_id,
                to_micros(each.at),
                each.endpoint,
                each.code,
                each.incident,
                "\n".join(each.received),
            )
            for each in refusals
        ]
        # Rows are locked in one order, so that writers do not deadlock.
        counts = sorted(
            (each.client_id, _day_number(each.day), each.tokens, each.refusals) for each in days
        )
        uses = sorted(
            (each.client_id, _day_number(each.day), each.endpoint, each.code, each.number)
            for each in usage
        )
        clients = sorted({each.client_id for each in refusals})

        def operation() -> Operation[None]:
            yield from insert_many(_COUNT, (), counts)
            yield from insert_many(_USE, (), uses)
            yield from insert_many(_ADD, (), rows)
            for client_id in clients:
                yield _EVICT, (client_id, most)

        await self._database.write(operation)

    async def client_refusals(
        self,
        client_id: str,
        *,
        endpoint: str = "",
        code: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> Sequence[tuple[int, ClientRefusal]]:
        newest = _NEWEST if before is None else before
        values = (client_id, newest, limit, endpoint, code)
        return _NUMBERED.read_all(await self._database.list_rows(_PAGE, *values))

    async def client_days(self, client_id: str, since: date) -> Sequence[ClientDay]:
        rows = await self._database.list_rows(_DAYS, client_id, _day_number(since))
        return _CLIENT_DAY.read_all(rows)

    async def client_usage(self, client_id: str, since: date) -> Sequence[ClientUsage]:
        rows = await self._database.search(_USAGE, client_id, _day_number(since))
        return _CLIENT_USAGE.read_all(rows)

    async def days_of_all_clients(self, since: date) -> Sequence[DaySums]:
        rows = await self._database.search(_SUMS, _day_number(since))
        return [DaySums(_day(day), tokens, refusals) for day, tokens, refusals in rows]

    async def people_by_day(self, client_id: str, since: date) -> Sequence[tuple[date, int]]:
        hours = _day_number(since) * 24
        rows = await self._database.search(_PEOPLE, client_id, hours)
        return [(_day(day), people) for day, people in rows]
