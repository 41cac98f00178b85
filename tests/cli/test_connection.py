"""A response is sent in one write, in order and whole; a connection whose request is incomplete is
closed after the timeout."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from quantimodo.cli.server.connection import Connection
from quantimodo.cli.server.connection_limits import ConnectionLimiter, ConnectionPolicy
from quantimodo.cli.server.write_coalescing import CoalescingTransport

TIMEOUT = ConnectionPolicy().request_timeout
WRITE = ConnectionPolicy().write_timeout
REQUEST = b"POST /x HTTP/1.1\r\nhost: id.example.org\r\ncontent-length: 3\r\n\r\nabc"


class _Transport(asyncio.Transport):
    """Records the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[object] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.done.append(bytes(data))

    def __getattribute__(self, name: str) -> Any:
        if name in ("close", "abort", "write_eof", "pause_reading", "resume_reading"):
            return lambda: self.done.append(name)
        return super().__getattribute__(name)

    def is_closing(self) -> bool:
        return "close" in self.done or "abort" in self.done

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return self.unsent

    unsent = 0


@pytest.fixture
def transport() -> _Transport:
    return _Transport()


@pytest.fixture
async def coalescing(transport: _Transport) -> CoalescingTransport:
    return CoalescingTransport(transport, asyncio.get_running_loop())


async def test_head_and_body_are_one_write(
    transport: _Transport, coalescing: CoalescingTransport
) -> None:
    coalescing.write(b"head ")
    coalescing.write(b"body")
    await asyncio.sleep(0)
    assert transport.done == [b"head body"]


async def test_a_head_alone_is_written_at_the_end_of_the_loop_iteration(
    transport: _Transport, coalescing: CoalescingTransport
) -> None:
    coalescing.write(b"head")
    assert transport.done == []
    await asyncio.sleep(0)
    assert transport.done == [b"head"]


async def test_many_writes_are_sent_in_order(
    transport: _Transport, coalescing: CoalescingTransport
) -> None:
    for number in range(7):
        coalescing.write(b"%d" % number)
    coalescing.write(b"")
    coalescing.writelines([b"7", b"8"])
    await asyncio.sleep(0)
    assert b"".join(piece for piece in transport.done if isinstance(piece, bytes)) == b"012345678"


@pytest.mark.parametrize("end", ["close", "write_eof"])
async def test_written_bytes_are_sent_before_the_end(
    end: str, transport: _Transport, coalescing: CoalescingTransport
) -> None:
    coalescing.write(b"last")
    finish: Callable[[], None] = getattr(coalescing, end)
    finish()
    assert transport.done == [b"last", end]
    await asyncio.sleep(0)
    assert transport.done == [b"last", end]


async def test_an_abort_drops_unsent_bytes(
    transport: _Transport, coalescing: CoalescingTransport
) -> None:
    coalescing.write(b"never")
    coalescing.abort()
    await asyncio.sleep(0)
    assert transport.done == ["abort"]


async def test_an_empty_write_sends_nothing(
    transport: _Transport, coalescing: CoalescingTransport
) -> None:
    coalescing.write(b"")
    await asyncio.sleep(0)
    assert transport.done == []


class _ManualLoop:
    """The event loop with timers that the test runs."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        timer = (delay, callback)
        self._timers.append(timer)
        return _Timer(lambda: self._timers.remove(timer))

    def advance(self, seconds: float) -> None:
        due = [timer for timer in self._timers if timer[0] <= seconds]
        for timer in due:
            self._timers.remove(timer)
            timer[1]()


class _Timer:
    def __init__(self, cancel: Callable[[], None]) -> None:
        self.cancel = cancel


class _PeerTransport(_Transport):
    """A transport without an address of its peer."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
async def manual_loop() -> _ManualLoop:
    return _ManualLoop()


@pytest.fixture
async def peer(manual_loop: _ManualLoop) -> _PeerTransport:
    return _PeerTransport()


@pytest.fixture
async def connection(manual_loop: _ManualLoop, peer: _PeerTransport) -> Connection:
    config = Config(_hello, log_config=None, lifespan="off", ws="none")
    loop: Any = manual_loop
    connection = Connection(config, ServerState(), {}, loop)
    connection.connection_made(peer)
    return connection


async def _responded(peer: _PeerTransport, times: int) -> bool:
    for _ in range(10):
        await asyncio.sleep(0)
    return (
        sum(piece.count(b"HTTP/1.1 200") for piece in peer.done if isinstance(piece, bytes))
        == times
    )


async def test_a_silent_connection_is_closed(
    manual_loop: _ManualLoop, peer: _PeerTransport
) -> None:
    config = Config(_hello, log_config=None, lifespan="off", ws="none")
    loop: Any = manual_loop
    Connection(config, ServerState(), {}, loop).connection_made(peer)
    manual_loop.advance(TIMEOUT - 1)
    assert not peer.is_closing()
    manual_loop.advance(TIMEOUT)
    assert peer.is_closing()


@pytest.mark.parametrize("sent", [REQUEST[:1], REQUEST[:30], REQUEST[:-4], REQUEST[:-1]])
async def test_a_connection_with_an_incomplete_request_is_closed(
    manual_loop: _ManualLoop, peer: _PeerTransport, connection: Connection, sent: bytes
) -> None:
    connection.data_received(sent)
    manual_loop.advance(TIMEOUT)
    assert peer.is_closing()


async def test_single_bytes_do_not_extend_the_timeout(
    manual_loop: _ManualLoop, peer: _PeerTransport, connection: Connection
) -> None:
    connection.data_received(REQUEST[:20])
    for byte in REQUEST[20:-1]:
        connection.data_received(bytes([byte]))
    manual_loop.advance(TIMEOUT)
    assert peer.is_closing()


async def test_a_complete_request_is_answered_and_the_connection_stays_open(
    manual_loop: _ManualLoop, peer: _PeerTransport, connection: Connection
) -> None:
    connection.data_received(REQUEST[:40])
    connection.data_received(REQUEST[40:])
    assert await _responded(peer, 1)
    connection.data_received(REQUEST)
    assert await _responded(peer, 2)
    assert not peer.is_closing()


@pytest.mark.parametrize("sent", [b"\r\n", REQUEST[:30]])
async def test_a_connection_with_an_incomplete_second_request_is_closed(
    manual_loop: _ManualLoop, peer: _PeerTransport, connection: Connection, sent: bytes
) -> None:
    connection.data_received(REQUEST)
    assert await _responded(peer, 1)
    connection.data_received(sent)
    manual_loop.advance(TIMEOUT)
    assert peer.is_closing()


async def test_the_timeout_does_not_apply_while_the_application_responds(
    manual_loop: _ManualLoop, peer: _PeerTransport, connection: Connection
) -> None:
    connection.data_received(REQUEST)
    manual_loop.advance(10 * TIMEOUT)
    assert not peer.is_closing()
    assert await _responded(peer, 1)


async def test_a_lost_connection_leaves_no_timer(
    manual_loop: _ManualLoop, peer: _PeerTransport, connection: Connection
) -> None:
    connection.data_received(REQUEST[:30])
    connection.connection_lost(None)
    before = list(peer.done)
    manual_loop.advance(TIMEOUT)
    assert peer.done == before


async def test_a_client_that_does_not_read_the_response_is_disconnected(
    manual_loop: _ManualLoop, peer: _PeerTransport, connection: Connection
) -> None:
    connection.pause_writing()  # by the transport, when too much is unsent
    manual_loop.advance(WRITE - 1)
    assert "abort" not in peer.done
    manual_loop.advance(WRITE)
    assert "abort" in peer.done


async def test_a_reader_that_resumes_stays_connected(
    manual_loop: _ManualLoop, peer: _PeerTransport, connection: Connection
) -> None:
    connection.data_received(REQUEST)
    connection.pause_writing()
    connection.resume_writing()
    manual_loop.advance(WRITE)
    assert "abort" not in peer.done
    assert await _responded(peer, 1)


async def test_an_unread_last_response_is_dropped_after_the_write_timeout(
    manual_loop: _ManualLoop, peer: _PeerTransport, connection: Connection
) -> None:
    peer.unsent = 10
    connection.data_received(REQUEST.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
    assert await _responded(peer, 1)
    manual_loop.advance(WRITE)
    assert "abort" in peer.done


async def test_an_address_over_its_limit_is_disconnected_at_once(manual_loop: _ManualLoop) -> None:
    admission = ConnectionLimiter(ConnectionPolicy(per_address=1))
    config = Config(_hello, log_config=None, lifespan="off", ws="none")
    loop: Any = manual_loop
    state = ServerState()
    peers = [_PeerTransport(), _PeerTransport(), _PeerTransport()]
    made = [Connection(config, state, {}, loop, admission=admission) for _ in peers]
    for each, peer in zip(made[:2], peers[:2], strict=True):
        each.connection_made(peer)
    assert not peers[0].is_closing()
    assert peers[1].done == ["abort"]
    for each in made[:2]:
        each.connection_lost(None)
    made[2].connection_made(peers[2])
    assert not peers[2].is_closing()


async def test_queued_requests_of_a_lost_connection_are_dropped(
    peer: _PeerTransport, connection: Connection
) -> None:
    connection.data_received(REQUEST * 3)
    connection.connection_lost(None)
    peer.done.append("abort")
    assert await _responded(peer, 0)
    assert [piece for piece in peer.done if isinstance(piece, bytes)] == []


class _ResetTransport(_PeerTransport):
    """A transport that is closed by a reset, and then raises as uvloop does."""

    def __init__(self) -> None:
        super().__init__()
        self.reset = False

    def is_closing(self) -> bool:
        return self.reset or super().is_closing()

    def __getattribute__(self, name: str) -> Any:
        if name in ("write", "pause_reading", "resume_reading", "write_eof"):
            if self.reset:
                raise RuntimeError("unable to perform operation; the handle is closed")
            if name == "write":
                return lambda data: self.done.append(bytes(data))
        return super().__getattribute__(name)


async def test_a_reset_during_a_response_is_a_disconnect_and_no_incident(
    caplog: pytest.LogCaptureFixture,
) -> None:
    peer, finished = _ResetTransport(), asyncio.Event()

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(5):
            await send({"type": "http.response.body", "body": b"part", "more_body": True})
            await asyncio.sleep(0)
            peer.reset = True  # before `connection_lost` is called
        await send({"type": "http.response.body", "body": b""})
        finished.set()

    config = Config(stream, log_config=None, lifespan="off", ws="none")
    connection = Connection(config, ServerState(), {}, asyncio.get_running_loop())
    connection.connection_made(peer)
    connection.data_received(REQUEST * 2)
    await asyncio.wait_for(finished.wait(), 30)
    connection.connection_lost(ConnectionResetError())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not [record for record in caplog.records if record.exc_info]
