"""Responses belong to requests (security.md §14a): many clients at once, attackers among them, at
the bare server and behind each documented proxy. No client ever reads another client's response."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from proxies import HOST, proxy
from support.app import CHALLENGE, ME, TOKEN, USERINFO, VERIFIER
from support.live_server import Live, open_live

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CALLBACK = "https://app.example.org/callback"
PEOPLE = 4
ROUNDS = 40
_PATIENCE = 60.0
UPGRADE = (
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
)
WEBSOCKET = ("Connection: Upgrade", "Upgrade: websocket")


class Ended(Exception):
    """The connection ended before the response was whole."""


@dataclass
class Talk:
    """One connection to the place under test."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *packets: bytes) -> None:
        for number, packet in enumerate(packets):
            if number:
                await asyncio.sleep(0.003)  # enough for a separate packet; nothing depends on it
            self.writer.write(packet)
            try:
                await self.writer.drain()
            except OSError as error:
                raise Ended from error

    async def receive(self) -> tuple[int, bytes]:
        """Status and body of the next response. Raises `Ended`."""
        try:
            async with asyncio.timeout(_PATIENCE):
                status, headers = 100, dict[str, str]()
                while status == 100:
                    head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                    first, *lines = head.split("\r\n")[:-2]
                    status = int(first.split(" ")[1])
                    pairs = (line.partition(":") for line in lines)
                    headers = {name.lower(): value.strip() for name, _, value in pairs}
                if headers.get("transfer-encoding") == "chunked":
                    return status, await self._chunks()
                return status, await self.reader.readexactly(
                    int(headers.get("content-length", "0"))
                )
        except TimeoutError:
            raise
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Ended from error

    async def _chunks(self) -> bytes:
        body = b""
        while size := int((await self.reader.readuntil(b"\r\n")), 16):
            body += await self.reader.readexactly(size + 2)
            body = body[:-2]
        await self.reader.readuntil(b"\r\n")
        return body

    async def everything(self) -> bytes:
        """All that comes until the connection ends, or rests."""
        received = b""
        try:
            while True:
                async with asyncio.timeout(0.5):
                    piece = await self.reader.read(65_536)
                if not piece:
                    return received
                received += piece
        except (OSError, TimeoutError):
            return received

    def close(self) -> None:
        self.writer.transport.abort()


@dataclass(frozen=True)
class Place:
    name: str
    port: int
    tls: ssl.SSLContext | None

    async def talk(self) -> Talk:
        name = None if self.tls is None else HOST
        return Talk(
            *await asyncio.open_connection(
                "127.0.0.1", self.port, ssl=self.tls, server_hostname=name
            )
        )


@pytest.fixture(params=["bare", "nginx", "caddy", "haproxy"])
async def live_at(
    request: pytest.FixtureRequest, tmp_path: Any
) -> AsyncIterator[tuple[Live, Place]]:
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    async with open_live(tmp_path, trusted_proxies="127.0.0.1/32") as live:
        with ExitStack() as stack:
            if request.param == "bare":
                yield live, Place("bare", live.server.port, None)
            else:
                port = stack.enter_context(proxy(request.param, live.server.port))
                yield live, Place(request.param, port, tls)


async def _token(live: Live, app: Any, email: str) -> str:
    query = {
        "response_type": "code",
        "client_id": app.id,
        "redirect_uri": CALLBACK,
        "scope": "openid email profile basic",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    back = await live.allow(f"{live.address}/api/v2/oauth/authorize?{urlencode(query)}", email)
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(back).query)["code"][0],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    response = await live.browser().post(TOKEN, data=form, auth=(app.id, app.secret))
    assert response.status_code == 200, response.text
    token: str = response.json()["access_token"]
    return token


def _head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", f"Host: {HOST}", *lines, "", "")).encode()


def _me(token: str, *lines: str) -> bytes:
    return _head("GET", ME, f"Authorization: Bearer {token}", *lines)


def _userinfo(token: str, *lines: str) -> tuple[bytes, bytes]:
    body = f"access_token={token}".encode()
    kind = "Content-Type: application/x-www-form-urlencoded"
    return _head("POST", USERINFO, kind, f"Content-Length: {len(body)}", *lines), body


def _in_chunks(token: str, *lines: str) -> tuple[bytes, bytes]:
    body = f"access_token={token}".encode()
    kind = "Content-Type: application/x-www-form-urlencoded"
    head = _head("POST", USERINFO, kind, "Transfer-Encoding: chunked", *lines)
    parts = body[:5], body[5:]
    return head, b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def _honest(token: str) -> list[tuple[int, tuple[bytes, ...]]]:
    """How many responses each of these packets ask for; all of them name the token's person."""
    head, body = _userinfo(token, *UPGRADE)
    expecting, expected = _userinfo(token, "Expect: 100-continue")
    other, chunks = _in_chunks(token, *UPGRADE)
    return [
        (1, (_me(token),)),
        (1, (_me(token, *UPGRADE),)),
        (1, (head, body)),
        (1, (head + body,)),
        (1, (head + body[:7], body[7:])),
        (1, (other, chunks)),
        (1, (other + chunks[:4], chunks[4:])),
        (1, (expecting, expected)),
        (2, (_me(token) + head + body,)),
        (3, (head, body + _me(token)[:40], _me(token)[40:] + _me(token))),
        *((1, (_me(token)[:at], _me(token)[at:])) for at in range(20, 120, 25)),
    ]


def _attacks() -> Iterator[tuple[bytes, ...]]:
    """Requests with a hidden one that must never be answered, and malformed ones."""
    hidden = _head("GET", ME, "X-Smuggled: yes")
    half = hidden[:-2] + b"X-Rest: "  # swallows what comes next, with another client's token
    for inner in (hidden, half):
        length = f"Content-Length: {len(inner)}"
        in_chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(inner), inner)
        for lines in (UPGRADE, WEBSOCKET, ("Upgrade: x", "Connection: upgrade"), ()):
            for path in (TOKEN, USERINFO, ME, "/", "/nothing-here"):
                yield _head("POST", path, *lines, length), inner
                yield _head("GET", path, *lines, length), inner
            yield _head("POST", TOKEN, *lines, "Transfer-Encoding: chunked"), in_chunks
            yield _head("POST", TOKEN, *lines, length, "Expect: 100-continue"), inner
            yield _head("GET", ME, *lines, length, "Expect: 100-continue"), inner
        for bad in (
            ("Transfer-Encoding: chunked", length),
            (length, "Transfer-Encoding: chunked"),
            ("Content-Length: 0", length),
            (length, "Content-Length: 0"),
            ("Transfer-Encoding: xchunked", length),
            ("Transfer-Encoding : chunked", length),
            ("Transfer-Encoding: gzip, chunked",),
            ("Transfer-Encoding:\r\n chunked", length),
            ("X-Y: z\nTransfer-Encoding: chunked", length),
            ("X-Y: z\rTransfer-Encoding: chunked", length),
            ("X-Y: z\0w", length),
            (f"Content-Length: +{len(inner)}",),
            (f"Content-Length: {len(inner)}, {len(inner)}",),
            (f"Content-Length:\r\n {len(inner)}",),
            ("Host: b.example.org", length),
        ):
            yield _head("POST", TOKEN, *bad), inner
            yield _head("POST", TOKEN, *bad), in_chunks
            yield _head("POST", TOKEN, *bad) + b"0\r\n\r\n" + inner, b""
        for chunks in (
            b"0\n\r\n" + inner,
            b"1;\n" + inner,
            b"1;a\rb\r\nx\r\n0\r\n\r\n" + inner,
            b"1 \r\nx\r\n0\r\n\r\n" + inner,
            b"0x1\r\nx\r\n0\r\n\r\n" + inner,
            b"f" * 17 + b"\r\n" + inner,
            b"1\r\nx\n0\r\n\r\n" + inner,
        ):
            yield _head("POST", TOKEN, "Transfer-Encoding: chunked"), chunks
        yield _head("CONNECT", f"{HOST}:443"), inner
        yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", inner
        yield _head("POST", ME, length).replace(b"HTTP/1.1", b"HTTP/1.0"), inner


async def _be_honest(place: Place, token: str, email: str, faults: list[str]) -> int:
    """Only one's own responses, one for each request; how many there were."""
    requests, talk, count = _honest(token), await place.talk(), 0
    for number in range(ROUNDS):
        wanted, packets = requests[number % len(requests)]
        try:
            await talk.send(*packets)
            for _ in range(wanted):
                status, body = await talk.receive()
                if status in (502, 503):  # the proxy lost its own connection
                    raise Ended
                if status != 200 or json.loads(body)["email"] != email:
                    faults.append(f"{email} {packets!r}: {status} {body!r}")
                count += 1
        except Ended:
            talk.close()
            talk = await place.talk()
    talk.close()
    return count


async def _attack(place: Place, share: Callable[[int], bool], faults: list[str]) -> None:
    for number, packets in enumerate(_attacks()):
        if not share(number):
            continue
        talk = await place.talk()
        with suppress(Ended):
            await talk.send(*packets)
        received = await talk.everything()
        talk.close()
        if b"example.org" in received.replace(HOST.encode(), b"") or b'"sub"' in received:
            faults.append(f"the attacker of {packets!r} read {received!r}")


async def test_responses_belong_to_requests(live_at: tuple[Live, Place]) -> None:
    live, place = live_at
    app = await live.app(CALLBACK)
    tokens = {}
    for number in range(PEOPLE):
        email = f"person{number}@example.org"
        await live.person(email, f"Person {number}")
        tokens[email] = await _token(live, app, email)
    faults: list[str] = []
    attackers = [
        _attack(place, lambda number, mine=mine: number % 12 == mine, faults) for mine in range(12)
    ]
    honest = [_be_honest(place, token, email, faults) for email, token in tokens.items()]
    counts = await asyncio.gather(*honest, *attackers)
    assert faults == []
    requested = sum(_honest("x")[number % len(_honest("x"))][0] for number in range(ROUNDS))
    for count in counts[:PEOPLE]:
        # A proxy may lose some; a client that hears nothing proves nothing.
        assert isinstance(count, int)
        assert count > requested * 3 // 4
