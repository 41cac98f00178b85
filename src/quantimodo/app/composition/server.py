"""One worker: the application context with its endpoints, pages and background work."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.applications import Starlette

from quantimodo.accounts.announcements import CurrentAnnouncements
from quantimodo.app.background import background_work
from quantimodo.app.composition.administration import administration_routes
from quantimodo.app.composition.agents import agent_endpoints
from quantimodo.app.composition.authorization import (
    access_tokens,
    client_authentication,
    client_certificates,
    dpop_proofs,
    user_info,
)
from quantimodo.app.composition.browser_services import (
    OutboxReader,
    browser_service,
    consent_services,
    email_preferences,
    page_languages,
)
from quantimodo.app.composition.developer_portal import portal_services
from quantimodo.app.composition.interactive_flow import authorize_routes, request_endpoints
from quantimodo.app.composition.logout import logout_routes, provider_sign_out, sign_out
from quantimodo.app.composition.measurement_routes import measuring_endpoints
from quantimodo.app.composition.personal_export import personal_export
from quantimodo.app.composition.personal_tokens import personal_tokens
from quantimodo.app.composition.playground import OwnServer, playground_routes
from quantimodo.app.composition.policies import offered_features
from quantimodo.app.composition.renderer import renderer_of
from quantimodo.app.composition.resources import client_documents, resource_registry
from quantimodo.app.composition.services import AppContext, open_app
from quantimodo.app.composition.social import (
    provider_key_sets,
    social_parts,
    social_routes,
    social_tokens,
)
from quantimodo.app.composition.telemetry import opened_telemetry, traced
from quantimodo.app.composition.token_endpoint import grant_types, token_endpoint
from quantimodo.app.composition.webhooks import event_writer, webhooks
from quantimodo.app.demo_data import has_demo_data
from quantimodo.app.development import local_only
from quantimodo.app.requests.dispatch import Dispatcher, DispatchPolicy
from quantimodo.app.requests.error_boundary import ErrorBoundary
from quantimodo.app.requests.page_application import page_application
from quantimodo.app.requests.proxies import Proxies
from quantimodo.app.requests.refusal_reports import refusal_reports
from quantimodo.app.requests.refusal_sampling import RefusalSampler
from quantimodo.app.requests.traced_dispatcher import TracedDispatcher
from quantimodo.app.settings.reading import Settings
from quantimodo.authorization.steps.step import Step
from quantimodo.authorization.steps.table import STEPS
from quantimodo.clients.metadata_documents import ClientDocuments
from quantimodo.endpoints.discovery import (
    KeySetEndpoint,
    MetadataEndpoint,
    ResourceMetadataEndpoint,
)
from quantimodo.endpoints.introspect import Introspection, IntrospectionEndpoint
from quantimodo.endpoints.register import RegistrationEndpoint
from quantimodo.endpoints.revoke import RevocationEndpoint
from quantimodo.endpoints.routes import api_routes
from quantimodo.grant_types.table import GrantTypeTable
from quantimodo.http.messages import Endpoint
from quantimodo.model.secrets import Secret
from quantimodo.openapi.document import openapi_document
from quantimodo.openapi.endpoint import OpenApiEndpoint, OpenApiYamlEndpoint
from quantimodo.openapi.schemas import Json
from quantimodo.pages.account.identities import Linking
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import Pages
from quantimodo.pages.reference.console import ReferenceConsole
from quantimodo.pages.reference.pages import ReferencePages
from quantimodo.pages.renderer import Renderer
from quantimodo.pages.routes import page_routes
from quantimodo.protocol.discovery import API, PROTECTED_RESOURCE, protected_resource
from quantimodo.resource.bearer_authentication import BearerAuthentication
from quantimodo.resource.bound_tokens import BoundTokens
from quantimodo.resource.consents import CurrentConsent
from quantimodo.resource.events import Events
from quantimodo.resource.grants import GrantManagement
from quantimodo.resource.health import MetricsPage, Readiness, alive
from quantimodo.resource.users import UserInfo, UserMe
from quantimodo.tokens.signed_introspection import IntrospectionSigner
from quantimodo.tokens.subjects import Subjects


@asynccontextmanager
async def open_server(
    settings: Settings, sampler: RefusalSampler
) -> AsyncIterator[Dispatcher | TracedDispatcher]:
    """A worker's application, with its background work running until the end."""
    async with (
        opened_telemetry(settings) as telemetry,
        open_app(settings, tracer=telemetry) as context,
    ):
        dispatcher = await build_server(context)
        async with background_work(context, sampler):
            yield dispatcher if telemetry is None else traced(dispatcher, context, telemetry)


async def build_server(
    context: AppContext,
    renderer: Renderer | None = None,
    steps: Sequence[Step] = STEPS,
    offered: GrantTypeTable | None = None,
) -> Dispatcher:
    """The application over an open context; nothing runs in the background yet. A `renderer` can be
    given, to reuse its compiled templates. Without `offered`, the token endpoint has the grant
    types of the settings."""
    await context.keyring.load()
    offered = offered or grant_types(context)
    return _dispatcher(context, renderer or renderer_of(context.settings), steps, offered)


@dataclass(frozen=True, slots=True)
class EndpointInputs:
    """What endpoints and pages share: `document` is the OpenAPI document, `steps` the steps of the
    interactive flow. `client_documents` fetches an address once for all of a worker. `own_server`
    sends the requests of authorization runs."""

    client_documents: ClientDocuments
    document: Json
    steps: Sequence[Step]
    grant_types: GrantTypeTable
    own_server: OwnServer


def _dispatcher(
    context: AppContext, renderer: Renderer, steps: Sequence[Step], offered: GrantTypeTable
) -> Dispatcher:
    settings = context.settings
    languages = page_languages(context)
    page_context = PageContext(
        *(renderer, browser_service(context), context.throttle, context.clock, languages),
        CurrentAnnouncements(context.stores.announcements, context.clock),
    )
    document = openapi_document(
        settings.issuer, legacy_transport=settings.legacy_transport, agents=settings.mcp.enabled
    )
    own_server = OwnServer()
    inputs = EndpointInputs(client_documents(context), document, steps, offered, own_server)
    endpoints = _endpoints(context, inputs)
    routes = api_routes(endpoints, legacy_transport=settings.legacy_transport)
    boundary = ErrorBoundary(
        *(renderer, context.entropy, languages),
        resource_metadata=settings.issuer + PROTECTED_RESOURCE + API,
        reports=refusal_reports(context),
    )
    dispatcher = Dispatcher(
        [*routes, *agent_endpoints(context)],
        _pages(context, page_context, boundary, inputs),
        boundary=boundary,
        traffic=context.traffic,
        proxies=Proxies.of(settings.trusted_proxies),
        policy=DispatchPolicy(
            https=urlsplit(settings.issuer).scheme == "https",
            access_log=settings.access_log,
            certificate_header=settings.mtls.certificate_header.lower().encode("ascii"),
            verification_header=settings.mtls.verification_header.lower().encode("ascii"),
        ),
    )
    own_server.connect(dispatcher)
    return dispatcher


def _endpoints(context: AppContext, inputs: EndpointInputs) -> Mapping[str, Endpoint]:
    stores, clock, policy = context.stores, context.clock, context.token_policy
    settings, offered = context.settings, offered_features(context.settings)
    clients, access = client_authentication(context), access_tokens(context)
    proofs, certificates = dpop_proofs(context), client_certificates(context)
    bearer = BearerAuthentication(
        access,
        stores.clients,
        context.metrics,
        BoundTokens(proofs, certificates, stores.clients),
        settings.legacy_transport,
    )
    social = social_tokens(context)
    registration = RegistrationEndpoint(policy.issuer, context.dynamic, context.throttle)
    return dict[str, Endpoint](
        token=token_endpoint(context, inputs.grant_types),
        **request_endpoints(context, inputs.client_documents),
        revoke=RevocationEndpoint(
            *(clients, stores.tokens, stores.exchanged_tokens, access),
            *(context.accounts.credentials.personal_tokens, clock),
        ),
        introspect=IntrospectionEndpoint(
            clients,
            Introspection(
                stores.clients,
                stores.tokens,
                access,
                stores.resources,
                Subjects(stores.subjects, context.entropy),
                policy,
                clock,
            ),
            IntrospectionSigner(policy.issuer, context.keyring, context.client_keys, clock),
        ),
        userinfo=UserInfo(bearer, user_info(context), context.accesses),
        user_me=UserMe(bearer, user_info(context), context.accesses),
        grant=GrantManagement(bearer, stores.authorizations, clock),
        current_consent=CurrentConsent(bearer, stores.authorizations, stores.clients),
        events=Events(bearer, stores.app_events, event_writer(context)),
        **measuring_endpoints(context, bearer),
        social_code=social.authorize_code,
        social_token=social.authorize_token,
        register=registration.register,
        registration=registration.manage,
        metadata=MetadataEndpoint(policy.issuer, offered),
        resource_metadata=ResourceMetadataEndpoint(
            protected_resource(policy.issuer, offered, query=settings.legacy_transport)
        ),
        key_set=KeySetEndpoint(context.keyring),
        openapi=OpenApiEndpoint(inputs.document),
        openapi_yaml=OpenApiYamlEndpoint(inputs.document),
        provider_key_set=provider_key_sets(context),
        alive=alive,
        ready=Readiness(stores.database, context.keyring),
        metrics=MetricsPage(
            context.metrics, Secret(settings.metrics_token) if settings.metrics_token else None
        ),
    )


def _pages(
    context: AppContext, page_context: PageContext, boundary: ErrorBoundary, inputs: EndpointInputs
) -> Starlette:
    settings, stores = context.settings, context.stores
    social = social_parts(context, page_context)
    pages = Pages(
        renderer=page_context.renderer,
        browser=page_context.browser,
        throttle=context.throttle,
        accounts=context.accounts,
        second_factors=context.second_factors,
        passkey_sign_in=context.passkey_sign_in,
        sessions=context.sessions,
        sign_out=sign_out(context),
        provider_sign_out=provider_sign_out(context),
        registry=context.registry,
        resources=resource_registry(context),
        portal=portal_services(context, inputs.own_server),
        clients=stores.clients,
        users=stores.users,
        consents=stores.authorizations,
        events=stores.events,
        audit=context.audit,
        clock=context.clock,
        envelope=context.envelope,
        issuer=settings.issuer,
        sign_up=settings.sign_up,
        security_txt=settings.security_txt,
        outbox=OutboxReader(context.outbox) if settings.development else None,
        playground=has_demo_data(settings),
        providers=tuple(context.providers.values()),
        profiles=context.profiles,
        email_preferences=email_preferences(context),
        measurement_service=context.measurement_service,
        reads=context.reads,
        references=context.references,
        accesses=stores.accesses,
        client_log=stores.client_log,
        webhooks=webhooks(context),
        personal_export=personal_export(context),
        consent_services=consent_services(context),
        languages=page_context.languages,
        announcements=page_context.announcements,
        personal_tokens=personal_tokens(context),
        linking=Linking(
            context.social, context.providers, social.endpoint.origin, social.endpoint.begin_link
        ),
    )
    routes = [
        *page_routes(pages),
        *ReferenceConsole(page_context, inputs.document, bool(settings.development)).routes(),
        *ReferencePages(page_context, inputs.document).routes(),
        *authorize_routes(context, page_context, inputs.client_documents, inputs.steps),
        *social_routes(context, page_context, social),
        *logout_routes(context, page_context),
        *playground_routes(context, page_context, inputs.own_server),
        *administration_routes(context, page_context),
    ]
    return page_application(local_only(routes), boundary)
