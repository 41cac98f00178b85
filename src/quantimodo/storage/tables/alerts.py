"""The table `alerts`: the conditions of the server that are reported to its operator."""

from collections.abc import Sequence

from quantimodo.model.alerts import Alert
from quantimodo.storage.database import Statement, execute
from quantimodo.storage.rows import Column, RowReader
from quantimodo.storage.tables.retention_rules import DAY, RetentionRule
from quantimodo.storage.tables.table import Table
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)

_ALERT = RowReader(
    Alert,
    *("name", "severity", "text", "kind"),
    Column("raised_at", from_micros),
    Column("resolved_at", from_micros_or_none),
    Column("reported_at", from_micros_or_none),
    Column("by_mail", bool),
    Column("by_webhook", bool),
    "revision",
)
_ALL = Statement(f"SELECT {_ALERT.columns} FROM alerts ORDER BY name")
_ADD = Statement(
    f"INSERT INTO alerts ({_ALERT.columns})"
    " VALUES ({1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10} + 1)"
    " ON CONFLICT (name) DO NOTHING RETURNING 1"
)
_CHANGE = Statement(
    "UPDATE alerts SET severity = {2}, text = {3}, kind = {4}, raised_at = {5}, resolved_at = {6},"
    " reported_at = {7}, by_mail = {8}, by_webhook = {9}, revision = {10} + 1"
    " WHERE name = {1} AND revision = {10} RETURNING 1"
)


class Alerts(Table):
    """Implements `AlertStore`."""

    retention = (
        RetentionRule(
            "alerts",
            Statement(
                "DELETE FROM alerts WHERE name IN (SELECT name FROM alerts"
                f" WHERE resolved_at <= {{1}} - {90 * DAY} LIMIT {{2}}) RETURNING 1"
            ),
        ),
    )

    async def alerts(self) -> Sequence[Alert]:
        return _ALERT.read_all(await self._database.list_rows(_ALL))

    async def save_alert(self, alert: Alert) -> bool:
        values = (
            *(alert.name, alert.severity, alert.text, alert.kind),
            to_micros(alert.raised_at),
            to_micros_or_none(alert.resolved_at),
            to_micros_or_none(alert.reported_at),
            int(alert.by_mail),
            int(alert.by_webhook),
            alert.revision,
        )
        statement = _CHANGE if alert.revision else _ADD
        return bool(await self._database.write(execute(statement, *values)))
