"""One request of a connection and its response, as uvicorn's cycle sends it."""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from quantimodo.cli.server.framing import FramingError
from quantimodo.cli.server.write_coalescing import CoalescingTransport
from quantimodo.http.asgi import Asgi, Receive, Scope, Send


class RequestCycle(RequestResponseCycle):
    """One request and its response.

    Values that uvicorn's constructor sets on each instance are attributes of the class here,
    because they seldom change.
    """

    access_log = disconnected = response_started = response_complete = False
    more_body = True
    chunked_encoding: bool | None = None
    expected_content_length = 0

    def __init__(self, connection: Any, expects: bool, keep_alive: bool) -> None:
        self.scope = connection.scope
        self.transport = connection.transport
        self.flow = connection.flow
        self.logger = connection.logger
        self.default_headers = connection.server_state.default_headers
        self.on_response = connection.on_response_complete
        self.message_event = asyncio.Event()
        self.waiting_for_100_continue = expects
        self.keep_alive = keep_alive
        self.body = bytearray()

    def disconnect(self) -> None:
        """Drop what the application sends from now on; it receives a disconnect."""
        if not self.response_complete:
            self.disconnected = True
        self.message_event.set()

    def decide_keep_alive(self) -> None:
        """RFC 9110 §10.1.1: without a 100 response the client may or may not send its body, so
        the server cannot know what comes next on this connection."""
        if self.waiting_for_100_continue and self.more_body:
            self.keep_alive = False

    async def send(self, message: Any) -> None:
        if not self.response_started:
            self.decide_keep_alive()
        await super().send(message)


# uvicorn replaces its list of headers (the date) each second.
_last_own: tuple[object, bytes] = (None, b"")


def _own_lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    global _last_own
    if _last_own[0] is not headers:
        _last_own = (headers, b"".join([b"%b: %b\r\n" % header for header in headers]))
    return _last_own[1]


def whole_response(
    cycle: RequestCycle, gathering: CoalescingTransport, status: int, head: bytes, body: bytes
) -> bool:
    """Send a complete head and body, as two calls of `cycle.send` would; False if the caller has to
    use these. `head` has the lines of headers, already checked, without the length of the body,
    which is added here."""
    if cycle.flow.write_paused or cycle.response_started or cycle.scope["method"] == "HEAD":
        return False
    if cycle.disconnected:
        return True
    cycle.decide_keep_alive()
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    own = _own_lines(cycle.default_headers)
    last = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
    length = b"content-length: %d\r\n" % len(body)
    gathering.write_whole(b"".join((STATUS_LINE[status], own, head, length, last, body)))
    cycle.message_event.set()
    # Removes the reference from the scope to the cycle, so that both are freed at once without a
    # garbage collection.
    del cycle.scope["extensions"]
    if not cycle.keep_alive:
        gathering.close()
    cycle.on_response()
    return True


def refusal(fault: FramingError) -> Asgi:
    """An application that responds with this refusal to each request."""
    body = json.dumps({"error": "invalid_request", "error_description": fault.text}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": fault.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return respond


async def no_resource(scope: Scope, receive: Receive, send: Send) -> None:
    """`OPTIONS *` (RFC 9110 §9.3.7) asks about the server as a whole; the response is empty."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
