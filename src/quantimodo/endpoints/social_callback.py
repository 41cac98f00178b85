"""The pages between a provider's response and the end of a login.

`arrived` takes a profile up that came by a form of another site. `ask` and `decide` are the page
that links an identity to an existing account. `login_completion.py` completes the login.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.errors import ReauthenticationNeeded
from quantimodo.accounts.sessions import is_fresh
from quantimodo.endpoints.login_completion import LINK, LoginCompletion
from quantimodo.endpoints.social_over import FinishedSignIns
from quantimodo.endpoints.upstream_login import (
    InvalidLoginState,
    ReturnToClient,
    UpstreamLogin,
    Waiting,
)
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.layout import form_sources, head_of, see_other
from quantimodo.pages.page_context import PageContext
from quantimodo.ports.clock import Clock

ARRIVED: Final = "/sign-in/arrived"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackHandler:
    """`titles`: the name of each provider for people."""

    completion: LoginCompletion
    upstream_login: UpstreamLogin
    finished: FinishedSignIns
    page_context: PageContext
    clock: Clock
    titles: Mapping[str, str]

    async def arrived(self, request: Request) -> Response:
        """GET /sign-in/arrived: a profile that came by a form of another site (Apple), which does
        not bring our session cookie along; this request does."""
        way = request.query_params.get("way", "")
        try:
            if request.method == "HEAD":
                await self.upstream_login.look(request, way)
                return head_of(303)
            found = await self.upstream_login.resume(request, way)
        except InvalidLoginState:
            return await self.finished.page(request, way)
        response = await self.completion.complete(request, found.profile, found.purpose)
        return self.finished.note(response, way)

    async def ask(self, request: Request) -> Response:
        """GET /sign-in/link: an account with this address exists; whose owner are you?"""
        way = request.query_params.get("way", "")
        try:
            found = await self.upstream_login.waiting(request, way)
        except InvalidLoginState:
            return await self.finished.page(request, way)
        browser_request = await self.page_context.browser_request(request)
        return self._link_page(request, browser_request, found, way)

    async def decide(self, request: Request) -> Response:
        """POST /sign-in/link: the person pressed a button of that page."""
        browser_request, form = await self.page_context.posted(request)
        way = form.one("way")
        try:
            found = await self.upstream_login.waiting(request, way)
            cancelled = form.one("decision") != "link"
            session = browser_request.session
            if not cancelled and (session is None or not is_fresh(session, self.clock.now())):
                return see_other(_link_address(way))
            found = await self.upstream_login.resume(request, way)
        except InvalidLoginState:
            return await self.finished.page(request, way)
        if cancelled or session is None:
            response = await self.completion.cancelled(request, found.purpose)
        else:
            try:
                response = await self.completion.link(request, found, session)
            except ReauthenticationNeeded:
                response = await self.finished.page(request, way)
        return self.finished.note(response, way)

    def _link_page(
        self, request: Request, browser_request: BrowserRequest, found: Waiting, way: str
    ) -> Response:
        purpose, profile, session = found.purpose, found.profile, browser_request.session
        leads = form_sources(purpose.redirect_url) if isinstance(purpose, ReturnToClient) else ()
        hint = f"&login_hint={quote(profile.email, safe='')}" if profile.email else ""
        return self.page_context.show(
            request,
            browser_request,
            "social_link.html",
            form_action=leads,
            opener=True,
            profile=profile,
            title=self.titles.get(profile.provider, profile.provider),
            way=way,
            fresh=session is not None and is_fresh(session, self.clock.now()),
            sign_in=f"/sign-in?return_to={quote(_link_address(way), safe='/')}{hint}",
        )


def _link_address(way: str) -> str:
    return f"{LINK}?way={way}"
