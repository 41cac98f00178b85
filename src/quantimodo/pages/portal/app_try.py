"""The tab *Try it*: its team runs an application's authorization flow, with each real request.

The page is the redirect URI, once it is registered by a click. It redeems a code only for a member
of the team, in the browser that began the run. A client secret is typed for each request; neither
it nor a refresh token is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.clients.registry import Registry
from quantimodo.clients.teams import acting
from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.pages.browser import peer_address
from quantimodo.pages.form_errors import FormErrors, error_view
from quantimodo.pages.page_context import Endpoint
from quantimodo.pages.portal.app_pages import APP, AppPages, OpenedApp, app_path
from quantimodo.pages.portal.authorization_runs import (
    ENDED,
    RUN_LIFETIME,
    AuthorizationRuns,
    Run,
    StepView,
    credentials_of,
)
from quantimodo.pages.portal.client_form import field_errors
from quantimodo.pages.portal.playground_calls import CALLS
from quantimodo.pages.renderer import see_other
from quantimodo.protocol.registration import registration_of
from quantimodo.protocol.scopes import SCOPES

_BY_SECRET = ("", "client_secret_basic", "client_secret_post")


@dataclass(frozen=True, slots=True)
class AppTry:
    app_pages: AppPages
    registry: Registry
    runs: AuthorizationRuns

    def routes(self) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages."""
        return [
            (("GET",), f"{APP}/try", self.show),
            (("POST",), f"{APP}/try", self.start),
            (("POST",), f"{APP}/try/call", self.call),
            (("POST",), f"{APP}/try/callback", self.set_callback),
        ]

    async def show(self, request: Request) -> Response:
        """GET APP/try: the form of the authorization request, or, as the redirect URI, the
        response to it."""
        opened = await self.app_pages.opened(request)
        brought = dict(request.query_params)
        if not brought.keys() & {"state", "error"}:
            return await self._page(opened, None, StepView())
        cookie = self.app_pages.page_context.browser.read_cookie(request, "try")
        run = self.runs.opened(cookie, _purpose(opened))
        return await self._page(opened, *self.runs.returned(run, brought))

    async def start(self, request: Request) -> Response:
        """POST APP/try: go to the authorization endpoint with the chosen scopes."""
        opened, form = await self.app_pages.posted(request)
        client = opened.client
        if obstacle(client) or not self._is_registered(client):
            return await self._page(opened, None, StepView(problem=ENDED))
        chosen = [name for name in SCOPES if name in form.many("scope") and name in client.scope]
        run = self.runs.begin(" ".join(chosen))
        response = see_other(self.runs.address(run, client.id, self._redirect_uri(client)))
        sealed = self.runs.sealed(run, _purpose(opened))
        return self.app_pages.page_context.browser.set_cookie(response, "try", sealed, RUN_LIFETIME)

    async def call(self, request: Request) -> Response:
        """POST APP/try/call: send one request, and show it with its response."""
        opened, form = await self.app_pages.posted(request)
        client = opened.client
        run = self.runs.opened(form.one("run"), _purpose(opened))
        if run is None:
            return await self._page(opened, None, StepView(problem=ENDED))
        credentials = credentials_of(run, client.id, self._redirect_uri(client))
        if not client.public:
            method = client.metadata.token_endpoint_auth_method
            credentials = credentials._replace(
                secret=form.secret("secret").reveal(), in_form=method == "client_secret_post"
            )
        done = await self.runs.call(form.one("call"), run, credentials, peer_address(request))
        return await self._page(opened, *(done or (None, StepView(problem=ENDED))))

    async def set_callback(self, request: Request) -> Response:
        """POST APP/try/callback: add the page to the redirect URIs, or remove it."""
        opened, form = await self.app_pages.posted(request)
        client, removed = opened.client, form.one("action") == "remove"
        if obstacle(client) and not removed:
            return await self._page(opened, None, StepView())
        own = self._redirect_uri(client)
        others = tuple(uri for uri in client.redirect_uris if uri != own)
        changed = replace(
            registration_of(client), redirect_uris=others if removed else (*others, own)
        )
        try:
            await acting(self.registry, opened.user_id).change(client, changed)
        except (InvalidMetadata, ChangedMeanwhile) as refusal:
            again = field_errors(refusal).without_fields()
            return await self._page(opened, None, StepView(), again)
        notice = "callback-removed" if removed else "callback-registered"
        return self.app_pages.go(client, "/try", notice)

    async def _page(
        self,
        opened: OpenedApp,
        run: Run | None,
        made: StepView,
        again: FormErrors | None = None,
    ) -> Response:
        client = opened.client
        return await self.app_pages.show(
            opened,
            "try",
            "developers_try.html",
            again=again,
            form=error_view(again),
            obstacle=obstacle(client),
            registered=self._is_registered(client),
            redirect_uri=self._redirect_uri(client),
            scopes=[name for name in SCOPES if name in client.scope],
            chosen=client.scope if run is None else frozenset(run.scope.split()),
            run=run,
            sealed="" if run is None else self.runs.sealed(run, _purpose(opened)),
            made=made,
            calls=CALLS,
        )

    def _is_registered(self, client: Client) -> bool:
        return self._redirect_uri(client) in client.redirect_uris

    def _redirect_uri(self, client: Client) -> str:
        return f"{self.runs.issuer}{app_path(client)}/try"


def obstacle(client: Client) -> str:
    """The reason why this page cannot run the flow of the application; empty if it can."""
    metadata = client.metadata
    if "code" not in client.response_types:
        return N_("It signs no people in by redirects. Its first request is at Overview.")
    if not client.public and metadata.token_endpoint_auth_method not in _BY_SECRET:
        return N_("It authenticates with a key that only you have.")
    if metadata.require_pushed_authorization_requests or metadata.require_signed_request_object:
        return N_("It pushes or signs its requests, which only you can do.")
    if metadata.dpop_bound_access_tokens or metadata.tls_client_certificate_bound_access_tokens:
        return N_("Its tokens are bound to a key that only you have.")
    return ""


def _purpose(opened: OpenedApp) -> str:
    """The purpose under which a run is encrypted: for one session and one application."""
    return f"try {opened.browser_request.required().sid} {opened.client.id}"
