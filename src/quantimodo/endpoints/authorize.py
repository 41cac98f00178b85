"""Authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

`start` takes a client's request, `resume` a waiting one after a sign-in, `decide` the person's
answer. All three come to `_proceed`, which alone chooses the next step from what is stored.
Faults of client or address are a page; all others go to the client by redirect. A caller that is
no browser gets JSON for all of it. Who the person is: the browser's session, or the login JWT
that `authorize_login.py` finds.
"""

from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.throttle import Throttle
from quantimodo.authorization.consents import Consents
from quantimodo.authorization.request_objects import RequestObjects
from quantimodo.authorization.stored_requests import (
    SentAnswer,
    WaitingRequests,
    resume_path,
    switch_path,
)
from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.endpoints.authorize_login import (
    NOT_IN_ADDRESS,
    AuthenticationContext,
    LoginCarrier,
    holder_of,
    holders_of,
)
from quantimodo.endpoints.authorize_request import read_request, recognised_query, sign_in_path
from quantimodo.endpoints.authorize_responses import (
    ErrorPage,
    answer_json,
    answer_response,
    json_refusal,
    log_refusal,
    refusal_json,
    sent_response,
    wants_json,
)
from quantimodo.endpoints.requested_subject import RequestedSubject
from quantimodo.endpoints.session_state import SessionStates
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent, StoredRequest
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.ops.metrics import Metrics
from quantimodo.pages.browser import BrowserRequest, peer_address
from quantimodo.pages.consent import ConsentView, ScopeLine, consent_page
from quantimodo.pages.layout import form_sources, head_of, json_page, see_other
from quantimodo.pages.page_context import PageContext
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import ClientStore, UserStore
from quantimodo.protocol.authorization import (
    AuthorizationRequest,
    InvalidClientOrRedirect,
    Target,
    identify,
    validate,
)
from quantimodo.protocol.discovery import AUTHORIZE
from quantimodo.protocol.errors import (
    AccessDenied,
    ConsentRequired,
    InvalidRequest,
    LoginRequired,
    OAuthError,
)
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.prompts import Step, next_step
from quantimodo.protocol.responses import Parameters
from quantimodo.protocol.scopes import SCOPES
from quantimodo.tokens.authorization_responder import AuthorizationResponder
from quantimodo.tokens.jarm import JarmEncoder

P = TypeVar("P", bound=AuthenticatedSubject)
_HEADS = {Step.ASK: 200, Step.ANSWER: 303}
_GONE = (
    "This request was answered already, or it waited too long. Go back to the app and try again."
)


@dataclass(frozen=True, slots=True)
class AuthorizeEndpoint:
    issuer: str
    clients: ClientStore
    users: UserStore
    consents: Consents
    authentication: ClientAuthentication
    waiting: WaitingRequests
    authorization_responder: AuthorizationResponder
    throttle: Throttle
    logins: LoginCarrier
    session_states: SessionStates
    request_objects: RequestObjects
    jarm_encoder: JarmEncoder
    requested_subject: RequestedSubject
    page_context: PageContext
    clock: Clock
    metrics: Metrics
    legacy_transport: bool

    async def start(self, request: Request) -> Response:
        """A client's request, by GET or POST."""
        try:
            plain, malformed = await read_request(request)
            client = await self._client(plain)
            if self.request_objects.may_fetch(plain, client):
                await self.throttle.fetch(peer_address(request))
            form, unfit = await self._unfolded(plain, client)
            target = identify(form, client)
        except OAuthError as error:
            return ErrorPage(error.description).response(self.page_context.renderer, request)
        except InvalidClientOrRedirect as fault:
            return ErrorPage(str(fault)).response(self.page_context.renderer, request)
        try:
            if refusal := malformed or unfit:
                raise refusal
            asked = validate(form, client, target)
            self._check_transport(request, form, client)
            authentication = await self.logins.presented(request, form, client)
            if request.method == "HEAD":
                return await self._look(request, asked, form, authentication)
            if wants_json(request):
                return await self._answer_json(asked, form, authentication)
            if authentication.login is None and form.get("token") is None:
                authentication = await self.logins.read(request, form, client)
            return await self._proceed(request, asked, form, None, authentication)
        except OAuthError as error:
            if wants_json(request):
                return refusal_json(error)
            return await self._refuse(request, form, client, target, error)

    async def resume(self, request: Request) -> Response:
        """A request that waited while its person signed in."""
        stored = await self.waiting.recall(request.query_params.get("request", ""))
        if stored is None:
            return ErrorPage(_GONE).response(self.page_context.renderer, request)
        form = Form.of_pairs(stored.parameters)
        try:
            client = await self._client(form)
            target = identify(form, client)
        except (OAuthError, InvalidClientOrRedirect):
            return ErrorPage(_GONE).response(self.page_context.renderer, request)
        if stored.claimed_by is not None and request.method != "HEAD":
            return await self._repeat(
                request, form, stored, await self.page_context.browser_request(request)
            )
        if "switch" in request.query_params:
            back = see_other(sign_in_path(request.query_params["request"]))
            return self.logins.drop(request, back, form)
        try:
            asked = validate(form, client, target)
            authentication = await self.logins.read(request, form, client)
            if request.method == "HEAD":
                return await self._look(request, asked, form, authentication)
            return await self._proceed(request, asked, form, stored, authentication)
        except OAuthError as error:
            if request.method != "HEAD":
                await self.waiting.close(stored)
            return await self._refuse(request, form, client, target, error)

    async def decide(self, request: Request) -> Response:
        """What the person answered on the consent page."""
        browser_request, posted = await self.page_context.posted(request)
        request_id = posted.one("request")
        stored = await self.waiting.recall(request_id)
        if stored is None:
            return ErrorPage(_GONE).response(self.page_context.renderer, request)
        form = Form.of_pairs(stored.parameters)
        try:
            client = await self._client(form)
            target = identify(form, client)
        except (OAuthError, InvalidClientOrRedirect):
            return ErrorPage(_GONE).response(self.page_context.renderer, request)
        claimed: StoredRequest | None = None
        try:
            if stored.claimed_by is not None:
                return await self._repeat(request, form, stored, browser_request)
            asked = validate(form, client, target)
            # The page named one account; an answer to it never counts for another.
            by_token = posted.one("identity") == "login_token"
            authentication = AuthenticationContext(session=browser_request.session)
            if by_token:
                authentication = await self.logins.read(request, form, client)
            signed_in = await self.requested_subject.match(form, asked, authentication.signed_in)
            if (
                signed_in is None
                or not authentication.may_allow
                or self._stale(asked, signed_in, stored)
            ):
                return self._to_sign_in(request, form, request_id)
            allowed = posted.one("decision") == "allow"
            # security.md §10: what is allowed is what was shown. Its developer may have changed
            # the app since, its scopes above all; then the page is shown again as it is now.
            if allowed and posted.one("revision") != str(client.revision):
                return see_other(resume_path(request_id))
            if not await self.waiting.claim(stored, holder_of(browser_request, authentication)):
                return await self._repeat(request, form, stored, browser_request)
            claimed = stored
            if not allowed:
                raise AccessDenied("the person did not allow it")
            await self.consents.give(asked, signed_in)
            return await self._answer(request, form, asked, signed_in, claimed)
        except OAuthError as error:
            return await self._refuse(request, form, client, target, error, claimed)

    async def _repeat(
        self, request: Request, form: Form, stored: StoredRequest, browser_request: BrowserRequest
    ) -> Response:
        """The first answer once more, for a form or a page that the same person sent twice."""
        sent = await self.waiting.answer(stored.key, holders_of(browser_request))
        if sent is None:
            return ErrorPage(_GONE).response(self.page_context.renderer, request)
        response = sent_response(self.page_context.renderer, sent)
        if sent.watched:
            response = self.page_context.browser.set_state_cookie(request, response)
        return self.logins.drop(request, response, form)

    async def _client(self, form: Form) -> Client:
        client = await self.clients.client(form.required("client_id"))
        if client is None or client.disabled_at is not None:
            raise InvalidClientOrRedirect("There is no app with this client_id here.")
        secret = form.get("client_secret")
        if secret is not None:
            # v2-api.md §5: the page of 2016 sends it; it is never needed, but never wrong either.
            self.metrics.legacy("client_secret_at_authorize")
            if not self.authentication.verifies(client, secret):
                raise InvalidClientOrRedirect(
                    "client_secret is not the app's. Leave it out: it is not needed."
                )
        return client

    async def _unfolded(self, form: Form, client: Client) -> tuple[Form, OAuthError | None]:
        """The request with what its request object says; the fault of an object that is not good
        goes to the client, if the plain parameters say where that is."""
        try:
            return await self.request_objects.unfold(form, client), None
        except OAuthError as error:
            return form, error

    def _check_transport(self, request: Request, form: Form, client: Client) -> None:
        if request.method == "POST" or form.get("token") is None:
            return
        # v2-api.md §1, §5: the page of 2016 documents it; RFC 9700 §4.3.2 warns of it.
        if client.strict or not self.legacy_transport:
            raise InvalidRequest(NOT_IN_ADDRESS)
        self.metrics.legacy("login_token_in_query")

    async def _look(
        self,
        request: Request,
        asked: AuthorizationRequest,
        form: Form,
        authentication: AuthenticationContext,
    ) -> Response:
        """HEAD (RFC 9110 §9.3.2): how GET would begin its answer. Nothing is stored or issued, so
        there is no code, and no request to come back to, that an address could name."""
        if not wants_json(request):
            authentication = replace(
                authentication, session=await self.page_context.browser.session(request)
            )
        signed_in, now = (
            await self.requested_subject.match(form, asked, authentication.signed_in),
            self.clock.now(),
        )
        consent = await self.consents.on_record(signed_in, asked.client)
        step = next_step(
            asked,
            signed_in,
            consent,
            asked_at=now,
            now=now,
            account_mismatch=authentication.account_mismatch,
        )
        if wants_json(request):
            statuses = {Step.SIGN_IN: 401, Step.ASK: 403, Step.ANSWER: 200}
            return json_page(statuses[step], {})
        return see_other("/sign-in") if step is Step.SIGN_IN else head_of(_HEADS[step])

    async def _proceed(
        self,
        request: Request,
        asked: AuthorizationRequest,
        form: Form,
        stored: StoredRequest | None,
        authentication: AuthenticationContext,
    ) -> Response:
        browser_request = await self.page_context.browser_request(request)
        authentication = replace(authentication, session=browser_request.session)
        if (
            request.method == "GET"
            and form.get("token") is not None
            and authentication.signed_in is not None
        ):
            return self._without_token(request, form, authentication)
        signed_in = await self.requested_subject.match(form, asked, authentication.signed_in)
        now = self.clock.now()
        asked_at = now if stored is None else stored.created_at
        consent = await self.consents.on_record(signed_in, asked.client)
        account_mismatch = authentication.account_mismatch or authentication.may_be_another_app(
            asked
        )
        step = next_step(
            asked, signed_in, consent, asked_at=asked_at, now=now, account_mismatch=account_mismatch
        )
        if step is Step.ASK and not authentication.may_allow:
            # security.md §14b: who holds the JWT is not its person, who signs in here, or has.
            authentication = authentication.without_login()
            signed_in = await self.requested_subject.match(form, asked, authentication.signed_in)
            step = next_step(asked, signed_in, consent, asked_at=asked_at, now=now)
        if step is Step.ANSWER and signed_in is not None:
            if stored is not None and not await self.waiting.claim(
                stored, holder_of(browser_request, authentication)
            ):
                return await self._repeat(request, form, stored, browser_request)
            return await self._answer(request, form, asked, signed_in, stored)
        request_id = request.query_params.get("request", "")
        if stored is None:
            await self.throttle.store_request(browser_request.address)
            charge = self.throttle.charge("authorization_requests", browser_request.address)
            request_id = await self.waiting.save(asked.client.id, form, charge)
        if step is Step.SIGN_IN or signed_in is None:
            return self._to_sign_in(request, form, request_id, asked.login_hint)
        page = await self._ask(
            asked, browser_request, authentication, signed_in, consent, request_id
        )
        return self.logins.attach(page, form, authentication)

    def _without_token(
        self, request: Request, form: Form, authentication: AuthenticationContext
    ) -> Response:
        """v2-api.md §5: the same address without the token, so that it stays in no history."""
        response = see_other(f"{request.url.path}?{recognised_query(form)}")
        if authentication.login is None:
            return self.logins.drop(request, response, form)
        return self.logins.attach(response, form, authentication)

    def _to_sign_in(
        self, request: Request, form: Form, request_id: str, login_hint: str | None = None
    ) -> Response:
        # Whoever signs in for this request is who it is for.
        return self.logins.drop(request, see_other(sign_in_path(request_id, login_hint)), form)

    async def _answer_json(
        self, asked: AuthorizationRequest, form: Form, authentication: AuthenticationContext
    ) -> Response:
        """v2-api.md §5: for a caller that is not a browser; its login JWT identifies the person."""
        again = f"{self.issuer}{AUTHORIZE}?{recognised_query(form)}"
        login, now = (
            await self.requested_subject.match(form, asked, authentication.login),
            self.clock.now(),
        )
        if login is None:
            return json_refusal(401, again)
        consent = await self.consents.on_record(login, asked.client)
        try:
            account_mismatch = authentication.may_be_another_app(asked)
            step = next_step(
                asked, login, consent, asked_at=now, now=now, account_mismatch=account_mismatch
            )
        except LoginRequired:
            return json_refusal(401, again)
        except ConsentRequired:
            return json_refusal(403, again)
        if step is not Step.ANSWER:
            return json_refusal(401 if step is Step.SIGN_IN else 403, again)
        parameters = await self._grant(asked, login)
        whole = await self._whole(asked.client, asked.target, parameters)
        return answer_json(asked.target, whole)

    async def _ask(
        self,
        asked: AuthorizationRequest,
        browser_request: BrowserRequest,
        authentication: AuthenticationContext,
        signed_in: AuthenticatedSubject,
        consent: Consent | None,
        request_id: str,
    ) -> Response:
        client, redirect_uri = asked.client, asked.target.redirect_uri
        owner = None if client.owner_id is None else await self.users.user(client.owner_id)
        parts = urlsplit(redirect_uri)
        view = ConsentView(
            client=client,
            owner_name=None if owner is None else owner.name,
            user=signed_in.user,
            scopes=[
                ScopeLine(name, text.title, text.description)
                for name, text in SCOPES.items()
                if name in asked.told
            ],
            request_id=request_id,
            csrf=browser_request.csrf,
            redirect_host=parts.netloc or f"{parts.scheme}:",
            already=frozenset() if consent is None else consent.scope,
            has_logo=await self.clients.logo(client.id) is not None,
            return_to=resume_path(request_id),
            by_token=authentication.login is not None,
            switch=None if authentication.login is None else switch_path(request_id),
        )
        page = consent_page(
            self.page_context.renderer, view, form_action=form_sources(redirect_uri)
        )
        return self.page_context.browser.attach_cookies(page, browser_request)

    def _stale(
        self, asked: AuthorizationRequest, signed_in: AuthenticatedSubject, stored: StoredRequest
    ) -> bool:
        """Whether the person must sign in again before their answer counts."""
        step = next_step(asked, signed_in, None, asked_at=stored.created_at, now=self.clock.now())
        return step is Step.SIGN_IN

    async def _answer(
        self,
        request: Request,
        form: Form,
        asked: AuthorizationRequest,
        signed_in: AuthenticatedSubject,
        claimed: StoredRequest | None,
    ) -> Response:
        parameters = await self._grant(asked, signed_in)
        watched = self.session_states.of(request, asked, signed_in)
        whole = [*parameters, *watched]
        response = await self._respond(
            request, form, asked.client, asked.target, whole, claimed, watched=bool(watched)
        )
        return self.session_states.attach(request, response, watched)

    async def _grant(
        self, asked: AuthorizationRequest, signed_in: AuthenticatedSubject
    ) -> Parameters:
        if "token" in asked.response_type:
            self.metrics.legacy("token_from_authorize")
        if asked.client.skips_consent:
            # A first-party app asks nothing; the person still finds it among the connected ones.
            await self.consents.save(asked, signed_in)
        return await self.authorization_responder.answer(asked, signed_in)

    async def _refuse(
        self,
        request: Request,
        form: Form,
        client: Client,
        target: Target,
        error: OAuthError,
        claimed: StoredRequest | None = None,
    ) -> Response:
        log_refusal(error.code, error.because or error.description)
        parameters = [("error", error.code), ("error_description", error.description)]
        return await self._respond(request, form, client, target, parameters, claimed)

    async def _respond(
        self,
        request: Request,
        form: Form,
        client: Client,
        target: Target,
        parameters: Parameters,
        claimed: StoredRequest | None,
        *,
        watched: bool = False,
    ) -> Response:
        """The end of this authorization, and so of a login JWT that was kept for it."""
        whole = await self._whole(client, target, parameters)
        if claimed is not None:
            sent = SentAnswer(target.redirect_uri, target.mode, whole, watched)
            await self.waiting.keep_answer(claimed, sent)
        response = answer_response(self.page_context.renderer, target, whole)
        return self.logins.drop(request, response, form)

    async def _whole(self, client: Client, target: Target, parameters: Parameters) -> Parameters:
        state = [] if target.state is None else [("state", target.state)]
        # RFC 9207 §2: in every answer, errors included, so that no client mixes servers up.
        whole = [*parameters, *state, ("iss", self.issuer)]
        if target.mode.endswith(".jwt"):
            return await self.jarm_encoder.write(client, whole)
        return whole
