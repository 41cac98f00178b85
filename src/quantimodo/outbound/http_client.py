"""The guarded HTTP client for all requests to other servers (security.md §15).

All addresses from settings, discovery documents, providers and clients are requested here: https
only, public addresses only, checked after name resolution and connected to exactly as checked; no
redirects, no cookies, no proxies; limits on time, size and number. The caller interprets the
response. `guarded_transport.py` opens the connections; only these two import the HTTP client.
"""

import asyncio
import copy
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import quote_plus, urlencode

import httpx

from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import ProviderFault, ProviderUnavailable
from quantimodo.outbound.guarded_transport import (
    NETWORK_ERRORS,
    GuardedNetwork,
    GuardedTransport,
    Resolve,
    TracedTransport,
    resolve_name,
)
from quantimodo.outbound.responses import TRY_LATER, HttpResponse, invalid_response, unavailable
from quantimodo.ports.tracing import Tracer

_RETRY_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """The client's limits. `open_hosts` are `host:port` pairs that may be private and plain http.
    The certificates of `unverified_hosts` are not verified. `open_loopback`: this machine, by its
    own names, may be requested at every port. `opened_by`: the setting of `open_hosts`, which
    refusals name."""

    open_hosts: frozenset[str] = frozenset()
    unverified_hosts: frozenset[str] = frozenset()
    time_limit: timedelta = timedelta(seconds=5)
    size_limit: int = 1024 * 1024
    at_once_per_host: int = 100
    open_loopback: bool = False
    opened_by: str = "insecure_private_hosts"


class PostResult(NamedTuple):
    """The status of a response, and the seconds of its `Retry-After`; None without them."""

    status: int
    retry_after: int | None


def basic_authorization(client_id: str, client_secret: Secret) -> dict[str, str]:
    """The Authorization header of `client_secret_basic` (RFC 6749 §2.3.1)."""
    # Both parts are form-encoded before they are joined.
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret.reveal())}"
    return {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def bearer_authorization(token: Secret) -> dict[str, str]:
    """The Authorization header with a bearer token (RFC 6750 §2.1)."""
    return {"authorization": f"Bearer {token.reveal()}"}


class GuardedHttpClient:
    """Raises `ProviderUnavailable` for no response, 5xx and 429, `InvalidProviderResponse` for
    malformed responses. One instance for the process; safe for concurrent requests."""

    def __init__(
        self,
        policy: OutboundPolicy | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        """`transport` replaces the network, name resolution and the address rule. `tracer` records
        requests; None: they are not recorded."""
        self._policy = policy or OutboundPolicy()
        self._network = GuardedNetwork(
            self._policy.open_hosts,
            resolve or resolve_name,
            open_loopback=self._policy.open_loopback,
            opened_by=self._policy.opened_by,
        )
        self._transport: httpx.AsyncBaseTransport = transport or GuardedTransport(
            self._network, self._policy.unverified_hosts
        )
        self.tracer = tracer
        if tracer is not None:
            self._transport = TracedTransport(self._transport, tracer)
        self._requests_of_host: Counter[str] = Counter()
        self._report: Callable[[bool], None] | None = None

    def with_report(self, report: Callable[[bool], None]) -> "GuardedHttpClient":
        """The same client; it calls `report` at the end of each request, with whether there was a
        response that can be used."""
        same = copy.copy(self)
        same._report = report
        return same

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """One GET; a redirect is returned, not followed. Raises `ProviderFault`."""
        return await self._send("GET", _with_query(url, parameters or {}), headers or {}, b"")

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
        """One POST whose response is not read, only its status, whatever that is. Raises
        `ProviderFault`."""
        parsed = self._checked_url(url)
        request = httpx.Request("POST", parsed, headers=_headers(headers), content=body)
        async with self._limited_response(parsed.host, request) as response:
            return PostResult(response.status_code, _retry_after(response.headers))

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """One POST of a form; a redirect is returned, not followed. Raises `ProviderFault`."""
        form = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        return await self._send("POST", url, form, urlencode(fields).encode())

    def check(self, url: str) -> None:
        """Check the address of a browser redirect by the same rule, without name resolution.
        Raises `InvalidProviderResponse`."""
        self._checked_url(url)

    async def close(self) -> None:
        """Close all connections, and stop the threads that resolve names."""
        await self._transport.aclose()
        self._network.close()

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> HttpResponse:
        parsed = self._checked_url(url)
        request = httpx.Request(method, parsed, headers=_headers(headers), content=body)
        with self._outcome_reported():
            async with self._limited_response(parsed.host, request) as response:
                return await self._read(response)

    @contextmanager
    def _outcome_reported(self) -> Iterator[None]:
        try:
            yield
        except ProviderFault:
            if self._report is not None:
                self._report(False)
            raise
        if self._report is not None:
            self._report(True)

    @asynccontextmanager
    async def _limited_response(
        self, host: str, request: httpx.Request
    ) -> AsyncIterator[httpx.Response]:
        limit = self._policy.time_limit.total_seconds()
        try:
            with self._counted(host):
                async with asyncio.timeout(limit), self._response_to(request) as response:
                    yield response
        except TimeoutError as fault:
            raise unavailable(host, f"no response within {limit:g} s") from fault
        except NETWORK_ERRORS as fault:
            # The text is about a certificate or a refused connection, never about what was sent.
            raise unavailable(host, f"{type(fault).__name__}: {fault}".rstrip(": ")) from fault

    def _checked_url(self, url: str) -> httpx.URL:
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, TypeError, ValueError) as fault:
            raise invalid_response("not an address") from fault
        if not parsed.host or parsed.userinfo or parsed.fragment:
            raise invalid_response("an address with a user or a fragment, or without a host")
        if parsed.scheme != "https" and not self._is_open(parsed):
            raise invalid_response(
                f"{parsed.host}: not https, and not one of {self._policy.opened_by}"
            )
        return parsed

    def _is_open(self, parsed: httpx.URL) -> bool:
        return parsed.scheme == "http" and self._network.is_open(parsed.host, parsed.port or 80)

    @contextmanager
    def _counted(self, host: str) -> Iterator[None]:
        # A slow host must not take the memory and the sockets that other hosts need.
        if self._requests_of_host[host] >= self._policy.at_once_per_host:
            raise unavailable(host, "too many requests are under way")
        self._requests_of_host[host] += 1
        try:
            yield
        finally:
            self._requests_of_host[host] -= 1
            if not self._requests_of_host[host]:
                del self._requests_of_host[host]

    @asynccontextmanager
    async def _response_to(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        # The transport, not a client: no redirects, no cookies, no proxy of the environment.
        response = await self._transport.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> HttpResponse:
        status = response.status_code
        if status >= 500 or status in _RETRY_LATER:
            raise ProviderUnavailable(TRY_LATER, because=f"status {status}")
        if 300 <= status < 400:
            raise invalid_response(f"a redirect ({status})")
        # No encoding was requested: a small body could decompress to an endless one.
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise invalid_response("a compressed body")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._policy.size_limit:
                raise invalid_response(f"more than {self._policy.size_limit} bytes")
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        caching = response.headers.get("cache-control", "")
        return HttpResponse(status, media_type, bytes(body), caching)


def _headers(more: Mapping[str, str]) -> dict[str, str]:
    return {
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "quantimodo",
        **{name.lower(): value for name, value in more.items()},
    }


def _retry_after(headers: httpx.Headers) -> int | None:
    # RFC 9110 §10.2.3; the other form, a date, is not needed.
    text = headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def _with_query(url: str, parameters: Mapping[str, str]) -> str:
    if not parameters:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"
