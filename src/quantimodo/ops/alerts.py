"""Reports each condition to the operator when it begins, and again when it ends.

Owns the round of the worker. Any number of processes may run one: the one with the lease works. A
message is sent at least once; a webhook that is not accepted is posted again for a day.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from quantimodo.model.alerts import Alert
from quantimodo.ops.alert_messages import AlertMessages
from quantimodo.ops.alert_rules import AlertPolicy, changed_alerts
from quantimodo.ops.health_readings import HealthReading
from quantimodo.ports.alert_store import AlertStore
from quantimodo.ports.background_stores import LeaseStore
from quantimodo.ports.clock import Clock

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.alerts")

_LEASE: Final = timedelta(minutes=3)
_PATIENCE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWorker:
    """`read` returns the readings of the present moment; `holder` names this process."""

    store: AlertStore
    leases: LeaseStore
    read: Callable[[], Awaitable[Sequence[HealthReading]]]
    messages: AlertMessages
    policy: AlertPolicy
    clock: Clock
    holder: str

    async def round(self) -> None:
        """Compare the readings with the alerts that are stored, and send what is due."""
        now = self.clock.now()
        if not await self.leases.lease("alerts", self.holder, _LEASE, now):
            return
        before = {each.name: each for each in await self.store.alerts()}
        for alert in changed_alerts(await self.read(), before, self.policy, now):
            if await self.store.save_alert(alert):
                _log.info(f"alert.{alert.kind}", condition=alert.name, severity=alert.severity)
        await self._mail()
        await self._post()

    async def _mail(self) -> None:
        due = [each for each in await self.store.alerts() if each.by_mail]
        if not due:
            return
        if not await self.messages.send_mail(due):
            _log.warning("alert.no_recipient")
        for alert in due:
            await self.store.save_alert(self._reported(replace(alert, by_mail=False)))

    async def _post(self) -> None:
        for alert in [each for each in await self.store.alerts() if each.by_webhook]:
            cause = await self.messages.post(alert)
            if cause:
                _log.warning("alert.undelivered", condition=alert.name, cause=cause)
                if self.clock.now() - _moment(alert) < _PATIENCE:
                    continue
            await self.store.save_alert(self._reported(replace(alert, by_webhook=False)))

    def _reported(self, alert: Alert) -> Alert:
        return replace(alert, reported_at=self.clock.now()) if alert.kind == "raised" else alert


def _moment(alert: Alert) -> datetime:
    return alert.resolved_at or alert.raised_at
