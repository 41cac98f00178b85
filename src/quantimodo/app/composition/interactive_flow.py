"""Builds the interactive flow: the authorization endpoint with its dispatcher, and its routes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quantimodo.app.composition.authorization import (
    authorization_responder,
    client_authentication,
    dpop_proofs,
)
from quantimodo.app.composition.browser_services import consent_offers, consent_services
from quantimodo.app.composition.polled_grants import polled_grants
from quantimodo.app.composition.services import AppContext
from quantimodo.app.composition.social import login_browsers, login_tokens
from quantimodo.authorization.interactions import InteractionPolicy
from quantimodo.authorization.request_objects import RequestObjects
from quantimodo.authorization.requested_resources import ResourceReader
from quantimodo.authorization.steps.step import Step
from quantimodo.authorization.stored_requests import RESUME, StoredRequests
from quantimodo.clients.metadata_documents import ClientDocuments
from quantimodo.endpoints.authorize import AuthorizeEndpoint
from quantimodo.endpoints.authorize_completion import AuthorizationResponses
from quantimodo.endpoints.authorize_login import LoginCarrier
from quantimodo.endpoints.authorize_pages import StepPages
from quantimodo.endpoints.authorize_request import RequestPolicy, RequestReader
from quantimodo.endpoints.consent_decisions import ConsentDecisions
from quantimodo.endpoints.interaction_dispatcher import InteractionDispatcher
from quantimodo.endpoints.pushed_requests import PushedRequestEndpoint
from quantimodo.endpoints.requested_subject import RequestedSubject
from quantimodo.endpoints.routes import DECISION, SHOWN
from quantimodo.endpoints.session_state import SessionStates
from quantimodo.http.messages import Endpoint
from quantimodo.pages.account.receipts import ConsentServices
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute
from quantimodo.tokens.jarm import JarmEncoder
from quantimodo.tokens.logout_tokens import LogoutHints
from quantimodo.tokens.subjects import Subjects


def authorize_routes(
    context: AppContext,
    page_context: PageContext,
    documents: ClientDocuments,
    steps: Sequence[Step],
) -> Sequence[PageRoute]:
    """The routes of the authorization endpoint, of its consent page, and of the pages of response
    channels."""
    endpoint = _Parts(context, page_context, documents).endpoint(steps)
    requests = stored_requests(context)
    return [
        *(
            (("GET", "POST"), route.path, endpoint.start)
            for route in SHOWN
            if route.name == "authorize"
        ),
        (("GET",), RESUME, endpoint.resume),
        (("POST",), DECISION, endpoint.decide),
        *(
            route
            for grant in polled_grants(context)
            for route in grant.routes(page_context, requests)
        ),
    ]


def stored_requests(context: AppContext) -> StoredRequests:
    """The authorization requests that wait for their person."""
    stores = context.stores
    return StoredRequests(
        stores.authorizations,
        tuple(grant.channels() for grant in polled_grants(context)),
        context.envelope,
        context.clock,
        context.entropy,
    )


def request_objects(context: AppContext) -> RequestObjects:
    """Reads request objects (RFC 9101)."""
    issuer = context.token_policy.issuer
    return RequestObjects(issuer, context.client_keys, context.fetcher, context.clock)


def request_endpoints(context: AppContext, documents: ClientDocuments) -> Mapping[str, Endpoint]:
    """The endpoints at which programs begin an authorization, by their names."""
    requests, resources = stored_requests(context), resource_reader(context)
    return {
        "pushed_request": _pushed_requests(context, documents),
        **{
            name: endpoint
            for grant in polled_grants(context)
            for name, endpoint in grant.endpoints(requests, resources).items()
        },
    }


def _pushed_requests(context: AppContext, documents: ClientDocuments) -> PushedRequestEndpoint:
    tokens = context.settings.tokens
    return PushedRequestEndpoint(
        client_authentication(context),
        request_objects(context),
        resource_reader(context),
        stored_requests(context),
        context.throttle,
        tokens.pushed_request_lifetime,
        dpop_proofs(context),
        documents,
        tokens.require_grant_management,
    )


def resource_reader(context: AppContext) -> ResourceReader:
    """Reads the `resource` parameters of a request (RFC 8707)."""
    return ResourceReader(context.token_policy.audience, context.stores.resources)


@dataclass(frozen=True, slots=True)
class _Parts:
    context: AppContext
    page_context: PageContext
    documents: ClientDocuments

    def endpoint(self, steps: Sequence[Step]) -> AuthorizeEndpoint:
        context = self.context
        stores, clock = context.stores, context.clock
        services = consent_services(context)
        requests = stored_requests(context)
        logins = LoginCarrier(
            login_tokens(context),
            stores.clients,
            self.page_context.browser,
            login_browsers(context, self.page_context),
            context.accounts.login.second_factors,
            clock,
        )
        responses = self._responses(services, requests, logins)
        dispatcher = InteractionDispatcher(
            steps=steps,
            policy=InteractionPolicy(),
            requested_subject=self._requested_subject(),
            consents=services.consents,
            requests=requests,
            throttle=context.throttle,
            pages=StepPages(
                stores.clients,
                stores.users,
                logins,
                self.page_context,
                consent_offers(context),
                stores.resources,
            ),
            responses=responses,
            second_factors=context.accounts.login.second_factors,
            clock=clock,
        )
        return AuthorizeEndpoint(
            self._reader(requests),
            logins,
            requests,
            dispatcher,
            responses,
            self.page_context,
            context.accounts.login.pending,
            clock,
        )

    def _reader(self, requests: StoredRequests) -> RequestReader:
        context, settings = self.context, self.context.settings
        return RequestReader(
            documents=self.documents,
            authentication=client_authentication(context),
            request_objects=request_objects(context),
            resources=resource_reader(context),
            requests=requests,
            throttle=context.throttle,
            metrics=self.context.metrics,
            policy=RequestPolicy(
                legacy_transport=settings.legacy_transport,
                pushed_lifetime=settings.tokens.pushed_request_lifetime,
                require_pushed=settings.tokens.require_pushed_requests,
                grant_management=settings.tokens.require_grant_management,
            ),
        )

    def _requested_subject(self) -> RequestedSubject:
        context = self.context
        return RequestedSubject(
            LogoutHints(context.token_policy.issuer, context.keyring),
            Subjects(context.stores.subjects, context.entropy),
        )

    def _responses(
        self, services: ConsentServices, requests: StoredRequests, logins: LoginCarrier
    ) -> AuthorizationResponses:
        context, issuer = self.context, self.context.token_policy.issuer
        return AuthorizationResponses(
            issuer=issuer,
            consents=ConsentDecisions(services.consents, services.mails, services.sign),
            authorization_responder=authorization_responder(context),
            jarm_encoder=JarmEncoder(issuer, context.keyring, context.client_keys, context.clock),
            session_states=SessionStates(self.page_context.browser, context.entropy),
            requests=requests,
            logins=logins,
            page_context=self.page_context,
            metrics=self.context.metrics,
        )
