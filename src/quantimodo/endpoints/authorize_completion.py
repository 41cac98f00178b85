"""The end of an authorization: the response or the error that the client gets."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.authorization.interactions import (
    IdentifiedRequest,
    Interaction,
    Reason,
)
from quantimodo.authorization.stored_requests import SentResponse, StoredRequests
from quantimodo.endpoints.authorize_login import LoginCarrier, holders_of
from quantimodo.endpoints.authorize_request import recognised_query
from quantimodo.endpoints.authorize_responses import (
    browser_response,
    interaction_required,
    record_error,
    rejected,
    response_json,
    sent_response,
)
from quantimodo.endpoints.consent_decisions import ConsentDecisions
from quantimodo.endpoints.session_state import SessionStates
from quantimodo.http.errors import InteractionRequired
from quantimodo.http.refusals import record_caller
from quantimodo.model.consents import Consent, StoredRequest
from quantimodo.model.sessions import AuthenticatedSubject
from quantimodo.model.texts import N_
from quantimodo.ops.metrics import Metrics
from quantimodo.pages.browser import BrowserRequest
from quantimodo.pages.page_context import PageContext
from quantimodo.protocol.authorization import AuthorizationRequest
from quantimodo.protocol.authorization_responses import Parameters
from quantimodo.protocol.claims_request import fails_acr
from quantimodo.protocol.discovery import AUTHORIZE
from quantimodo.protocol.errors import AccessDenied, OAuthError, UnmetAuthenticationRequirements
from quantimodo.protocol.refusals import error_uri
from quantimodo.tokens.authorization_responder import AuthorizationResponder
from quantimodo.tokens.jarm import JarmEncoder

GONE = N_(
    "This request is complete already, or it waited too long. Go back to the app and try again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationResponses:
    """Responds by the channel of the request. A response to a stored request is stored too, so that
    a form that the same person sends twice gets one response."""

    issuer: str
    consents: ConsentDecisions
    authorization_responder: AuthorizationResponder
    jarm_encoder: JarmEncoder
    session_states: SessionStates
    requests: StoredRequests
    logins: LoginCarrier
    page_context: PageContext
    metrics: Metrics

    async def accept(
        self, request: Request, interaction: Interaction, subject: AuthenticatedSubject
    ) -> Response:
        """The response to an allowed request, for a browser. Raises `OAuthError`, and
        `AccessDenied` for a decision to deny."""
        identified = interaction.identified
        if interaction.progress.decision == "deny":
            raise AccessDenied("the person did not allow it", refusal="person_refused")
        _check_acr(interaction.request, subject)
        consent = interaction.progress.consent
        if interaction.progress.decision == "allow":
            consent = await self.consents.give(interaction, subject)
        parameters = await self._mint(interaction.request, subject, consent)
        watched = self.session_states.of(request, interaction.request, subject)
        whole = await self._whole(identified, [*parameters, *watched])
        response = await self._send(
            request, identified, whole, interaction.stored, watched=bool(watched)
        )
        return self.session_states.attach(request, response, watched)

    async def accept_json(
        self, interaction: Interaction, subject: AuthenticatedSubject
    ) -> Response:
        """The response to an allowed request, as JSON (v2-api.md §5)."""
        _check_acr(interaction.request, subject)
        consent = interaction.progress.consent
        parameters = await self._mint(interaction.request, subject, consent)
        whole = await self._whole(interaction.identified, parameters)
        return response_json(interaction.identified.target, whole)

    def interaction_required(
        self, identified: IdentifiedRequest, reason: Reason
    ) -> InteractionRequired:
        """The error with the address at which a person does the next step in a browser."""
        url = f"{self.issuer}{AUTHORIZE}?{recognised_query(identified)}"
        return interaction_required(401 if reason.needs_login else 403, url)

    async def refuse(
        self,
        request: Request,
        identified: IdentifiedRequest,
        error: OAuthError,
        claimed: StoredRequest | None = None,
    ) -> Response:
        """Send the error to the client; raise it for a caller that gets JSON. `claimed`: the stored
        request that this caller responds to."""
        if not identified.channel.in_browser:
            raise error
        record_error(request, error)
        record_caller(request.scope, identified.client, identified.form.items())
        await identified.channel.refuse()
        parameters = [("error", error.code), ("error_description", error.description)]
        if about := error_uri(self.issuer, error.refusal):
            parameters.append(("error_uri", about))  # RFC 6749 §4.1.2.1
        whole = await self._whole(identified, parameters)
        return await self._send(request, identified, whole, claimed)

    async def repeat(
        self,
        request: Request,
        identified: IdentifiedRequest,
        stored: StoredRequest,
        browser_request: BrowserRequest,
    ) -> Response:
        """The first response once more, for a form or a page that the same person sent twice."""
        sent = await self.requests.response(stored.key, holders_of(browser_request))
        if sent is None:
            raise rejected(GONE)
        response = sent_response(self.page_context.renderer, sent)
        if sent.watched:
            response = self.page_context.browser.set_state_cookie(request, response)
        return self.logins.clear(request, response, identified.form)

    async def _mint(
        self,
        request: AuthorizationRequest,
        subject: AuthenticatedSubject,
        consent: Consent | None,
    ) -> Parameters:
        if "token" in request.response_type:
            self.metrics.legacy("token_from_authorize")
        if request.client.skips_consent:
            # A first-party client shows no consent page; the account lists it as connected anyway.
            consent = await self.consents.save(request, subject)
        if consent is None:
            raise AccessDenied(
                "the person took the app's access back meanwhile", refusal="access_withdrawn"
            )
        return await self.authorization_responder.respond(request, subject, consent)

    async def _send(
        self,
        request: Request,
        identified: IdentifiedRequest,
        parameters: Parameters,
        claimed: StoredRequest | None,
        *,
        watched: bool = False,
    ) -> Response:
        """Ends this authorization, and so the login JWT that was stored for it."""
        target = identified.target
        if claimed is not None:
            sent = SentResponse(target.redirect_uri, target.mode, parameters, watched)
            await self.requests.store_response(claimed, sent)
        response = browser_response(self.page_context.renderer, target, parameters)
        return self.logins.clear(request, response, identified.form)

    async def _whole(self, identified: IdentifiedRequest, parameters: Parameters) -> Parameters:
        target = identified.target
        if not identified.channel.carried:
            return [each for each in parameters if each[0] == "error"]
        state = [] if target.state is None else [("state", target.state)]
        # RFC 9207 §2: in every response, errors included, so that no client mixes servers up.
        whole = [*parameters, *state, ("iss", self.issuer)]
        if target.mode.endswith(".jwt"):
            return await self.jarm_encoder.sign(identified.client, whole)
        return whole


def _check_acr(request: AuthorizationRequest, subject: AuthenticatedSubject) -> None:
    if fails_acr(request.claims, subject.methods):
        raise UnmetAuthenticationRequirements("the sign-in does not have a requested acr")
