"""Bare HTTP/1.1 connections, for tests where it matters what exactly was sent and received.

A request goes out in one call that does not wait, so that hundreds leave in the same instant; a
response counts only when its last byte has come. Knows what our server sends, not all of HTTP.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

_PATIENCE = 30.0  # seconds for one response; a test that waits longer has found a hang


class Lost(Exception):
    """The connection ended before the response was whole."""


@dataclass(frozen=True, slots=True)
class RawResponse:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection that is kept open, from this process to a worker."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Raises `Lost` when the port has no listener."""
        try:
            return cls(*await asyncio.open_connection("127.0.0.1", port))
        except OSError as error:
            raise Lost from error

    @property
    def own_port(self) -> int:
        port: int = self.writer.get_extra_info("sockname")[1]
        return port

    def send(self, request: bytes) -> None:
        self.writer.write(request)

    async def receive(self) -> RawResponse:
        """The whole response. Raises `Lost`."""
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._receive()
        except (OSError, asyncio.IncompleteReadError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise Lost from error

    async def ask(self, request: bytes) -> RawResponse:
        self.send(request)
        return await self.receive()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _receive(self) -> RawResponse:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")[:-2]
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return RawResponse(int(first.split(" ")[1]), headers, body)


async def all_at_once(connections: Sequence[Connection], request: bytes) -> list[RawResponse]:
    """Send `request` on every connection before the first response is looked at."""
    for connection in connections:
        connection.send(request)
    return await asyncio.gather(*(connection.receive() for connection in connections))


def get(path: str, **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def post(path: str, client_id: str, secret: str, **form: str) -> bytes:
    """A form from a client that authenticates by Basic."""
    body = urlencode(form)
    basic = b64encode(f"{client_id}:{secret}".encode()).decode()
    return (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Basic {basic}\r\n"
        "content-type: application/x-www-form-urlencoded\r\n"
        f"content-length: {len(body)}\r\n\r\n{body}"
    ).encode("ascii")
