"""One request in, one response out (RFC 9112 §3, §6, §9; security.md §14a): a body is read by its
framing, whatever other headers the request has and however its bytes are split into packets."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from quantimodo.cli.server.connection import Connection
from quantimodo.http.asgi import WHOLE
from support.checks import not_empty

HOST = b"Host: id.example.org\r\n"
NEXT = b"GET /next HTTP/1.1\r\n" + HOST + b"\r\n"
_RESPONSE = re.compile(rb"HTTP/1\.1 (\d+) .*?\r\n\r\n", re.DOTALL)
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def post(path: str, body: bytes, *lines: bytes, framing: bytes | None = None) -> bytes:
    """A POST with its length, or with the framing header that is given."""
    length = b"Content-Length: %d" % len(body) if framing is None else framing
    head = b"\r\n".join((b"POST %b HTTP/1.1" % path.encode(), HOST[:-2], *lines, length))
    return head + b"\r\n\r\n" + body


@dataclass
class RecordingTransport(asyncio.Transport):
    """Records what was written, and how the connection ended."""

    written: bytearray = field(default_factory=bytearray)
    ended: bool = False
    closed: bool = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.ended
        self.written += data

    def close(self) -> None:
        self.ended = self.closed = True

    abort = close

    def write_eof(self) -> None:
        self.ended = True

    def can_write_eof(self) -> bool:
        return True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def responses(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Status, head and body of each response, in their order."""
        rest = bytes(self.written)
        while rest:
            found = _RESPONSE.match(rest)
            assert found is not None, rest
            if found[1] == b"100":
                rest = rest[found.end() :]
                continue
            length = _LENGTH.search(found[0])
            end = found.end() + (0 if length is None else int(length[1]))
            yield int(found[1]), found[0], rest[found.end() : end]
            rest = rest[end:]


@dataclass
class EchoApp:
    """Responds with the request, and records it."""

    reads: bool = True
    whole: bool = True
    requests: list[tuple[str, str, str, str]] = field(default_factory=list)
    headers: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", self.reads
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            more = message["more_body"]
        query = scope["query_string"].decode()
        request = (scope["method"], scope["path"], query, body.decode("latin-1"))
        self.requests.append(request)
        self.headers = [name for name, _ in scope["headers"]]
        response = json.dumps(request).encode()
        if self.whole and scope["extensions"][WHOLE](200, b"", response):
            return
        length = [(b"content-length", b"%d" % len(response))]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": response})


async def _nothing(scope: Any, receive: Any, send: Any) -> None: ...


CONFIG = Config(_nothing, log_config=None, lifespan="off", ws="none")
CONFIG.load()


async def talk(app: Any, *packets: bytes) -> RecordingTransport:
    transport, loop = RecordingTransport(), asyncio.get_running_loop()
    # One configuration for all tests: each new one sets up logging again.
    CONFIG.loaded_app = app
    connection = Connection(CONFIG, ServerState(), {}, loop)
    connection.connection_made(transport)
    for packet in packets:
        if not transport.closed:
            connection.data_received(packet)
        for _ in range(3):
            await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    connection.connection_lost(None)
    return transport


def splits(sent: bytes, step: int = 1) -> Iterator[tuple[bytes, ...]]:
    """One packet; two, split at every byte (or every `step` bytes); one packet for each byte."""
    yield (sent,)
    for at in range(1, len(sent), step):
        yield sent[:at], sent[at:]
    yield tuple(bytes([byte]) for byte in sent)


UPGRADES = {
    "h2c of Java and curl": (
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    ),
    "websocket": (b"Connection: keep-alive, Upgrade", b"Upgrade: websocket"),
    "TLS": (b"Upgrade: TLS/1.0", b"connection: upgrade"),
    "two of them": (b"Connection: upgrade", b"Upgrade: a", b"Upgrade: b, c"),
    "none named": (b"Connection: upgrade", b"Upgrade:"),
    "without its option": (b"Upgrade: h2c",),
    "without its value": (b"Connection: Upgrade",),
    "with Proxy-Connection": (b"Proxy-Connection: upgrade", b"Upgrade: h2c"),
}
HIDDEN = b"GET /hidden HTTP/1.1\r\n" + HOST + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked"


def chunked(*chunks: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + last


Received = tuple[str, str, str, str]


def _good() -> dict[str, tuple[bytes, list[Received]]]:
    hidden = HIDDEN.decode()
    cases: dict[str, tuple[bytes, list[Received]]] = {
        "a body that is a request": (post("/a", HIDDEN), [("POST", "/a", "", hidden)]),
        "the same in chunks": (
            post("/a", chunked(HIDDEN[:9], HIDDEN[9:]), framing=CHUNKED),
            [("POST", "/a", "", hidden)],
        ),
        "a body of a GET": (
            b"GET /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc",
            [("GET", "/a", "", "abc")],
        ),
        "chunk extensions": (
            post("/a", b'3;a=b;c="d;e"\r\nabc\r\n0;x\r\n\r\n', framing=CHUNKED),
            [("POST", "/a", "", "abc")],
        ),
        "trailers": (
            post("/a", chunked(b"abc", last=b"0\r\nX-Y: z\r\nHost: b\r\n\r\n"), framing=CHUNKED),
            [("POST", "/a", "", "abc")],
        ),
        "trailers that would upgrade": (
            post(
                "/a",
                chunked(b"abc", last=b"0\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
                framing=CHUNKED,
            ),
            [("POST", "/a", "", "abc")],
        ),
        "Expect without a body": (
            b"GET /a HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\n\r\n",
            [("GET", "/a", "", "")],
        ),
        "Expect with a body": (
            post("/a", b"abc", b"Expect: 100-continue"),
            [("POST", "/a", "", "abc")],
        ),
        "another Expect": (post("/a", b"abc", b"Expect: x"), [("POST", "/a", "", "abc")]),
        "empty lines before": (b"\r\n\r\n" + NEXT, [("GET", "/next", "", "")]),
        "the absolute form": (
            b"GET http://id.example.org:8000/a?b=c HTTP/1.1\r\n" + HOST + b"\r\n",
            [("GET", "/a", "b=c", "")],
        ),
        "the absolute form without a path": (
            b"GET HTTP://id.example.org?b HTTP/1.1\r\n" + HOST + b"\r\n",
            [("GET", "/", "b", "")],
        ),
        "whitespace around values": (
            post("/a", b"abc", b"X-Y:\t z \t", framing=b"Content-Length:  3 ").replace(
                b"example.org", b"example.org \t"
            ),
            [("POST", "/a", "", "abc")],
        ),
        "two slashes": (b"GET //b/c HTTP/1.1\r\n" + HOST + b"\r\n", [("GET", "//b/c", "", "")]),
        "an encoded path": (
            b"GET /%C3%A4%2f?%C3 HTTP/1.1\r\n" + HOST + b"\r\n",
            [("GET", "/ä/", "%C3", "")],
        ),
        "three at once": (
            post("/a", b"1") + NEXT + post("/c", chunked(b"3"), framing=CHUNKED),
            [("POST", "/a", "", "1"), ("GET", "/next", "", ""), ("POST", "/c", "", "3")],
        ),
    }
    for name, lines in UPGRADES.items():
        whole = post("/a", HIDDEN, *lines)
        cases[f"Upgrade {name}"] = (whole, [("POST", "/a", "", hidden)])
        parts = post("/a", chunked(HIDDEN), *lines, framing=CHUNKED)
        cases[f"Upgrade {name}, in chunks"] = (parts, [("POST", "/a", "", hidden)])
        bare = b"\r\n".join((b"GET /a HTTP/1.1", HOST[:-2], *lines, b"", b""))
        cases[f"Upgrade {name}, no body"] = (bare, [("GET", "/a", "", "")])
    both = UPGRADES["h2c of Java and curl"]
    cases["Upgrade again and again"] = (
        post("/a", HIDDEN, *both) + post("/b", b"", *both) + post("/c", HIDDEN, *both),
        [("POST", "/a", "", hidden), ("POST", "/b", "", ""), ("POST", "/c", "", hidden)],
    )
    cases["Upgrade and Expect"] = (
        post("/a", HIDDEN, *both, b"Expect: 100-continue"),
        [("POST", "/a", "", hidden)],
    )
    return cases


GOOD = _good()


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("whole", [True, False])
async def test_9_3_each_request_has_its_response_and_the_connection_stays_open(
    case: str, whole: bool
) -> None:
    sent, requests = GOOD[case]
    expected = [*requests, ("GET", "/next", "", "")]
    for packets in not_empty(splits(sent + NEXT, 1 if whole else 11)):
        app = EchoApp(whole=whole)
        transport = await talk(app, *packets)
        assert app.requests == expected, packets
        responses = [tuple(json.loads(body)) for _, _, body in transport.responses()]
        assert responses == expected, packets
        assert not transport.ended, packets


@pytest.mark.parametrize("case", [name for name in GOOD if "Expect" not in name])
async def test_an_unread_body_is_never_the_next_request(case: str) -> None:
    sent, requests = GOOD[case]
    expected = [(method, path, query, "") for method, path, query, _ in requests]
    for packets in not_empty(splits(sent + NEXT, 3)):
        app = EchoApp(reads=False)
        await talk(app, *packets)
        assert app.requests == [*expected, ("GET", "/next", "", "")], packets


def get(*lines: bytes, version: bytes = b"1.1", target: bytes = b"/a") -> bytes:
    return b"\r\n".join((b"GET %b HTTP/%b" % (target, version), *lines, b"", b""))


H = HOST[:-2]
BAD = {
    "no Host": get(b"Accept: */*"),
    "Host twice": get(H, H),
    "Host twice, the second another": get(H, b"host: b.example.org"),
    "an empty Host": get(b"Host: "),
    **{
        f"a Host of {value!r}": get(b"Host: " + value)
        for value in (
            b"a b", b"a,b", b"a/b", b"a@b", b"a?b", b"a#b", b"http://a", b"a:b", b"a:80:80",
            b"[::1", b"::1", b"a:999999", b"\xc3\xa4.example", b"a\\b", b"a%zz", b"<a>", b":80",
        )
    },
    "a malformed Host of HTTP/1.0": get(b"Host: a b", version=b"1.0"),
    "Host and Upgrade, Host twice": post("/a", HIDDEN, H, *UPGRADES["websocket"]),
    "length and coding": post("/a", chunked(b"abc"), b"Content-Length: 3", framing=CHUNKED),
    "coding and length": post("/a", chunked(b"abc"), CHUNKED, framing=b"Content-Length: 3"),
    "coding, length and Upgrade": post(
        "/a", HIDDEN, CHUNKED, *UPGRADES["websocket"], framing=b"Content-Length: 3"
    ),
    "two lengths": post("/a", b"abc", b"Content-Length: 3"),
    "two lengths that differ": post("/a", b"abc", b"Content-Length: 2"),
    **{
        f"a length of {value!r}": post("/a", b"abc", framing=b"Content-Length: " + value)
        for value in (
            b"3, 3", b"+3", b"-3", b"0x3", b"3 3", b"3a", b"", b"\x0b3", b"3;", b"3.0", b"9" * 30,
        )
    },
    **{
        f"a coding of {value!r}": post(
            "/a", chunked(b"abc"), framing=b"Transfer-Encoding: " + value
        )
        for value in (
            b"gzip", b"identity", b"gzip, chunked", b"chunked, gzip", b"chunked, chunked", b"",
            b"xchunked", b"chunked;x", b'"chunked"', b"chun ked", b"\x0bchunked",
        )
    },
    "a coding twice": post("/a", chunked(b"abc"), CHUNKED, framing=CHUNKED),
    "a coding in HTTP/1.0": post("/a", chunked(b"abc"), framing=CHUNKED).replace(b"1.1", b"1.0"),
    "line ends without CR": get(H).replace(b"\r\n", b"\n"),
    "one line end without CR": get(H, b"X-Y: z").replace(b"z\r\n", b"z\n"),
    "a head that ends without CR": get(H)[:-2] + b"\n",
    "a CR in a value": get(H, b"X-Y: z\rw"),
    "a CR before a name": get(H, b"\rX-Y: z"),
    "a folded line": get(H, b"X-Y: z\r\n w"),
    "a folded length": post("/a", b"abc", framing=b"Content-Length:\r\n 3"),
    "a folded coding": post("/a", chunked(b"abc"), framing=b"Transfer-Encoding:\r\n chunked"),
    "a folded first line": get(b" X-Y: z", H),
    "a NUL in a value": get(H, b"X-Y: z\0w"),
    "a NUL in a name": get(H, b"X\0Y: z"),
    "a NUL in the target": get(H, target=b"/\0"),
    "a control character": get(H, b"X-Y: \x01"),
    "a space before the colon": get(H, b"X-Y : z"),
    "a space before the colon of a length": post("/a", b"abc", framing=b"Content-Length : 3"),
    "no name": get(H, b": z"),
    "no colon": get(H, b"X-Y"),
    "no header name": get(H, b"X(Y: z"),
    "a chunk that ends without CR": post("/a", b"3\r\nabc\n0\r\n\r\n", framing=CHUNKED),
    "a chunk size that ends without CR": post("/a", b"3\nabc\r\n0\r\n\r\n", framing=CHUNKED),
    "an extension that ends without CR": post("/a", b"3;\nx\r\nabc\r\n0\r\n\r\n", framing=CHUNKED),
    "a CR in an extension": post("/a", b"3;a\rb\r\nabc\r\n0\r\n\r\n", framing=CHUNKED),
    "a space after a chunk size": post("/a", b"3 \r\nabc\r\n0\r\n\r\n", framing=CHUNKED),
    "a chunk size in C": post("/a", b"0x3\r\nabc\r\n0\r\n\r\n", framing=CHUNKED),
    "a signed chunk size": post("/a", b"+3\r\nabc\r\n0\r\n\r\n", framing=CHUNKED),
    "no chunk size": post("/a", b"\r\nabc\r\n0\r\n\r\n", framing=CHUNKED),
    "an endless chunk size": post("/a", b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n", framing=CHUNKED),
    "more than a chunk": post("/a", b"3\r\nabcd\r\n0\r\n\r\n", framing=CHUNKED),
    "a length among trailers": post(
        "/a", chunked(b"abc", last=b"0\r\nContent-Length: 9\r\n\r\n"), framing=CHUNKED
    ),
    "no version": b"GET /a\r\n\r\n",
    "HTTP/0.9": get(H, version=b"0.9"),
    "HTTP/1.2": get(H, version=b"1.2"),
    "HTTP/2.0": get(H, version=b"2.0"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an unknown method": get(H).replace(b"GET", b"BREW"),
    "CONNECT": b"CONNECT id.example.org:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "CONNECT to a path": b"CONNECT /a HTTP/1.1\r\n" + HOST + b"\r\n",
    "GET *": get(H, target=b"*"),
    "another scheme": get(H, target=b"ftp://id.example.org/"),
    "an absolute form without a host": get(H, target=b"http:///a"),
    "an absolute form with a user": get(H, target=b"http://a@id.example.org/"),
    "a fragment": get(H, target=b"/a#b"),
    "no slash": get(H, target=b"a"),
    "raw UTF-8 in the target": get(H, target="/ä".encode()),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
async def test_a_malformed_request_is_400_in_order_and_the_connection_ends(case: str) -> None:
    before = post("/before", b"x")
    sent = before + BAD[case] + NEXT
    for packets in not_empty(splits(sent, 3)):
        app = EchoApp()
        transport = await talk(app, *packets)
        assert [each[1] for each in app.requests] == ["/before"], packets
        first, second = transport.responses()
        assert first[0] == 200
        assert b"/before" in first[2], "the response to the request before it"
        assert second[0] == 400, packets
        assert b"connection: close" in second[1]
        assert json.loads(second[2])["error"] == "invalid_request"
        assert transport.ended, packets


@pytest.mark.parametrize("case", BAD)
async def test_no_request_after_a_malformed_one_is_processed(case: str) -> None:
    for packets in not_empty(splits(BAD[case] + NEXT, 20)):
        app = EchoApp(reads=False)
        transport = await talk(app, *packets)
        assert [each[1] for each in app.requests if each[1] in ("/next", "/hidden")] == []
        assert len(list(transport.responses())) == 1
        assert transport.ended, packets


async def test_options_of_the_whole_server_is_answered() -> None:
    app = EchoApp()
    sent = b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"
    for packets in not_empty(splits(sent + NEXT)):
        transport = await talk(app, *packets)
        assert [status for status, _, _ in transport.responses()] == [204, 200]


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    "last",
    [
        get(H, b"Connection: close"),
        get(version=b"1.0"),
        get(H, b"Connection: Upgrade, close", b"Upgrade: x"),
    ],
)
async def test_nothing_follows_the_last_request(last: bytes, whole: bool) -> None:
    for packets in not_empty(splits(last + NEXT)):
        app = EchoApp(whole=whole)
        transport = await talk(app, *packets)
        assert [each[1] for each in app.requests] == ["/a"]
        assert [status for status, _, _ in transport.responses()] == [200]
        assert transport.ended


async def test_trailers_are_not_headers() -> None:
    trailers = b"0\r\nX-Forwarded-For: 192.0.2.9\r\nAuthorization: x\r\n\r\n"
    sent = post("/a", chunked(b"abc", last=trailers), framing=CHUNKED)
    for packets in not_empty(splits(sent)):
        app = EchoApp()
        await talk(app, *packets)
        assert sorted(app.headers) == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize("whole", [True, False])
async def test_100_continue_is_sent_once_and_only_when_a_body_is_missing(whole: bool) -> None:
    body = post("/a", b"abc", b"Expect: 100-Continue")
    head, rest = body[:-3], body[-3:]
    transport = await talk(EchoApp(whole=whole), head, rest + NEXT)
    assert transport.written.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")
    assert transport.written.count(b"HTTP/1.1 100") == 1
    for sent in (
        (body,),
        (get(H, b"Expect: 100-continue"),),
        (body.replace(b"1.1", b"1.0")[:-3], rest),
        (post("/a", b"", b"Expect: 100-continue"),),
    ):
        transport = await talk(EchoApp(whole=whole), *sent)
        assert b"HTTP/1.1 100" not in transport.written, sent


@pytest.mark.parametrize("whole", [True, False])
async def test_a_response_before_100_continue_is_the_last_one(whole: bool) -> None:
    """RFC 9110 §10.1.1: the client may send the body or not, so the next bytes are ambiguous."""
    head = post("/a", HIDDEN, b"Expect: 100-continue").removesuffix(HIDDEN)
    for rest in (NEXT, HIDDEN + NEXT):
        app = EchoApp(reads=False, whole=whole)
        transport = await talk(app, head, rest)
        assert [each[1] for each in app.requests] == ["/a"]
        assert [b"connection: close" in head for _, head, _ in transport.responses()] == [True]
        assert transport.ended


async def test_an_endless_head_is_431_and_an_endless_body_ends_the_connection() -> None:
    start = get(H)[:-2] + b"X-Y: "
    transport = await talk(EchoApp(), start, *[b"a" * 10_000] * 8)
    assert [status for status, _, _ in transport.responses()] == [431]
    assert transport.ended
    start = post("/a", b"3;", framing=CHUNKED)
    transport = await talk(EchoApp(), start, *[b"a" * 1_000_000] * 18)
    assert transport.ended
    trailers = post("/a", b"0\r\nX-Y: ", framing=CHUNKED)
    transport = await talk(EchoApp(), trailers, *[b"a" * 1_000_000] * 18)
    assert transport.ended


async def test_9_6_only_one_direction_is_closed_while_the_client_sends() -> None:
    """A reset could discard the response (RFC 9112 §9.6)."""
    sent = post("/a", b"a" * 1000, b"Connection: close")
    transport = await talk(EchoApp(reads=False), sent[:-500])
    assert transport.ended
    assert not transport.closed


async def test_whitespace_around_a_value_is_not_part_of_it() -> None:
    """RFC 9110 §5.5."""
    values: dict[bytes, bytes] = {}

    async def keep(scope: Any, receive: Any, send: Any) -> None:
        values.update(scope["headers"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    await talk(keep, get(b"Host:  id.example.org \t", b"X-Y: a b\t"))
    assert values == {b"host": b"id.example.org", b"x-y": b"a b"}
