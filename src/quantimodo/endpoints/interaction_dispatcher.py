"""The dispatcher of interactions: finds the next step of a person, and shows its page or responds.

All pages of a step return here, never to another step. The order of the steps is in
`authorization/steps/table.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.second_factors.check import SecondFactorCheck
from quantimodo.accounts.throttle import Throttle
from quantimodo.authorization.consents import Consents
from quantimodo.authorization.interactions import Interaction, InteractionPolicy
from quantimodo.authorization.next_step import next_step
from quantimodo.authorization.steps.step import Step, View
from quantimodo.authorization.stored_requests import StoredRequests
from quantimodo.endpoints.authorize_completion import AuthorizationResponses
from quantimodo.endpoints.authorize_login import AuthenticationContext, holder_of
from quantimodo.endpoints.authorize_pages import Position, StepPages, SubmittedConsent
from quantimodo.endpoints.requested_subject import RequestedSubject
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.forms import Form
from quantimodo.pages.renderer import json_page
from quantimodo.ports.clock import Clock
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.claims_request import lacks_acr
from quantimodo.protocol.errors import InvalidRequestUri, OAuthError


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionDispatcher:
    steps: Sequence[Step]
    policy: InteractionPolicy
    requested_subject: RequestedSubject
    consents: Consents
    requests: StoredRequests
    throttle: Throttle
    pages: StepPages
    responses: AuthorizationResponses
    second_factors: SecondFactorCheck
    clock: Clock

    async def proceed(
        self,
        request: Request,
        browser_request: BrowserRequest,
        interaction: Interaction,
        authentication: AuthenticationContext,
        posted: Form | None = None,
    ) -> Response:
        """Show the next step's page, or send the response. `posted`: the form of the consent page,
        in which the person pressed *Allow*.

        Raises `OAuthError` unless this call has claimed the stored request.
        """
        submitted = None
        if posted is not None:
            interaction, submitted = await self._decided(interaction, authentication, posted)
        position = await self._locate(interaction, authentication)
        if position.step.page is View.RESPONSE:
            return await self._respond(request, browser_request, position)
        if not interaction.id:
            interaction = await self._store(browser_request, position.interaction)
            position = replace(position, interaction=interaction)
        elif interaction.identified.pushed is not None:
            await self.requests.extend(interaction.identified.pushed.stored)
        return await self.pages.show(request, browser_request, position, submitted)

    async def preview(
        self, interaction: Interaction, authentication: AuthenticationContext
    ) -> Response:
        """HEAD (RFC 9110 §9.3.2): the status of GET. Stores and issues nothing, so that no address
        names a code or a request."""
        position = await self._locate(interaction, authentication)
        if interaction.in_browser:
            return self.pages.preview(position)
        if position.step.page is View.RESPONSE:
            return json_page(200, {})
        raise self.responses.interaction_required(interaction.identified, position.reason)

    async def respond_json(
        self, interaction: Interaction, authentication: AuthenticationContext
    ) -> Response:
        """v2-api.md §5: the response, or the address at which the person does the next step."""
        position = await self._locate(interaction, authentication)
        if position.step.page is not View.RESPONSE:
            raise self.responses.interaction_required(interaction.identified, position.reason)
        pushed = interaction.identified.pushed
        if pushed is not None and not await self.requests.close(pushed.stored):
            raise InvalidRequestUri(
                "request_uri was used: push the request again", refusal="request_uri_not_usable"
            )
        return await self.responses.accept_json(position.interaction, position.known_subject)

    async def _decided(
        self, interaction: Interaction, authentication: AuthenticationContext, posted: Form
    ) -> tuple[Interaction, SubmittedConsent | None]:
        """The interaction with what the person chose, or with the errors of the form."""
        request, form = interaction.request, interaction.identified.form
        subject = await self.requested_subject.match(form, request, authentication.signed_in)
        if subject is None:
            return interaction, None
        request = await self.consents.with_grant(request, subject)
        interaction = replace(interaction, request=request)
        consent = await self.consents.on_record(subject, request.client)
        progress = replace(interaction.progress, consent=consent)
        found = await self.pages.read_choice(
            posted, replace(interaction, progress=progress), subject
        )
        if isinstance(found, SubmittedConsent):
            progress = replace(progress, decision=None, choice_refused=True)
            return replace(interaction, progress=progress), found
        wants_receipt = "mail" in posted.many("receipt")
        progress = replace(progress, choice=found, wants_receipt=wants_receipt)
        return replace(interaction, progress=progress), None

    async def _locate(
        self, interaction: Interaction, authentication: AuthenticationContext
    ) -> Position:
        position = await self._position(interaction, authentication)
        shows_page = position.reason.requests_subject and interaction.in_browser
        if shows_page and not authentication.may_allow:
            # security.md §14b: the sender of the JWT is not its person. The person signs in here,
            # or has a session.
            return await self._position(interaction, authentication.without_login())
        return position

    async def _position(
        self, interaction: Interaction, authentication: AuthenticationContext
    ) -> Position:
        request, form = interaction.request, interaction.identified.form
        subject = await self.requested_subject.match(form, request, authentication.signed_in)
        progress = replace(
            interaction.progress,
            consent=await self.consents.on_record(subject, request.client),
            has_factor=await self._has_factor(request, subject),
            account_mismatch=authentication.account_mismatch
            or authentication.may_be_another_app(request),
        )
        request = await self.consents.with_grant(request, subject)
        interaction = replace(interaction, request=request, progress=progress)
        now = self.clock.now()
        step, reason = next_step(self.steps, interaction, subject, self.policy, now)
        return Position(
            interaction=interaction,
            authentication=authentication,
            subject=subject,
            step=step,
            reason=reason,
        )

    async def _has_factor(
        self, request: AuthorizationRequest, subject: AuthenticatedSubject | None
    ) -> bool:
        if subject is None or not lacks_acr(request.claims, subject.methods):
            return False
        return await self.second_factors.factor_of(subject.user) is not None

    async def _store(
        self, browser_request: BrowserRequest, interaction: Interaction
    ) -> Interaction:
        await self.throttle.count_address("requests_per_address", browser_request.address)
        charge = self.throttle.charge("authorization_requests", browser_request.address)
        identified = interaction.identified
        request_id = await self.requests.add(identified.client.id, identified.form, charge)
        return replace(interaction, id=request_id)

    async def _respond(
        self, request: Request, browser_request: BrowserRequest, position: Position
    ) -> Response:
        interaction, subject = position.interaction, position.known_subject
        stored, identified = interaction.stored, interaction.identified
        if stored is None:
            return await self.responses.accept(request, interaction, subject)
        holder = holder_of(browser_request, position.authentication)
        if not await self.requests.claim(stored, holder):
            return await self.responses.repeat(request, identified, stored, browser_request)
        try:
            return await self.responses.accept(request, interaction, subject)
        except OAuthError as error:
            return await self.responses.refuse(request, identified, error, claimed=stored)
