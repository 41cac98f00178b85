"""Authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

`start` takes a client's request, `resume` a waiting one after a sign-in, `decide` the person's
answer. All three come to `_proceed`, which alone chooses the next step from what is stored.
Faults of client or address are a page; all others go to the client by redirect. A caller that is
no browser gets JSON for all of it. Who the person is: the browser's session, or the login JWT
that `authorize_login.py` finds.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.authorization.request_objects import RequestObjects
from quantimodo.authorization.requests import (
    SentAnswer,
    WaitingRequests,
    resume_path,
    switch_path,
)
from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.endpoints.authorize_answers import (
    ErrorPage,
    answer_json,
    answer_response,
    json_refusal,
    refusal_json,
    sent_response,
    wants_json,
)
from quantimodo.endpoints.authorize_login import (
    NOT_IN_ADDRESS,
    LoginCarrier,
    Who,
    holder_of,
    holders_of,
)
from quantimodo.endpoints.authorize_request import heeded_query, read_request, sign_in_path
from quantimodo.endpoints.session_state import SessionStates
from quantimodo.identity.throttle import Throttle
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent, StoredRequest
from quantimodo.model.events import Event
from quantimodo.model.sessions import Presence
from quantimodo.ops.metrics import Metrics
from quantimodo.pages.browser import Visit, peer_address
from quantimodo.pages.consent import ConsentView, ScopeLine, consent_page
from quantimodo.pages.desk import Desk
from quantimodo.pages.layout import form_sources, head_of, json_page, see_other
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import AuthorizationStore, ClientStore, Conflict, UserStore
from quantimodo.protocol.authorization import (
    AuthorizationRequest,
    NoTarget,
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
from quantimodo.protocol.logout import LogoutRefused
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.prompts import Step, next_step
from quantimodo.protocol.responses import Parameters
from quantimodo.protocol.scopes import SCOPES
from quantimodo.tokens.answers import SignedAnswers
from quantimodo.tokens.front_channel import FrontChannel
from quantimodo.tokens.logout import LogoutHints
from quantimodo.tokens.subjects import Subjects

P = TypeVar("P", bound=Presence)
_HEADS = {Step.ASK: 200, Step.ANSWER: 303}
_GONE = (
    "This request was answered already, or it waited too long. Go back to the app and try again."
)


@dataclass(frozen=True, slots=True)
class AuthorizeEndpoint:
    issuer: str
    clients: ClientStore
    users: UserStore
    store: AuthorizationStore
    authentication: ClientAuthentication
    waiting: WaitingRequests
    front_channel: FrontChannel
    throttle: Throttle
    logins: LoginCarrier
    session_states: SessionStates
    request_objects: RequestObjects
    signed_answers: SignedAnswers
    hints: LogoutHints
    subjects: Subjects
    desk: Desk
    audit: Audit
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
            return ErrorPage(error.description).response(self.desk.renderer, request)
        except NoTarget as fault:
            return ErrorPage(str(fault)).response(self.desk.renderer, request)
        try:
            if refusal := malformed or unfit:
                raise refusal
            asked = validate(form, client, target)
            self._check_transport(request, form, client)
            who = await self.logins.presented(request, form, client)
            if request.method == "HEAD":
                return await self._look(request, asked, form, who)
            if wants_json(request):
                return await self._answer_json(asked, form, who)
            if who.login is None and form.get("token") is None:
                who = await self.logins.kept(request, form, client)
            return await self._proceed(request, asked, form, None, who)
        except OAuthError as error:
            if wants_json(request):
                return refusal_json(error)
            return await self._refuse(request, form, client, target, error)

    async def resume(self, request: Request) -> Response:
        """A request that waited while its person signed in."""
        stored = await self.waiting.recall(request.query_params.get("request", ""))
        if stored is None:
            return ErrorPage(_GONE).response(self.desk.renderer, request)
        form = Form.of_pairs(stored.parameters)
        try:
            client = await self._client(form)
            target = identify(form, client)
        except (OAuthError, NoTarget):
            return ErrorPage(_GONE).response(self.desk.renderer, request)
        if stored.claimed_by is not None and request.method != "HEAD":
            return await self._repeat(request, form, stored, await self.desk.visit(request))
        if "switch" in request.query_params:
            back = see_other(sign_in_path(request.query_params["request"]))
            return self.logins.drop(request, back, form)
        try:
            asked = validate(form, client, target)
            who = await self.logins.kept(request, form, client)
            if request.method == "HEAD":
                return await self._look(request, asked, form, who)
            return await self._proceed(request, asked, form, stored, who)
        except OAuthError as error:
            if request.method != "HEAD":
                await self.waiting.close(stored)
            return await self._refuse(request, form, client, target, error)

    async def decide(self, request: Request) -> Response:
        """What the person answered on the consent page."""
        visit, posted = await self.desk.posted(request)
        request_id = posted.one("request")
        stored = await self.waiting.recall(request_id)
        if stored is None:
            return ErrorPage(_GONE).response(self.desk.renderer, request)
        form = Form.of_pairs(stored.parameters)
        try:
            client = await self._client(form)
            target = identify(form, client)
        except (OAuthError, NoTarget):
            return ErrorPage(_GONE).response(self.desk.renderer, request)
        claimed: StoredRequest | None = None
        try:
            if stored.claimed_by is not None:
                return await self._repeat(request, form, stored, visit)
            asked = validate(form, client, target)
            # The page named one account; an answer to it never counts for another.
            by_token = posted.one("identity") == "login_token"
            who = Who(session=visit.session)
            if by_token:
                who = await self.logins.kept(request, form, client)
            presence = await self._expected(form, asked, who.presence)
            if presence is None or not who.may_allow or self._stale(asked, presence, stored):
                return self._to_sign_in(request, form, request_id)
            allowed = posted.one("decision") == "allow"
            # security.md 10: what is allowed is what was shown. Its developer may have changed
            # the app since, its scopes above all; then the page is shown again as it is now.
            if allowed and posted.one("revision") != str(client.revision):
                return see_other(resume_path(request_id))
            if not await self.waiting.claim(stored, holder_of(visit, who)):
                return await self._repeat(request, form, stored, visit)
            claimed = stored
            if not allowed:
                raise AccessDenied("the person did not allow it")
            await self._remember(asked, presence)
            return await self._answer(request, form, asked, presence, claimed)
        except OAuthError as error:
            return await self._refuse(request, form, client, target, error, claimed)

    async def _repeat(
        self, request: Request, form: Form, stored: StoredRequest, visit: Visit
    ) -> Response:
        """The first answer once more, for a form or a page that the same person sent twice."""
        sent = await self.waiting.answer(stored.key, holders_of(visit))
        if sent is None:
            return ErrorPage(_GONE).response(self.desk.renderer, request)
        response = sent_response(self.desk.renderer, sent)
        if sent.watched:
            response = self.desk.browser.keep_state(request, response)
        return self.logins.drop(request, response, form)

    async def _client(self, form: Form) -> Client:
        client = await self.clients.client(form.required("client_id"))
        if client is None or client.disabled_at is not None:
            raise NoTarget("There is no app with this client_id here.")
        secret = form.get("client_secret")
        if secret is not None:
            # Contract §5: the page of 2016 sends it; it is never needed, but never wrong either.
            self.metrics.legacy("client_secret_at_authorize")
            if not self.authentication.verifies(client, secret):
                raise NoTarget("client_secret is not the app's. Leave it out: it is not needed.")
        return client

    async def _unfolded(self, form: Form, client: Client) -> tuple[Form, OAuthError | None]:
        """The request with what its request object says; the fault of an object that is not good
        goes to the client, if the plain parameters say where that is."""
        try:
            return await self.request_objects.unfold(form, client), None
        except OAuthError as error:
            return form, error

    async def _expected(
        self, form: Form, asked: AuthorizationRequest, presence: P | None
    ) -> P | None:
        """Whoever is there, if that is whom the client asks for (OpenID Connect Core §3.1.2.1
        id_token_hint, §5.5.1 `sub`); else nobody."""
        subject, raw = asked.claims.subject, form.get("id_token_hint")
        wanted = [subject, None if raw is None else await self._hinted(raw, asked)]
        for each in wanted:
            if each is None:
                continue
            if presence is None or not await self.subjects.is_of(asked.client, presence.user, each):
                return None
        return presence

    async def _hinted(self, raw: str, asked: AuthorizationRequest) -> str | None:
        """Whom an ID token of ours names; None when its key is not known any more."""
        try:
            hint = await self.hints.read(raw)
        except LogoutRefused:
            raise InvalidRequest("id_token_hint is not an ID token of this server") from None
        if hint is None and "none" in asked.prompt:
            raise LoginRequired("id_token_hint cannot be verified any more")
        if hint is not None and hint.client_id != asked.client.id:
            raise InvalidRequest("id_token_hint was issued to another app")
        return None if hint is None else hint.subject

    def _check_transport(self, request: Request, form: Form, client: Client) -> None:
        if request.method == "POST" or form.get("token") is None:
            return
        # Contract §1, §5: the page of 2016 documents it; RFC 9700 §4.3.2 warns of it.
        if client.strict or not self.legacy_transport:
            raise InvalidRequest(NOT_IN_ADDRESS)
        self.metrics.legacy("login_token_in_query")

    async def _look(
        self, request: Request, asked: AuthorizationRequest, form: Form, who: Who
    ) -> Response:
        """HEAD (RFC 9110 §9.3.2): how GET would begin its answer. Nothing is stored or issued, so
        there is no code, and no request to come back to, that an address could name."""
        if not wants_json(request):
            who = replace(who, session=await self.desk.browser.session(request))
        presence, now = await self._expected(form, asked, who.presence), self.clock.now()
        consent = await self._consent(presence, asked.client)
        step = next_step(asked, presence, consent, asked_at=now, now=now, doubtful=who.doubtful)
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
        who: Who,
    ) -> Response:
        visit = await self.desk.visit(request)
        who = replace(who, session=visit.session)
        if request.method == "GET" and form.get("token") is not None and who.presence is not None:
            return self._without_token(request, form, who)
        presence = await self._expected(form, asked, who.presence)
        now = self.clock.now()
        asked_at = now if stored is None else stored.created_at
        consent = await self._consent(presence, asked.client)
        doubtful = who.doubtful or who.may_be_another_app(asked)
        step = next_step(asked, presence, consent, asked_at=asked_at, now=now, doubtful=doubtful)
        if step is Step.ASK and not who.may_allow:
            # security.md 14b: who holds the JWT is not its person, who signs in here, or has.
            who = who.without_login()
            presence = await self._expected(form, asked, who.presence)
            step = next_step(asked, presence, consent, asked_at=asked_at, now=now)
        if step is Step.ANSWER and presence is not None:
            if stored is not None and not await self.waiting.claim(stored, holder_of(visit, who)):
                return await self._repeat(request, form, stored, visit)
            return await self._answer(request, form, asked, presence, stored)
        request_id = request.query_params.get("request", "")
        if stored is None:
            await self.throttle.wait(visit.address)
            charge = self.throttle.charge("authorization_requests", visit.address)
            request_id = await self.waiting.keep(asked.client.id, form, charge)
        if step is Step.SIGN_IN or presence is None:
            return self._to_sign_in(request, form, request_id, asked.login_hint)
        page = await self._ask(asked, visit, who, presence, consent, request_id)
        return self.logins.keep(page, form, who)

    def _without_token(self, request: Request, form: Form, who: Who) -> Response:
        """Contract §5: the same address without the token, so that it stays in no history."""
        response = see_other(f"{request.url.path}?{heeded_query(form)}")
        if who.login is None:
            return self.logins.drop(request, response, form)
        return self.logins.keep(response, form, who)

    def _to_sign_in(
        self, request: Request, form: Form, request_id: str, login_hint: str | None = None
    ) -> Response:
        # Whoever signs in for this request is who it is for.
        return self.logins.drop(request, see_other(sign_in_path(request_id, login_hint)), form)

    async def _answer_json(self, asked: AuthorizationRequest, form: Form, who: Who) -> Response:
        """Contract §5: for a caller that is not a browser; its login JWT says who the person is."""
        again = f"{self.issuer}{AUTHORIZE}?{heeded_query(form)}"
        login, now = await self._expected(form, asked, who.login), self.clock.now()
        if login is None:
            return json_refusal(401, again)
        consent = await self._consent(login, asked.client)
        try:
            doubtful = who.may_be_another_app(asked)
            step = next_step(asked, login, consent, asked_at=now, now=now, doubtful=doubtful)
        except LoginRequired:
            return json_refusal(401, again)
        except ConsentRequired:
            return json_refusal(403, again)
        if step is not Step.ANSWER:
            return json_refusal(401 if step is Step.SIGN_IN else 403, again)
        parameters = await self._grant(asked, login)
        whole = await self._whole(asked.client, asked.target, parameters)
        return answer_json(asked.target, whole)

    async def _consent(self, presence: Presence | None, client: Client) -> Consent | None:
        return None if presence is None else await self.store.consent(presence.user.id, client.id)

    async def _ask(
        self,
        asked: AuthorizationRequest,
        visit: Visit,
        who: Who,
        presence: Presence,
        consent: Consent | None,
        request_id: str,
    ) -> Response:
        client, redirect_uri = asked.client, asked.target.redirect_uri
        owner = None if client.owner_id is None else await self.users.user(client.owner_id)
        parts = urlsplit(redirect_uri)
        view = ConsentView(
            client=client,
            owner_name=None if owner is None else owner.name,
            user=presence.user,
            scopes=[
                ScopeLine(name, text.title, text.description)
                for name, text in SCOPES.items()
                if name in asked.told
            ],
            request_id=request_id,
            csrf=visit.csrf,
            redirect_host=parts.netloc or f"{parts.scheme}:",
            already=frozenset() if consent is None else consent.scope,
            has_logo=await self.clients.logo(client.id) is not None,
            return_to=resume_path(request_id),
            by_token=who.login is not None,
            switch=None if who.login is None else switch_path(request_id),
        )
        page = consent_page(self.desk.renderer, view, form_action=form_sources(redirect_uri))
        return self.desk.browser.greet(page, visit)

    def _stale(
        self, asked: AuthorizationRequest, presence: Presence, stored: StoredRequest
    ) -> bool:
        """Whether the person must sign in again before their answer counts."""
        step = next_step(asked, presence, None, asked_at=stored.created_at, now=self.clock.now())
        return step is Step.SIGN_IN

    async def _remember(self, asked: AuthorizationRequest, presence: Presence) -> None:
        now = self.clock.now()
        await self._keep_consent(asked, presence, now)
        self._record("consent.given", asked.client, presence, now)

    async def _keep_consent(
        self, asked: AuthorizationRequest, presence: Presence, now: datetime
    ) -> None:
        try:
            await self.store.save_consent(_consent(asked, presence, now))
        except Conflict:
            raise AccessDenied("the account or the app was deleted meanwhile") from None

    def _record(self, kind: str, client: Client, presence: Presence, now: datetime) -> None:
        self.audit.record(
            Event(
                at=now,
                kind=kind,
                user_id=presence.user.id,
                client_id=client.id,
                detail=client.name,
            )
        )

    async def _answer(
        self,
        request: Request,
        form: Form,
        asked: AuthorizationRequest,
        presence: Presence,
        claimed: StoredRequest | None,
    ) -> Response:
        parameters = await self._grant(asked, presence)
        watched = self.session_states.of(request, asked, presence)
        whole = [*parameters, *watched]
        response = await self._respond(
            request, form, asked.client, asked.target, whole, claimed, watched=bool(watched)
        )
        return self.session_states.keep(request, response, watched)

    async def _grant(self, asked: AuthorizationRequest, presence: Presence) -> Parameters:
        if "token" in asked.response_type:
            self.metrics.legacy("token_from_authorize")
        if asked.client.skips_consent:
            # A first-party app asks nothing; the person still finds it among the connected ones.
            await self._keep_consent(asked, presence, self.clock.now())
        return await self.front_channel.answer(asked, presence)

    async def _refuse(
        self,
        request: Request,
        form: Form,
        client: Client,
        target: Target,
        error: OAuthError,
        claimed: StoredRequest | None = None,
    ) -> Response:
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
        response = answer_response(self.desk.renderer, target, whole)
        return self.logins.drop(request, response, form)

    async def _whole(self, client: Client, target: Target, parameters: Parameters) -> Parameters:
        state = [] if target.state is None else [("state", target.state)]
        # RFC 9207 §2: in every answer, errors included, so that no client mixes servers up.
        whole = [*parameters, *state, ("iss", self.issuer)]
        if target.mode.endswith(".jwt"):
            return await self.signed_answers.write(client, whole)
        return whole


def _consent(asked: AuthorizationRequest, presence: Presence, now: datetime) -> Consent:
    return Consent(
        user_id=presence.user.id,
        client_id=asked.client.id,
        scope=asked.told,
        granted_at=now,
        updated_at=now,
    )
