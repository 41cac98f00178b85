"""The page of a step: the consent page, or a redirect to the address of the step."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.authorization.interactions import Interaction, Reason
from quantimodo.authorization.steps.step import Step, View
from quantimodo.authorization.stored_requests import resume_path, switch_path
from quantimodo.endpoints.authorize_login import AuthenticationContext, LoginCarrier
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.consent import ConsentView, ScopeLine, consent_page
from quantimodo.pages.consent_offers import ConsentOffers
from quantimodo.pages.layout import form_sources, head_of, see_other
from quantimodo.pages.page_context import PageContext
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.errors import LoginRequired
from quantimodo.protocol.scopes import SCOPES

_STATUSES = {View.CONSENT: 200, View.RESPONSE: 303}


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where an interaction is: its person, and the step that comes next."""

    interaction: Interaction
    authentication: AuthenticationContext
    subject: AuthenticatedSubject | None
    step: Step
    reason: Reason

    @property
    def known_subject(self) -> AuthenticatedSubject:
        if self.subject is None:
            raise LoginRequired("the person has to sign in")
        return self.subject


@dataclass(frozen=True, slots=True)
class StepPages:
    clients: ClientStore
    users: UserStore
    logins: LoginCarrier
    page_context: PageContext
    offers: ConsentOffers

    async def show(
        self, request: Request, browser_request: BrowserRequest, position: Position
    ) -> Response:
        """The step's page, or a redirect to it, for a stored interaction."""
        interaction, page = position.interaction, position.step.page
        if isinstance(page, View):
            response = await self._consent(browser_request, position)
        else:
            response = see_other(page(interaction))
        form = interaction.identified.form
        if position.reason.needs_login:
            # The request is for the person who signs in, not for the person of a login JWT.
            return self.logins.drop(request, response, form)
        return self.logins.attach(response, form, position.authentication)

    def preview(self, position: Position) -> Response:
        """The head of that page; of a redirect without the id, which no request has yet."""
        page = position.step.page
        if isinstance(page, View):
            return head_of(_STATUSES[page])
        return see_other(urlsplit(page(position.interaction)).path)

    async def _consent(self, browser_request: BrowserRequest, position: Position) -> Response:
        interaction, request = position.interaction, position.interaction.request
        client, redirect_uri = request.client, request.target.redirect_uri
        owner = None if client.owner_id is None else await self.users.user(client.owner_id)
        parts = urlsplit(redirect_uri)
        consent, by_token = interaction.progress.consent, position.authentication.login is not None
        user = position.known_subject.user
        optional = frozenset(client.metadata.optional_scope)
        view = ConsentView(
            client=client,
            owner_name=None if owner is None else owner.name,
            user=user,
            scopes=[
                ScopeLine(name, text.title, text.description)
                for name, text in SCOPES.items()
                if name in request.consent_scope
            ],
            request_id=interaction.id,
            csrf=browser_request.csrf,
            redirect_host=parts.netloc or f"{parts.scheme}:",
            already=frozenset() if consent is None else consent.scope,
            has_logo=await self.clients.logo(client.id) is not None,
            return_to=resume_path(interaction.id),
            by_token=by_token,
            switch=switch_path(interaction.id) if by_token else None,
            offer=await self.offers.of(user, request.consent_scope, optional, None, consent),
        )
        page = consent_page(
            self.page_context.renderer, view, form_action=form_sources(redirect_uri)
        )
        return self.page_context.browser.attach_cookies(page, browser_request)
