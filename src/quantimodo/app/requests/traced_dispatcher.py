"""The dispatcher with a span for each request. It is used only if traces are on."""

import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from starlette.applications import Starlette
from starlette.routing import Match, Mount, Route

from quantimodo.app.requests.dispatch import Dispatcher
from quantimodo.app.requests.error_boundary import LEFT
from quantimodo.app.requests.proxies import Proxies
from quantimodo.http.asgi import WHOLE, Receive, Scope, Send
from quantimodo.ports.tracing import Tracer

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNKNOWN: Final = "unknown"
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class TracedDispatcher:
    """One per worker. Lines of the log within a request have its `trace_id`, beside the incident.

    `traceparent` is accepted only from trusted proxies: otherwise a client could choose which
    traces are recorded, and join its requests to those of others.
    """

    dispatcher: Dispatcher
    pages: Starlette
    proxies: Proxies
    tracer: Tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.dispatcher(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        route, status = self._route(scope), LEFT

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        def noted_whole(whole: int, head: bytes, body: bytes) -> bool:
            nonlocal status
            status = whole
            return bool(extensions[WHOLE](whole, head, body))

        extensions = scope.get("extensions") or {}
        if WHOLE in extensions:
            scope["extensions"] = {**extensions, WHOLE: noted_whole}
        started = time.perf_counter()
        with self.tracer.request(f"{method} {route}", self._traceparent(scope)) as span:
            span.set("http.request.method", method)
            span.set("http.route", route)
            try:
                with structlog.contextvars.bound_contextvars(trace_id=span.trace_id):
                    await self.dispatcher(scope, receive, noted)
            except Exception:
                status = 500
                raise
            finally:
                span.set("http.response.status_code", status)
                if status >= 500:
                    span.fail()
                self.tracer.ended(method, route, status, time.perf_counter() - started)

    def framing_refused(self, status: int, because: str) -> None:
        """As `Dispatcher.framing_refused`."""
        self.dispatcher.framing_refused(status, because)

    def _route(self, scope: Scope) -> str:
        """The path in the table of routes, with names in place of the values in the address."""
        found = self.dispatcher.route_of(scope)
        if found is not None:
            return found.path
        for page in self.pages.routes:
            if isinstance(page, Route | Mount) and page.matches(scope)[0] is not Match.NONE:
                return page.path
        return _UNKNOWN

    def _traceparent(self, scope: Scope) -> str:
        if not self.proxies.stands_before(scope):
            return ""
        lines = [value for name, value in scope["headers"] if name == b"traceparent"]
        return lines[0].decode("latin-1")[:_LONGEST] if len(lines) == 1 else ""
