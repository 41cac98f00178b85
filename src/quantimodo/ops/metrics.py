"""Counters for the operator (Prometheus). One `Metrics` per process, with its own registry."""

import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector


class Metrics:
    """Counting never waits. With several workers each one reports the sum of all."""

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
        self._series: dict[tuple[str, int], Callable[[], None]] = {}

    def request(self, endpoint: str, status: int) -> None:
        """Count a response of this endpoint, by the class of its status."""
        series = self._series.get((endpoint, status))
        if series is None:
            child = self._requests.labels(endpoint, f"{status // 100}xx")
            series = self._series[(endpoint, status)] = child.inc
        series()

    def legacy(self, shape: str) -> None:
        """Count a request of a shape that `legacy_transport = false` refuses."""
        self._legacy.labels(shape).inc()

    def breach_lookup(self, outcome: str) -> None:
        """Count the outcome of one look-up of a password in the list of breached ones."""
        self._breach_lookups.labels(outcome).inc()

    def render(self) -> bytes:
        """The text exposition format."""
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            everyone = CollectorRegistry()
            MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
            return generate_latest(everyone)
        return generate_latest(self._registry)
