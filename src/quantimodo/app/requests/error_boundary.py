"""The one place where an exception becomes a response, and where refusals are logged.

`error_table.py` defines the responses. Every refused request writes one line: from the exception,
from the refusal that an endpoint recorded (`http/refusals.py`), or, without either, from the
status. `refusal_sampling.py` limits the lines. An exception that is not in the table is an
incident: 500 with a number, and the stack trace in the log.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response as PageResponse

from quantimodo.accounts.addresses import with_return_to
from quantimodo.accounts.errors import (
    AccountClosed,
    ReauthenticationNeeded,
    SecondFactorMissing,
)
from quantimodo.app.requests.error_table import response_to
from quantimodo.app.requests.refusal_reports import RefusalReports, named
from quantimodo.endpoints.authorize_responses import wants_json
from quantimodo.endpoints.envelopes import refused
from quantimodo.http.disconnects import ClientDisconnected
from quantimodo.http.errors import MethodNotAllowed, NotFound, TooLarge
from quantimodo.http.json import private_json
from quantimodo.http.messages import Request as ApiRequest
from quantimodo.http.messages import Response
from quantimodo.http.refusals import Refusal, recorded_caller, recorded_refusal
from quantimodo.pages.account.two_step import TWO_STEP, TWO_STEP_FIRST
from quantimodo.pages.browser import SignInFirst
from quantimodo.pages.errors import SERVER_ERROR, error_page, refusal_page
from quantimodo.pages.languages import ENGLISH_ONLY, Languages
from quantimodo.pages.login.responses import CLOSED
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.renderer import Renderer, json_page, see_other
from quantimodo.ports.clock import Entropy
from quantimodo.protocol.discovery import MCP
from quantimodo.protocol.endpoint_entry import EndpointKind
from quantimodo.protocol.errors import BearerError

LEFT: Final = 499  # never sent: the client left before there was a response
# Below these paths the callers are programs, so an unknown path gets JSON.
_FOR_PROGRAMS: Final = ("/api/", "/.well-known/", MCP)
# Endpoints with other tokens than those of the API (RFC 7591 §3, RFC 7592 §2).
_NOT_OF_THE_API: Final = frozenset({"register", "registration"})
CONNECTION: Final = "connection"  # the endpoint of a request that is refused for its framing
PAGE: Final = "page"  # the endpoint, for metrics and log, of a path that has no route
_INCIDENT: Final = "something went wrong on our side; the operator finds it as incident "

Handler = Callable[[Request, Exception], Awaitable[PageResponse]]


class ErrorBoundary:
    """Responds to exceptions of endpoints of every kind, and logs refusals. One per worker."""

    def __init__(
        self,
        renderer: Renderer,
        entropy: Entropy,
        languages: Languages = ENGLISH_ONLY,
        *,
        resource_metadata: str = "",
        reports: RefusalReports,
    ) -> None:
        """`resource_metadata`: the address of the metadata of this server's API."""
        self._reports = reports
        self._resource_metadata = resource_metadata
        self._renderer = renderer
        self._languages = languages
        self._entropy = entropy
        self._log = structlog.get_logger("quantimodo.requests")

    def api_response(
        self,
        error: Exception,
        endpoint: str,
        kind: EndpointKind,
        request: ApiRequest | None = None,
    ) -> Response:
        """The response of an endpoint over plain values that raised `error`; `request` is None if
        it could not be read."""
        if isinstance(error, BearerError) and endpoint not in _NOT_OF_THE_API:
            error.resource_metadata = error.resource_metadata or self._resource_metadata
        response = response_to(error, kind)
        if response is None:
            return private_json(500, _of_incident(kind, self._incident(error, endpoint)))
        refusal = named(error, response.refusal)
        incident = self._reports.of_api(endpoint, refusal, request)
        if response.status >= 500:
            incident = incident or self._number()
        self._write(endpoint, refusal, incident)
        body = response.body
        if kind is EndpointKind.API:
            body = self._reports.body(endpoint, body, refusal)
        return private_json(
            response.status, _numbered(response.status, body, incident), *response.headers
        )

    def record_response(self, endpoint: str, status: int) -> None:
        """Log a refusal that an endpoint over plain values returned without raising it."""
        self._write(endpoint, Refusal("refused", f"status {status}"))

    def record_framing(self, because: str) -> None:
        """Log a request that was refused before its target was known. `because` is a fixed text."""
        self._write(CONNECTION, Refusal("invalid_request", because))

    def page_endpoint(self, endpoint: Endpoint, name: str, kind: EndpointKind) -> Endpoint:
        """The endpoint of a page, with a response for each exception; `name` is for the log."""

        async def respond(request: Request) -> PageResponse:
            with self._languages.of_request(request):
                return await respond_in_language(request)

        async def respond_in_language(request: Request) -> PageResponse:
            try:
                response = await endpoint(request)
            except ClientDisconnected:
                return PageResponse(status_code=LEFT)
            except SignInFirst:
                return see_other(with_return_to("/sign-in", _return_to(request)))
            except AccountClosed:
                return see_other(CLOSED)
            except ReauthenticationNeeded:
                return see_other(with_return_to("/account/again", _same_page(request)))
            except SecondFactorMissing:
                return see_other(TWO_STEP_FIRST)
            except Exception as error:
                return self._page_response(request, error, name, kind)
            self._record_page(request, response, name)
            return response

        return respond

    def page_handlers(self) -> Mapping[Any, Handler]:
        """The exception handlers for Starlette: they respond to what is raised outside of
        endpoints."""

        async def no_endpoint(request: Request, error: Exception) -> PageResponse:
            programs = request.url.path.startswith(_FOR_PROGRAMS)
            kind = EndpointKind.API if programs else EndpointKind.PAGE
            with self._languages.of_request(request):
                return self._page_response(request, _of_starlette(error), PAGE, kind)

        return {HTTPException: no_endpoint, TooLarge: no_endpoint, Exception: no_endpoint}

    def _page_response(
        self, request: Request, error: Exception, name: str, kind: EndpointKind
    ) -> PageResponse:
        if kind is EndpointKind.PAGE_OR_ENVELOPE:
            kind = EndpointKind.ENVELOPE if wants_json(request) else EndpointKind.PAGE
        response = response_to(error, kind)
        if response is None:
            incident = self._incident(error, name)
            if kind is not EndpointKind.PAGE:
                return json_page(500, _of_incident(kind, incident), {})
            return error_page(self._renderer, 500, *SERVER_ERROR, incident=incident)
        caller = recorded_caller(request.scope)
        incident = self._reports.of_page(name, response.refusal, caller)
        if response.status >= 500 and not isinstance(response.body, tuple):
            incident = incident or self._number()
        self._write(name, response.refusal, incident)
        headers = {key.decode("ascii"): value.decode("ascii") for key, value in response.headers}
        if not isinstance(response.body, tuple):
            body = _numbered(response.status, response.body, incident)
            return json_page(response.status, body, headers)
        title, text = response.body
        view = self._reports.view(response.refusal, incident, text, caller)
        if view is None:
            return error_page(self._renderer, response.status, title, text, headers=headers)
        return refusal_page(self._renderer, response.status, title, view, headers)

    def _record_page(self, request: Request, response: PageResponse, name: str) -> None:
        refusal = recorded_refusal(request.scope)
        if refusal is None and response.status_code >= 400:
            refusal = Refusal("refused", f"status {response.status_code}")
        if refusal is not None:
            caller = recorded_caller(request.scope)
            self._write(name, refusal, self._reports.of_page(name, refusal, caller))

    def _write(self, endpoint: str, refusal: Refusal, incident: str = "") -> None:
        self._reports.count(refusal)
        fields = {"endpoint": endpoint, "code": refusal.code, "because": refusal.because}
        if incident:
            fields["incident"] = incident
        if refusal.provider:
            fields["provider"] = refusal.provider
        write = self._log.warning if refusal.event == "unavailable" else self._log.info
        write(refusal.event, **fields)

    def _incident(self, error: Exception, endpoint: str) -> str:
        incident = self._number()
        self._log.error("incident", endpoint=endpoint, incident=incident, exc_info=error)
        return incident

    def _number(self) -> str:
        """A number by which the operator finds a line of the log."""
        return self._entropy.bytes(6).hex()


def _of_incident(kind: EndpointKind, incident: str) -> Any:
    """The JSON object of an incident, in the form of errors of this kind of endpoint."""
    code, text = "server_error", _INCIDENT + incident
    body: Mapping[str, Any] = {"error": code, "error_description": text}
    if kind is EndpointKind.ENVELOPE:
        body = refused(code, text)
    elif kind is EndpointKind.SECURITY_EVENT:
        body = {"err": code, "description": text}
    return _numbered(500, body, incident)


def _numbered(status: int, body: Any, incident: str) -> Any:
    """The JSON object of an error; a fault of the server has the number that the log has."""
    return {**body, "incident": incident} if status >= 500 else body


def _of_starlette(error: Exception) -> Exception:
    if not isinstance(error, HTTPException):
        return error
    if error.status_code == 405:
        return MethodNotAllowed((error.headers or {}).get("Allow", ""))
    return NotFound()


def _same_page(request: Request) -> str:
    """The page of a form that needs a fresh sign-in: it handles GET at its own address, except
    for buttons of another page."""
    path = request.url.path
    if path.startswith("/account/identities/"):
        return "/account/identities"
    if path == f"{TWO_STEP}/app/new":
        return TWO_STEP
    if path.endswith("/first-password"):
        return "/account/security/password"
    query = request.url.query if request.method == "GET" else ""
    return f"{path}?{query}" if query else path


def _return_to(request: Request) -> str:
    path = request.url.path
    if request.method in ("GET", "HEAD"):
        return f"{path}?{request.url.query}" if request.url.query else path
    return "/developers" if path.startswith("/developers") else "/account"
