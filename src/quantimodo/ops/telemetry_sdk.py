"""Traces and metrics by the SDK of OpenTelemetry.

The only module that imports it. `app/composition/telemetry.py` imports this one if
`telemetry.endpoint` is set, because it needs the extra.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Final

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    INVALID_SPAN,
    SpanKind,
    StatusCode,
    format_trace_id,
    get_current_span,
)
from opentelemetry.trace import Span as SdkSpan
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from quantimodo.model.telemetry import TelemetryPolicy
from quantimodo.ops.metrics import Metrics, MetricValues
from quantimodo.ops.traffic import BOUNDS

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("quantimodo.telemetry")

_TIMEOUT: Final = 10.0  # seconds for one export, in a thread of the SDK


@dataclass(frozen=True, slots=True)
class RecordedSpan:
    """Implements `Span`."""

    span: SdkSpan

    @property
    def trace_id(self) -> str:
        return format_trace_id(self.span.get_span_context().trace_id)

    def set(self, name: str, value: str | int) -> None:
        self.span.set_attribute(name, value)

    def fail(self) -> None:
        self.span.set_status(StatusCode.ERROR)


class Telemetry:
    """Implements `Tracer`."""

    def __init__(
        self, policy: TelemetryPolicy, processor: SpanProcessor, reader: MetricReader
    ) -> None:
        resource = Resource.create(
            {"service.name": "quantimodo", "service.version": policy.version}
        )
        sampler = ParentBased(TraceIdRatioBased(policy.sample))
        self._traces = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
        self._traces.add_span_processor(processor)
        self._metrics = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        self._tracer = self._traces.get_tracer("quantimodo")
        self._meter = self._metrics.get_meter("quantimodo")
        self._durations = self._meter.create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Duration of requests.",
            explicit_bucket_boundaries_advisory=BOUNDS,
        )
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def request(self, name: str, traceparent: str) -> Iterator[RecordedSpan]:
        """A span for a request, in the trace of `traceparent` if that is valid."""
        parent = self._propagator.extract({"traceparent": traceparent} if traceparent else {})
        with self._span(name, SpanKind.SERVER, parent) as span:
            yield span

    @contextmanager
    def call(self, name: str) -> Iterator[RecordedSpan]:
        """A span within the one of the request; outside a request one that records nothing."""
        if not get_current_span().get_span_context().is_valid:
            yield RecordedSpan(INVALID_SPAN)
            return
        with self._span(name, SpanKind.CLIENT, None) as span:
            yield span

    @contextmanager
    def work(self, name: str) -> Iterator[RecordedSpan]:
        """A span for background work; it belongs to no request."""
        with self._span(name, SpanKind.INTERNAL, Context()) as span:
            yield span

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Add a request to the histogram of durations."""
        self._durations.record(
            seconds,
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
            },
        )

    def report(self, metrics: Metrics) -> None:
        """Export all metrics of `/metrics` too, as this process has them."""
        for values in metrics.values():
            create = (
                self._meter.create_observable_counter
                if values.is_counter
                else self._meter.create_observable_gauge
            )
            create(
                values.name,
                callbacks=[partial(_observed, metrics.values, values.name)],
                description=values.text,
            )

    def close(self, patience: float = 3.0) -> None:
        """Send what waits, for `patience` seconds at most: a collector that does not respond does
        not delay the end of a server."""
        threads = [
            Thread(target=provider.shutdown, name="telemetry", daemon=True)
            for provider in (self._traces, self._metrics)
        ]
        for thread in threads:
            thread.start()
        ends_at = time.monotonic() + patience
        for thread in threads:
            thread.join(max(0.0, ends_at - time.monotonic()))

    @contextmanager
    def _span(self, name: str, kind: SpanKind, parent: Context | None) -> Iterator[RecordedSpan]:
        # The text of an exception may have a value of the request: it is not recorded.
        with self._tracer.start_as_current_span(
            name,
            context=parent,
            kind=kind,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            found = RecordedSpan(span)
            try:
                yield found
            except Exception:
                found.fail()
                raise


class FaultLog(logging.Handler):
    """Turns the messages of the SDK into lines of the log, without the values in them."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; `because` is the fixed text of the message."""
        _log.warning("collector.undelivered", because=str(record.msg))


def open_telemetry(policy: TelemetryPolicy) -> Telemetry:
    """Sends to the OTLP endpoint of the policy, from threads of the SDK."""
    sdk_log = logging.getLogger("opentelemetry")
    if not any(isinstance(each, FaultLog) for each in sdk_log.handlers):
        sdk_log.addHandler(FaultLog(logging.WARNING))
        sdk_log.propagate = False
    headers = dict(policy.headers)
    spans = OTLPSpanExporter(
        endpoint=f"{policy.endpoint}/v1/traces", headers=headers, timeout=_TIMEOUT
    )
    numbers = OTLPMetricExporter(
        endpoint=f"{policy.endpoint}/v1/metrics", headers=headers, timeout=_TIMEOUT
    )
    interval = policy.interval.total_seconds() * 1000
    reader = PeriodicExportingMetricReader(numbers, export_interval_millis=interval)
    return Telemetry(policy, BatchSpanProcessor(spans), reader)


def _observed(
    read: Callable[[], Sequence[MetricValues]], name: str, options: CallbackOptions
) -> list[Observation]:
    return [
        Observation(number, dict(labels))
        for values in read()
        if values.name == name
        for labels, number in values.series
    ]
