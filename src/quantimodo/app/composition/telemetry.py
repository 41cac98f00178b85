"""Opens traces and metrics by OpenTelemetry, if the operator turned them on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Final, Protocol, cast

from starlette.applications import Starlette

from quantimodo import __version__
from quantimodo.app.composition.services import AppContext
from quantimodo.app.requests.dispatch import Dispatcher
from quantimodo.app.requests.proxies import Proxies
from quantimodo.app.requests.traced_dispatcher import TracedDispatcher
from quantimodo.app.settings.reading import Settings
from quantimodo.app.settings.telemetry_rules import parse_headers
from quantimodo.model.telemetry import TelemetryPolicy
from quantimodo.ops.metrics import Metrics
from quantimodo.ports.tracing import Tracer

SDK: Final = "quantimodo.ops.telemetry_sdk"
"""Imported only if it is used: it needs the extra, and starts threads."""


class Telemetry(Tracer, Protocol):
    """Implemented by the adapter of the SDK."""

    def report(self, metrics: Metrics) -> None:
        """Export these metrics too."""

    def close(self) -> None:
        """Send the rest. Blocks."""


@asynccontextmanager
async def opened_telemetry(settings: Settings) -> AsyncIterator[Telemetry | None]:
    """The tracer of this process, until the end of the block; None if it is off."""
    if not settings.telemetry.endpoint:
        yield None
        return
    open_telemetry: Callable[[TelemetryPolicy], Telemetry] = import_module(SDK).open_telemetry
    telemetry = open_telemetry(telemetry_policy(settings))
    try:
        yield telemetry
    finally:
        await asyncio.to_thread(telemetry.close)  # it blocks while the collector responds


def traced(dispatcher: Dispatcher, context: AppContext, telemetry: Telemetry) -> TracedDispatcher:
    """The same application with a span for each request, and its metrics for the collector."""
    telemetry.report(context.metrics)
    return TracedDispatcher(
        dispatcher,
        cast(Starlette, dispatcher.pages),
        Proxies.of(context.settings.trusted_proxies),
        telemetry,
    )


def telemetry_policy(settings: Settings) -> TelemetryPolicy:
    """Where traces and metrics are sent, and how many."""
    telemetry = settings.telemetry
    return TelemetryPolicy(
        endpoint=telemetry.endpoint.rstrip("/"),
        headers=parse_headers(telemetry.headers),
        sample=telemetry.sample / 100,
        interval=telemetry.interval,
        version=__version__,
    )
