"""An answer leaves in one piece, and nothing is lost or kept back by that; nobody keeps a
connection by half of a request."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from quantimodo.cli.admission import Admission, ConnectionPolicy
from quantimodo.cli.connection import Connection
from quantimodo.cli.gathering import Gathering

PATIENCE = ConnectionPolicy().request_timeout
WRITE = ConnectionPolicy().write_timeout
REQUEST = b"POST /x HTTP/1.1\r\nhost: id.example.org\r\ncontent-length: 3\r\n\r\nabc"


class _Wire(asyncio.Transport):
    """A transport that notes what was done with it."""

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
def wire() -> _Wire:
    return _Wire()


@pytest.fixture
async def gathering(wire: _Wire) -> Gathering:
    return Gathering(wire, asyncio.get_running_loop())


async def test_head_and_body_are_one_write(wire: _Wire, gathering: Gathering) -> None:
    gathering.write(b"head ")
    gathering.write(b"body")
    await asyncio.sleep(0)
    assert wire.done == [b"head body"]


async def test_a_head_alone_leaves_with_the_turn(wire: _Wire, gathering: Gathering) -> None:
    gathering.write(b"head")
    assert wire.done == []
    await asyncio.sleep(0)
    assert wire.done == [b"head"]


async def test_order_is_kept_over_many_writes(wire: _Wire, gathering: Gathering) -> None:
    for number in range(7):
        gathering.write(b"%d" % number)
    gathering.write(b"")
    gathering.writelines([b"7", b"8"])
    await asyncio.sleep(0)
    assert b"".join(piece for piece in wire.done if isinstance(piece, bytes)) == b"012345678"


@pytest.mark.parametrize("end", ["close", "write_eof"])
async def test_an_end_comes_after_what_was_written(
    end: str, wire: _Wire, gathering: Gathering
) -> None:
    gathering.write(b"last")
    finish: Callable[[], None] = getattr(gathering, end)
    finish()
    assert wire.done == [b"last", end]
    await asyncio.sleep(0)
    assert wire.done == [b"last", end]


async def test_an_abort_drops_what_waits(wire: _Wire, gathering: Gathering) -> None:
    gathering.write(b"never")
    gathering.abort()
    await asyncio.sleep(0)
    assert wire.done == ["abort"]


async def test_an_empty_write_is_nothing(wire: _Wire, gathering: Gathering) -> None:
    gathering.write(b"")
    await asyncio.sleep(0)
    assert wire.done == []


class _Watch:
    """The loop with a clock that moves by hand."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        timer = (delay, callback)
        self._timers.append(timer)
        return _Timer(lambda: self._timers.remove(timer))

    def pass_by(self, seconds: float) -> None:
        due = [timer for timer in self._timers if timer[0] <= seconds]
        for timer in due:
            self._timers.remove(timer)
            timer[1]()


class _Timer:
    def __init__(self, cancel: Callable[[], None]) -> None:
        self.cancel = cancel


class _Line(_Wire):
    """A wire to nobody in particular."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
async def watch() -> _Watch:
    return _Watch()


@pytest.fixture
async def line(watch: _Watch) -> _Line:
    return _Line()


@pytest.fixture
async def caller(watch: _Watch, line: _Line) -> Connection:
    config = Config(_hello, log_config=None, lifespan="off", ws="none")
    loop: Any = watch
    connection = Connection(config, ServerState(), {}, loop)
    connection.connection_made(line)
    return connection


async def _answered(line: _Line, times: int) -> bool:
    for _ in range(10):
        await asyncio.sleep(0)
    return (
        sum(piece.count(b"HTTP/1.1 200") for piece in line.done if isinstance(piece, bytes))
        == times
    )


async def test_a_silent_connection_is_closed(watch: _Watch, line: _Line) -> None:
    config = Config(_hello, log_config=None, lifespan="off", ws="none")
    loop: Any = watch
    Connection(config, ServerState(), {}, loop).connection_made(line)
    watch.pass_by(PATIENCE - 1)
    assert not line.is_closing()
    watch.pass_by(PATIENCE)
    assert line.is_closing()


@pytest.mark.parametrize("sent", [REQUEST[:1], REQUEST[:30], REQUEST[:-4], REQUEST[:-1]])
async def test_a_connection_with_half_a_request_is_closed(
    watch: _Watch, line: _Line, caller: Connection, sent: bytes
) -> None:
    caller.data_received(sent)
    watch.pass_by(PATIENCE)
    assert line.is_closing()


async def test_bytes_that_trickle_in_win_no_time(
    watch: _Watch, line: _Line, caller: Connection
) -> None:
    caller.data_received(REQUEST[:20])
    for byte in REQUEST[20:-1]:
        caller.data_received(bytes([byte]))
    watch.pass_by(PATIENCE)
    assert line.is_closing()


async def test_a_whole_request_is_answered_and_the_next_one_may_take_its_time(
    watch: _Watch, line: _Line, caller: Connection
) -> None:
    caller.data_received(REQUEST[:40])
    caller.data_received(REQUEST[40:])
    assert await _answered(line, 1)
    caller.data_received(REQUEST)
    assert await _answered(line, 2)
    assert not line.is_closing()


@pytest.mark.parametrize("sent", [b"\r\n", REQUEST[:30]])
async def test_half_of_a_second_request_is_no_better_than_half_of_the_first(
    watch: _Watch, line: _Line, caller: Connection, sent: bytes
) -> None:
    caller.data_received(REQUEST)
    assert await _answered(line, 1)
    caller.data_received(sent)
    watch.pass_by(PATIENCE)
    assert line.is_closing()


async def test_a_request_that_is_being_answered_is_not_hurried(
    watch: _Watch, line: _Line, caller: Connection
) -> None:
    caller.data_received(REQUEST)
    watch.pass_by(10 * PATIENCE)
    assert not line.is_closing()
    assert await _answered(line, 1)


async def test_a_caller_who_went_away_leaves_no_timer(
    watch: _Watch, line: _Line, caller: Connection
) -> None:
    caller.data_received(REQUEST[:30])
    caller.connection_lost(None)
    before = list(line.done)
    watch.pass_by(PATIENCE)
    assert line.done == before


async def test_a_client_that_does_not_read_the_response_is_disconnected(
    watch: _Watch, line: _Line, caller: Connection
) -> None:
    caller.pause_writing()  # by the transport, when too much is unsent
    watch.pass_by(WRITE - 1)
    assert "abort" not in line.done
    watch.pass_by(WRITE)
    assert "abort" in line.done


async def test_a_reader_that_resumes_stays_connected(
    watch: _Watch, line: _Line, caller: Connection
) -> None:
    caller.data_received(REQUEST)
    caller.pause_writing()
    caller.resume_writing()
    watch.pass_by(WRITE)
    assert "abort" not in line.done
    assert await _answered(line, 1)


async def test_an_unread_last_response_is_not_kept_for_ever(
    watch: _Watch, line: _Line, caller: Connection
) -> None:
    line.unsent = 10
    caller.data_received(REQUEST.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
    assert await _answered(line, 1)
    watch.pass_by(WRITE)
    assert "abort" in line.done


async def test_an_address_over_its_limit_is_disconnected_at_once(watch: _Watch) -> None:
    admission = Admission(ConnectionPolicy(per_address=1))
    config = Config(_hello, log_config=None, lifespan="off", ws="none")
    loop: Any = watch
    state = ServerState()
    lines = [_Line(), _Line(), _Line()]
    made = [Connection(config, state, {}, loop, admission=admission) for _ in lines]
    for each, line in zip(made[:2], lines[:2], strict=True):
        each.connection_made(line)
    assert not lines[0].is_closing()
    assert lines[1].done == ["abort"]
    for each in made[:2]:
        each.connection_lost(None)
    made[2].connection_made(lines[2])
    assert not lines[2].is_closing()


async def test_the_queue_of_a_caller_who_went_away_is_dropped(
    line: _Line, caller: Connection
) -> None:
    caller.data_received(REQUEST * 3)
    caller.connection_lost(None)
    line.done.append("abort")
    assert await _answered(line, 0)
    assert [piece for piece in line.done if isinstance(piece, bytes)] == []


class _Uvloop(_Line):
    """A line that is closed by a reset, and then raises as uvloop does."""

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


async def test_a_reset_amid_a_response_is_a_disconnect_and_no_incident(
    caplog: pytest.LogCaptureFixture,
) -> None:
    line, finished = _Uvloop(), asyncio.Event()

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(5):
            await send({"type": "http.response.body", "body": b"part", "more_body": True})
            await asyncio.sleep(0)
            line.reset = True  # before `connection_lost` is called
        await send({"type": "http.response.body", "body": b""})
        finished.set()

    config = Config(stream, log_config=None, lifespan="off", ws="none")
    connection = Connection(config, ServerState(), {}, asyncio.get_running_loop())
    connection.connection_made(line)
    connection.data_received(REQUEST * 2)
    await asyncio.wait_for(finished.wait(), 30)
    connection.connection_lost(ConnectionResetError())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not [record for record in caplog.records if record.exc_info]
