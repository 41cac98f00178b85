"""The pages as the server mounts them, over real services, and a visitor who fills in forms."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from quantimodo.accounts.emails.consent_notices import ConsentNotifier
from quantimodo.accounts.emails.preferences import EmailPreferences
from quantimodo.accounts.new_device_notices import NewDeviceNotices
from quantimodo.accounts.personal_tokens import PersonalTokens
from quantimodo.accounts.profiles import Profiles
from quantimodo.accounts.sign_out import SignOut
from quantimodo.accounts.team_invitations import TeamInvitations
from quantimodo.app.composition.personal_export import ExportDependencies, build_personal_export
from quantimodo.app.composition.playground import OwnServer
from quantimodo.app.requests.error_boundary import ErrorBoundary
from quantimodo.app.requests.page_application import page_application
from quantimodo.app.requests.refusal_reports import RefusalReports
from quantimodo.authorization.consents import Consents
from quantimodo.authorization.device_authorizations import DeviceChannels
from quantimodo.authorization.stored_requests import StoredRequests
from quantimodo.clients.registry import Registration, Registry
from quantimodo.clients.reserved_names import reserved_names
from quantimodo.clients.resources import ResourceRegistry
from quantimodo.clients.teams import Teams
from quantimodo.clients.webhooks import Webhooks
from quantimodo.crypto.envelope import Envelope
from quantimodo.federation.provider_sign_out import ProviderSignOut
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.read_limits import ReadLimits, ReadPolicy
from quantimodo.measurements.service import MeasurementService
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent, ConsentChange
from quantimodo.model.events import Mail
from quantimodo.model.invitations import SignUpMode
from quantimodo.model.users import User
from quantimodo.ops.client_log import ClientLog
from quantimodo.ops.metrics import Metrics
from quantimodo.ops.traffic import Traffic
from quantimodo.pages.account.identities import Linking
from quantimodo.pages.account.receipts import ConsentServices
from quantimodo.pages.account.user_agents import describe
from quantimodo.pages.authorization.consent_offer_reader import ConsentOfferReader
from quantimodo.pages.browser import Browser, BrowserRequest, CookiePolicy
from quantimodo.pages.languages import ENGLISH_ONLY, Languages
from quantimodo.pages.login.provider_buttons import ProviderButton
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute, Pages, PortalServices
from quantimodo.pages.portal.authorization_runs import AuthorizationRuns
from quantimodo.pages.renderer import Renderer, see_other
from quantimodo.pages.routes import page_routes
from support.account_services import ADDRESS, ISSUER, AccountServices
from support.environment import shipped_renderer

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc`\xf8\xcf\xf0\x1f\x00\x05\x05\x02\x00\x9e\xa1"
    b"\xd9\xc5\x00\x00\x00\x00IEND\xaeB`\x82"
)


@dataclass(frozen=True, slots=True)
class FakeProviderButton:
    """The name and the title of a sign-in provider."""

    name: str
    title: str


PROVIDERS = {
    each.name: each
    for each in (FakeProviderButton("sample", "Sample"), FakeProviderButton("down", "Down"))
}
DESTINATION = "https://provider.example.org"


async def _origin(name: str) -> str | None:
    return None if name == "down" else DESTINATION


async def _begin(request: Request, browser_request: BrowserRequest, name: str) -> Response:
    """A redirect outside the pages."""
    return see_other(f"{DESTINATION}/authorize?for={browser_request.required().user.id}")


@dataclass(frozen=True, slots=True)
class ReadableOutbox:
    services: AccountServices

    async def recent(self, limit: int) -> Sequence[tuple[Mail, datetime]]:
        return [(kept.mail, kept.at) for kept in await self.services.outbox.recent(limit)]


@dataclass(slots=True, kw_only=True)
class Site:
    """The pages of one server at one address."""

    services: AccountServices
    pages: Pages
    registry: Registry
    waiting: StoredRequests
    origin: str
    secure: bool
    extra: list[PageRoute] = field(default_factory=list)

    @property
    def page_context(self) -> PageContext:
        pages = self.pages
        return PageContext(
            pages.renderer, pages.browser, pages.throttle, pages.clock, pages.languages
        )

    def app(self) -> Starlette:
        entropy, clock = self.services.entropy, self.pages.clock
        log = ClientLog(self.services.stores.client_log, clock, Traffic(Metrics()))
        reports = RefusalReports(self.pages.issuer, log, clock, entropy, development=True)
        boundary = ErrorBoundary(
            self.pages.renderer, entropy, self.pages.languages, reports=reports
        )
        return page_application([*page_routes(self.pages), *self.extra], boundary)

    async def register(self, owner: User | None, **changes: object) -> Client:
        """An application of this person's."""
        requested: dict[str, object] = {
            "name": "Mood Tracker",
            "redirect_uris": ("https://app.example.org/callback",),
            "scope": frozenset({"basic", "readmeasurements"}),
        }
        registration = Registration(**{**requested, **changes})  # type: ignore[arg-type]
        owner_id = owner.id if owner else None
        registered = await self.registry.register(
            registration, owner_id=owner_id, by_operator=owner is None
        )
        return registered.client

    async def allow(self, user: User, client: Client, *scope: str) -> None:
        """Consent of `user` to `client`."""
        now = self.services.clock.now()
        consent = Consent(
            user_id=user.id,
            client_id=client.id,
            scope=frozenset(scope),
            granted_at=now,
            updated_at=now,
        )
        await self.services.stores.authorizations.save_consent(consent)

    @asynccontextmanager
    async def visitor(self, address: str = ADDRESS) -> AsyncIterator["Visitor"]:
        """A new browser."""
        transport = httpx.ASGITransport(app=self.app(), client=(address, 1234))
        async with httpx.AsyncClient(transport=transport, base_url=self.origin) as client:
            yield Visitor(client)


@asynccontextmanager
async def listening(app: Any, port: int) -> AsyncIterator[str]:
    """An ASGI application over a socket, for a real browser; its address."""
    config = uvicorn.Config(
        app, port=port, log_level="error", lifespan="off", ws="none", access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def _receipt(client: Client, user: User, change: ConsentChange) -> str:
    return f"receipt {change.kind} of {client.id}"


def build(
    services: AccountServices,
    *,
    origin: str = ISSUER,
    sign_up: SignUpMode = "open",
    outbox: bool = True,
    security_txt: str = "",
    renderer: Renderer | None = None,
    providers: Sequence[ProviderButton] = (),
    languages: Languages = ENGLISH_ONLY,
) -> Site:
    """The pages, wired as the server wires them."""
    stores, clock, entropy = services.stores, services.clock, services.entropy
    envelope = Envelope([entropy.bytes(32)], entropy)
    secure = origin.startswith("https:")
    reserved = reserved_names(origin, "QuantiModo")
    registry = Registry(stores.clients, clock, entropy, services.audit, services.envelope, reserved)
    browser = Browser(
        CookiePolicy(origin=origin),
        services.sessions,
        NewDeviceNotices(
            cookies=services.devices,
            notifier=services.social.notifier,
            throttle=services.throttle,
            describe=describe,
        ),
        clock,
        entropy,
        key=envelope.derive("forms"),
    )
    personal_tokens = PersonalTokens(
        store=stores.personal_tokens,
        second_factors=services.second_factors,
        notifier=services.social.notifier,
        most=20,
        clock=clock,
        entropy=entropy,
    )
    measurement_service = MeasurementService(
        stores.measurements, stores.variables, References(stores.references), clock
    )
    reads, references = ReadLimits(ReadPolicy()), References(stores.references)
    profiles = Profiles(stores.profiles, clock, services.audit)
    preferences = EmailPreferences(stores.email_choices, clock)
    consent_mails = ConsentNotifier(services.social.notifier, services.throttle, preferences)
    pages = Pages(
        renderer=renderer or shipped_renderer(),
        browser=browser,
        throttle=services.throttle,
        accounts=services.accounts,
        second_factors=services.second_factors,
        passkey_sign_in=services.passkey_sign_in,
        sessions=services.sessions,
        sign_out=SignOut(origin, services.sessions, stores.logout_recipients, stores.clients),
        provider_sign_out=ProviderSignOut(
            providers={},
            store=stores.provider_sessions,
            envelope=envelope,
            entropy=entropy,
            issuer=origin,
        ),
        registry=registry,
        personal_tokens=personal_tokens,
        resources=ResourceRegistry(
            f"{origin}/api", stores.resources, stores.clients, reserved, clock, services.audit
        ),
        portal=PortalServices(
            teams=Teams(stores.teams, stores.clients, services.audit, clock),
            team_invitations=TeamInvitations(
                store=stores.teams,
                users=stores.users,
                throttle=services.throttle,
                notifier=services.social.notifier,
                clock=clock,
                entropy=entropy,
            ),
            runs=AuthorizationRuns(OwnServer(), envelope, clock, entropy, origin),
        ),
        clients=stores.clients,
        users=stores.users,
        consents=stores.authorizations,
        events=stores.events,
        audit=services.audit,
        clock=clock,
        envelope=envelope,
        issuer=origin,
        linking=Linking(services.social, PROVIDERS, _origin, _begin),
        profiles=profiles,
        email_preferences=preferences,
        measurement_service=measurement_service,
        reads=reads,
        references=references,
        consent_services=ConsentServices(
            Consents(stores.authorizations, consent_mails, services.audit, clock),
            ConsentOfferReader(
                measurement_service, references, reads, profiles, stores.resources, clock
            ),
            consent_mails,
            _receipt,
        ),
        client_log=stores.client_log,
        webhooks=Webhooks(
            stores.webhooks,
            stores.app_events,
            envelope,
            clock,
            entropy,
            services.audit,
        ),
        accesses=stores.accesses,
        personal_export=build_personal_export(
            ExportDependencies(
                issuer=origin,
                stores=stores,
                measurement_service=measurement_service,
                reads=reads,
                second_factors=services.second_factors,
                throttle=services.throttle,
                notifier=services.social.notifier,
                clock=clock,
            )
        ),
        sign_up=sign_up,
        security_txt=security_txt,
        outbox=ReadableOutbox(services) if outbox else None,
        providers=providers,
        languages=languages,
    )
    return Site(
        services=services,
        pages=pages,
        registry=registry,
        waiting=StoredRequests(
            stores.authorizations,
            (DeviceChannels(stores.device_authorizations, clock),),
            envelope,
            clock,
            entropy,
        ),
        origin=origin,
        secure=secure,
    )


class Fields(HTMLParser):
    """The forms of a page: where each goes, and the fields that a browser would send unasked."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str | list[str]]]] = []
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found.get("action", ""), {}))
        elif tag == "input" and self.forms and "name" in found:
            self._input(found)
        elif tag == "select" and self.forms:
            self._select = found["name"]
            self.forms[-1][1][self._select] = ""
        elif tag == "option" and self._select is not None and "selected" in found:
            self.forms[-1][1][self._select] = found["value"]
        elif tag == "textarea" and self.forms:
            self._area = found["name"]
            self.forms[-1][1][self._area] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.forms[-1][1][self._area] = data.removeprefix("\n")

    def _input(self, found: dict[str, str]) -> None:
        fields = self.forms[-1][1]
        kind, name, value = found.get("type"), found["name"], found.get("value", "")
        if kind == "file" or (kind in ("radio", "checkbox") and "checked" not in found):
            return
        if kind == "checkbox":
            already = fields.setdefault(name, [])
            assert isinstance(already, list)
            already.append(value)
        else:
            fields[name] = value


@dataclass(slots=True)
class Visitor:
    """A browser without scripts: gets pages, fills in their forms, keeps cookies."""

    http: httpx.AsyncClient

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path)

    async def form(self, path: str, action: str | None = None) -> dict[str, str | list[str]]:
        """The fields of the form on the page at `path` that posts to `action` (or to the page)."""
        page = await self.get(path)
        assert page.status_code == 200, (page.status_code, page.text)
        parser = Fields()
        parser.feed(page.text)
        wanted = action or path.partition("?")[0]
        return next(fields for target, fields in parser.forms if target == wanted)

    async def submit(
        self, path: str, action: str | None = None, **filled: str | list[str]
    ) -> httpx.Response:
        """Fill in the form on the page at `path`, and press its button."""
        fields = {**await self.form(path, action), **filled}
        return await self.http.post(action or path.partition("?")[0], data=fields)

    async def upload(self, path: str, action: str, data: bytes) -> httpx.Response:
        fields = await self.form(path, action)
        return await self.http.post(
            action, data=fields, files={"logo": ("logo.png", data, "image/png")}
        )

    async def sign_in(self, email: str, password: str) -> httpx.Response:
        return await self.submit("/sign-in", username=email, password=password)
