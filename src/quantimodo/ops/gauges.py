"""The gauges: the state of a server at one moment, in the terms of Prometheus."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from quantimodo.model.server_state import ProviderState, ServerState

_MEASURED: Final = "quantimodo_state_timestamp_seconds"
_PROVIDER_SUCCESS: Final = "quantimodo_provider_success_timestamp_seconds"
_PROVIDER_FAILURES: Final = "quantimodo_provider_failures"

Series = tuple[Sequence[str], float | None]


@dataclass(frozen=True, slots=True, eq=False)  # a registry has collectors as keys
class StateGauges(Collector):
    """A gauge whose value is not known has no series; before the first measurement that is all."""

    state: ServerState | None

    def collect(self) -> Iterator[Metric]:
        """Each gauge with its series."""
        state = self.state
        yield _gauge(
            _MEASURED,
            "When these gauges were measured.",
            (),
            [] if state is None else [((), state.at.timestamp())],
        )
        yield from _key_gauges(state)
        yield from _storage_gauges(state)
        yield from _queue_gauges(state)
        yield from _provider_gauges(state)


def _key_gauges(state: ServerState | None) -> Iterator[Metric]:
    keys = [] if state is None else state.keys
    yield _gauge(
        "quantimodo_signing_key_active_timestamp_seconds",
        "Since when the current signing key signs.",
        ("algorithm",),
        [((key.algorithm,), _seconds(key.active_at)) for key in keys],
    )
    yield _gauge(
        "quantimodo_signing_key_overdue",
        "1 if the rotation of this signing key is overdue, or there is none.",
        ("algorithm",),
        [((key.algorithm,), float(key.overdue)) for key in keys],
    )


def _storage_gauges(state: ServerState | None) -> Iterator[Metric]:
    # 0 without a backup, so that a rule on the age also finds a server that has none.
    backup_at = None if state is None else _seconds(state.last_backup_at) or 0.0
    disk = None if state is None else state.disk
    sizes = None if state is None else state.sizes
    numbers = (
        (
            "quantimodo_backup_timestamp_seconds",
            "When the last backup was made; 0 without one.",
            backup_at,
        ),
        (
            "quantimodo_disk_free_bytes",
            "Free space of the file system with the SQLite database.",
            None if disk is None else disk.free,
        ),
        (
            "quantimodo_disk_size_bytes",
            "Size of the file system with the SQLite database.",
            None if disk is None else disk.size,
        ),
        (
            "quantimodo_database_size_bytes",
            "Size of the database.",
            None if sizes is None else sizes.database,
        ),
        (
            "quantimodo_database_log_size_bytes",
            "Size of the write-ahead log of the database.",
            None if sizes is None else sizes.log,
        ),
    )
    for name, text, value in numbers:
        yield _gauge(name, text, (), [((), value)])


def _queue_gauges(state: ServerState | None) -> Iterator[Metric]:
    queues = [] if state is None else state.queues
    yield _gauge(
        "quantimodo_queue_entries",
        "E-mails and webhooks that wait.",
        ("queue",),
        [((queue.name,), float(queue.waiting)) for queue in queues],
    )
    ages = [
        ((queue.name,), age_of(queue.oldest_at, state.at)) for queue in queues if state is not None
    ]
    yield _gauge(
        "quantimodo_queue_oldest_age_seconds",
        "How long the oldest e-mail waits, or the oldest webhook is due; 0 without one.",
        ("queue",),
        ages,
    )


def _provider_gauges(state: ServerState | None) -> Iterator[Metric]:
    providers = [] if state is None else state.providers
    yield _gauge(
        _PROVIDER_SUCCESS,
        "When a request to this sign-in provider last succeeded.",
        ("provider",),
        [((each.provider,), _seconds(each.succeeded_at)) for each in providers],
    )
    yield _gauge(
        _PROVIDER_FAILURES,
        "Failed requests to this sign-in provider since the last success.",
        ("provider",),
        [((each.provider,), float(each.failures)) for each in providers],
    )


def reported_providers(metrics: str) -> tuple[datetime, Sequence[ProviderState]] | None:
    """The sign-in providers in the text of `/metrics`, by name, and when they were measured; None
    before the first measurement. `failed_at` is not there. Raises `ValueError` for another text."""
    gauges: dict[str, Mapping[str, float]] = {
        metric.name: {sample.labels.get("provider", ""): sample.value for sample in metric.samples}
        for metric in text_string_to_metric_families(metrics)
    }
    measured = gauges.get(_MEASURED, {}).get("")
    if measured is None:
        return None
    succeeded = gauges.get(_PROVIDER_SUCCESS, {})
    return _moment(measured), [
        ProviderState(
            provider=name,
            succeeded_at=_moment(succeeded[name]) if name in succeeded else None,
            failed_at=None,
            failures=int(failures),
        )
        for name, failures in sorted(gauges.get(_PROVIDER_FAILURES, {}).items())
    ]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def age_of(since: datetime | None, at: datetime) -> float:
    """Seconds from `since` to `at`, at least 0; 0 without one."""
    return 0.0 if since is None else max(0.0, (at - since).total_seconds())


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _gauge(name: str, text: str, labels: Sequence[str], series: Sequence[Series]) -> Metric:
    gauge = Metric(name, text, "gauge")
    for values, number in series:
        if number is not None:
            gauge.add_sample(name, dict(zip(labels, values, strict=True)), number)
    return gauge
