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

from quantimodo.app.authorizing import (
    authorize_endpoint,
    client_authentication,
    issuer,
    user_info,
)
from quantimodo.app.development import local_only
from quantimodo.app.dispatch import Dispatcher, TooLarge
from quantimodo.app.logout import logout_routes, sign_out, teller
from quantimodo.app.measuring import measuring_endpoints
from quantimodo.app.openapi.document import openapi_document
from quantimodo.app.openapi.endpoint import OpenApiEndpoint
from quantimodo.app.openapi.schemas import Json
from quantimodo.app.proxies import Proxies
from quantimodo.app.routes import AUTHORIZE, WireEndpoints, wire_routes
from quantimodo.app.settings import Settings
from quantimodo.app.social import social_parts, social_routes, social_tokens
from quantimodo.app.wiring import House, open_house
from quantimodo.authorization.requests import RESUME, WaitingRequests
from quantimodo.endpoints.discovery import KeySetEndpoint, MetadataEndpoint
from quantimodo.endpoints.introspect import IntrospectionEndpoint
from quantimodo.endpoints.register import RegistrationEndpoint
from quantimodo.endpoints.revoke import RevocationEndpoint
from quantimodo.endpoints.token import TokenEndpoint
from quantimodo.grants.refresh_token import RefreshTokenGrant
from quantimodo.grants.table import grant_table
from quantimodo.model.events import Mail
from quantimodo.model.secrets import Secret
from quantimodo.ops.cleanup import Cleaner
from quantimodo.ops.mail import Outbox, Sender
from quantimodo.ops.metrics import Metrics
from quantimodo.ops.smtp import Smtp, smtp_policy
from quantimodo.pages.assets import Assets
from quantimodo.pages.browser import Browser, CookiePolicy
from quantimodo.pages.desk import Desk
from quantimodo.pages.errors import (
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    SERVER_ERROR,
    TOO_LARGE,
    error_page,
)
from quantimodo.pages.identities import Linking
from quantimodo.pages.layout import Renderer, json_page
from quantimodo.pages.reference import ReferencePage
from quantimodo.pages.routes import Pages, page_routes
from quantimodo.resource.guard import Guard
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
    async with open_house(settings) as house:
        dispatcher = await furnish_server(house)
        async with _background(house):
            yield dispatcher


async def furnish_server(house: House, renderer: Renderer | None = None) -> Dispatcher:
    """The application over an open house; nothing runs in the background yet.

    A `renderer` that is handed in brings its compiled templates along.
    """
    await house.keyring.load()
    return _dispatcher(house, Metrics(), renderer or Renderer(Assets.shipped()))


def _dispatcher(house: House, metrics: Metrics, renderer: Renderer) -> Dispatcher:
    settings = house.settings
    desk = Desk(renderer, _browser(house), house.clock)
    document = openapi_document(settings.issuer, legacy_transport=settings.legacy_transport)
    endpoints = _endpoints(house, metrics, document)
    routes = wire_routes(endpoints, legacy_transport=settings.legacy_transport)
    return Dispatcher(
        routes,
        _pages(house, desk, metrics, document),
        metrics=metrics,
        entropy=house.entropy,
        proxies=Proxies.of(settings.trusted_proxies),
        https=urlsplit(settings.issuer).scheme == "https",
        access_log=settings.access_log,
    )


def _endpoints(house: House, metrics: Metrics, document: Json) -> WireEndpoints:
    stores, clock, policy = house.stores, house.clock, house.token_policy
    settings = house.settings
    clients = client_authentication(house)
    access = AccessTokens(policy, stores, house.keyring, clock)
    guard = Guard(access, stores, metrics, settings.legacy_transport)
    grace = settings.tokens.refresh_reuse_grace
    social = social_tokens(house, metrics)
    registration = RegistrationEndpoint(policy.issuer, house.dynamic, house.throttle)
    return WireEndpoints(
        token=TokenEndpoint(
            clients=clients,
            grants=grant_table(RefreshTokenGrant(grace, settings.legacy_transport)),
            tokens=stores,
            issuer=issuer(house),
            clock=clock,
            audit=house.audit,
            metrics=metrics,
            legacy_transport=settings.legacy_transport,
        ),
        revoke=RevocationEndpoint(clients, stores, access, clock),
        introspect=IntrospectionEndpoint(
            clients, stores, stores, access, Subjects(stores, house.entropy), policy, clock
        ),
        userinfo=UserInfo(guard, user_info(house)),
        user_me=UserMe(guard, user_info(house)),
        **measuring_endpoints(house, guard),
        social_code=social.authorize_code,
        social_token=social.authorize_token,
        register=registration.register,
        registration=registration.manage,
        metadata=MetadataEndpoint(
            policy.issuer, registration=settings.registration.mode != "closed"
        ),
        key_set=KeySetEndpoint(house.keyring),
        openapi=OpenApiEndpoint(document),
        alive=alive,
        ready=Ready(stores, house.keyring),
        metrics=MetricsPage(
            metrics, Secret(settings.metrics_token) if settings.metrics_token else None
        ),
    )


def _browser(house: House) -> Browser:
    parts = urlsplit(house.settings.issuer)
    return Browser(
        CookiePolicy(
            secure=parts.scheme == "https",
            session_lifetime=house.settings.sessions.absolute_lifetime,
        ),
        house.sessions,
        house.clock,
        house.entropy,
        key=house.envelope.derive("forms"),
        origin=f"{parts.scheme}://{parts.netloc}",
    )


def _pages(house: House, desk: Desk, metrics: Metrics, document: Json) -> Starlette:
    settings, stores = house.settings, house.stores
    waiting = WaitingRequests(stores, house.envelope, house.clock, house.entropy)
    social = social_parts(house, desk)
    pages = Pages(
        renderer=desk.renderer,
        browser=desk.browser,
        accounts=house.accounts,
        sessions=house.sessions,
        sign_out=sign_out(house),
        registry=house.registry,
        clients=stores,
        users=stores,
        consents=stores,
        events=stores,
        audit=house.audit,
        clock=house.clock,
        envelope=house.envelope,
        issuer=settings.issuer,
        sign_up_open=settings.sign_up == "open",
        security_txt=settings.security_txt,
        outbox=_Shown(house.outbox) if settings.development else None,
        providers=tuple(house.providers.values()),
        profiles=house.profiles,
        journal=house.journal,
        reads=house.reads,
        references=house.references,
        accesses=stores,
        linking=Linking(
            house.social, house.providers, social.endpoint.origin, social.endpoint.begin_link
        ),
    )
    authorize = authorize_endpoint(house, desk, waiting, metrics)
    routes = [
        *page_routes(pages),
        (("GET",), "/docs", desk.guarded(ReferencePage(desk, document).show)),
        *((("GET", "POST"), path, desk.guarded(authorize.start)) for path in AUTHORIZE),
        (("GET",), RESUME, desk.guarded(authorize.resume)),
        (("POST",), "/api/v2/oauth/authorize/decision", desk.guarded(authorize.decide)),
        *social_routes(house, desk, social),
        *logout_routes(house, desk),
    ]
    if not settings.insecure_sandbox:
        routes = local_only(routes, desk.renderer)
    application = Starlette(
        routes=[Route(path, endpoint, methods=list(ways)) for ways, path, endpoint in routes],
        exception_handlers=_refusals(desk.renderer, house),
    )
    # security.md 11: never 307, which would send a form once more, and to the Host header's host.
    application.router.redirect_slashes = False
    return application


def _refusals(
    renderer: Renderer, house: House
) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    async def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        if request.url.path.startswith(_FOR_PROGRAMS):
            return json_page(status, _PROBLEMS[status == 405], headers)
        title, text = METHOD_NOT_ALLOWED if status == 405 else NOT_FOUND
        return error_page(renderer, status, title, text, headers=headers)

    async def incident(request: Request, error: Exception) -> Response:
        number = house.entropy.bytes(6).hex()
        _log.error("incident", path=request.url.path, incident=number, exc_info=error)
        return error_page(renderer, 500, *SERVER_ERROR, incident=number)

    async def too_large(request: Request, error: Exception) -> Response:
        return error_page(renderer, 413, *TOO_LARGE)

    return {HTTPException: http, TooLarge: too_large, Exception: incident}


@asynccontextmanager
async def _background(house: House) -> AsyncIterator[None]:
    """Keys, cleaning, mail and farewells, beside the requests; all of it ends with the worker."""
    holder = house.entropy.bytes(8).hex()
    cleaner = Cleaner(house.stores, house.clock, holder)

    async def rotate() -> None:
        await house.rotation.ensure()
        await house.keyring.load()

    jobs = [
        asyncio.create_task(_every(60.0, "keys", rotate)),
        asyncio.create_task(_every(_KEYS_EVERY, "key view", house.keyring.load)),
        asyncio.create_task(_every(30.0, "cleaner", cleaner.round)),
    ]
    sender = _sender(house)
    if sender is not None:
        sender.start()
    farewells = teller(house)
    farewells.start()
    try:
        yield
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await farewells.close()
        if sender is not None:
            await sender.close()


def _sender(house: House) -> Sender | None:
    smtp = house.settings.smtp
    if not smtp.url:
        return None
    carrier = Smtp(smtp_policy(smtp.url, smtp.from_address))
    return Sender(house.stores, house.envelope, carrier, house.clock, house.mail_bell)


async def _every(seconds: float, name: str, job: Callable[[], Awaitable[object]]) -> None:
    """Run `job` again and again; a failure is logged, and the next turn tries again."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await job()
        except Exception as error:
            _log.error("background work failed", job=name, exc_info=error)
