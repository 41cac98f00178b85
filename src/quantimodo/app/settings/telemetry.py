"""Settings of OpenTelemetry."""
# ruff: noqa: RUF009  (`setting` is `dataclasses.field` with a sentence)

from dataclasses import dataclass
from datetime import timedelta

from quantimodo.model.setting_declarations import setting

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    endpoint: str = setting(
        "",
        "The base address of a collector for traces and metrics (OTLP over HTTP), as"
        " http://127.0.0.1:4318; needs the extra: pip install 'quantimodo[otel]'. Without one"
        " nothing is recorded.",
    )
    headers: str = setting(
        "",
        "Headers for the collector, as NAME=VALUE; several separated by commas.",
        secret=True,
    )
    sample: int = setting(100, "Percent of the traces that are recorded.", least=1, most=100)
    interval: timedelta = setting(
        _MINUTE, "How often metrics are sent.", least=_MINUTE / 12, most=60 * _MINUTE
    )
