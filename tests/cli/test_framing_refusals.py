"""monitoring.md: a request that is refused for its framing (RFC 9112) writes one line with
endpoint, code and reason, sampled as the other refusals are, and the metrics count it."""

import select
import socket

import pytest

from support.live_server import Live, ServeLive

MARK = "marked-secret"
TOKEN = "a metrics token of a test"
HOST = b"Host: id.example.org\r\n"
# What is sent, its status and the reason in the log.
REFUSED = [
    (b"BREW\r\n\r\n", 400, "the request is malformed"),
    (b"GET / HTTP/1.1\r\nX-%b: a\r\n b\r\n\r\n" % MARK.encode(), 400, "the request is malformed"),
    (b"GET /%b HTTP/1.1\r\n\r\n" % MARK.encode(), 400, "the Host header is missing"),
    (b"GET / HTTP/1.1\r\n" + 2 * HOST + b"\r\n", 400, "the Host header is repeated"),
    (
        b"GET / HTTP/1.1\r\nHost: a b %b\r\n\r\n" % MARK.encode(),
        400,
        "the Host header is malformed",
    ),
    (
        b"POST / HTTP/1.1\r\n%bTransfer-Encoding: %b\r\n\r\n" % (HOST, MARK.encode()),
        400,
        "the Transfer-Encoding is not supported",
    ),
    (
        b"GET /%b#x HTTP/1.1\r\n%b\r\n" % (MARK.encode(), HOST),
        400,
        "the request target is malformed",
    ),
    (b"CONNECT a:1 HTTP/1.1\r\n%b\r\n" % HOST, 400, "CONNECT is not supported"),
    (b"GET / HTTP/1.1\r\n%bX: %b" % (HOST, MARK.encode() * 300_000), 431, None),
]
TOO_LARGE = "the head of the request is too large"


@pytest.fixture
async def live(serve_live: ServeLive) -> Live:
    return await serve_live(log_level="info", metrics_token=TOKEN)


def send(live: Live, raw: bytes) -> int:
    """The status of the response. A large head is sent in parts, until there is one."""
    with socket.create_connection(("127.0.0.1", live.server.port), timeout=30) as line:
        for first in range(0, len(raw), 65_536):
            line.sendall(raw[first : first + 65_536])
            if select.select([line], [], [], 0)[0]:
                break
        response = b""
        while b"\r\n" not in response:
            response += line.recv(4096)
        return int(response.split()[1])


def refusals(live: Live) -> list[dict[str, object]]:
    return [line for line in live.server.log_lines() if line["event"] == "refused"]


async def counted(live: Live) -> float:
    header = {"authorization": f"Bearer {TOKEN}"}
    text = (await live.browser().get("/metrics", headers=header)).text
    name = 'quantimodo_requests_total{endpoint="connection",status="4xx"} '
    return sum(float(line[len(name) :]) for line in text.splitlines() if line.startswith(name))


async def test_each_is_logged_with_its_reason_and_counted(live: Live) -> None:
    for number, (raw, status, because) in enumerate(REFUSED, 1):
        assert send(live, raw) == status
        found = refusals(live)
        assert len(found) == number
        assert found[-1]["endpoint"] == "connection"
        assert found[-1]["code"] == "invalid_request"
        assert found[-1]["because"] == (because or TOO_LARGE)
        assert MARK not in str(found[-1])
        assert await counted(live) == number


async def test_a_flood_is_sampled_and_counted_whole(live: Live) -> None:
    for _ in range(40):
        assert send(live, b"BREW\r\n\r\n") == 400
    # The flood may span two minutes of the sampler.
    assert 10 <= len(refusals(live)) <= 20
    assert await counted(live) == 40


async def test_a_request_that_is_sound_writes_no_line(live: Live) -> None:
    assert send(live, b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n") == 200
    assert refusals(live) == []
    assert await counted(live) == 0
