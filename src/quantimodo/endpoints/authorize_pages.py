"""The page of a step: the consent page, or a redirect to the address of the step."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.authorization.consents import optional_scope
from quantimodo.authorization.interactions import Interaction, Reason
from quantimodo.authorization.steps.step import Step, View
from quantimodo.authorization.stored_requests import resume_path, switch_path
from quantimodo.endpoints.authorize_login import AuthenticationContext, LoginCarrier
from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.model.consents import ConsentChoice
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.model.users import User
from quantimodo.pages.authorization.consent import ConsentView, GrantChange, ScopeLine, consent_page
from quantimodo.pages.authorization.consent_form import (
    initial_view,
    read_choice,
    submitted_view,
    without_past_end,
)
from quantimodo.pages.authorization.consent_offer import ConsentOffer
from quantimodo.pages.authorization.consent_offer_reader import ConsentOfferReader
from quantimodo.pages.authorization.consent_texts import detail_lines, scope_titles
from quantimodo.pages.authorization.resource_texts import api_lines, own_scopes, scope_texts
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.languages import set_return_path
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.renderer import form_sources, head_of, see_other
from quantimodo.ports.account_stores import UserStore
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.protocol.consent_details import from_json_or_none
from quantimodo.protocol.consents import required_details
from quantimodo.protocol.errors import LoginRequired
from quantimodo.protocol.grant_management import lost_scopes
from quantimodo.protocol.redirects import is_claimed

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
        """The authenticated person. Raises `LoginRequired` if there is none."""
        if self.subject is None:
            raise LoginRequired("the person has to sign in")
        return self.subject


@dataclass(frozen=True, slots=True)
class SubmittedConsent:
    """The form of the consent page, and its errors."""

    form: Form
    errors: FormErrors

    @property
    def view(self) -> FormView:
        """The form as it was sent, with its errors."""
        return submitted_view(self.form, self.errors)


@dataclass(frozen=True, slots=True)
class StepPages:
    clients: ClientStore
    users: UserStore
    logins: LoginCarrier
    page_context: PageContext
    offers: ConsentOfferReader
    resources: ResourceStore

    async def show(
        self,
        request: Request,
        browser_request: BrowserRequest,
        position: Position,
        submitted: SubmittedConsent | None = None,
    ) -> Response:
        """The step's page, or a redirect to it, for a stored interaction. `submitted`: the form of
        the consent page has errors."""
        interaction, page = position.interaction, position.step.page
        if submitted is not None:
            record_refusal(request.scope, Refusal("invalid_request", submitted.errors.because))
        if isinstance(page, View):
            response = await self._consent(browser_request, position, submitted)
        else:
            response = see_other(page(interaction))
        form = interaction.identified.form
        if position.reason.needs_login:
            # The request is for the person who signs in, not for the person of a login JWT.
            return self.logins.clear(request, response, form)
        return self.logins.attach(response, form, position.authentication)

    def preview(self, position: Position) -> Response:
        """The response to HEAD: that of the page without a body, or a redirect without the id,
        because no request is stored yet."""
        page = position.step.page
        if isinstance(page, View):
            return head_of(_STATUSES[page])
        return see_other(urlsplit(page(position.interaction)).path)

    async def read_choice(
        self, posted: Form, interaction: Interaction, subject: AuthenticatedSubject
    ) -> ConsentChoice | SubmittedConsent:
        """What the person chose on the consent page, or the form with its errors."""
        offer = await self._offer(interaction, subject.user)
        choice = read_choice(posted, offer)
        return choice if isinstance(choice, ConsentChoice) else SubmittedConsent(posted, choice)

    async def _offer(self, interaction: Interaction, user: User) -> ConsentOffer:
        request = interaction.request
        consent = without_past_end(interaction.progress.consent, self.page_context.clock.now())
        optional = optional_scope(request)
        required = required_details(request.client.metadata, request.details)
        return await self.offers.of(
            user, request.consent_scope, optional, request.details, consent, required
        )

    async def _change(self, interaction: Interaction, offer: ConsentOffer) -> GrantChange | None:
        action = interaction.request.grant_action
        before = None if action is None else action.before
        if before is None or action is None:
            return None
        texts = await scope_texts(self.resources, before.scope)
        gone = lost_scopes(before, interaction.request.consent_scope)
        return GrantChange(
            action.kind,
            [title for _, title in scope_titles(before.scope, texts)],
            detail_lines(from_json_or_none(before.details), offer.zone),
            [title for _, title in scope_titles(gone, texts)],
        )

    async def _consent(
        self,
        browser_request: BrowserRequest,
        position: Position,
        submitted: SubmittedConsent | None,
    ) -> Response:
        interaction, request = position.interaction, position.interaction.request
        client, redirect_uri = request.client, request.target.redirect_uri
        carried = interaction.channel.carried
        owner = None if client.owner_id is None else await self.users.user(client.owner_id)
        parts = urlsplit(redirect_uri)
        consent, by_token = interaction.progress.consent, position.authentication.login is not None
        user = position.known_subject.user
        ended = consent is not None and consent.has_ended(self.page_context.clock.now())
        offer = await self._offer(interaction, user)
        first = initial_view(offer)
        view = ConsentView(
            client=client,
            owner_name=None if owner is None else owner.name,
            user=user,
            scopes=[
                ScopeLine(name, text.title, text.description, name in offer.optional)
                for name, text in own_scopes(request.consent_scope)
            ],
            request_id=interaction.id,
            csrf=browser_request.csrf,
            redirect_host=(parts.netloc or f"{parts.scheme}:") if carried else "",
            already=frozenset() if consent is None or ended else consent.scope,
            has_logo=await self.clients.logo(client.id) is not None,
            return_to=resume_path(interaction.id),
            by_token=by_token,
            switch=switch_path(interaction.id) if by_token else None,
            offer=offer,
            form=first if submitted is None else submitted.view,
            keeps=first.value("data") == "keep",
            apis=[
                api_lines(each, request.scope) for each in request.resources if not each.built_in
            ],
            revision=interaction.identified.revision,
            change=await self._change(interaction, offer),
            any_program=bool(client.document_host) and carried and not is_claimed(redirect_uri),
        )
        set_return_path(resume_path(interaction.id))
        page = consent_page(
            self.page_context.renderer,
            view,
            form_action=form_sources(redirect_uri),
            again=None if submitted is None else submitted.errors,
        )
        return self.page_context.browser.attach_cookies(page, browser_request)
