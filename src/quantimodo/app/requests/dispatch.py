"""The ASGI application: finds the endpoint of a request, and sends its response.

Owns what is the same for every request: the caller's address, CORS, HSTS, metrics, the access log.
`request_reading.py` reads and limits the request, `error_boundary.py` responds to exceptions,
`response_sending.py` sends. The endpoints own all other rules.
"""

import re
import time
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import structlog

from quantimodo.app.requests.error_boundary import CONNECTION, LEFT, PAGE, ErrorBoundary
from quantimodo.app.requests.proxies import CERTIFICATE, VERIFIED, Proxies
from quantimodo.app.requests.request_reading import (
    check_encoding,
    check_headers,
    limited_receive,
    read_request,
)
from quantimodo.app.requests.response_sending import ResponseSender
from quantimodo.endpoints.routes import ApiRoute
from quantimodo.http.asgi import Asgi, Receive, Scope, Send
from quantimodo.http.disconnects import ClientDisconnected, while_connected
from quantimodo.http.errors import EncodedBody, MethodNotAllowed, TooLarge
from quantimodo.http.json import PRIVATE
from quantimodo.http.messages import Headers, Request, Response
from quantimodo.http.refusals import recorded_caller
from quantimodo.ops.traffic import Traffic
from quantimodo.protocol.endpoint_entry import EndpointKind

_ANY_ORIGIN: Final = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"WWW-Authenticate, DPoP-Nonce, Retry-After, Total-Count, Link, Link-First, Link-Prev,"
        b" Link-Next, Link-Last",
    ),
)
_PREFLIGHT: Final = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, Accept, DPoP, MCP-Protocol-Version, Mcp-Method, Mcp-Name",
    ),
    (b"access-control-max-age", b"7200"),
    (b"cache-control", b"no-store"),
)
# v2-api.md §1: a response to an address with a secret in its query is never stored.
_SECRETS: Final = re.compile(
    rb"(?:^|&)(?:client_secret|clientSecret|token|access_token|accessToken|code|refresh_token"
    rb"|refreshToken)="
)
_PRIVATE_NAMES: Final = frozenset(name for name, _ in PRIVATE)
# Never sent: what metrics and the access log call a client that left before its response.
_LEFT: Final = Response(LEFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchPolicy:
    """`https`: the issuer has this scheme. `access_log`: a line for each request.
    `certificate_header`: where proxies forward certificates of clients; empty for nowhere.
    `verification_header`: where they say that its chain is verified; empty if it always is."""

    https: bool
    access_log: bool
    certificate_header: bytes = b""
    verification_header: bytes = b""


class Dispatcher:
    """Finds the endpoint of a request and sends its response; all other paths go to the pages.
    One per worker."""

    def __init__(
        self,
        routes: Sequence[ApiRoute],
        pages: Asgi,
        *,
        boundary: ErrorBoundary,
        traffic: Traffic,
        proxies: Proxies,
        policy: DispatchPolicy,
    ) -> None:
        self._routes: Mapping[str, ApiRoute] = {route.path: route for route in routes}
        # The routes whose path ends with a name or a number, by the part before it.
        self._under: Mapping[bytes, ApiRoute] = {
            route.path.partition("{")[0].encode(): route for route in routes if "{" in route.path
        }
        self._pages = pages
        self._boundary = boundary
        self._traffic = traffic
        self._proxies = proxies
        self._behind_proxies = bool(proxies)
        self._sender = ResponseSender(https=policy.https)
        self._access_log = policy.access_log
        self._certificate_header = policy.certificate_header
        self._verification_header = policy.verification_header
        self._log = structlog.get_logger("quantimodo.requests")

    @property
    def pages(self) -> Asgi:
        """The application of the pages."""
        return self._pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if self._behind_proxies:
            if self._certificate_header:
                found = self._proxies.certificate(scope, self._certificate_header)
                scope[CERTIFICATE] = found
                if self._verification_header:
                    scope[VERIFIED] = self._proxies.verified(scope, self._verification_header)
            scope["client"] = (self._proxies.address(scope), 0)
        route = self._routes.get(scope["path"]) or self._find_under(scope)
        if route is None:
            await self._page(scope, receive, send)
            return
        started = time.perf_counter()
        response, client_id = await self._respond(route, scope, receive)
        if response is _LEFT:
            self._traffic.ended(route.name, response.status)
        else:
            seconds = time.perf_counter() - started
            self._traffic.ended(route.name, response.status, seconds, client_id)
            if not self._sender.send_whole(response, scope):
                await self._sender.send(response, scope, receive, send)
        if self._access_log:
            self._write_access(route.name, scope, response.status, started)

    def framing_refused(self, status: int, because: str) -> None:
        """Log and count a request that the connection refused for its framing (RFC 9112)."""
        self._boundary.record_framing(because)
        self._traffic.ended(CONNECTION, status)

    def route_of(self, scope: Scope) -> ApiRoute | None:
        """The endpoint of this request; None for a page."""
        return self._routes.get(scope["path"]) or self._find_under(scope)

    def _find_under(self, scope: Scope) -> ApiRoute | None:
        # By the address as sent: an escaped slash may be part of a name.
        raw = scope.get("raw_path") or b""
        return self._under.get(raw[: raw.rfind(b"/") + 1])

    async def _respond(
        self, route: ApiRoute, scope: Scope, receive: Receive
    ) -> tuple[Response, str]:
        """The response, and the id of the requesting app; empty for none."""
        method = scope["method"]
        if method == "OPTIONS":
            return _preflight(route), ""
        request = None
        try:
            if method in route.methods:
                request = await read_request(route, scope, receive, method)
                if route.searches and request.method == "GET":
                    response = await while_connected(receive, _called(route, request))
                else:
                    response = await route.endpoint(request)
            else:
                raise MethodNotAllowed(_allowed(route).decode("ascii"))
        except ClientDisconnected:
            return _LEFT, ""
        except Exception as error:
            response = self._boundary.api_response(error, route.name, route.kind, request)
        else:
            if response.status >= 400:
                self._boundary.record_response(route.name, response.status)
        headers, client_id = response.headers, ""
        if scope["query_string"]:
            headers = _without_trace_headers(scope, headers)
        if request is not None:
            client = request.client
            client_id = request.client_id if client is None else client.id
            if request.response_headers:
                headers = _joined(headers, request.response_headers)
        if route.cors and b"origin" in dict(scope["headers"]):
            headers = (*headers, *_ANY_ORIGIN)
        if headers is response.headers:
            return response, client_id
        # A new one: endpoints of documents return one response for all requests.
        return Response(response.status, response.body, headers, response.chunks), client_id

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status, head = 500, scope["method"] == "HEAD"

        async def send_page(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = _without_trace_headers(scope, message.get("headers", ()))
                if head:
                    # RFC 9110 §9.2.1: HEAD is safe, so it changes no cookie.
                    headers = [header for header in headers if header[0] != b"set-cookie"]
                message["headers"] = [*headers, *self._sender.always]
            elif head:
                message["body"] = b""
            await send(message)

        try:
            check_headers(scope)
            if scope["method"] not in ("GET", "HEAD"):
                check_encoding(scope)
            await self._pages(scope, limited_receive(receive, scope["path"]), send_page)
        except (EncodedBody, TooLarge) as error:
            refusal = self._boundary.api_response(error, PAGE, EndpointKind.API)
            status = refusal.status
            if not self._sender.send_whole(refusal, scope):
                await self._sender.send(refusal, scope, receive, send)
        finally:
            seconds = time.perf_counter() - started
            caller = recorded_caller(scope)
            self._traffic.ended(PAGE, status, seconds, caller.client.id if caller else "")
            if self._access_log:
                self._write_access(PAGE, scope, status, started)

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


def _without_trace_headers(scope: Scope, headers: Headers) -> Headers:
    """The headers; for an address with a secret, with those that keep it out of caches and
    referrers."""
    query = scope["query_string"]
    if not query or not _SECRETS.search(unquote_to_bytes(query)):
        return headers
    return (*(header for header in headers if header[0] not in _PRIVATE_NAMES), *PRIVATE)


def _joined(headers: Headers, more: Headers) -> Headers:
    """The headers of a response, where `more` replaces those of the same name."""
    names = frozenset(name for name, _ in more)
    return (*(header for header in headers if header[0] not in names), *more)


def _preflight(route: ApiRoute) -> Response:
    allowed = _allowed(route)
    headers: Headers = ((b"allow", allowed),)
    if route.cors:
        headers = (*headers, *_PREFLIGHT, (b"access-control-allow-methods", allowed))
    return Response(204, b"", headers)


def _allowed(route: ApiRoute) -> bytes:
    return b", ".join(sorted(name.encode() for name in (*route.methods, "OPTIONS")))
