"""The histogram of durations of requests in `/metrics`.

Owns its form. A process counts the requests of each class in a counter, whose values several
processes add up, and adds whole sums to it: no request does. The histogram is made from it when
`/metrics` is read. It has no sum of all durations, because only the class of each request is
counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

DURATIONS: Final = "quantimodo_request_durations"
"""The counter: requests by endpoint and the upper bound of their class."""
_HISTOGRAM: Final = "quantimodo_request_duration_seconds"
_TEXT: Final = "How long requests took, by endpoint; up to 30 seconds late."


def duration_counter(registry: CollectorRegistry) -> Counter:
    """The counter, in this registry."""
    return Counter(
        DURATIONS, "Requests by the class of their duration.", ("endpoint", "le"), registry=registry
    )


@dataclass(frozen=True, slots=True, eq=False)  # a registry has collectors as keys
class WithHistogram(Collector):
    """All metrics of `counters`, with the histogram in the place of its counter."""

    counters: CollectorRegistry

    def collect(self) -> Iterator[Metric]:
        """Each metric with its series."""
        for metric in self.counters.collect():
            yield _histogram(metric) if metric.name == DURATIONS else metric

    def describe(self) -> Iterator[Metric]:
        """None: the names are not known before they are collected."""
        return iter(())


def _histogram(counted: Metric) -> Metric:
    numbers: dict[str, dict[float, tuple[str, float]]] = {}
    for sample in counted.samples:
        if sample.name == f"{DURATIONS}_total":
            bound = sample.labels["le"]
            numbers.setdefault(sample.labels["endpoint"], {})[float(bound)] = bound, sample.value
    histogram = HistogramMetricFamily(_HISTOGRAM, _TEXT, labels=("endpoint",))
    for endpoint, classes in sorted(numbers.items()):
        total, buckets = 0.0, []
        for _, (bound, number) in sorted(classes.items()):
            total += number
            buckets.append((bound, total))
        histogram.add_metric((endpoint,), buckets, sum_value=None)
        histogram.add_sample(f"{_HISTOGRAM}_count", {"endpoint": endpoint}, total)
    return histogram
