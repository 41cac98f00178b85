"""Connections to other servers: name resolution, the rule for addresses, TLS (security.md §15).

A name is resolved once, its addresses are checked, and the connection goes to a checked address.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore
import httpx

from quantimodo.outbound.errors import ProviderFault
from quantimodo.outbound.public_addresses import is_public
from quantimodo.outbound.responses import invalid_response, unavailable
from quantimodo.ports.tracing import Tracer

Resolve = Callable[[str, int], Sequence[str]]

NETWORK_ERRORS = (
    httpx.TransportError,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    OSError,
)
_SECONDS_PER_ADDRESS = 2.0  # before the next of several addresses is tried
_RESOLVER_THREADS = 4
_LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")


def netloc(host: str, port: int) -> str:
    """`host:port` as in `open_hosts`."""
    return f"[{host}]:{port}" if ":" in host else f"{host.lower()}:{port}"


def resolve_name(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, in the order of the system. Blocks. Raises `OSError`."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """A network backend of httpcore that connects only to addresses that it has checked."""

    def __init__(
        self,
        open_hosts: frozenset[str],
        resolve: Resolve,
        *,
        open_loopback: bool = False,
        opened_by: str = "insecure_private_hosts",
    ) -> None:
        self._open_hosts = open_hosts
        self._opened_by = opened_by
        self._open_loopback = open_loopback
        self.resolve_name = resolve
        self._sockets = httpcore.AnyIOBackend()
        # Separate threads: a name server that does not respond must not delay others.
        self._resolvers = ThreadPoolExecutor(_RESOLVER_THREADS, "names")

    def is_open(self, host: str, port: int) -> bool:
        """Whether this host may have a private address, and plain http."""
        if self._open_loopback and host in _LOOPBACK_HOSTS:
            return True
        return netloc(host, port) in self._open_hosts

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first allowed address of the host that accepts. Raises when the host has a
        forbidden address."""
        addresses = await self._addresses(host, port)
        for address in addresses[:-1]:
            try:
                return await self._sockets.connect_tcp(address, port, _SECONDS_PER_ADDRESS)
            except NETWORK_ERRORS:
                continue
        return await self._sockets.connect_tcp(addresses[-1], port, timeout)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Always refused: no address of an application is a socket of this machine."""
        raise invalid_response("a unix socket")

    async def sleep(self, seconds: float) -> None:
        """Wait this many seconds, for a repeated attempt of `httpcore`."""
        await self._sockets.sleep(seconds)

    def close(self) -> None:
        """Stop the threads that resolve names, without waiting for them."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        try:
            addresses = await loop.run_in_executor(self._resolvers, self.resolve_name, host, port)
        except (OSError, UnicodeError) as fault:
            raise _without_address(unavailable(host, "the name is not known")) from fault
        if not self.is_open(host, port):
            addresses = [address for address in addresses if is_public(address)]
        if not addresses:
            raise _without_address(
                invalid_response(f"{host}: a private address, and not one of {self._opened_by}")
            )
        return addresses


def _without_address(fault: ProviderFault) -> ProviderFault:
    fault.without_address = True
    return fault


class GuardedTransport(httpx.AsyncBaseTransport):
    """An httpx transport over httpcore connections over `GuardedNetwork`."""

    def __init__(self, network: GuardedNetwork, unverified_hosts: frozenset[str]) -> None:
        self._network = network
        self._unverified_hosts = unverified_hosts
        self._pools: dict[bool, httpcore.AsyncConnectionPool] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request over a pool that verifies certificates, unless its host is exempt."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        content: Any = request.stream
        host = netloc(request.url.host, request.url.port or 443)
        response = await self._pool(host not in self._unverified_hosts).handle_async_request(
            httpcore.Request(request.method, url, headers=request.headers.raw, content=content)
        )
        return httpx.Response(
            response.status, headers=response.headers, stream=_Stream(response.stream)
        )

    async def aclose(self) -> None:
        """Close the connections of all pools."""
        for pool in self._pools.values():
            await pool.aclose()

    def _pool(self, verified: bool) -> httpcore.AsyncConnectionPool:
        # Made at the first request: to read the certificate authorities takes longer than most
        # commands run.
        if verified not in self._pools:
            self._pools[verified] = httpcore.AsyncConnectionPool(
                ssl_context=_verifying_context()
                if verified
                else httpx.create_ssl_context(verify=False),
                max_connections=None,  # connections are counted by host
                max_keepalive_connections=20,
                keepalive_expiry=30.0,
                network_backend=self._network,
            )
        return self._pools[verified]


class _Stream(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _verifying_context() -> ssl.SSLContext:
    """Trusts the certificate authorities of the system, or those of SSL_CERT_FILE or SSL_CERT_DIR
    in the environment."""
    return httpx.create_ssl_context()


class TracedTransport(httpx.AsyncBaseTransport):
    """A transport whose requests are spans; used only if traces are on. The spans have method and
    status, and nothing of the address. Other servers do not learn the id of the trace."""

    def __init__(self, transport: httpx.AsyncBaseTransport, tracer: Tracer) -> None:
        self._transport = transport
        self._tracer = tracer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, within a span that ends with the head of the response."""
        with self._tracer.call(f"outbound {request.method}") as span:
            span.set("http.request.method", request.method)
            response = await self._transport.handle_async_request(request)
            span.set("http.response.status_code", response.status_code)
            return response

    async def aclose(self) -> None:
        """Close the transport beneath."""
        await self._transport.aclose()
