"""Evaluates the state of a server: each reading is in order, or says what to do. Pure. `quantimodo
doctor`, the administration and the alerts use the same readings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from quantimodo.model.server_state import (
    DiskSpace,
    KeyState,
    ProviderState,
    QueueName,
    QueueState,
    ServerState,
    TokenRequests,
)
from quantimodo.model.texts import number_of

Subject = Literal["keys", "backup", "disk", "mail", "webhooks", "provider", "refusals"]
SUBJECTS: Final[tuple[Subject, ...]] = get_args(Subject)
_FULL: Final = 2  # percent of a disk: writes may fail any moment
_GIB: Final = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """`disk_free` and `refused_share` are percent; `sends_mail` is whether a mail server is set."""

    backup_age: timedelta
    disk_free: int
    mail_age: timedelta
    webhook_age: timedelta
    provider_failures: int
    refused_share: int
    refused_least: int
    sends_mail: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReading:
    """`of` names the algorithm or the provider; "" for a subject with one reading."""

    subject: Subject
    of: str = ""
    state: Literal["ok", "warning", "fault"]
    text: str

    @property
    def name(self) -> str:
        """The name of the reading, unique among those of a state."""
        return f"{self.subject}.{self.of}" if self.of else self.subject


def readings(state: ServerState, thresholds: Thresholds) -> Iterator[HealthReading]:
    """All readings of this state, in one order."""
    for key in state.keys:
        if key.active_at is not None:
            yield _key(key, state)
    yield _backup(state, thresholds.backup_age)
    if state.disk is not None:
        yield _disk(state.disk, thresholds.disk_free)
    ages: Mapping[QueueName, timedelta] = {
        "mail": thresholds.mail_age,
        "webhooks": thresholds.webhook_age,
    }
    for queue in state.queues:
        if queue.name != "mail" or thresholds.sends_mail:
            yield _queue(queue, state, ages[queue.name])
    for provider in state.providers:
        yield provider_reading(provider, state.at, thresholds.provider_failures)
    yield _refusals(state.token_requests, thresholds)


def _key(key: KeyState, state: ServerState) -> HealthReading:
    since = key.active_at
    age = f"for {format_duration(state.at - since)}" if since is not None else "never"
    text = f"the {key.algorithm} key has signed {age}"
    if key.overdue:
        text += (
            ", and its rotation is overdue: look for 'background work failed' with the job keys in"
            " the log, or run: quantimodo keys rotate --all"
        )
    state_of_key: Literal["ok", "fault"] = "fault" if key.overdue else "ok"
    return HealthReading(subject="keys", of=key.algorithm, state=state_of_key, text=text)


def _backup(state: ServerState, limit: timedelta) -> HealthReading:
    made_at = state.last_backup_at
    what_to_do = "run: quantimodo backup FILE, and let a job run it every day"
    if made_at is None:
        return HealthReading(
            subject="backup", state="warning", text=f"no backup is recorded: {what_to_do}"
        )
    age = state.at - made_at
    text = f"the last backup was made {format_duration(age)} ago"
    if age > limit:
        return HealthReading(subject="backup", state="warning", text=f"{text}: {what_to_do}")
    return HealthReading(subject="backup", state="ok", text=text)


def _disk(disk: DiskSpace, limit: int) -> HealthReading:
    percent = 100 * disk.free // disk.size if disk.size else 0
    text = f"{percent} % of the disk with the database is free ({disk.free / _GIB:.1f} GiB)"
    if percent >= limit:
        return HealthReading(subject="disk", state="ok", text=text)
    return HealthReading(
        subject="disk",
        state="fault" if percent < _FULL else "warning",
        text=f"{text}: make space, or move the database to a larger disk; when it is full, the"
        " server responds with 503",
    )


def _queue(queue: QueueState, state: ServerState, limit: timedelta) -> HealthReading:
    noun = "e-mail" if queue.name == "mail" else "webhook"
    age = timedelta(0) if queue.oldest_at is None else max(timedelta(0), state.at - queue.oldest_at)
    text = number_of(queue.waiting, f"{noun} waits", f"{noun}s wait")
    if age <= limit:
        return HealthReading(subject=queue.name, state="ok", text=text)
    if queue.name == "mail":
        what_to_do = (
            "look for mail.server_unavailable and mail.refused in the log, and whether the server"
            " runs"
        )
        return HealthReading(
            subject="mail",
            state="fault",
            text=f"{text}, the oldest one for {format_duration(age)}: {what_to_do}",
        )
    return HealthReading(
        subject="webhooks",
        state="warning",
        text=f"{text}, the oldest one is due for {format_duration(age)}: look for"
        " webhooks.failed in the log, and whether the server runs",
    )


def provider_reading(provider: ProviderState, at: datetime, limit: int) -> HealthReading:
    """What this state of one provider means at that moment; `limit` failures are too many."""
    success = provider.succeeded_at
    last = "none has succeeded yet"
    failed = number_of(provider.failures, "request", "requests")
    if success is not None:
        last = f"the last one that succeeded was {format_duration(at - success)} ago"
    if provider.failures < limit:
        text = f"requests to {provider.provider}: {last}"
        return HealthReading(subject="provider", of=provider.provider, state="ok", text=text)
    return HealthReading(
        subject="provider",
        of=provider.provider,
        state="warning",
        text=f"the last {failed} to {provider.provider} failed, and {last}:"
        " look for 'sign-in failed' in the log; quantimodo doctor connects to it",
    )


def _refusals(requests: TokenRequests, thresholds: Thresholds) -> HealthReading:
    refused = "was refused" if requests.refused == 1 else "were refused"
    total = number_of(requests.total, "token request")
    text = f"{requests.refused} of {total} of 15 minutes {refused}"
    many = requests.refused >= thresholds.refused_least
    if many and 100 * requests.refused > thresholds.refused_share * requests.total:
        return HealthReading(
            subject="refusals",
            state="warning",
            text=f"{text}: an application lost its secret, or refreshes with old tokens; the lines"
            " 'refused' in the log and the logs of applications have the reason",
        )
    return HealthReading(subject="refusals", state="ok", text=text)


def format_duration(time: timedelta) -> str:
    """A time in words, in its largest unit: 3 days."""
    seconds = max(0, int(time.total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            number = seconds // length
            return number_of(number, unit)
    return "less than a minute"
