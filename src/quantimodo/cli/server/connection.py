"""One connection of a worker: one request in, one response out (RFC 9112).

Extends uvicorn's protocol over httptools: `Upgrade` is ignored and the body is read by its framing,
the response to a malformed request is sent in order and ends the connection, trailers never become
headers, and each wait has a timeout. It depends on internals of the versions that pyproject.toml
pins (decision 0013).

An application with a complete response may send it in one call, by the scope's extension `WHOLE`,
instead of two messages whose headers uvicorn checks again.
"""

import asyncio
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quantimodo.cli.server import framing
from quantimodo.cli.server.connection_limits import ConnectionLimiter, ConnectionPolicy
from quantimodo.cli.server.request_cycle import RequestCycle, no_resource, refusal, whole_response
from quantimodo.cli.server.write_coalescing import CoalescingTransport
from quantimodo.http.asgi import FRAMING_REFUSED, WHOLE

_MOST_HEAD: Final = 65_536  # bytes after the first read; the application's own limit is lower
_MOST_MESSAGE: Final = 16_777_216  # bytes with chunk extensions and trailers
_HIGH_WATER: Final = 65_536  # bytes of a body that wait for the application
_LINGER: Final = 2.0  # seconds to discard what the client still sends after the last response


class Connection(HttpToolsProtocol):
    """A client's connection, closed when a request or the reading of a response takes too long."""

    cycle: RequestCycle
    _deadline: asyncio.TimerHandle | None = None
    _write_deadline: asyncio.TimerHandle | None = None
    _client_network: str | None = None
    _active: RequestCycle | None = None  # the request whose response is in progress
    _reading: RequestCycle | None = None  # its body is being read
    _unfinished = True  # no request, or one that is not complete
    _in_head = False
    _upgrading = False
    _reading_ended = False  # nothing more is read: the last request has come
    _fresh = False  # this request began with the bytes that are read now
    _fault: framing.FramingError | None = None
    _size = 0

    def __init__(
        self, *arguments: Any, admission: ConnectionLimiter | None = None, **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self._admission = admission or ConnectionLimiter(ConnectionPolicy())
        self._policy = self._admission.policy

    @property
    def idle(self) -> bool:
        """Whether no request waits for a response."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._raw = transport
        self._gathering = CoalescingTransport(transport, self.loop, self._finish)
        super().connection_made(self._gathering)
        self.made_at = self.loop.time()
        address = self.client[0] if self.client else ""
        self._client_network = self._admission.admit(address, self.connections, self.made_at)
        if self._client_network is None:
            self._gathering.abort()
        else:
            self._expect()

    def data_received(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        if self._reading_ended or not self._feed(data):
            self._cancel_timers()
        elif self._unfinished or (self.idle and self.timeout_keep_alive_task is None):
            # An empty line begins no request.
            self._count_received(len(data))
            self._expect()
        elif self._deadline is not None:  # most requests arrive in one read: no timer
            self._cancel_timers()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self._gathering.is_closing():
            self._stop_awaiting_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timers()
        self._stop_awaiting_reader()
        self._unset_keepalive_if_required()
        self._gathering.lost()
        if self._client_network is not None:
            self._admission.release(self._client_network)
            self._client_network = None
        # Requests in the queue are never processed: the client has disconnected.
        self.pipeline.clear()
        if self._active is not None:
            self._active.disconnect()
        self._active = self._reading = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self._gathering.is_closing():
            self._raw.close()
        else:
            super().shutdown()

    def on_message_begin(self) -> None:
        if self._reading_ended:
            raise framing.FramingError(400, "nothing follows the last request of a connection")
        self._unfinished = self._in_head = self._fresh = True
        self._size = 0
        self.url, self.headers = b"", []
        self.scope = {  # type: ignore[typeddict-item]
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,  # type: ignore[typeddict-item]
            "root_path": self.root_path,
            "headers": self.headers,
            "state": self.app_state.copy(),
        }

    def on_header(self, name: bytes, value: bytes) -> None:
        # RFC 9110 §6.5.1: trailers are not merged into the headers; they are dropped.
        # RFC 9110 §5.5: whitespace around a value is not part of it; llhttp leaves what follows it.
        if self._in_head:
            self.headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        try:
            self._begin()
        except framing.FramingError as fault:
            self._fault = fault
            raise

    def on_body(self, body: bytes) -> None:
        cycle = self._reading
        if cycle is None or cycle.response_complete:
            return
        cycle.waiting_for_100_continue = False
        cycle.body += body
        if len(cycle.body) > _HIGH_WATER:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        if self._upgrading:
            return
        self._unfinished = False
        cycle, self._reading = self._reading, None
        if cycle is None:
            return
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()
        # RFC 9112 §9.6: what follows the last request is not a request.
        self._reading_ended = not cycle.keep_alive

    def _feed(self, data: bytes) -> bool:
        """Parse the data. Returns whether this connection may read more."""
        rest: bytes | memoryview = data
        try:
            while rest:
                try:
                    self.parser.feed_data(rest)
                    break
                except httptools.HttpParserUpgrade as stop:
                    rest = memoryview(rest)[stop.args[0] :]
                    self._ignore_upgrade()
        except httptools.HttpParserError:  # also of what a callback raises
            if not self._reading_ended:
                self._refuse(self._fault or framing.FramingError(400, "the request is malformed"))
        return not self._reading_ended

    def _ignore_upgrade(self) -> None:
        """Read the same request by its framing, with a parser that sees no `Upgrade`."""
        version, method = self.parser.get_http_version(), self.parser.get_method()
        head = framing.head_without_upgrade(method, self.url, version, self.headers)
        self._upgrading = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(head)

    def _begin(self) -> None:
        self._in_head = False
        parser, scope = self.parser, self.scope
        version, method = parser.get_http_version(), parser.get_method()
        scope["method"] = method.decode("ascii")
        expects = framing.check_head(version, method, self.headers)
        if parser.should_upgrade():
            self._upgrading = True
            return
        raw_path, query = framing.split_target(self.url, method)
        path = raw_path.decode("ascii")
        scope["http_version"] = version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = raw_path
        scope["query_string"] = query
        keep_alive = version != "1.0" and parser.should_keep_alive()
        cycle = self._reading = RequestCycle(self, expects, keep_alive)
        whole = partial(whole_response, cycle, self._gathering)
        scope["extensions"] = {WHOLE: whole}  # type: ignore[dict-item]
        self._enqueue(cycle, no_resource if raw_path == b"*" else self.app)

    def _enqueue(self, cycle: RequestCycle, app: Any) -> None:
        """Responses leave in the order of the requests (RFC 9112 §9.3.2)."""
        self.cycle = cycle
        if self._active is None or self._active.response_complete:
            self._start_asgi_task(cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._active = cycle
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _refuse(self, fault: framing.FramingError) -> None:
        """Send the refusal in order, read nothing more, and close. The application logs and counts
        it."""
        self._reading_ended = True
        if FRAMING_REFUSED in self.app_state:
            self.app_state[FRAMING_REFUSED](fault.status, fault.text)
        broken, self._reading = self._reading, None
        if broken is not None and broken is self._active:
            # The application must not process an incomplete body.
            broken.disconnect()
            self._active = None
            if broken.response_started:
                self._gathering.close()
                return
        elif broken is not None and self.pipeline:
            self.pipeline.popleft()
        self.scope.setdefault("method", "GET")
        self._enqueue(RequestCycle(self, False, keep_alive=False), refusal(fault))

    def _count_received(self, received: int) -> None:
        """Bounds what a request that does not end keeps in memory."""
        if self._fresh:
            self._fresh = False
            return
        self._size += received
        if self._in_head and self._size > _MOST_HEAD:
            self._refuse(framing.FramingError(431, "the head of the request is too large"))
        elif self._size > _MOST_MESSAGE:
            self._gathering.close()

    def _expect(self) -> None:
        if self._deadline is None and not self._reading_ended:
            self._deadline = self.loop.call_later(self._policy.request_timeout, self._close_late)

    def _cancel_timers(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close_late(self) -> None:
        self._deadline = self._reading = None
        self.transport.close()

    def _await_reader(self) -> None:
        if self._write_deadline is None:
            self._write_deadline = self.loop.call_later(
                self._policy.write_timeout, self._gathering.abort
            )

    def _stop_awaiting_reader(self) -> None:
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    def _finish(self) -> None:
        """Close after the last response. While the client still sends, close only the sending
        direction: after a reset the client could lose the response (RFC 9112 §9.6)."""
        unread = self._reading is not None or self._reading_ended
        self._reading_ended = True
        self._cancel_timers()
        unsent = self._raw.get_write_buffer_size()
        if unsent:
            self._await_reader()
        if not unread or not self._raw.can_write_eof():
            self._raw.close()
            return
        self._raw.write_eof()
        if not unsent:
            self._stop_awaiting_reader()
            self._write_deadline = self.loop.call_later(_LINGER, self._gathering.abort)
