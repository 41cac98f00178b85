"""The table `measurement_notices`: saved measurements that an event reports soon."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from quantimodo.model.app_events import ChangedVariable, MeasurementNotice
from quantimodo.model.consents import ConsentingPerson
from quantimodo.model.measurements import Comparison, Filter, Filters
from quantimodo.protocol.app_events import rfc3339
from quantimodo.protocol.consent_details import from_json_or_none
from quantimodo.storage.database import Operation, Statement
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.event_outbox import report
from quantimodo.storage.tables.measurement_queries import JOINED, measurements_of_person
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import from_micros, to_micros

KIND: Final = "measurements.created"
_DELAY: Final = 10_000_000  # microseconds
_MOST_VARIABLES: Final = 100  # that one event names; the rest is in its total
_NOTICE = RowReader(MeasurementNotice, "client_id", "user_id", Column("since", from_micros))
_CONSENTING = RowReader(
    ConsentingPerson, "user_id", Column("details", from_json_or_none), table="c"
)
_VARIABLE = RowReader(ChangedVariable, "variable_id", "number", "earliest", "latest")
_MAY_READ = "' ' || {0}.scope || ' ' LIKE '% readmeasurements %'"
# The row is locked until the measurements are committed: a process that reports them waits.
NOTE_MEASUREMENTS: Final = Statement(
    "INSERT INTO measurement_notices (client_id, user_id, since, due_at)"
    " SELECT c.client_id, c.user_id, CAST({2} AS BIGINT),"
    f" CAST({{2}} AS BIGINT) + {_DELAY} FROM consents c"
    " JOIN event_streams s ON s.client_id = c.client_id WHERE c.user_id = {1}"
    f" AND {_MAY_READ.format('c')} AND (s.polled = 1"
    " OR 0 < (SELECT count(*) FROM webhook_endpoints w"
    f" WHERE w.client_id = c.client_id AND ' ' || w.kinds || ' ' LIKE '% {KIND} %'))"
    " ORDER BY c.client_id ON CONFLICT (client_id, user_id) DO UPDATE SET"
    " since = CASE WHEN excluded.since < measurement_notices.since THEN excluded.since"
    " ELSE measurement_notices.since END"
)
_DUE = Statement(
    f"SELECT {_NOTICE.columns} FROM measurement_notices WHERE due_at <= {{1}}"
    " ORDER BY due_at LIMIT {2}"
)
_TAKE = Statement(
    "DELETE FROM measurement_notices WHERE client_id = {1} AND user_id = {2} RETURNING since"
)
_CONSENT = Statement(
    f"SELECT {_CONSENTING.columns} FROM consents c JOIN users u ON u.id = c.user_id"
    " WHERE c.user_id = {2} AND c.client_id = {1} AND u.disabled_at IS NULL"
    " AND (c.expires_at IS NULL OR c.expires_at > {3})"
    f" AND {_MAY_READ.format('c')}"
    " AND EXISTS (SELECT 1 FROM grants g WHERE g.user_id = c.user_id"
    " AND g.client_id = c.client_id AND g.revoked_at IS NULL AND g.expires_at > {3}"
    f" AND {_MAY_READ.format('g')})"
)


class MeasurementNotices(Table):
    """Implements `MeasurementNoticeStore`."""

    async def due_notices(self, at: datetime, limit: int) -> Sequence[MeasurementNotice]:
        return _NOTICE.read_all(await self._database.list_rows(_DUE, to_micros(at), limit))

    async def report_measurements(
        self,
        notice: MeasurementNotice,
        at: datetime,
        filters_of: Callable[[ConsentingPerson], Filters],
    ) -> Sequence[ChangedVariable] | None:
        key, now = (notice.client_id, notice.user_id), to_micros(at)

        def operation() -> Operation[Sequence[ChangedVariable] | None]:
            taken = yield _TAKE, key
            if not taken:
                return None
            consenting = _CONSENTING.read_first((yield _CONSENT, (*key, now)))
            if consenting is None:
                return ()
            ((since,),) = taken
            saved = Filter("updated", (Comparison("from", since),))
            query = measurements_of_person(notice.user_id, (saved, *filters_of(consenting)))
            changed = _VARIABLE.read_all(
                (
                    yield query.call(
                        "SELECT m.variable_id, count(*), min(m.start_at), max(m.start_at)"
                        f" FROM {JOINED}",
                        " GROUP BY m.variable_id ORDER BY m.variable_id",
                    )
                )
            )
            if changed:
                yield from report(notice.client_id, KIND, now, notice.user_id, _data(changed))
            return changed

        return await self._database.write(operation)


def _data(changed: Sequence[ChangedVariable]) -> dict[str, object]:
    return {
        "count": sum(each.number for each in changed),
        "earliest": rfc3339(from_micros(min(each.earliest for each in changed))),
        "latest": rfc3339(from_micros(max(each.latest for each in changed))),
        "variables": [
            {"id": each.variable_id, "count": each.number} for each in changed[:_MOST_VARIABLES]
        ],
    }
