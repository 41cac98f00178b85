"""Where traces and metrics are sent."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryPolicy:
    """`endpoint` is the base address of OTLP over HTTP. `headers` are sent with each export.
    `sample` is the share of traces that are recorded, `interval` the time between metrics."""

    endpoint: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    sample: float = 1.0
    interval: timedelta = timedelta(minutes=1)
    version: str = ""
