"""The ASGI application: from a scope to an endpoint, and from an error to an answer.

Owns what is the same for every request: limits, the caller's address, CORS, HSTS, the one place
where exceptions become answers. Knows no rule of any endpoint.
"""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import structlog

from quantimodo.app.proxies import Proxies
from quantimodo.endpoints.errors import oauth_error
from quantimodo.endpoints.routes import ApiRoute
from quantimodo.http.disconnects import (
    ClientLeft,
    disconnected,
    next_unless,
    while_connected,
)
from quantimodo.http.json import PRIVATE, private_json
from quantimodo.http.messages import Headers, RepeatedHeader, Request, Response
from quantimodo.measurements.limits import TooManyReads
from quantimodo.ops.metrics import Metrics
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import TooSlow, Unavailable
from quantimodo.protocol.errors import BearerError, InvalidRequest, OAuthError
from quantimodo.resource.bearer_authentication import bearer_error

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

# The server's extension to ASGI that takes an answer in one piece: `(status, head, body) -> bool`.
WHOLE: Final = "quantimodo.whole"
_MOST_HEADS: Final = 512
_UNFIT_NAME: Final = re.compile(rb"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
_UNFIT_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LARGEST_BODY: Final = 65_536  # of a page's form
_LARGEST_UPLOAD: Final = 524_288  # a logo and its form
_LARGEST_IMPORT: Final = 5_242_880  # a table and its form
_LARGEST_HEADERS: Final = 32_768
_MOST_HEADERS: Final = 100
_ANY_ORIGIN: Final = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"WWW-Authenticate, Retry-After, Total-Count, Link, Link-First, Link-Prev, Link-Next,"
        b" Link-Last",
    ),
)
_PREFLIGHT: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Accept"),
    (b"access-control-max-age", b"7200"),
    (b"cache-control", b"no-store"),
)
# v2-api.md §1: an answer to an address with a secret in its query stays nowhere, whatever it is.
_SECRETS: Final = re.compile(
    rb"(?:^|&)(?:client_secret|clientSecret|token|access_token|accessToken|code|refresh_token"
    rb"|refreshToken)="
)
_PRIVATE_NAMES: Final = frozenset(name for name, _ in PRIVATE)
_NONE: Final[Mapping[str, Any]] = {}
_RETRY: Final = (b"retry-after", b"1")
_RETRY_LATER: Final = (b"retry-after", b"10")
_TOO_SLOW: Final = (
    "this took too long and was stopped; ask for less, by startTime and endTime or by variableName"
)
_TOO_MANY_READS: Final = "too many reads of these measurements at once; wait for their answers"
# Sent to nobody: what metrics and the access log call a client that left before its answer.
_LEFT: Final = Response(499)


class EncodedBody(Exception):
    """The body is compressed (`Content-Encoding`), which no endpoint reads (RFC 9110 §8.4)."""


class TooLarge(Exception):
    """The body or the headers exceed the limit."""


class Dispatcher:
    """Finds the endpoint of a request and sends its answer; all other paths go to the pages."""

    def __init__(
        self,
        routes: Sequence[ApiRoute],
        pages: Asgi,
        *,
        metrics: Metrics,
        entropy: Entropy,
        proxies: Proxies,
        https: bool,
        access_log: bool,
    ) -> None:
        self._routes: Mapping[str, ApiRoute] = {route.path: route for route in routes}
        # Those that end with a name or a number, by what comes before it.
        self._under: Mapping[bytes, ApiRoute] = {
            route.path.partition("{")[0].encode(): route for route in routes if "{" in route.path
        }
        self._pages = pages
        self._metrics = metrics
        self._entropy = entropy
        self._proxies = proxies
        self._behind_proxies = bool(proxies)
        # security.md §19: once seen over https, never again without.
        hsts = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
        self._always: tuple[tuple[bytes, bytes], ...] = (hsts,) if https else ()
        self._heads: dict[Headers, bytes] = {}
        self._access_log = access_log
        self._log = structlog.get_logger("quantimodo.requests")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if self._behind_proxies:
            scope["client"] = (self._proxies.address(scope), 0)
        route = self._routes.get(scope["path"]) or self._find_under(scope)
        if route is None:
            await self._page(scope, receive, send)
            return
        started = time.perf_counter() if self._access_log else 0.0
        response = await self._answer(route, scope, receive)
        self._metrics.request(route.name, response.status)
        if response is not _LEFT:
            await self._send(response, scope, receive, send)
        if self._access_log:
            self._write_access(route.name, scope, response.status, started)

    def _find_under(self, scope: Scope) -> ApiRoute | None:
        # By the address as it was sent: a slash may be part of a name.
        raw = scope.get("raw_path") or b""
        return self._under.get(raw[: raw.rfind(b"/") + 1])

    async def _answer(self, route: ApiRoute, scope: Scope, receive: Receive) -> Response:
        method = scope["method"]
        if method == "OPTIONS":
            return _preflight(route)
        try:
            if method in route.methods:
                request = await _read(route, scope, receive, method)
                if route.searches and request.method == "GET":
                    response = await while_connected(receive, _called(route, request))
                else:
                    response = await route.endpoint(request)
            else:
                response = _other_method(route)
        except ClientLeft:
            return _LEFT
        except Exception as error:
            response = self._failed(route, error)
        headers = _traceless(scope, response.headers)
        if route.cors and b"origin" in dict(scope["headers"]):
            headers = (*headers, *_ANY_ORIGIN)
        if headers is response.headers:
            return response
        # A new one: documents answer with the same response again and again.
        return Response(response.status, response.body, headers, response.chunks)

    def _failed(self, route: ApiRoute, error: Exception) -> Response:
        match error:
            case OAuthError():
                self._refused(route.name, error.code, error.because or error.description)
                return oauth_error(error)
            case BearerError():
                reason = error.because or error.description or "no access token was sent"
                self._refused(route.name, error.code or "unauthenticated", reason)
                return bearer_error(error)
            case RepeatedHeader():
                self._refused(route.name, "invalid_request", "a header is repeated")
                return oauth_error(InvalidRequest("a header is repeated"))
            case EncodedBody():
                self._refused(route.name, "invalid_request", "the body has a content coding")
                return _encoded_body()
            case TooLarge():
                self._refused(route.name, "invalid_request", "the request is too large")
                return private_json(413, _problem("invalid_request", "the request is too large"))
            case TooManyReads():
                self._refused(route.name, "temporarily_unavailable", _TOO_MANY_READS)
                body = _problem("temporarily_unavailable", _TOO_MANY_READS)
                return private_json(429, body, _RETRY)
            case TooSlow():
                self._log.info("stopped", endpoint=route.name, because=str(error))
                body = _problem("temporarily_unavailable", _TOO_SLOW)
                return private_json(503, body, _RETRY_LATER)
            case Unavailable():
                self._log.warning("unavailable", endpoint=route.name, because=str(error))
                body = _problem("temporarily_unavailable", "try again in a moment")
                return private_json(503, body, _RETRY)
            case _:
                return self._incident(route.name, error)

    def _refused(self, endpoint: str, code: str, because: str) -> None:
        """Log a refusal; `app/refusal_sampling.py` limits the lines."""
        self._log.info("refused", endpoint=endpoint, code=code, because=because)

    def _incident(self, name: str, error: Exception) -> Response:
        incident = self._entropy.bytes(6).hex()
        self._log.error("incident", endpoint=name, incident=incident, exc_info=error)
        text = f"something went wrong on our side; the operator finds it as incident {incident}"
        return private_json(500, _problem("server_error", text))

    async def _send(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        if response.chunks is not None:
            await self._stream(response, response.chunks, scope, receive, send)
            return
        whole = scope.get("extensions", _NONE).get(WHOLE)
        if whole is not None:
            head = self._heads.get(response.headers)
            if head is None:
                head = self._head(response.headers)
            if whole(response.status, head, response.body):
                return
        length = (b"content-length", b"%d" % len(response.body))
        await send(
            {
                "type": "http.response.start",
                "status": response.status,
                "headers": [*response.headers, *self._always, length],
            }
        )
        body = b"" if scope["method"] == "HEAD" else response.body
        await send({"type": "http.response.body", "body": body})

    async def _stream(
        self,
        response: Response,
        chunks: AsyncGenerator[bytes, None],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """A body of any length; a failure amid it ends the connection, so that nobody takes a part
        for the whole. For a client that has left nothing more is made."""
        headers = [*response.headers, *self._always]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if scope["method"] != "HEAD":
            leaving = asyncio.create_task(disconnected(receive), name="leaving")
            try:
                async with aclosing(chunks):
                    while (chunk := await next_unless(leaving, chunks)) is not None:
                        part = {"type": "http.response.body", "body": chunk, "more_body": True}
                        await send(part)
            except ClientLeft:
                return
            finally:
                leaving.cancel()
        await send({"type": "http.response.body", "body": b""})

    def _head(self, headers: Headers) -> bytes:
        """The lines of these headers. Endpoints answer with the same few again and again."""
        for name, value in headers:
            if _UNFIT_NAME.search(name) or _UNFIT_VALUE.search(value):
                raise ValueError("a header of an answer is malformed")
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        lines = b"".join([b"%b: %b\r\n" % header for header in (*headers, *self._always)])
        self._heads[headers] = lines
        return lines

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status, head = 500, scope["method"] == "HEAD"

        async def send_page(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = _traceless(scope, message.get("headers", ()))
                if head:
                    # RFC 9110 §9.2.1: HEAD is safe, so it leaves the browser as it was.
                    headers = [header for header in headers if header[0] != b"set-cookie"]
                message["headers"] = [*headers, *self._always]
            elif head:
                message["body"] = b""
            await send(message)

        try:
            _check_headers(scope)
            if scope["method"] not in ("GET", "HEAD"):
                _check_encoding(scope)
            await self._pages(scope, _limited(receive, scope["path"]), send_page)
        except EncodedBody:
            body = _encoded_body()
            status = body.status
            await self._send(body, scope, receive, send)
        except TooLarge:
            body = private_json(413, _problem("invalid_request", "the request is too large"))
            status = body.status
            await self._send(body, scope, receive, send)
        finally:
            self._metrics.request("page", status)
            if self._access_log:
                self._write_access("page", scope, status, started)

    def _write_access(self, name: str, scope: Scope, status: int, started: float) -> None:
        # Never the query, and no header: they may carry secrets (security.md §16).
        self._log.info(
            "request",
            endpoint=name,
            method=scope["method"],
            path=scope["path"],
            status=status,
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )


async def _called(route: ApiRoute, request: Request) -> Response:
    return await route.endpoint(request)


async def _read(route: ApiRoute, scope: Scope, receive: Receive, method: str) -> Request:
    _check_headers(scope)
    body = b""
    if method not in ("GET", "HEAD"):
        _check_encoding(scope)
        body = await _read_body(receive, route.largest)
    client = scope.get("client")
    return Request(
        method="GET" if method == "HEAD" else method,
        path=scope["path"],
        query=scope["query_string"],
        headers=scope["headers"],
        body=body,
        address=client[0] if client else "",
        tail=_tail(scope) if route.path[-1] == "}" else "",
    )


def _tail(scope: Scope) -> str:
    try:
        last: bytes = scope["raw_path"].rpartition(b"/")[2]
        return unquote_to_bytes(last).decode()
    except UnicodeError:
        raise InvalidRequest("the address is not properly encoded") from None


async def _read_body(receive: Receive, largest: int) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            # What came is not what was meant: nothing of it is acted on, and nobody hears this.
            raise InvalidRequest("the request was cut off")
        body += message.get("body", b"")
        if len(body) > largest:
            raise TooLarge
        more = message.get("more_body", False)
    return bytes(body)


def _check_headers(scope: Scope) -> None:
    headers, total = scope["headers"], 0
    for name, value in headers:
        total += len(name) + len(value)
    if len(headers) > _MOST_HEADERS or total > _LARGEST_HEADERS:
        raise TooLarge


def _check_encoding(scope: Scope) -> None:
    for name, value in scope["headers"]:
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise EncodedBody


def _encoded_body() -> Response:
    text = "send the body without compression: no Content-Encoding is read here"
    return private_json(415, _problem("invalid_request", text), (b"accept-encoding", b"identity"))


def _traceless(scope: Scope, headers: Headers) -> Headers:
    """These headers, if need be with those by which nothing of the address is kept or passed on."""
    query = scope["query_string"]
    if not query or not _SECRETS.search(unquote_to_bytes(query)):
        return headers
    return (*(header for header in headers if header[0] not in _PRIVATE_NAMES), *PRIVATE)


def _limited(receive: Receive, path: str) -> Receive:
    most = _LARGEST_BODY
    if path.endswith("/logo"):
        most = _LARGEST_UPLOAD
    elif path.endswith("/import"):
        most = _LARGEST_IMPORT
    total = 0

    async def limited() -> MutableMapping[str, Any]:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > most:
            raise TooLarge
        return message

    return limited


def _other_method(route: ApiRoute) -> Response:
    text = "this method is not allowed here; see the Allow header"
    return private_json(405, _problem("invalid_request", text), (b"allow", _allowed(route)))


def _preflight(route: ApiRoute) -> Response:
    allowed = _allowed(route)
    headers: Headers = ((b"allow", allowed),)
    if route.cors:
        headers = (*headers, *_PREFLIGHT, (b"access-control-allow-methods", allowed))
    return Response(204, b"", headers)


def _allowed(route: ApiRoute) -> bytes:
    return b", ".join(sorted(name.encode() for name in (*route.methods, "OPTIONS")))


def _problem(code: str, text: str) -> dict[str, str]:
    return {"error": code, "error_description": text}
