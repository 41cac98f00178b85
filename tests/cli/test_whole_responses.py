"""A response in one call (`WHOLE`) has the same bytes as one in two ASGI messages."""

import asyncio
import gc
import re
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from quantimodo.cli.server.connection import Connection
from quantimodo.http.asgi import WHOLE
from support.app import USERINFO, AppHarness

LINES = (b"content-type", b"text/plain"), (b"x-more", b"1")
HEAD = b"content-type: text/plain\r\nx-more: 1\r\n"
GET = b"GET /x HTTP/1.1\r\nhost: id.example.org\r\n\r\n"
Asgi = Callable[[Any, Any, Any], Awaitable[None]]


class _RecordingTransport(asyncio.Transport):
    """Records what was written, and whether the connection was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None: ...

    def abort(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def by_messages(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await _send_messages(scope, send)


async def _send_messages(scope: Any, send: Any) -> None:
    headers = [*LINES, (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else b"hello"
    await send({"type": "http.response.body", "body": body})


async def whole(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    if not scope["extensions"][WHOLE](200, HEAD, b"hello"):
        await _send_messages(scope, send)


async def _exchange(app: Asgi, *sent: bytes, gone: bool = False) -> _RecordingTransport:
    transport = _RecordingTransport()
    config = Config(app, log_config=None, lifespan="off", ws="none")
    connection = Connection(config, ServerState(), {}, asyncio.get_running_loop())
    connection.connection_made(transport)
    for piece in sent:
        connection.data_received(piece)
        if gone:
            connection.connection_lost(None)
        for _ in range(20):
            await asyncio.sleep(0)
    if not gone:
        connection.connection_lost(None)
    return transport


def _lines(text: bytes) -> list[bytes]:
    """The responses, with the lines of each head sorted."""
    text = re.sub(rb"date: [^\r]*\r\n", b"", text)
    return [b"\n".join(sorted(part.split(b"\r\n"))) for part in text.split(b"\r\n\r\n")]


EXCHANGES = {
    "one": [GET],
    "two, one after the other": [GET, GET],
    "two at once": [GET + GET],
    "three at once": [GET * 3],
    "the last of this connection": [GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")],
    "HTTP/1.0": [GET.replace(b"1.1", b"1.0")],
    "HEAD": [GET.replace(b"GET", b"HEAD"), GET],
    "a body": [b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc"],
    "a body after 100 Continue": [
        b"POST /x HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n",
        b"abc",
    ],
    "half of a body": [b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\na"],
}


@pytest.mark.parametrize("packets", EXCHANGES.values(), ids=list(EXCHANGES))
async def test_the_bytes_are_the_same(packets: list[bytes]) -> None:
    one, other = await _exchange(whole, *packets), await _exchange(by_messages, *packets)
    assert _lines(b"".join(one.writes)) == _lines(b"".join(other.writes))
    assert b"".join(one.writes).count(b"HTTP/1.1 200") >= 1
    assert one.closed == other.closed


async def test_a_response_is_one_write() -> None:
    assert len((await _exchange(whole, GET, GET)).writes) == 2


async def test_nothing_is_written_to_a_lost_connection() -> None:
    assert (await _exchange(whole, GET, gone=True)).writes == []


async def _ask(
    harness: AppHarness, token: str, *, in_one_piece: bool
) -> tuple[int, set[bytes], bytes]:
    status, lines, body = 0, set[bytes](), b""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": USERINFO,
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer " + token.encode()), (b"origin", b"null")],
        "client": ("192.0.2.7", 1234),
    }

    async def receive() -> Any:
        raise AssertionError("a GET has no body")

    async def send(message: Any) -> None:
        nonlocal status, body
        status = message.get("status", status)
        lines.update(b"%b: %b" % header for header in message.get("headers", ()))
        body += message.get("body", b"")

    def response(sent_status: int, head: bytes, sent_body: bytes) -> bool:
        nonlocal status, body
        status, body = sent_status, sent_body
        lines.update((head + b"content-length: %d" % len(body)).split(b"\r\n"))
        return True

    if in_one_piece:
        scope["extensions"] = {WHOLE: response}
    await harness.application(scope, receive, send)
    return status, lines, body


async def test_an_endpoint_responds_equally_in_one_call_and_in_two_messages(
    harness: AppHarness,
) -> None:
    for _ in range(2):  # the second time from the cache
        for token in ("qma_" + "A" * 52, "", "ä"):
            one = await _ask(harness, token, in_one_piece=True)
            assert one == await _ask(harness, token, in_one_piece=False)
            assert one[0] == 401


async def test_a_request_is_freed_without_garbage_collection() -> None:
    cycles: list[weakref.ref[Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        respond = scope["extensions"][WHOLE]
        cycles.append(weakref.ref(respond.args[0]))
        respond(200, HEAD, b"hello")

    gc.disable()
    try:
        await _exchange(app, GET, GET, GET)
        assert len(cycles) == 3
        assert [cycle() for cycle in cycles[:-1]] == [None, None]
    finally:
        gc.enable()
