"""The playground of a development server: an authorization request with its tokens, step by step.

The page is an OAuth client of this server, by the application `demo`. Its state is kept encrypted
in a cookie until the browser comes back, and then in the page's form; the server stores nothing. It
shows codes and tokens: `app/development.py` serves it to a browser on this machine only.
"""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.pages.browser import peer_address
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute
from quantimodo.pages.portal.authorization_runs import (
    ENDED,
    RUN_LIFETIME,
    AuthorizationRuns,
    Run,
    StepView,
    credentials_of,
)
from quantimodo.pages.portal.playground_calls import CALLS
from quantimodo.pages.renderer import see_other
from quantimodo.protocol.scopes import SCOPES

PLAYGROUND: Final = "/playground"
CALLBACK: Final = "/playground/callback"
_PURPOSE: Final = "playground"
_PRESET: Final = frozenset({"openid", "profile", "email", "basic", "readmeasurements"})


@dataclass(frozen=True, slots=True)
class Playground:
    page_context: PageContext
    runs: AuthorizationRuns
    client_id: str

    def routes(self) -> list[PageRoute]:
        """The routes of the playground."""
        return [
            (("GET",), PLAYGROUND, self.show),
            (("POST",), PLAYGROUND, self.start),
            (("GET",), CALLBACK, self.callback),
            (("POST",), f"{PLAYGROUND}/call", self.call),
        ]

    async def show(self, request: Request) -> Response:
        """GET /playground: the form of the authorization request."""
        return await self._page(request, None, StepView())

    async def start(self, request: Request) -> Response:
        """POST /playground: go to the authorization endpoint with the chosen scopes."""
        _, form = await self.page_context.posted(request)
        chosen = [name for name in SCOPES if name in form.many("scope")]
        run = self.runs.begin(" ".join(chosen))
        response = see_other(self.runs.address(run, self.client_id, self._redirect_uri))
        sealed = self.runs.sealed(run, _PURPOSE)
        return self.page_context.browser.set_cookie(response, "playground", sealed, RUN_LIFETIME)

    async def callback(self, request: Request) -> Response:
        """GET /playground/callback: the redirect URI of the application."""
        cookie = self.page_context.browser.read_cookie(request, "playground")
        run = self.runs.opened(cookie, _PURPOSE)
        return await self._page(request, *self.runs.returned(run, dict(request.query_params)))

    async def call(self, request: Request) -> Response:
        """POST /playground/call: send one request, and show it with its response."""
        _, form = await self.page_context.posted(request)
        run = self.runs.opened(form.one("run"), _PURPOSE)
        if run is None:
            return await self._page(request, None, StepView(problem=ENDED))
        credentials = credentials_of(run, self.client_id, self._redirect_uri)
        done = await self.runs.call(form.one("call"), run, credentials, peer_address(request))
        return await self._page(request, *(done or (None, StepView(problem=ENDED))))

    async def _page(self, request: Request, run: Run | None, made: StepView) -> Response:
        browser_request = await self.page_context.browser_request(request)
        return self.page_context.show(
            request,
            browser_request,
            "playground.html",
            section="playground",
            client_id=self.client_id,
            redirect_uri=self._redirect_uri,
            scopes=SCOPES,
            preset=_PRESET if run is None else frozenset(run.scope.split()),
            run=run,
            sealed="" if run is None else self.runs.sealed(run, _PURPOSE),
            made=made,
            calls=CALLS,
        )

    @property
    def _redirect_uri(self) -> str:
        return self.runs.issuer + CALLBACK
