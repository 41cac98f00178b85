"""A transport that joins the head of a response and its body into one write.

uvicorn writes the head and the body separately, and each write is a system call and a packet. Here
the first write is delayed until the second one, or until the end of this iteration of the event
loop.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any


class CoalescingTransport(asyncio.Transport):
    """Joins two writes of one iteration. All other methods, flow control included, are those of the
    wrapped transport. Writes after a close are dropped. `on_close` is called after all writes,
    instead of the transport's own `close`."""

    __slots__ = ("_closing", "_loop", "_on_close", "_transport", "_waiting")

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting = b""
        self._closing = False
        self._on_close = on_close or transport.close

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._waiting:
            whole, self._waiting = self._waiting + data, b""
            self._put(whole)
        elif data:
            self._waiting = bytes(data)
            self._loop.call_soon(self._flush)

    def write_whole(self, data: bytes) -> None:
        """Write a complete response."""
        if self._waiting:
            self.write(data)
        else:
            self._put(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        self._flush()
        if not self._closing:
            self._closing = True
            self._on_close()

    def lost(self) -> None:
        """Drop delayed writes, because the connection is lost."""
        self._waiting = b""
        self._closing = True

    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()

    def abort(self) -> None:
        self._waiting = b""
        self._closing = True
        self._transport.abort()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def is_closing(self) -> bool:
        return self._closing or self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._transport.get_protocol()

    def pause_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size() + len(self._waiting)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._transport.get_write_buffer_limits()

    def _flush(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, b""
            self._put(waiting)

    def _put(self, data: bytes | bytearray | memoryview) -> None:
        # uvloop raises on a transport that the peer has reset, before `connection_lost` is called.
        if not self._transport.is_closing():
            self._transport.write(data)
