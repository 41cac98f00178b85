"""A small server with recorded responses, for faults, refusals and waits.

It listens on 127.0.0.1 on a separate thread, and stores the received requests.
"""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit


@dataclass(frozen=True)
class ReceivedRequest:
    """A received request."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class RecordedResponse:
    """A response. `drop`: disconnect without one. `cut`: disconnect before its end."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    cut: bool = False

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


Responder = RecordedResponse | Callable[[ReceivedRequest], RecordedResponse]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # tests disconnect early on purpose


class RecordedServer:
    """`on(path, …)`: the responses of a path in order; the last one is repeated."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[ReceivedRequest] = []
        self._responses: dict[str, list[Responder]] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.address = f"{'http' if context is None else 'https'}://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        return f"{self.address}/api"

    def on(self, path: str, *responses: Responder) -> None:
        self._responses[path] = list(responses)

    def requests_to(self, path: str) -> list[ReceivedRequest]:
        return [received for received in self.requests if received.path == path]

    def respond(self, received: ReceivedRequest) -> RecordedResponse:
        with self._lock:
            self.requests.append(received)
            responses = self._responses.get(
                received.path, [RecordedResponse(404, {"error": "not_found"})]
            )
            chosen = responses.pop(0) if len(responses) > 1 else responses[0]
        return chosen if isinstance(chosen, RecordedResponse) else chosen(received)

    @contextmanager
    def running(self) -> Iterator["RecordedServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def _handler(recorded_server: RecordedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length", 0))
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            response = recorded_server.respond(
                ReceivedRequest(self.command, parts.path, query, headers, body)
            )
            self.close_connection = self.close_connection or response.drop or response.cut
            if response.drop:
                return
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if response.status != 204:
                self.send_header("content-length", str(len(response.content) + response.cut))
            self.end_headers()
            if response.status != 204:
                self.wfile.write(response.content)

        do_GET = do_POST = do_PUT = do_DELETE = _handle

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
