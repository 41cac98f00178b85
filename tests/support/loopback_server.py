"""A server on a loopback socket that gives fixed responses."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from quantimodo.outbound.http_client import GuardedHttpClient, OutboundPolicy


@dataclass(slots=True)
class LoopbackServer:
    """A server on a loopback socket, and the requests that it got."""

    port: int
    requested: list[bytes] = field(default_factory=list)

    @property
    def host_and_port(self) -> str:
        return f"127.0.0.1:{self.port}"

    def http_client(self, **limits: object) -> GuardedHttpClient:
        given = {"open_hosts": frozenset({self.host_and_port}), **limits}
        return GuardedHttpClient(OutboundPolicy(**given))  # type: ignore[arg-type]


@asynccontextmanager
async def loopback_server(
    *responses: bytes, then_hang: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[LoopbackServer]:
    """A server that gives these responses, one for each request; then the last one again."""
    found = LoopbackServer(0)
    stop = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found.requested.append(head)
                writer.write(responses[min(len(found.requested), len(responses)) - 1])
                await writer.drain()
                if then_hang:
                    await stop.wait()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        stop.set()
        server.close()


@asynccontextmanager
async def closing(http_client: GuardedHttpClient) -> AsyncIterator[GuardedHttpClient]:
    try:
        yield http_client
    finally:
        await http_client.close()
