"""Counters, durations and gauges for the operator (Prometheus). One `Metrics` per process, with its
own registry. `gauges.py` has the gauges, `duration_histogram.py` the form of durations."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from quantimodo.model.server_state import ServerState, TokenRequests
from quantimodo.ops.duration_histogram import DURATIONS, WithHistogram, duration_counter
from quantimodo.ops.gauges import StateGauges

_TOKEN = "token"


@dataclass(frozen=True, slots=True)
class MetricValues:
    """One metric of this process, with the value of each of its series."""

    name: str
    text: str
    is_counter: bool
    series: Sequence[tuple[Mapping[str, str], float]]


class Metrics:
    """Counting never waits. With several workers each one reports the sum of all counters, and the
    gauges as it measured them last."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "quantimodo_requests_total",
            "Requests, by endpoint and status class of the response.",
            ("endpoint", "status"),
            registry=self._registry,
        )
        self._legacy = Counter(
            "quantimodo_legacy_total",
            "Uses of shapes that the 2016 page documents and RFC 9700 warns of.",
            ("shape",),
            registry=self._registry,
        )
        self._breach_lookups = Counter(
            "quantimodo_breach_lookups_total",
            "Lookups of new passwords in the list of breached passwords, by outcome.",
            ("outcome",),
            registry=self._registry,
        )
        self._provider_requests = Counter(
            "quantimodo_provider_requests_total",
            "Requests to sign-in providers, by provider and outcome.",
            ("provider", "outcome"),
            registry=self._registry,
        )
        self._durations = duration_counter(self._registry)
        self._reported = TokenRequests(0, 0)
        self.state: ServerState | None = None
        """As it was measured last."""

    def responses(self, endpoint: str, status: int) -> Callable[[], None]:
        """What counts a response of this endpoint, by the class of its status."""
        return self._requests.labels(endpoint, f"{status // 100}xx").inc

    def legacy(self, shape: str) -> None:
        """Count a request of a shape that `legacy_transport = false` refuses."""
        self._legacy.labels(shape).inc()

    def breach_lookup(self, outcome: str) -> None:
        """Count the outcome of one look-up of a password in the list of breached ones."""
        self._breach_lookups.labels(outcome).inc()

    def provider_request(self, provider: str, outcome: str) -> None:
        """Count the outcome of one request to a sign-in provider."""
        self._provider_requests.labels(provider, outcome).inc()

    def add_durations(self, classes: Mapping[str, Sequence[int]], bounds: Sequence[float]) -> None:
        """Count requests by the class of their duration. `classes`: for each endpoint the number
        in each class, of which the last one has no upper bound in `bounds`, in seconds."""
        for endpoint, numbers in classes.items():
            for bound, number in zip((*map(str, bounds), "+Inf"), numbers, strict=True):
                self._durations.labels(endpoint, bound).inc(number)

    def show(self, state: ServerState) -> None:
        """Report this state in the gauges from now on."""
        self.state = state

    def new_token_requests(self) -> TokenRequests:
        """The requests to the token endpoint of this process since the last call."""
        (metric,) = self._requests.collect()
        counted = {
            sample.labels["status"]: int(sample.value)
            for sample in metric.samples
            if sample.name.endswith("_total") and sample.labels["endpoint"] == _TOKEN
        }
        now, before = TokenRequests(sum(counted.values()), counted.get("4xx", 0)), self._reported
        self._reported = now
        return TokenRequests(now.total - before.total, now.refused - before.refused)

    def values(self) -> Sequence[MetricValues]:
        """All metrics but durations, with the counters of this process alone. OpenTelemetry has a
        histogram of durations from its own spans."""
        counters = [each for each in self._registry.collect() if each.name != DURATIONS]
        metric_families = [*counters, *StateGauges(self.state).collect()]
        return [
            MetricValues(
                f"{each.name}_total" if each.type == "counter" else each.name,
                each.documentation,
                each.type == "counter",
                [
                    (sample.labels, sample.value)
                    for sample in each.samples
                    if not sample.name.endswith("_created")
                ],
            )
            for each in metric_families
        ]

    def render(self) -> bytes:
        """The text exposition format."""
        counters = self._registry
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            counters = CollectorRegistry()
            MultiProcessCollector(counters)  # type: ignore[no-untyped-call]
        exposed = CollectorRegistry()
        exposed.register(WithHistogram(counters))
        exposed.register(StateGauges(self.state))
        return generate_latest(exposed)
