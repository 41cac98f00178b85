"""What the state of a server means: `quantimodo doctor`, /admin and the alerts read it alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from quantimodo.model.server_state import (
    DiskSpace,
    KeyState,
    ProviderState,
    QueueState,
    ServerState,
    Sizes,
    TokenRequests,
)
from quantimodo.ops.health_readings import HealthReading, Thresholds, format_duration, readings

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)

THRESHOLDS = Thresholds(
    backup_age=2 * DAY,
    disk_free=10,
    mail_age=HOUR,
    webhook_age=HOUR,
    provider_failures=5,
    refused_share=50,
    refused_least=100,
    sends_mail=True,
)


def queue(name: str, since: timedelta | None, waiting: int = 1) -> QueueState:
    oldest_at = None if since is None else NOW - since
    return QueueState(name=name, waiting=waiting, oldest_at=oldest_at)  # type: ignore[arg-type]


def google(failures: int) -> ProviderState:
    return ProviderState(
        provider="google", succeeded_at=NOW - 3 * HOUR, failed_at=NOW, failures=failures
    )


# Everything is at the edge of what is allowed.
WELL = ServerState(
    at=NOW,
    keys=[KeyState(algorithm="RS256", active_at=NOW - 90 * DAY, overdue=False)],
    last_backup_at=NOW - 2 * DAY,
    disk=DiskSpace(10, 100),
    sizes=Sizes(1, 1),
    queues=[queue("mail", HOUR), queue("webhooks", HOUR)],
    providers=[google(4)],
    token_requests=TokenRequests(1000, 500),
)


def found(state: ServerState, thresholds: Thresholds = THRESHOLDS) -> list[HealthReading]:
    return [each for each in readings(state, thresholds) if each.state != "ok"]


def test_a_server_that_is_well_has_a_reading_of_each_subject() -> None:
    assert found(WELL) == []
    assert [each.name for each in readings(WELL, THRESHOLDS)] == [
        *("keys.RS256", "backup", "disk", "mail", "webhooks", "provider.google", "refusals")
    ]


@pytest.mark.parametrize(
    ("changes", "name", "state", "texts"),
    [
        (
            {"keys": [KeyState(algorithm="RS256", active_at=NOW - 91 * DAY, overdue=True)]},
            "keys.RS256",
            "fault",
            ("has signed for 91 days", "overdue", "quantimodo keys rotate --all"),
        ),
        (
            {"last_backup_at": NOW - 2 * DAY - SECOND},
            "backup",
            "warning",
            ("2 days ago", "run: quantimodo backup FILE"),
        ),
        ({"last_backup_at": None}, "backup", "warning", ("no backup is recorded", "backup FILE")),
        ({"disk": DiskSpace(9, 100)}, "disk", "warning", ("9 % of the disk", "make space")),
        ({"disk": DiskSpace(1, 100)}, "disk", "fault", ("1 % of the disk", "make space")),
        (
            {"queues": [queue("mail", HOUR + SECOND, 7)]},
            "mail",
            "fault",
            ("7 e-mails wait", "1 hour", "mail.server_unavailable"),
        ),
        (
            {"queues": [queue("webhooks", 3 * HOUR)]},
            "webhooks",
            "warning",
            ("due for 3 hours", "webhooks.failed"),
        ),
        (
            {"providers": [google(5)]},
            "provider.google",
            "warning",
            ("the last 5 requests to google failed", "3 hours ago", "quantimodo doctor"),
        ),
        (
            {"token_requests": TokenRequests(999, 500)},
            "refusals",
            "warning",
            ("500 of 999", "an application lost its secret"),
        ),
    ],
)
def test_a_reading_that_needs_its_operator_says_what_to_do(
    changes: dict[str, object], name: str, state: str, texts: tuple[str, ...]
) -> None:
    (reading,) = found(replace(WELL, **changes))  # type: ignore[arg-type]
    assert (reading.name, reading.state) == (name, state)
    for text in texts:
        assert text in reading.text


def test_few_refusals_are_no_spike() -> None:
    assert found(replace(WELL, token_requests=TokenRequests(99, 99))) == []
    assert found(replace(WELL, token_requests=TokenRequests(0, 0))) == []


def test_without_a_mail_server_no_mail_is_late() -> None:
    late = replace(WELL, queues=[queue("mail", DAY)])
    assert found(late, replace(THRESHOLDS, sends_mail=False)) == []


def test_the_disk_of_postgresql_and_a_missing_key_are_not_judged() -> None:
    missing = [KeyState(algorithm="RS256", active_at=None, overdue=True)]
    assert found(replace(WELL, disk=None, keys=missing)) == []


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (59 * SECOND, "less than a minute"),
        (-HOUR, "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (119 * timedelta(minutes=1), "1 hour"),
        (47 * HOUR, "1 day"),
        (48 * HOUR, "2 days"),
    ],
)
def test_times_are_spelled_in_their_largest_unit(time: timedelta, text: str) -> None:
    assert format_duration(time) == text
