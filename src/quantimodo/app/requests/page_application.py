"""The Starlette application of all pages: each endpoint inside the error boundary."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quantimodo.app.requests.error_boundary import ErrorBoundary
from quantimodo.authorization.stored_requests import RESUME
from quantimodo.endpoints.routes import DECISION, SHOWN
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.page_services import PageRoute
from quantimodo.protocol.endpoint_entry import EndpointKind

_AUTHORIZE: Final = ("authorize", EndpointKind.PAGE_OR_ENVELOPE)
# The name in the log and the kind of the endpoints that are no pages. For each other path, the name
# is the path, and the kind is a page.
_KINDS: Final[Mapping[str, tuple[str, EndpointKind]]] = {
    **{route.path: (route.name, route.kind) for route in SHOWN},
    RESUME: _AUTHORIZE,
    DECISION: _AUTHORIZE,
}


def page_application(routes: Sequence[PageRoute], boundary: ErrorBoundary) -> Starlette:
    """The application of these routes: (methods, path, endpoint)."""
    # One route for each path: the Allow header has all its methods (RFC 9110 §10.2.1).
    by_path: dict[str, dict[str, Endpoint]] = {}
    for methods, path, endpoint in routes:
        kind = _KINDS.get(path, (path, EndpointKind.PAGE))
        guarded = boundary.page_endpoint(endpoint, *kind)
        by_path.setdefault(path, {}).update(dict.fromkeys(methods, guarded))
    application = Starlette(
        routes=[
            Route(path, _by_method(endpoints), methods=list(endpoints))
            for path, endpoints in by_path.items()
        ],
        exception_handlers=boundary.page_handlers(),
    )
    # security.md §11: never 307, which would send a form once more, and to the Host header's host.
    application.router.redirect_slashes = False
    return application


def _by_method(endpoints: Mapping[str, Endpoint]) -> Endpoint:
    """The endpoint for the method of the request; GET handles HEAD (RFC 9110 §9.3.2)."""

    async def respond(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return respond
