"""Authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

`start` takes a client's request, `resume` a stored one, `decide` the form of the consent page. Each
makes an interaction and gives it to the dispatcher, which alone chooses the next step. Errors in
the client or the redirect URI are shown on a page; all others go to the client.
"""

from dataclasses import dataclass, replace
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.pending_logins import PendingLogins
from quantimodo.authorization.interactions import (
    IdentifiedRequest,
    Interaction,
    Progress,
)
from quantimodo.authorization.steps.login import sign_in_path
from quantimodo.authorization.stored_requests import StoredRequests, resume_path
from quantimodo.endpoints.authorize_completion import GONE, AuthorizationResponses
from quantimodo.endpoints.authorize_login import AuthenticationContext, LoginCarrier
from quantimodo.endpoints.authorize_request import RequestReader, recognised_query
from quantimodo.endpoints.authorize_responses import rejected
from quantimodo.endpoints.interaction_dispatcher import InteractionDispatcher
from quantimodo.model.consents import StoredRequest
from quantimodo.pages.authorization.consent_form import CHOICES
from quantimodo.pages.forms import Form
from quantimodo.pages.login.responses import pending_login_cookie
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import see_other
from quantimodo.ports.clock import Clock
from quantimodo.protocol.authorization import InvalidClientOrRedirect
from quantimodo.protocol.errors import OAuthError


@dataclass(frozen=True, slots=True)
class AuthorizeEndpoint:
    reader: RequestReader
    logins: LoginCarrier
    requests: StoredRequests
    dispatcher: InteractionDispatcher
    responses: AuthorizationResponses
    page_context: PageContext
    pending_logins: PendingLogins
    clock: Clock

    async def start(self, request: Request) -> Response:
        """Handle a client's request, by GET or POST."""
        try:
            identified, fault = await self.reader.read(request)
        except (OAuthError, InvalidClientOrRedirect) as error:
            raise rejected(str(error), error.refusal) from None
        try:
            if fault is not None:
                raise fault
            interaction = self._interaction(identified)
            self.reader.check_transport(request, identified)
            authentication = await self.logins.presented(
                request, identified.form, identified.client
            )
            return await self._started(request, interaction, authentication)
        except OAuthError as error:
            if identified.pushed is not None and request.method != "HEAD":
                await self.requests.close(identified.pushed.stored)
            return await self.responses.refuse(request, identified, error)

    async def resume(self, request: Request) -> Response:
        """Continue a stored request, whose person has completed a step."""
        request_id = request.query_params.get("request", "")
        found = await self._recall(request_id)
        if found is None:
            raise rejected(GONE)
        stored, identified = found
        is_head = request.method == "HEAD"
        if stored.claimed_by is not None and not is_head:
            browser_request = await self.page_context.browser_request(request)
            return await self.responses.repeat(request, identified, stored, browser_request)
        if "switch" in request.query_params:
            sign_in = see_other(sign_in_path(request_id))
            return self.logins.clear(request, sign_in, identified.form)
        try:
            interaction = self._interaction(identified, stored, request_id)
            authentication = await self.logins.read(request, identified.form, identified.client)
            return await self._continue(request, interaction, authentication)
        except OAuthError as error:
            if not is_head:
                await self.requests.close(stored)
            return await self.responses.refuse(request, identified, error)

    async def decide(self, request: Request) -> Response:
        """Handle the form of the consent page."""
        browser_request, posted = await self.page_context.posted(request, CHOICES)
        request_id = posted.one("request")
        found = await self._recall(request_id)
        if found is None:
            raise rejected(GONE)
        stored, identified = found
        if stored.claimed_by is not None:
            return await self.responses.repeat(request, identified, stored, browser_request)
        try:
            interaction = self._interaction(identified, stored, request_id)
            # The page named one account, so its form is a decision of that account alone.
            authentication = AuthenticationContext(session=browser_request.session)
            if posted.one("identity") == "login_token":
                form, client = identified.form, identified.client
                authentication = await self.logins.read(request, form, client)
            if not authentication.may_allow:
                authentication = AuthenticationContext()
            decision = _decision(posted)
            # security.md §10: the person allows what the page showed. If the app was changed since,
            # its scopes above all, or an API that it requests, the page is shown again.
            if decision == "allow" and posted.one("revision") != identified.revision:
                return see_other(resume_path(request_id))
            progress = replace(await self._progress(request), decision=decision)
            interaction = replace(interaction, progress=progress)
            chosen = posted if decision == "allow" else None
            return await self.dispatcher.proceed(
                request, browser_request, interaction, authentication, chosen
            )
        except OAuthError as error:
            return await self.responses.refuse(request, identified, error)

    async def _started(
        self, request: Request, interaction: Interaction, authentication: AuthenticationContext
    ) -> Response:
        identified, method = interaction.identified, request.method
        if not identified.channel.in_browser:
            if method == "HEAD":
                return await self.dispatcher.preview(interaction, authentication)
            return await self.dispatcher.respond_json(interaction, authentication)
        form = identified.form
        has_token = form.get("token") is not None
        if authentication.login is None and not has_token:
            authentication = await self.logins.read(request, form, identified.client)
        if method == "GET" and has_token:
            session = await self.page_context.browser.session(request)
            authentication = replace(authentication, session=session)
            if authentication.signed_in is not None:
                return self._without_token(request, interaction, authentication)
        return await self._continue(request, interaction, authentication)

    async def _continue(
        self, request: Request, interaction: Interaction, authentication: AuthenticationContext
    ) -> Response:
        browser_request = await self.page_context.browser_request(request)
        authentication = replace(authentication, session=browser_request.session)
        interaction = replace(interaction, progress=await self._progress(request))
        if request.method == "HEAD":
            return await self.dispatcher.preview(interaction, authentication)
        return await self.dispatcher.proceed(request, browser_request, interaction, authentication)

    async def _progress(self, request: Request) -> Progress:
        cookie = pending_login_cookie(self.page_context.browser, request)
        pending = await self.pending_logins.find(cookie)
        return Progress(pending_since=None if pending is None else pending.created_at)

    def _without_token(
        self, request: Request, interaction: Interaction, authentication: AuthenticationContext
    ) -> Response:
        """v2-api.md §5: the same address without the token, so that no history has it."""
        form = interaction.identified.form
        response = see_other(f"{request.url.path}?{recognised_query(interaction.identified)}")
        if authentication.login is None:
            return self.logins.clear(request, response, form)
        return self.logins.attach(response, form, authentication)

    async def _recall(self, request_id: str) -> tuple[StoredRequest, IdentifiedRequest] | None:
        stored = await self.requests.find(request_id)
        if stored is None:
            return None
        try:
            return stored, await self.reader.read_stored(stored)
        except (OAuthError, InvalidClientOrRedirect):
            return None  # the client was deleted or changed since

    def _interaction(
        self,
        identified: IdentifiedRequest,
        stored: StoredRequest | None = None,
        request_id: str = "",
    ) -> Interaction:
        """Raises `OAuthError` for a request that is not valid."""
        if identified.pushed is not None:
            stored, request_id = identified.pushed.stored, identified.pushed.id
        return Interaction(
            identified=identified,
            request=identified.validated(),
            created_at=self.clock.now() if stored is None else stored.created_at,
            stored=stored,
            id=request_id,
        )


def _decision(posted: Form) -> Literal["allow", "deny"]:
    return "allow" if posted.one("decision") == "allow" else "deny"
