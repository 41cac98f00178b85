"""One request over HTTP and its response: the only module that uses `httpx` transports.

Requests go to the transport directly, without `httpx.Client`, which logs whole addresses: those of
the API of 2016 have secrets in them. No redirect is followed, and no cookie is stored.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple, Union
from urllib.request import getproxies, proxy_bypass

import httpx

from swagger_client.configuration import Configuration
from swagger_client.redaction import redacted_headers, redacted_text, redacted_url

Headers = httpx.Headers
Timeout = Union[float, tuple[float, float], None]

_log = logging.getLogger("swagger_client.rest")


class ApiException(Exception):
    """The server refused a call, could not be reached, or sent an unreadable response.

    `status`: the HTTP status; 0 without a response (no connection, TLS, timeout).
    `reason`: the reason phrase of the status, or a description of the failure.
    `body`, `headers`: the complete response; None without one.
    `str()` and `repr()` omit secrets.
    """

    def __init__(
        self,
        status: int | None = None,
        reason: str | None = None,
        http_resp: RESTResponse | None = None,
        *,
        known: Iterable[str] = (),
        temporary: bool = False,
    ) -> None:
        super().__init__()
        self.status = http_resp.status if http_resp is not None and status is None else status
        self.reason = http_resp.reason if http_resp is not None and reason is None else reason
        self.body: str | None = None if http_resp is None else http_resp.data
        self.headers: Headers | None = None if http_resp is None else http_resp.getheaders()
        self.temporary = temporary
        self._known = tuple(known)

    def __str__(self) -> str:
        lines = [f"({self.status})", f"Reason: {redacted_text(self.reason or '', self._known)}"]
        if self.headers:
            lines.append(f"HTTP response headers: {redacted_headers(self.headers, self._known)}")
        if self.body:
            lines.append(f"HTTP response body: {redacted_text(self.body, self._known)}")
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        reason = redacted_text(self.reason or "", self._known)
        return f"{type(self).__name__}(status={self.status!r}, reason={reason!r})"


class RESTResponse:
    """A complete response."""

    def __init__(self, status: int, reason: str, data: str, headers: Headers) -> None:
        self.status = status
        self.reason = reason
        self.data = data
        self.headers = headers

    def getheaders(self) -> Headers:
        """All headers; their names have no case."""
        return self.headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """One header, or `default`."""
        value: str | None = self.headers.get(name, default)
        return value

    def __repr__(self) -> str:
        return f"RESTResponse(status={self.status!r}, reason={self.reason!r})"


class RESTClientObject:
    """The connections to a server. Safe to use from several threads."""

    def __init__(
        self, configuration: Configuration, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._configuration = configuration
        self._custom_transport = transport
        self._transports: dict[_ConnectionSettings, httpx.BaseTransport] = {}
        self._lock = threading.Lock()

    def send(self, request: httpx.Request, timeout: Timeout = None) -> RESTResponse:
        """The response of any status. Raises `ApiException` with status 0 without one."""
        with self.open(request, timeout) as response:
            return self.finish(response)

    @staticmethod
    def finish(response: httpx.Response) -> RESTResponse:
        """Read the rest of an open response."""
        with _faults(response.request):
            response.read()
        return _read(response)

    @staticmethod
    def chunks(response: httpx.Response) -> Iterator[bytes]:
        """The body of an open response, in chunks."""
        with _faults(response.request):
            yield from response.iter_bytes()

    @contextmanager
    def open(self, request: httpx.Request, timeout: Timeout = None) -> Iterator[httpx.Response]:
        """The response with its body unread, for long bodies."""
        request.extensions["timeout"] = _timeouts(timeout)
        with _faults(request):
            response = self._transport(request.url).handle_request(request)
        response.request = request
        _log_response(response)
        try:
            yield response
        finally:
            response.close()

    def close(self) -> None:
        """Close all connections; the next call opens them anew."""
        with self._lock:
            transports, self._transports = self._transports, {}
        for transport in transports.values():
            transport.close()

    def _transport(self, url: httpx.URL) -> httpx.BaseTransport:
        if self._custom_transport is not None:
            return self._custom_transport
        settings = _connection_settings(self._configuration, url)
        with self._lock:
            if settings not in self._transports:
                self._transports[settings] = httpx.HTTPTransport(
                    verify=settings.tls(), proxy=settings.proxy
                )
            return self._transports[settings]


class AsyncRESTClientObject:
    """The connections to a server, for one event loop."""

    def __init__(
        self, configuration: Configuration, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._configuration = configuration
        self._custom_transport = transport
        self._transports: dict[_ConnectionSettings, httpx.AsyncBaseTransport] = {}

    async def send(self, request: httpx.Request, timeout: Timeout = None) -> RESTResponse:
        """The response of any status. Raises `ApiException` with status 0 without one."""
        async with self.open(request, timeout) as response:
            return await self.finish(response)

    @staticmethod
    async def finish(response: httpx.Response) -> RESTResponse:
        """Read the rest of an open response."""
        with _faults(response.request):
            await response.aread()
        return _read(response)

    @staticmethod
    async def chunks(response: httpx.Response) -> AsyncIterator[bytes]:
        """The body of an open response, in chunks."""
        with _faults(response.request):
            async for chunk in response.aiter_bytes():
                yield chunk

    @asynccontextmanager
    async def open(
        self, request: httpx.Request, timeout: Timeout = None
    ) -> AsyncIterator[httpx.Response]:
        """The response with its body unread, for long bodies."""
        request.extensions["timeout"] = _timeouts(timeout)
        with _faults(request):
            response = await self._transport(request.url).handle_async_request(request)
        response.request = request
        _log_response(response)
        try:
            yield response
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Close all connections; the next call opens them anew."""
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            await transport.aclose()

    def _transport(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        if self._custom_transport is not None:
            return self._custom_transport
        settings = _connection_settings(self._configuration, url)
        if settings not in self._transports:
            self._transports[settings] = httpx.AsyncHTTPTransport(
                verify=settings.tls(), proxy=settings.proxy
            )
        return self._transports[settings]


class _ConnectionSettings(NamedTuple):
    """The settings that a connection depends on; each combination has its own transport."""

    encrypted: bool
    verify: bool
    ca_cert: str | None
    cert_file: str | None
    key_file: str | None
    proxy: str | None

    def tls(self) -> ssl.SSLContext:
        if not self.encrypted:
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, and fast to make
        if self.verify and self.ca_cert is not None:
            context = ssl.create_default_context(cafile=self.ca_cert)
        else:
            context = httpx.create_ssl_context(verify=self.verify)
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context


def _connection_settings(configuration: Configuration, url: httpx.URL) -> _ConnectionSettings:
    proxy = configuration.proxy
    if proxy is None and not proxy_bypass(url.host):
        proxy = getproxies().get(url.scheme)
    return _ConnectionSettings(
        url.scheme == "https" or proxy is not None,
        configuration.verify_ssl,
        configuration.ssl_ca_cert,
        configuration.cert_file,
        configuration.key_file,
        proxy,
    )


def _timeouts(timeout: Timeout) -> dict[str, float | None]:
    """One number for all, or (connect, read), as the client of 2016 had it."""
    if isinstance(timeout, tuple):
        connect, read = timeout
        return httpx.Timeout(read, connect=connect).as_dict()
    return httpx.Timeout(timeout).as_dict()


@contextmanager
def _faults(request: httpx.Request) -> Iterator[None]:
    """Raises failures of the transport as `ApiException` with status 0."""
    try:
        yield
    except (httpx.HTTPError, httpx.StreamError, ssl.SSLError) as fault:
        reason = f"{type(fault).__name__}: {fault}".rstrip(": ")
        _log.debug("%s %s: %s", request.method, redacted_url(str(request.url)), reason)
        raise ApiException(0, reason, temporary=_is_temporary(fault)) from fault


def _is_temporary(fault: Exception) -> bool:
    """Whether the same request may succeed later. It does not with an invalid certificate."""
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return False
        cause = cause.__cause__ or cause.__context__
    passing = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
    return isinstance(fault, passing)


def _read(response: httpx.Response) -> RESTResponse:
    text = response.content.decode("utf-8", errors="replace")
    return RESTResponse(response.status_code, response.reason_phrase, text, response.headers)


def _log_response(response: httpx.Response) -> None:
    request = response.request
    address = redacted_url(str(request.url))
    _log.debug("%s %s: %s", request.method, address, response.status_code)


def headers_of(pairs: Mapping[str, str]) -> Headers:
    """Headers from plain pairs. Raises `ValueError` for a value that no header may have.

    The message omits the value: it may be a token followed by a line break.
    """
    for name, value in pairs.items():
        # RFC 9110 §5.5 allows no control characters. The errors of `httpx` would show the value.
        if not value.isascii() or any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
            raise ValueError(f"the value for the header {name} has characters that none may have")
    # A server drops white space around a value; `Bearer ` and `Bearer` are one (RFC 9110 §5.5).
    return Headers({name: value.strip() for name, value in pairs.items()})
