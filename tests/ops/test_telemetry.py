"""docs/operator/monitoring.md: traces and metrics by OpenTelemetry hold no value of a request.

Spans have the method, the template of the path and the status, and nothing else.
"""

import asyncio
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from quantimodo.app.background import background_work
from quantimodo.app.composition.server import build_server, open_server
from quantimodo.app.composition.services import open_app
from quantimodo.app.composition.telemetry import traced
from quantimodo.app.requests.dispatch import Dispatcher
from quantimodo.app.requests.refusal_sampling import RefusalSampler
from quantimodo.app.server_state import watch
from quantimodo.app.settings.reading import BadSettings
from quantimodo.endpoints.routes import ApiRoute
from quantimodo.http.asgi import WHOLE
from quantimodo.model.telemetry import TelemetryPolicy
from quantimodo.ops.polling_worker import traced_job
from quantimodo.ops.telemetry_sdk import Telemetry, open_telemetry
from quantimodo.outbound.guarded_transport import GuardedTransport
from quantimodo.storage.sqlite.database import SqliteDatabase
from support.app import (
    INTROSPECT,
    ISSUER,
    PASSWORD,
    TOKEN,
    USERINFO,
    VERIFIER,
    AppHarness,
    OpenHarness,
    PreparedDatabase,
    file_of,
    settings_for,
)
from support.environment import FrozenClock, SeededEntropy
from support.loopback_server import loopback_server

ATTRIBUTES = {"http.request.method", "http.route", "http.response.status_code"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


@dataclass
class Recorded:
    """A server with traces, and what it recorded."""

    harness: AppHarness
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    def spans(self) -> Sequence[ReadableSpan]:
        """The spans since the last call."""
        found = self.exporter.get_finished_spans()
        self.exporter.clear()
        return found

    def metrics(self) -> dict[str, list[tuple[dict[str, Any], Any]]]:
        """The points of each metric, with their attributes."""
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name: [
                (dict(point.attributes or {}), point) for point in metric.data.data_points
            ]
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


OpenRecorded = Callable[..., AbstractAsyncContextManager[Recorded]]


@pytest.fixture
def open_recorded(
    prepared_database: PreparedDatabase, tmp_path: Path, clock: FrozenClock, entropy: SeededEntropy
) -> OpenRecorded:
    """A server in process whose spans are kept in memory."""

    @asynccontextmanager
    async def opened(sample: float = 1.0, **changes: str) -> AsyncIterator[Recorded]:
        settings = settings_for(f"sqlite:///{tmp_path}/harness.db", tmp_path, **changes)
        shutil.copy(prepared_database.database, file_of(settings))
        exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
        policy = TelemetryPolicy(endpoint="", sample=sample, version="1")
        telemetry = Telemetry(policy, SimpleSpanProcessor(exporter), reader)
        async with open_app(settings, clock, entropy, telemetry) as context:
            dispatcher = await build_server(context, prepared_database.renderer)
            application = cast(Dispatcher, traced(dispatcher, context, telemetry))
            harness = AppHarness(
                context, application, file_of(settings), prepared_database.password_hash
            )
            yield Recorded(harness, exporter, reader)
            await harness.close()
        telemetry.close()

    return opened


def templates(harness: AppHarness) -> set[str]:
    """The paths of the tables of routes."""
    dispatcher = harness.application.dispatcher  # type: ignore[attr-defined]
    pages = cast(Starlette, dispatcher.pages)
    ours: list[ApiRoute] = [*dispatcher._routes.values(), *dispatcher._under.values()]
    return {route.path for route in ours} | {page.path for page in pages.routes}  # type: ignore[attr-defined]


def everything(span: ReadableSpan) -> str:
    """All text of a span that an exporter sends."""
    parts = [span.name, dict(span.attributes or {}), span.events, span.links]
    return repr([*parts, span.status.description, dict(span.resource.attributes)])


async def test_no_span_holds_a_value_of_its_request(open_recorded: OpenRecorded) -> None:
    async with loopback_server(NOT_FOUND) as there:
        provider = {
            "providers__test__kind": "oidc",
            "providers__test__client_id": "secret-id-of-us",
            "providers__test__issuer": f"http://{there.host_and_port}",
            "insecure_private_hosts": there.host_and_port,
        }
        async with open_recorded(**provider) as it:
            harness = it.harness
            await harness.person()
            app = await harness.app()
            browser = harness.browser()
            await harness.sign_in(browser)
            authorized = await harness.authorize(browser, app, scope="openid basic")
            tokens = (await harness.redeem(app, authorized.code)).json()
            fresh = (await harness.refresh(app, tokens["refresh_token"])).json()
            access = fresh["access_token"]
            assert (await harness.call(access)).status_code == 200
            await harness.introspect(app, access)
            stranger = harness.browser()
            await stranger.get(f"{USERINFO}?access_token={access}")
            await stranger.get("/api/v1/measurements/4711?secret-name=1")
            await stranger.get("/no-such-page/secret-in-the-path?q=secret-query")
            await stranger.post("/sign-in", data={"username": "secret-person@example.org"})
            await stranger.post(
                TOKEN, content=b"secret-body", headers={"x-secret": "secret-header"}
            )
            await harness.send_raw("SECRETMETHOD", INTROSPECT)
            failed = await stranger.get("/sign-in/with/test?login_hint=secret-person@example.org")
            assert failed.status_code >= 400
            known, spans = templates(harness) | {"unknown"}, it.spans()
            client = await harness.context.stores.clients.client(app.id)
            assert client is not None
    names = {span.name for span in spans}
    assert {"POST " + TOKEN, "GET " + USERINFO, "GET /sign-in/with/{provider}"} <= names
    assert {"storage read", "storage put", "storage write", "outbound GET"} <= names
    assert {"GET unknown", f"_OTHER {INTROSPECT}"} <= names
    for span in spans:
        assert set(span.attributes or {}) <= ATTRIBUTES
        assert not span.events
        assert span.status.description is None
        what, _, route = span.name.partition(" ")
        if what not in ("storage", "outbound"):
            assert route in known
    recorded = "\n".join(map(everything, spans))
    values = [tokens["access_token"], tokens["refresh_token"], tokens["id_token"], access]
    values += [authorized.code, str(app.secret), PASSWORD, VERIFIER, "some-state", app.id]
    values += ["ann@example.org", "Ann Example", "Mood Tracker", "192.0.2.7", "4711"]
    values += ["secret", there.host_and_port, "SECRETMETHOD", "SELECT", "INSERT"]
    assert [value for value in values if value in recorded] == []


async def test_spans_of_a_request_are_one_trace(open_recorded: OpenRecorded) -> None:
    async with open_recorded() as it:
        app = await it.harness.app()
        it.spans()
        assert (await it.harness.token(app, grant_type="client_credentials")).status_code == 200
        spans = it.spans()
        (request,) = [span for span in spans if span.name == f"POST {TOKEN}"]
        assert request.parent is None
        assert request.context is not None
        inner = [span for span in spans if span is not request]
        assert "storage put" in {span.name for span in inner}
        for span in inner:
            assert span.parent is not None
            assert span.parent.span_id == request.context.span_id
        assert dict(request.attributes or {}) == {
            "http.request.method": "POST",
            "http.route": TOKEN,
            "http.response.status_code": 200,
        }
        # Work in the background is no request.
        await watch(it.harness.context)
        assert it.spans() == ()


async def test_a_turn_of_background_work_is_a_separate_trace(
    open_recorded: OpenRecorded,
) -> None:
    async with open_recorded() as it:
        context = it.harness.context
        it.spans()
        async with background_work(context, RefusalSampler(time.monotonic)):
            async with asyncio.timeout(30):
                found: dict[str, ReadableSpan] = {}
                while not {"background state", "background webhooks"} <= found.keys():
                    await asyncio.sleep(0.01)
                    found |= {span.name: span for span in it.spans() if span.parent is None}
        turn = found["background state"]
        assert dict(turn.attributes or {}) == {}
        assert turn.kind is SpanKind.INTERNAL

        async def broken() -> None:
            raise RuntimeError("secret")

        job = traced_job("cleaner", broken, context.http_client.tracer)
        with pytest.raises(RuntimeError):
            await job()
        (span,) = it.spans()
        assert (span.name, span.status.status_code) == ("background cleaner", StatusCode.ERROR)
        assert "secret" not in everything(span)
        assert traced_job("cleaner", broken, None) is broken, "off: nothing stands around the job"


async def test_traceparent_is_read_from_trusted_proxies_alone(open_recorded: OpenRecorded) -> None:
    def traces(it: Recorded) -> set[str]:
        return {f"{span.context.trace_id:032x}" for span in it.spans() if span.context is not None}

    headers = {"traceparent": TRACEPARENT, "tracestate": "secret=1", "baggage": "secret=1"}
    async with open_recorded() as it:
        await it.harness.browser().get("/health/live", headers=headers)
        assert TRACE not in traces(it)
    async with open_recorded(trusted_proxies="192.0.2.0/24") as it:
        await it.harness.browser().get("/health/live", headers=headers)
        (span,) = it.spans()
        assert span.context is not None
        assert f"{span.context.trace_id:032x}" == TRACE
        assert not span.context.trace_state
        invalid = [
            *("", "nonsense", TRACEPARENT.replace("4", "g"), TRACEPARENT + "-" + "x" * 100),
            *("00-" + "0" * 32 + "-00f067aa0ba902b7-01", "ff" + TRACEPARENT[2:]),
        ]
        for text in invalid:
            await it.harness.browser().get("/health/live", headers={"traceparent": text})
        twice = [("traceparent", TRACEPARENT), ("traceparent", TRACEPARENT)]
        await it.harness.browser().get("/health/live", headers=twice)
        found = it.spans()
        assert len(found) == len(invalid) + 1
        assert all(span.parent is None for span in found)


async def test_lines_of_the_log_name_the_trace(open_recorded: OpenRecorded) -> None:
    async with open_recorded() as it:
        app = await it.harness.app()
        it.spans()
        with capture_logs(processors=[merge_contextvars]) as lines:
            await it.harness.token(app, grant_type="refresh_token")
        (span,) = [span for span in it.spans() if span.name == f"POST {TOKEN}"]
        (line,) = [line for line in lines if line["event"] == "refused"]
        assert span.context is not None
        assert line["trace_id"] == f"{span.context.trace_id:032x}"
        with capture_logs(processors=[merge_contextvars]) as lines:
            await watch(it.harness.context)
        assert not [line for line in lines if "trace_id" in line]


async def test_a_request_that_fails_is_marked_without_the_reason(
    open_recorded: OpenRecorded,
) -> None:
    async with open_recorded() as it:
        await it.harness.context.stores.close()
        assert (await it.harness.browser().get("/health/ready")).status_code == 503
        failed = it.spans()
        assert {span.name for span in failed} == {"storage read", "GET /health/ready"}
        for span in failed:
            assert span.status.status_code is StatusCode.ERROR
            assert span.status.description is None
            assert not span.events


async def test_the_status_of_a_response_in_one_piece_is_recorded(
    open_recorded: OpenRecorded,
) -> None:
    """As `quantimodo serve` takes responses."""
    sent: list[int] = []

    def whole(status: int, head: bytes, body: bytes) -> bool:
        sent.append(status)
        return True

    async def unused(message: object = None) -> Any:
        raise AssertionError("the response is sent in one piece")

    async with open_recorded() as it:
        for path in ("/health/live", "/metrics"):
            scope = {
                **{"type": "http", "method": "GET", "scheme": "https", "http_version": "1.1"},
                **{"path": path, "raw_path": path.encode(), "query_string": b"", "headers": []},
                **{"client": ("192.0.2.7", 1), "server": ("id.example.org", 443)},
                "extensions": {WHOLE: whole},
            }
            await it.harness.application(scope, unused, unused)
        statuses = [(span.attributes or {})["http.response.status_code"] for span in it.spans()]
        assert statuses == sent == [200, 404]


async def test_a_share_of_the_traces_is_recorded(open_recorded: OpenRecorded) -> None:
    async with open_recorded(sample=0.0) as it:
        await it.harness.browser().get("/health/live")
        assert it.spans() == ()
        (_, durations) = it.metrics()["http.server.request.duration"][0]
        assert durations.count == 1


async def test_metrics_have_durations_counters_and_gauges(open_recorded: OpenRecorded) -> None:
    async with open_recorded() as it:
        app = await it.harness.app()
        await it.harness.token(app, grant_type="client_credentials")
        await it.harness.token(app, grant_type="refresh_token")
        await watch(it.harness.context)
        found = it.metrics()
        durations = {
            attributes["http.response.status_code"]: point.count
            for attributes, point in found["http.server.request.duration"]
            if attributes["http.route"] == TOKEN
        }
        assert durations == {200: 1, 400: 1}
        counted = {
            tuple(at.values()): point.value for at, point in found["quantimodo_requests_total"]
        }
        assert counted == {("token", "2xx"): 1, ("token", "4xx"): 1}
        (_, size) = found["quantimodo_database_size_bytes"][0]
        assert size.value == it.harness.database.stat().st_size
        assert len(found["quantimodo_signing_key_overdue"]) == 4


# ------------------------------------------------------------------------ the collector


@dataclass
class Collector:
    """An OTLP/HTTP collector that parses what it gets by the official protocol buffers."""

    port: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)
    traces: list[ExportTraceServiceRequest] = field(default_factory=list)
    metrics: list[ExportMetricsServiceRequest] = field(default_factory=list)


@contextmanager
def collector() -> Iterator[Collector]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.headers.append({name.lower(): value for name, value in self.headers.items()})
            if self.path == "/v1/traces":
                found.traces.append(ExportTraceServiceRequest.FromString(body))
            elif self.path == "/v1/metrics":
                found.metrics.append(ExportMetricsServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server_settings(prepared_database: PreparedDatabase, tmp_path: Path) -> Callable[..., Any]:
    def made(**changes: str) -> Any:
        settings = settings_for(f"sqlite:///{tmp_path}/harness.db", tmp_path, **changes)
        shutil.copy(prepared_database.database, file_of(settings))
        return settings

    return made


async def test_a_worker_sends_traces_and_metrics_to_the_collector(
    server_settings: Callable[..., Any],
) -> None:
    with collector() as there:
        settings = server_settings(
            telemetry__endpoint=f"http://127.0.0.1:{there.port}/",
            telemetry__headers="Authorization=Basic abc, x-tenant=ours",
        )
        async with open_server(settings, RefusalSampler(time.monotonic)) as application:
            transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as browser:
                assert (await browser.get("/health/ready")).status_code == 200
                application.framing_refused(400, "a text")
        spans = [
            span
            for sent in there.traces
            for resource in sent.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        (request,) = [span for span in spans if span.name == "GET /health/ready"]
        assert {attribute.key for attribute in request.attributes} == ATTRIBUTES
        assert [span.parent_span_id for span in spans if span.name == "storage read"] == [
            request.span_id
        ]
        resource = there.traces[0].resource_spans[0].resource
        named = {each.key: each.value.string_value for each in resource.attributes}
        assert named["service.name"] == "quantimodo"
        metrics = {
            metric.name
            for sent in there.metrics
            for each in sent.resource_metrics
            for scope in each.scope_metrics
            for metric in scope.metrics
        }
        assert {"http.server.request.duration", "quantimodo_requests_total"} <= metrics
        for headers in there.headers:
            assert headers["content-type"] == "application/x-protobuf"
            assert (headers["authorization"], headers["x-tenant"]) == ("Basic abc", "ours")


async def test_a_collector_that_does_not_respond_does_not_delay_the_end() -> None:
    release = threading.Event()

    class Waiting(SimpleSpanProcessor):
        def shutdown(self) -> None:
            release.wait()

    policy = TelemetryPolicy(endpoint="", version="1")
    telemetry = Telemetry(policy, Waiting(InMemorySpanExporter()), InMemoryMetricReader())
    telemetry.close(patience=0.01)
    assert not release.is_set()
    release.set()


def test_faults_of_the_sdk_are_logged_without_their_values() -> None:
    sdk_log = logging.getLogger("opentelemetry.a.test")
    with collector() as there, capture_logs() as lines:
        policy = TelemetryPolicy(endpoint=f"http://127.0.0.1:{there.port}")
        open_telemetry(policy).close()
        open_telemetry(policy).close()
        sdk_log.warning("Transient error %s while exporting", "secret-address")
        sdk_log.info("a detail")
    assert [(line["event"], line["because"]) for line in lines] == [
        ("collector.undelivered", "Transient error %s while exporting")
    ]


# ---------------------------------------------------------------------------- switched off


async def test_a_worker_without_telemetry_runs_nothing_of_it(
    open_harness: OpenHarness, server_settings: Callable[..., Any]
) -> None:
    """The hot paths have the objects that they had without it, and call the same functions."""
    settings = server_settings()
    async with open_server(settings, RefusalSampler(time.monotonic)) as application:
        assert type(application) is Dispatcher
    async with open_harness() as harness:
        context = harness.context
        assert type(context.stores.tokens._database) is SqliteDatabase  # type: ignore[attr-defined]
        assert type(context.http_client._transport) is GuardedTransport
        app = await harness.app()
        called: set[tuple[str, str]] = set()

        def note(frame: Any, event: str, argument: object) -> None:
            if event == "call":
                called.add((Path(frame.f_code.co_filename).name, frame.f_code.co_name))

        sys.setprofile(note)
        try:
            token = await harness.token(app, grant_type="client_credentials")
        finally:
            sys.setprofile(None)
        assert token.status_code == 200
        assert ("dispatch.py", "__call__") in called
        names = ("telemetry", "traced_", "tracing")
        assert [name for name, _ in called if name.startswith(names)] == []
        assert ("dispatch.py", "route_of") not in called


async def _calls(harness: AppHarness) -> Counter[tuple[str, str]]:
    """How often one introspection calls each function of the server that is not for traces."""
    app = await harness.app()
    token = (await harness.token(app, grant_type="client_credentials")).json()["access_token"]
    await harness.introspect(app, token)
    await harness.context.audit.flush()
    counted: Counter[tuple[str, str]] = Counter()

    def note(frame: Any, event: str, argument: object) -> None:
        file = Path(frame.f_code.co_filename)
        ours = "quantimodo" in file.parts and not file.name.startswith(("traced_", "telemetry"))
        if event == "call" and ours:
            counted[(file.name, frame.f_code.co_name)] += 1

    sys.setprofile(note)
    try:
        await harness.introspect(app, token)
    finally:
        sys.setprofile(None)
    return counted


async def test_the_functions_of_a_request_do_not_know_of_traces(
    open_harness: OpenHarness, open_recorded: OpenRecorded
) -> None:
    """Traces are recorded around them: each is called as often with traces as without."""
    async with open_harness() as harness:
        off = await _calls(harness)
    async with open_recorded() as it:
        on = await _calls(it.harness)
    # The traced dispatcher looks up the route and the peer by itself.
    own = {("dispatch.py", "route_of"), *(each for each in on if each[0] == "proxies.py")}
    assert not own & set(off)
    for each in own:
        del on[each]
    assert sum(off.values()) > 20
    assert on == off


_OFF = """
import asyncio, sys, time
from quantimodo.app.requests.refusal_sampling import RefusalSampler
from quantimodo.app.composition.server import open_server
from quantimodo.app.composition.services import prepare
from quantimodo.app.settings.reading import load_settings
import quantimodo.app.asgi, quantimodo.cli.server.worker

async def main():
    settings = load_settings()
    await prepare(settings)
    async with open_server(settings, RefusalSampler(time.monotonic)):
        print(sorted(name for name in sys.modules if name.startswith("opentelemetry")))

asyncio.run(main())
"""
_MISSING = """
import sys
sys.modules["opentelemetry.sdk"] = None
from quantimodo.cli.main import app
app()
"""


def _python(folder: Path, program: str, *arguments: str, **settings: str) -> tuple[int, str]:
    named = {f"QUANTIMODO_{name.upper()}": value for name, value in settings.items()}
    environment = {**{n: t for n, t in os.environ.items() if "QUANTIMODO" not in n}, **named}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_server_without_telemetry_imports_nothing_of_it(
    tmp_path: Path, prepared_database: PreparedDatabase
) -> None:
    shutil.copy(prepared_database.database, tmp_path / "harness.db")
    code, printed = _python(
        *(tmp_path, _OFF),
        issuer="http://127.0.0.1:8000",
        database="sqlite:///harness.db",
        secret_key="A" * 43,
    )
    assert (code, printed) == (0, "[]\n")


def test_the_setting_without_the_extra_says_what_to_install(tmp_path: Path) -> None:
    code, printed = _python(
        *(tmp_path, _MISSING, "settings", "show"),
        issuer="http://127.0.0.1:8000",
        telemetry__endpoint="http://127.0.0.1:4318",
    )
    assert code != 0
    assert "needs the extra: pip install 'quantimodo[otel]'" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("telemetry__endpoint", "ftp://127.0.0.1/"),
        ("telemetry__endpoint", "http://127.0.0.1:4318/?key=secret-key"),
        ("telemetry__endpoint", "nonsense"),
        ("telemetry__headers", "secret-key"),
        ("telemetry__headers", "a b=secret-key"),
        ("telemetry__sample", "0"),
        ("telemetry__interval", "1s"),
    ],
)
def test_settings_of_telemetry_that_cannot_work_are_refused(
    tmp_path: Path, name: str, value: str
) -> None:
    given = {"telemetry__endpoint": "http://127.0.0.1:4318", name: value}
    with pytest.raises(BadSettings, match=name.upper()) as refusal:
        settings_for(f"sqlite:///{tmp_path}/harness.db", tmp_path, **given)
    assert "secret-key" not in str(refusal.value.faults)
