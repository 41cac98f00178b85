"""When an alert begins, ends, and is reported. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from quantimodo.model.alerts import Alert
from quantimodo.ops.health_readings import HealthReading


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """`subjects` are those that are reported. A condition that ended and began again is reported
    again after `interval` at the earliest. `by_mail`, `by_webhook`: how it is reported."""

    subjects: frozenset[str]
    interval: timedelta
    by_mail: bool
    by_webhook: bool


def changed_alerts(
    found: Sequence[HealthReading], before: Mapping[str, Alert], policy: AlertPolicy, now: datetime
) -> list[Alert]:
    """The alerts that begin, end, or are to be reported now, of these readings."""
    readings = {each.name: each for each in found if each.subject in policy.subjects}
    changed = []
    for name, reading in readings.items():
        alert = before.get(name)
        if reading.state == "ok":
            after = None if alert is None else _ended(alert, policy, now)
        else:
            after = _holds(alert, reading, policy, now)
        if after is not None:
            changed.append(after)
    # Conditions without a reading have ended: their provider was removed, or their subject is
    # turned off.
    gone = [each for each in before.values() if each.name not in readings]
    return changed + [
        replace(each, kind="resolved", resolved_at=now, by_mail=False, by_webhook=False)
        for each in gone
        if each.resolved_at is None
    ]


def _holds(
    alert: Alert | None, reading: HealthReading, policy: AlertPolicy, now: datetime
) -> Alert | None:
    if alert is None or alert.resolved_at is not None:
        alert = Alert(
            name=reading.name,
            severity=reading.state,
            text=reading.text,
            kind="raised",
            raised_at=now,
            reported_at=None if alert is None else alert.reported_at,
            revision=0 if alert is None else alert.revision,
        )
        return _due(alert, policy) if _may_report(alert, policy, now) else alert
    if (
        is_reported(alert)
        or alert.by_mail
        or alert.by_webhook
        or not _may_report(alert, policy, now)
    ):
        return None
    return _due(replace(alert, severity=reading.state, text=reading.text), policy)


def _ended(alert: Alert, policy: AlertPolicy, now: datetime) -> Alert | None:
    if alert.resolved_at is not None:
        return None
    ended = replace(alert, kind="resolved", resolved_at=now, by_mail=False, by_webhook=False)
    # The end of a condition is reported only if its beginning was.
    return _due(ended, policy) if is_reported(alert) or alert.by_webhook else ended


def is_reported(alert: Alert) -> bool:
    """Whether it was reported that this condition holds since it began."""
    return alert.reported_at is not None and alert.reported_at >= alert.raised_at


def _may_report(alert: Alert, policy: AlertPolicy, now: datetime) -> bool:
    return alert.reported_at is None or now - alert.reported_at >= policy.interval


def _due(alert: Alert, policy: AlertPolicy) -> Alert:
    return replace(alert, by_mail=policy.by_mail, by_webhook=policy.by_webhook)
