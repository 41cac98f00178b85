"""One worker: the house with its endpoints, its pages and its background work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quantimodo.app.authorization import (
    client_authentication,
    grant_types,
    issuer,
    user_info,
)
from quantimodo.app.browser import browser_service
from quantimodo.app.development import local_only
from quantimodo.app.dispatch import Dispatcher, TooLarge
from quantimodo.app.interactive_flow import authorize_routes
from quantimodo.app.logout import backchannel_logout_sender, logout_routes, sign_out
from quantimodo.app.measurement_routes import measuring_endpoints
from quantimodo.app.proxies import Proxies
from quantimodo.app.services import AppContext, open_app
from quantimodo.app.settings import Settings
from quantimodo.app.social import social_parts, social_routes, social_tokens
from quantimodo.authorization.steps.step import Step
from quantimodo.authorization.steps.table import STEPS
from quantimodo.endpoints.discovery import KeySetEndpoint, MetadataEndpoint
from quantimodo.endpoints.introspect import IntrospectionEndpoint
from quantimodo.endpoints.register import RegistrationEndpoint
from quantimodo.endpoints.revoke import RevocationEndpoint
from quantimodo.endpoints.routes import ApiEndpoints, api_routes
from quantimodo.endpoints.token import TokenEndpoint
from quantimodo.model.events import Mail
from quantimodo.model.secrets import Secret
from quantimodo.openapi.document import openapi_document
from quantimodo.openapi.endpoint import OpenApiEndpoint
from quantimodo.openapi.schemas import Json
from quantimodo.ops.cleanup import Cleaner
from quantimodo.ops.mail import Outbox, Sender
from quantimodo.ops.metrics import Metrics
from quantimodo.ops.smtp import Smtp, smtp_policy
from quantimodo.pages.assets import Assets
from quantimodo.pages.errors import (
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    SERVER_ERROR,
    TOO_LARGE,
    error_page,
)
from quantimodo.pages.identities import Linking
from quantimodo.pages.layout import Renderer, json_page
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.reference import ReferencePage
from quantimodo.pages.routes import Pages, page_routes
from quantimodo.resource.bearer_authentication import BearerAuthentication
from quantimodo.resource.health import MetricsPage, Ready, alive
from quantimodo.resource.users import UserInfo, UserMe
from quantimodo.tokens.access import AccessTokens
from quantimodo.tokens.subjects import Subjects

_KEYS_EVERY = 5.0  # seconds until a worker signs by a key that another process made
_log = structlog.get_logger("quantimodo.server")
# Whoever asks below these is a program, and gets JSON for what is not there.
_FOR_PROGRAMS = ("/api/", "/.well-known/")
_PROBLEMS = (
    {"error": "not_found", "error_description": "there is nothing at this address"},
    {
        "error": "invalid_request",
        "error_description": "this method is not allowed here; see the Allow header",
    },
)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The outbox as the development page reads it."""

    outbox: Outbox

    async def recent(self, limit: int) -> Sequence[tuple[Mail, datetime]]:
        return [(kept.mail, kept.at) for kept in await self.outbox.recent(limit)]


@asynccontextmanager
async def open_server(settings: Settings) -> AsyncIterator[Dispatcher]:
    """A worker's application, with its background work running until the end."""
    async with open_app(settings) as context:
        dispatcher = await build_server(context)
        async with _background(context):
            yield dispatcher


async def build_server(
    context: AppContext, renderer: Renderer | None = None, steps: Sequence[Step] = STEPS
) -> Dispatcher:
    """The application over an open house; nothing runs in the background yet.

    A `renderer` that is handed in brings its compiled templates along.
    """
    await context.keyring.load()
    return _dispatcher(context, Metrics(), renderer or Renderer(Assets.shipped()), steps)


def _dispatcher(
    context: AppContext, metrics: Metrics, renderer: Renderer, steps: Sequence[Step]
) -> Dispatcher:
    settings = context.settings
    page_context = PageContext(renderer, browser_service(context), context.clock)
    document = openapi_document(settings.issuer, legacy_transport=settings.legacy_transport)
    endpoints = _endpoints(context, metrics, document)
    routes = api_routes(endpoints, legacy_transport=settings.legacy_transport)
    return Dispatcher(
        routes,
        _pages(context, page_context, metrics, document, steps),
        metrics=metrics,
        entropy=context.entropy,
        proxies=Proxies.of(settings.trusted_proxies),
        https=urlsplit(settings.issuer).scheme == "https",
        access_log=settings.access_log,
    )


def _endpoints(context: AppContext, metrics: Metrics, document: Json) -> ApiEndpoints:
    stores, clock, policy = context.stores, context.clock, context.token_policy
    settings = context.settings
    clients = client_authentication(context)
    access = AccessTokens(policy, stores, context.keyring, clock)
    bearer = BearerAuthentication(access, stores, metrics, settings.legacy_transport)
    social = social_tokens(context, metrics)
    registration = RegistrationEndpoint(policy.issuer, context.dynamic, context.throttle)
    return ApiEndpoints(
        token=TokenEndpoint(
            clients=clients,
            grant_types=grant_types(context),
            tokens=stores,
            issuer=issuer(context),
            clock=clock,
            audit=context.audit,
            metrics=metrics,
            legacy_transport=settings.legacy_transport,
        ),
        revoke=RevocationEndpoint(clients, stores, access, clock),
        introspect=IntrospectionEndpoint(
            clients, stores, stores, access, Subjects(stores, context.entropy), policy, clock
        ),
        userinfo=UserInfo(bearer, user_info(context)),
        user_me=UserMe(bearer, user_info(context)),
        **measuring_endpoints(context, bearer),
        social_code=social.authorize_code,
        social_token=social.authorize_token,
        register=registration.register,
        registration=registration.manage,
        metadata=MetadataEndpoint(
            policy.issuer, registration=settings.registration.mode != "closed"
        ),
        key_set=KeySetEndpoint(context.keyring),
        openapi=OpenApiEndpoint(document),
        alive=alive,
        ready=Ready(stores, context.keyring),
        metrics=MetricsPage(
            metrics, Secret(settings.metrics_token) if settings.metrics_token else None
        ),
    )


def _pages(
    context: AppContext,
    page_context: PageContext,
    metrics: Metrics,
    document: Json,
    steps: Sequence[Step],
) -> Starlette:
    settings, stores = context.settings, context.stores
    social = social_parts(context, page_context)
    pages = Pages(
        renderer=page_context.renderer,
        browser=page_context.browser,
        accounts=context.accounts,
        sessions=context.sessions,
        sign_out=sign_out(context),
        registry=context.registry,
        clients=stores,
        users=stores,
        consents=stores,
        events=stores,
        audit=context.audit,
        clock=context.clock,
        envelope=context.envelope,
        issuer=settings.issuer,
        sign_up_open=settings.sign_up == "open",
        security_txt=settings.security_txt,
        outbox=_Shown(context.outbox) if settings.development else None,
        providers=tuple(context.providers.values()),
        profiles=context.profiles,
        measurement_service=context.measurement_service,
        reads=context.reads,
        references=context.references,
        accesses=stores,
        linking=Linking(
            context.social, context.providers, social.endpoint.origin, social.endpoint.begin_link
        ),
    )
    routes = [
        *page_routes(pages),
        (("GET",), "/docs", page_context.guarded(ReferencePage(page_context, document).show)),
        *authorize_routes(context, page_context, metrics, steps),
        *social_routes(context, page_context, social),
        *logout_routes(context, page_context),
    ]
    if not settings.insecure_sandbox:
        routes = local_only(routes, page_context.renderer)
    application = Starlette(
        routes=[Route(path, endpoint, methods=list(ways)) for ways, path, endpoint in routes],
        exception_handlers=_refusals(page_context.renderer, context),
    )
    # security.md §11: never 307, which would send a form once more, and to the Host header's host.
    application.router.redirect_slashes = False
    return application


def _refusals(
    renderer: Renderer, context: AppContext
) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    async def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        if request.url.path.startswith(_FOR_PROGRAMS):
            return json_page(status, _PROBLEMS[status == 405], headers)
        title, text = METHOD_NOT_ALLOWED if status == 405 else NOT_FOUND
        return error_page(renderer, status, title, text, headers=headers)

    async def incident(request: Request, error: Exception) -> Response:
        number = context.entropy.bytes(6).hex()
        _log.error("incident", path=request.url.path, incident=number, exc_info=error)
        return error_page(renderer, 500, *SERVER_ERROR, incident=number)

    async def too_large(request: Request, error: Exception) -> Response:
        return error_page(renderer, 413, *TOO_LARGE)

    return {HTTPException: http, TooLarge: too_large, Exception: incident}


@asynccontextmanager
async def _background(context: AppContext) -> AsyncIterator[None]:
    """Keys, cleaning, mail and farewells, beside the requests; all of it ends with the worker."""
    holder = context.entropy.bytes(8).hex()
    cleaner = Cleaner(context.stores, context.clock, holder)

    async def rotate() -> None:
        await context.rotation.ensure()
        await context.keyring.load()

    jobs = [
        asyncio.create_task(_every(60.0, "keys", rotate)),
        asyncio.create_task(_every(_KEYS_EVERY, "key view", context.keyring.load)),
        asyncio.create_task(_every(30.0, "cleaner", cleaner.round)),
    ]
    sender = _sender(context)
    if sender is not None:
        sender.start()
    logout_notifications = backchannel_logout_sender(context)
    logout_notifications.start()
    try:
        yield
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await logout_notifications.close()
        if sender is not None:
            await sender.close()


def _sender(context: AppContext) -> Sender | None:
    smtp = context.settings.smtp
    if not smtp.url:
        return None
    mail_transport = Smtp(smtp_policy(smtp.url, smtp.from_address))
    return Sender(
        context.stores, context.envelope, mail_transport, context.clock, context.mail_wakeup
    )


async def _every(seconds: float, name: str, job: Callable[[], Awaitable[object]]) -> None:
    """Run `job` again and again; a failure is logged, and the next turn tries again."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await job()
        except Exception as error:
            _log.error("background work failed", job=name, exc_info=error)
