"""Authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2).

`start` takes a client's request, `resume` a waiting one after a sign-in, `decide` the person's
answer. All three come to `_proceed`, which alone chooses the next step from what is stored.
Faults of client or address are a page; all others go to the client by redirect.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.authorization.requests import WaitingRequests, resume_path
from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.endpoints.authorize_answers import (
    ErrorPage,
    answer_response,
    json_refusal,
    wants_json,
)
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent, StoredRequest
from quantimodo.model.events import Event
from quantimodo.model.sessions import Session
from quantimodo.ops.metrics import Metrics
from quantimodo.pages.browser import Visit
from quantimodo.pages.consent import ConsentView, ScopeLine, consent_page
from quantimodo.pages.desk import Desk
from quantimodo.pages.forms import read_body
from quantimodo.pages.layout import form_source, see_other
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import AuthorizationStore, ClientStore, UserStore
from quantimodo.protocol.authorization import (
    PARAMETERS,
    AuthorizationRequest,
    NoTarget,
    Target,
    identify,
    validate,
)
from quantimodo.protocol.errors import AccessDenied, OAuthError
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.prompts import Step, next_step
from quantimodo.protocol.responses import Parameters
from quantimodo.protocol.scopes import SCOPES
from quantimodo.tokens.front_channel import FrontChannel

_FORM = "application/x-www-form-urlencoded"
_MOST_BYTES = 65_536
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
    desk: Desk
    audit: Audit
    clock: Clock
    metrics: Metrics

    async def start(self, request: Request) -> Response:
        """A client's request, by GET or POST."""
        try:
            form = await _read(request)
            client = await self._client(form)
            target = identify(form, client)
        except OAuthError as error:
            return ErrorPage(error.description).response(self.desk.renderer, request)
        except NoTarget as fault:
            return ErrorPage(str(fault)).response(self.desk.renderer, request)
        try:
            asked = validate(form, client, target)
            if wants_json(request):
                return json_refusal("login_required", self._again(form))
            return await self._proceed(request, asked, form, None)
        except OAuthError as error:
            return self._refuse(target, error)

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
        try:
            return await self._proceed(request, validate(form, client, target), form, stored)
        except OAuthError as error:
            await self.waiting.close(stored)
            return self._refuse(target, error)

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
        try:
            asked = validate(form, client, target)
            if visit.session is None or self._stale(asked, visit.session, stored):
                return see_other(_sign_in(request_id))
            allowed = posted.one("decision") == "allow"
            # security.md 10: what is allowed is what was shown. Its developer may have changed
            # the app since, its scopes above all; then the page is shown again as it is now.
            if allowed and posted.one("revision") != str(client.revision):
                return see_other(resume_path(request_id))
            if not await self.waiting.close(stored):
                return ErrorPage(_GONE).response(self.desk.renderer, request)
            if not allowed:
                raise AccessDenied("the person did not allow it")
            await self._remember(asked, visit.session)
            return await self._answer(asked, visit.session)
        except OAuthError as error:
            return self._refuse(target, error)

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

    async def _proceed(
        self,
        request: Request,
        asked: AuthorizationRequest,
        form: Form,
        stored: StoredRequest | None,
    ) -> Response:
        visit = await self.desk.visit(request)
        now = self.clock.now()
        asked_at = now if stored is None else stored.created_at
        consent = await self._consent(visit.session, asked.client)
        step = next_step(asked, visit.session, consent, asked_at=asked_at, now=now)
        if step is Step.ANSWER and visit.session is not None:
            if stored is not None and not await self.waiting.close(stored):
                return ErrorPage(_GONE).response(self.desk.renderer, request)
            return await self._answer(asked, visit.session)
        request_id = request.query_params.get("request", "")
        if stored is None:
            request_id = await self.waiting.keep(asked.client.id, form)
        if step is Step.SIGN_IN or visit.session is None:
            return see_other(_sign_in(request_id, asked.login_hint))
        return await self._ask(asked, visit, visit.session, consent, request_id)

    async def _consent(self, session: Session | None, client: Client) -> Consent | None:
        return None if session is None else await self.store.consent(session.user.id, client.id)

    async def _ask(
        self,
        asked: AuthorizationRequest,
        visit: Visit,
        session: Session,
        consent: Consent | None,
        request_id: str,
    ) -> Response:
        client, redirect_uri = asked.client, asked.target.redirect_uri
        owner = None if client.owner_id is None else await self.users.user(client.owner_id)
        parts = urlsplit(redirect_uri)
        view = ConsentView(
            client=client,
            owner_name=None if owner is None else owner.name,
            user=session.user,
            scopes=[
                ScopeLine(name, text.title, text.description)
                for name, text in SCOPES.items()
                if name in asked.scope
            ],
            request_id=request_id,
            csrf=visit.csrf,
            redirect_host=parts.netloc or f"{parts.scheme}:",
            already=frozenset() if consent is None else consent.scope,
            has_logo=await self.clients.logo(client.id) is not None,
            return_to=resume_path(request_id),
        )
        page = consent_page(self.desk.renderer, view, form_action=[form_source(redirect_uri)])
        return self.desk.browser.greet(page, visit)

    def _stale(self, asked: AuthorizationRequest, session: Session, stored: StoredRequest) -> bool:
        """Whether the person must sign in again before their answer counts."""
        step = next_step(asked, session, None, asked_at=stored.created_at, now=self.clock.now())
        return step is Step.SIGN_IN

    async def _remember(self, asked: AuthorizationRequest, session: Session) -> None:
        now = self.clock.now()
        await self.store.save_consent(_consent(asked, session, now))
        self._record("consent.given", asked.client, session, now)

    def _record(self, kind: str, client: Client, session: Session, now: datetime) -> None:
        self.audit.record(
            Event(
                at=now,
                kind=kind,
                user_id=session.user.id,
                client_id=client.id,
                detail=client.name,
            )
        )

    async def _answer(self, asked: AuthorizationRequest, session: Session) -> Response:
        if "token" in asked.response_type:
            self.metrics.legacy("token_from_authorize")
        if asked.client.skips_consent:
            # A first-party app asks nothing; the person still finds it among the connected ones.
            await self.store.save_consent(_consent(asked, session, self.clock.now()))
        return self._respond(asked.target, await self.front_channel.answer(asked, session))

    def _refuse(self, target: Target, error: OAuthError) -> Response:
        return self._respond(
            target, [("error", error.code), ("error_description", error.description)]
        )

    def _respond(self, target: Target, parameters: Parameters) -> Response:
        if target.state is not None:
            parameters = [*parameters, ("state", target.state)]
        # RFC 9207 §2: in every answer, errors included, so that no client mixes servers up.
        parameters = [*parameters, ("iss", self.issuer)]
        return answer_response(self.desk.renderer, target, parameters)

    def _again(self, form: Form) -> str:
        """This request as an address to open in a browser."""
        kept = [(name, text) for name, text in form.items() if name in PARAMETERS]
        return f"{self.issuer}/api/v2/oauth/authorize?{urlencode(kept)}"


async def _read(request: Request) -> Form:
    if request.method == "GET":
        return Form.of_urlencoded(request.scope["query_string"])
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise NoTarget(f"Send the request's parameters as {_FORM}.")
    return Form.of_urlencoded(await read_body(request, _MOST_BYTES))


def _sign_in(request_id: str, login_hint: str | None = None) -> str:
    hint = f"&login_hint={quote(login_hint, safe='')}" if login_hint else ""
    return f"/sign-in?return_to={quote(resume_path(request_id), safe='/')}{hint}"


def _consent(asked: AuthorizationRequest, session: Session, now: datetime) -> Consent:
    return Consent(
        user_id=session.user.id,
        client_id=asked.client.id,
        scope=asked.scope,
        granted_at=now,
        updated_at=now,
    )
