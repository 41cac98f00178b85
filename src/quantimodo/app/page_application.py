"""The Starlette application of all pages: each endpoint inside the error boundary."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Route

from quantimodo.app.error_boundary import ErrorBoundary
from quantimodo.authorization.stored_requests import RESUME
from quantimodo.endpoints.routes import DECISION, SHOWN, EndpointKind
from quantimodo.pages.routes import PageRoute

_AUTHORIZE: Final = ("authorize", EndpointKind.PAGE_OR_ENVELOPE)
# What the log calls an endpoint, and how it responds to errors. Every other path is a page, and its
# name is its path.
_KINDS: Final[Mapping[str, tuple[str, EndpointKind]]] = {
    **{route.path: (route.name, route.kind) for route in SHOWN},
    RESUME: _AUTHORIZE,
    DECISION: _AUTHORIZE,
}


def page_application(routes: Sequence[PageRoute], boundary: ErrorBoundary) -> Starlette:
    """The application of these routes: (methods, path, endpoint)."""
    application = Starlette(
        routes=[
            Route(
                path,
                boundary.page_endpoint(endpoint, *_KINDS.get(path, (path, EndpointKind.PAGE))),
                methods=list(methods),
            )
            for methods, path, endpoint in routes
        ],
        exception_handlers=boundary.page_handlers(),
    )
    # security.md §11: never 307, which would send a form once more, and to the Host header's host.
    application.router.redirect_slashes = False
    return application
