"""The probes of `quantimodo doctor --live` that need a socket: one request, one response.

They send requests that a proxy and the server could understand differently (RFC 9112 §6.3, §11.2),
through the proxy in front of the server, if there is one. Each connection is separate and short.
"""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from quantimodo.cli.doctor.findings import Finding

_SECONDS: Final = 5.0  # for one response
_MOST: Final = 65_536  # bytes of it
_PAUSE: Final = 0.2  # seconds between the packets of one request
_SECTION: Final = "14a"


@dataclass(frozen=True, slots=True)
class _Case:
    """Packets of one request; `%h` is the host, `%l` the length of the last packet. With
    `refused` each 2xx response is a fault."""

    text: str
    packets: tuple[bytes, ...]
    refused: bool = True


_HEAD: Final = b"POST /api/v2/oauth2/introspect HTTP/1.1\r\nHost: %h\r\n"
_FORM: Final = b"Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
_INNER: Final = b"GET /health/live HTTP/1.1\r\nHost: %h\r\nConnection: close\r\n\r\n"
_CASES: Final = (
    _Case(
        "two lengths of a body",
        (_HEAD + _FORM + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nabcde",),
    ),
    _Case(
        "a length and chunks",
        (_HEAD + _FORM + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",),
    ),
    _Case(
        "two hosts",
        (b"GET /health/live HTTP/1.1\r\nHost: %h\r\nHost: elsewhere.example.org\r\n\r\n",),
    ),
    _Case("no host", (b"GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n",)),
    _Case(
        "a folded header line",
        (b"GET /health/live HTTP/1.1\r\nHost: %h\r\nX-A: 1\r\n 2\r\nConnection: close\r\n\r\n",),
    ),
    _Case(
        "a body with Upgrade that comes in a second packet",
        (
            _HEAD + _FORM + b"Upgrade: h2c\r\nContent-Length: %l\r\n\r\n",
            _INNER,
        ),
        refused=False,
    ),
)


async def framing_findings(
    url: str, trust: ssl.SSLContext, *, seconds: float = _SECONDS
) -> list[Finding]:
    """Whether the server at this address handles the framing of requests correctly. Waits `seconds`
    for each response.

    Raises `OSError` if the server is not reached.
    """
    faults: list[str] = []
    for case in _CASES:
        faults.extend(_faults_of(case, await _exchange(case, url, trust, seconds)))
    if faults:
        return [Finding("fault", "framing", f"{fault} (statement {_SECTION})") for fault in faults]
    return [Finding("ok", "framing", f"each request gets one response (statement {_SECTION})")]


def _faults_of(case: _Case, received: bytes) -> Iterator[str]:
    """What is wrong with the bytes that a server sent for these packets."""
    responses = received.count(b"HTTP/1.1 ") + received.count(b"HTTP/1.0 ")
    if responses > 1:
        yield f"{case.text}: one request gets {responses} responses"
    elif case.refused and received[9:10] == b"2":
        yield f"{case.text}: the request is not refused"


async def _exchange(case: _Case, url: str, trust: ssl.SSLContext, seconds: float) -> bytes:
    """All bytes that are received until the connection ends, or for some seconds."""
    parts = urlsplit(url)
    tls = trust if parts.scheme == "https" else None
    host = parts.hostname or ""
    reader, writer = await asyncio.open_connection(
        host, parts.port or (443 if tls else 80), ssl=tls
    )
    received = bytearray()
    # A server may close the connection during the request, which is a refusal.
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(seconds):
            for number, packet in enumerate(_packets(case, parts.netloc.encode())):
                if number:
                    await asyncio.sleep(_PAUSE)
                writer.write(packet)
                await writer.drain()
            while len(received) < _MOST and (piece := await reader.read(4096)):
                received += piece
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return bytes(received)


def _packets(case: _Case, host: bytes) -> list[bytes]:
    whole = [packet.replace(b"%h", host) for packet in case.packets]
    return [packet.replace(b"%l", b"%d" % len(whole[-1])) for packet in whole]
