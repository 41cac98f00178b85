"""One connection of a worker: an answer leaves in one piece.

uvicorn writes the head of an answer and its body one after the other, and each write is a system
call and a packet that wakes the client: two of them cost more than many an endpoint. Here the
head waits for what follows it in the same turn of the loop. And nobody keeps a connection by half
of a request. Owns nothing of HTTP.

An application that has its answer whole may give it so, by the scope's extension `WHOLE`, and
spare itself the two messages and uvicorn's look at each header again.
"""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from quantimodo.app.dispatch import WHOLE

# For a request to be sent whole, from its first byte, or from when the connection was made.
# uvicorn waits for ever: a few thousand halves of requests would leave no room for anybody.
PATIENCE: Final = 60.0


class Connection(HttpToolsProtocol):
    """uvicorn's own protocol, over a transport that gathers; it hangs up on whoever begins a
    request and does not send the rest. Between requests uvicorn's own limit counts."""

    _gathering: "Gathering"
    _deadline: asyncio.TimerHandle | None = None
    _unfinished = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._gathering = Gathering(transport, self.loop)
        super().connection_made(self._gathering)
        self._expect()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Nearly all requests come whole, and cost no timer.
        if self._unfinished or self._is_forgotten():
            self._expect()
        elif self._deadline is not None:
            self._relent()

    def on_message_begin(self) -> None:
        self._unfinished = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope:
            answer = partial(_answer_whole, cycle, self._gathering)
            self.scope["extensions"] = {WHOLE: answer}  # type: ignore[dict-item]

    def on_message_complete(self) -> None:
        self._unfinished = False
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relent()
        super().connection_lost(exc)

    def _is_forgotten(self) -> bool:
        """An empty line between requests begins none, and yet ends uvicorn's wait for the next."""
        idle = self.cycle is None or self.cycle.response_complete
        return idle and self.timeout_keep_alive_task is None

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(PATIENCE, self._hang_up)

    def _relent(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        self._deadline = None
        self.transport.close()


def _answer_whole(
    cycle: RequestResponseCycle, gathering: "Gathering", status: int, head: bytes, body: bytes
) -> bool:
    """What `cycle.send` does with a head and a body that are complete; False when it has to.

    `head` is the lines of headers that were checked before, the length of the body among them
    not: it is added here.
    """
    if cycle.flow.write_paused or cycle.response_started or cycle.scope["method"] == "HEAD":
        return False
    if cycle.disconnected:
        return True
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    own = b"".join([b"%b: %b\r\n" % header for header in cycle.default_headers])
    last = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
    length = b"content-length: %d\r\n" % len(body)
    gathering.write_whole(b"".join((STATUS_LINE[status], own, head, length, last, body)))
    cycle.message_event.set()
    if not cycle.keep_alive:
        gathering.close()
    cycle.on_response()
    return True


class Gathering(asyncio.Transport):
    """A transport whose first write waits for the second one, or for the end of the turn.

    Order and content are kept, and nothing waits longer than the loop takes to come round; all
    else is the transport's beneath it, flow control included.
    """

    __slots__ = ("_loop", "_transport", "_waiting")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._waiting:
            whole, self._waiting = self._waiting + data, b""
            self._transport.write(whole)
        elif data:
            self._waiting = bytes(data)
            self._loop.call_soon(self._flush)

    def write_whole(self, data: bytes) -> None:
        """An answer that nothing more belongs to."""
        if self._waiting:
            self.write(data)
        else:
            self._transport.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def _flush(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, b""
            self._transport.write(waiting)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()

    def abort(self) -> None:
        self._waiting = b""
        self._transport.abort()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._transport.get_protocol()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size() + len(self._waiting)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._transport.get_write_buffer_limits()
