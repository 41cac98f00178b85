"""The guarded HTTP client for all requests to other servers (security.md §15).

All addresses from settings, discovery documents, providers and clients are requested here: https
only, public addresses only, checked after name resolution and connected to exactly as checked; no
redirects, no cookies, no proxies; limits on time, size and number. The caller interprets the
response. Only this module imports the HTTP client.
"""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpcore
import httpx
import msgspec

from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderUnavailable
from quantimodo.outbound.networks import is_public

Resolve = Callable[[str, int], Sequence[str]]

_TROUBLE = (
    httpx.TransportError,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    OSError,
)
_ONE_ADDRESS = 2.0  # seconds for one of several addresses before the next one is tried
_RESOLVERS = 4
_RETRY_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """The client's limits. `open_hosts` are `host:port` pairs that may be private and plain http.
    The certificates of `unverified_hosts` are not verified."""

    open_hosts: frozenset[str] = frozenset()
    unverified_hosts: frozenset[str] = frozenset()
    time_limit: timedelta = timedelta(seconds=5)
    size_limit: int = 1024 * 1024
    at_once_per_host: int = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with a status below 500. Never log its body."""

    status: int
    media_type: str
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises `InvalidProviderResponse`."""
        return read_object(self.body)

    def rows(self) -> list[dict[str, Any]]:
        """The body as a JSON array of objects. Raises `InvalidProviderResponse`."""
        found = _decoded(self.body)
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise _invalid_response("not a JSON array of objects")
        return found


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises `InvalidProviderResponse`."""
    found = _decoded(body)
    if not isinstance(found, dict):
        raise _invalid_response("not a JSON object")
    return found


def basic(client_id: str, client_secret: Secret) -> dict[str, str]:
    """The header of `client_secret_basic`."""
    # RFC 6749 §2.3.1: both are form-encoded before they are joined.
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret.reveal())}"
    return {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def bearer(token: Secret) -> dict[str, str]:
    """The header of RFC 6750 §2.1."""
    return {"authorization": f"Bearer {token.reveal()}"}


def netloc(host: str, port: int) -> str:
    """`host:port` as in `open_hosts`."""
    return f"[{host}]:{port}" if ":" in host else f"{host.lower()}:{port}"


class GuardedHttpClient:
    """Raises `ProviderUnavailable` for no response, 5xx and 429, `InvalidProviderResponse` for
    malformed responses. One instance for the process; safe for concurrent requests."""

    def __init__(
        self,
        policy: OutboundPolicy | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """`transport` replaces the network, name resolution and the address rule."""
        self._policy = policy or OutboundPolicy()
        self._network = _Network(self._policy.open_hosts, resolve or _resolve)
        self._transport = transport or _GuardedTransport(
            self._network, self._policy.unverified_hosts
        )
        self._under_way: Counter[str] = Counter()

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> Answer:
        return await self._ask("GET", _with(url, parameters or {}), headers or {}, b"")

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        form = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        return await self._ask("POST", url, form, urlencode(fields).encode())

    def check(self, url: str) -> None:
        """Check the address of a browser redirect by the same rule, without name resolution.
        Raises `InvalidProviderResponse`."""
        self._checked(url)

    async def close(self) -> None:
        await self._transport.aclose()
        self._network.close()

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        place = self._checked(url)
        request = httpx.Request(method, place, headers=_headers(headers), content=body)
        limit = self._policy.time_limit.total_seconds()
        try:
            with self._one_more(place.host):
                async with asyncio.timeout(limit), self._sent(request) as response:
                    return await self._read(response)
        except TimeoutError as fault:
            raise _down(place.host, f"no answer within {limit:g} s") from fault
        except _TROUBLE as fault:
            # The text is about a certificate or a refused connection, never about what was sent.
            raise _down(place.host, f"{type(fault).__name__}: {fault}".rstrip(": ")) from fault

    def _checked(self, url: str) -> httpx.URL:
        try:
            place = httpx.URL(url)
        except (httpx.InvalidURL, TypeError, ValueError) as fault:
            raise _invalid_response("not an address") from fault
        if not place.host or place.userinfo or place.fragment:
            raise _invalid_response("an address with a user or a fragment, or without a host")
        if place.scheme != "https" and not self._is_open(place):
            raise _invalid_response(
                f"{place.host}: not https, and not one of insecure_private_hosts"
            )
        return place

    def _is_open(self, place: httpx.URL) -> bool:
        port = place.port or 80
        return place.scheme == "http" and netloc(place.host, port) in self._policy.open_hosts

    @contextmanager
    def _one_more(self, host: str) -> Iterator[None]:
        # A slow host must not use up the memory and the sockets of all others.
        if self._under_way[host] >= self._policy.at_once_per_host:
            raise _down(host, "too many requests are under way")
        self._under_way[host] += 1
        try:
            yield
        finally:
            self._under_way[host] -= 1
            if not self._under_way[host]:
                del self._under_way[host]

    @asynccontextmanager
    async def _sent(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        # The transport, not a client: no redirects, no cookies, no proxy of the environment.
        response = await self._transport.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> Answer:
        status = response.status_code
        if status >= 500 or status in _RETRY_LATER:
            raise ProviderUnavailable(_LATER, because=f"status {status}")
        if 300 <= status < 400:
            raise _invalid_response(f"a redirect ({status})")
        # No encoding was requested: a small body could decompress to an endless one.
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise _invalid_response("a compressed body")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._policy.size_limit:
                raise _invalid_response(f"more than {self._policy.size_limit} bytes")
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Answer(status, media_type, bytes(body))


_LATER = "The sign-in provider does not answer. Try again in a moment."
_STRANGE = "The sign-in provider gave an answer that cannot be used."


def _down(host: str, because: str) -> ProviderUnavailable:
    return ProviderUnavailable(_LATER, because=f"{host}: {because}")


def _invalid_response(because: str) -> InvalidProviderResponse:
    return InvalidProviderResponse(_STRANGE, because=because)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as fault:
        raise _invalid_response("not JSON") from fault


def _headers(more: Mapping[str, str]) -> dict[str, str]:
    return {
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "quantimodo",
        **{name.lower(): value for name, value in more.items()},
    }


def _with(url: str, parameters: Mapping[str, str]) -> str:
    if not parameters:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"


def _resolve(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Network(httpcore.AsyncNetworkBackend):
    """Connects only to the address that was checked."""

    def __init__(self, open_hosts: frozenset[str], resolve: Resolve) -> None:
        self._open_hosts = open_hosts
        self._resolve = resolve
        self._sockets = httpcore.AnyIOBackend()
        # Separate threads: a name server that does not respond must not delay others.
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, "names")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._addresses(host, port)
        for address in addresses[:-1]:
            try:
                return await self._sockets.connect_tcp(address, port, _ONE_ADDRESS)
            except _TROUBLE:
                continue
        return await self._sockets.connect_tcp(addresses[-1], port, timeout)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise _invalid_response("a unix socket")

    async def sleep(self, seconds: float) -> None:
        await self._sockets.sleep(seconds)

    def close(self) -> None:
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._resolvers, self._resolve, host, port)
        except (OSError, UnicodeError) as fault:
            raise _down(host, "the name is not known") from fault
        if netloc(host, port) not in self._open_hosts:
            found = [address for address in found if is_public(address)]
        if not found:
            raise _invalid_response(
                f"{host}: a private address, and not one of insecure_private_hosts"
            )
        return found


class _GuardedTransport(httpx.AsyncBaseTransport):
    """An httpx transport over httpcore connections over `_Network`."""

    def __init__(self, network: _Network, unverified: frozenset[str]) -> None:
        self._network = network
        self._unverified = unverified
        self._made: dict[bool, httpcore.AsyncConnectionPool] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        place = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        content: Any = request.stream
        host = netloc(request.url.host, request.url.port or 443)
        answer = await self._pool(host not in self._unverified).handle_async_request(
            httpcore.Request(request.method, place, headers=request.headers.raw, content=content)
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Stream(answer.stream))

    async def aclose(self) -> None:
        for pool in self._made.values():
            await pool.aclose()

    def _pool(self, verified: bool) -> httpcore.AsyncConnectionPool:
        # At the first request, because reading the authorities takes longer than most commands.
        if verified not in self._made:
            self._made[verified] = httpcore.AsyncConnectionPool(
                ssl_context=_trusted() if verified else httpx.create_ssl_context(verify=False),
                max_connections=None,  # connections are counted by host
                max_keepalive_connections=20,
                keepalive_expiry=30.0,
                network_backend=self._network,
            )
        return self._made[verified]


class _Stream(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _trusted() -> ssl.SSLContext:
    """The system's authorities, or those of SSL_CERT_FILE or SSL_CERT_DIR in the environment."""
    return httpx.create_ssl_context()
