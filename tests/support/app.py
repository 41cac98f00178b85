"""The whole server in process: its application as a worker has it, people, apps, and browsers.

`AppHarness` uses the public interface only (HTTP, by httpx's ASGI transport); it adds people and
apps through the services that the command line uses.
"""

import hashlib
import re
import shutil
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import apsw
import httpx

from quantimodo.accounts.account_creation import mint_subject
from quantimodo.app.composition.provider_policies import provider_policies
from quantimodo.app.composition.server import build_server
from quantimodo.app.composition.services import AppContext, open_app, prepare
from quantimodo.app.requests.dispatch import Dispatcher
from quantimodo.app.settings.reading import Settings, load_settings
from quantimodo.clients.key_documents import KeyDocuments
from quantimodo.clients.public_keys import ClientKeys
from quantimodo.clients.registry import Registration
from quantimodo.crypto.passwords import PasswordHasher
from quantimodo.federation.client_assertions import AssertionKeys
from quantimodo.federation.contract import Provider
from quantimodo.federation.provider_table import open_providers
from quantimodo.model.clients import Client
from quantimodo.model.keys import SigningKey
from quantimodo.model.secrets import Secret
from quantimodo.model.users import NewUser, User
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.pages.renderer import Renderer
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.document_fetcher import DocumentFetcher
from quantimodo.protocol.scopes import SCOPES
from quantimodo.storage.open import sqlite_path
from support.environment import shipped_renderer

ISSUER = "https://id.example.org"
CALLBACK = "https://app.example.org/callback"
PASSWORD = "a horse of another colour"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
AUTHORIZE = "/api/v2/oauth/authorize"
TOKEN = "/api/v2/oauth2/access_token"
REVOKE = "/api/v2/oauth2/revoke"
INTROSPECT = "/api/v2/oauth2/introspect"
USERINFO = "/api/v2/oauth2/userinfo"
ME = "/api/v1/user/me"
DECISION = f"{AUTHORIZE}/decision"
SESSION = "__Host-quantimodo_session"
METRICS_TOKEN = "fake-metrics-token"
ALL_GRANTS = frozenset({"authorization_code", "refresh_token", "client_credentials"})


def settings_for(url: str, folder: Path, **changes: str) -> Settings:
    """The settings of a test server, from the environment, like an operator's."""
    environment = {
        "QUANTIMODO_DATABASE": url,
        "QUANTIMODO_ISSUER": ISSUER,
        "QUANTIMODO_SECRET_KEY": "A" * 43,
        "QUANTIMODO_SECRET_FILE": str(folder / "secret.key"),
        "QUANTIMODO_DEVELOPMENT": "false",
        "QUANTIMODO_METRICS_TOKEN": METRICS_TOKEN,
    }
    named = {f"QUANTIMODO_{name.upper()}": value for name, value in changes.items()}
    return load_settings({**environment, **named})


@dataclass(slots=True)
class App:
    """A registered application with its secret in hand."""

    client: Client
    secret: str | None

    @property
    def id(self) -> str:
        return self.client.id

    @property
    def auth(self) -> httpx.BasicAuth | None:
        return None if self.secret is None else httpx.BasicAuth(self.id, self.secret)


@dataclass(slots=True)
class AuthorizationResponse:
    """What an authorization response brought back to the app."""

    location: str
    parameters: dict[str, str]

    @property
    def code(self) -> str:
        return self.parameters["code"]


@dataclass(frozen=True, slots=True)
class PreparedDatabase:
    """What every test server shares, made once a run: a database with its schema and signing
    keys, these keys for the other engine, the compiled pages, and the hash of `PASSWORD`."""

    database: Path
    keys: Sequence[SigningKey]
    renderer: Renderer
    password_hash: str


# Without a generated `repr`: `asyncio.Runner` sets signal handlers, `signal.signal` formats them
# and the result of their task, and the settings and services in it take milliseconds to format.
@dataclass(slots=True, repr=False)
class AppHarness:
    context: AppContext
    application: Dispatcher
    database: Path
    password_hash: str
    _open: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self) -> httpx.AsyncClient:
        """A new browser without cookies, also usable as a plain client."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.application, client=("192.0.2.7", 1234)),  # type: ignore[arg-type]
            base_url=ISSUER,
        )
        self._open.append(client)
        return client

    async def close(self) -> None:
        for client in self._open:
            await client.aclose()

    async def person(self, email: str = "ann@example.org", name: str = "Ann Example") -> User:
        """A person with a verified address, who signs in by `PASSWORD`."""
        now = self.context.clock.now()
        newcomer = NewUser(
            subject=mint_subject(self.context.entropy),
            name=name,
            email=email,
            created_at=now,
            email_verified_at=now,
        )
        return await self.context.stores.users.add_user(newcomer, self.password_hash)

    async def app(self, **changes: Any) -> App:
        """An app as the operator registers it: all scopes, all grants, by default."""
        requested: dict[str, Any] = {
            "name": "Mood Tracker",
            "redirect_uris": (CALLBACK,),
            "scope": frozenset(SCOPES),
            "grant_types": ALL_GRANTS,
        }
        if changes.get("public"):
            requested["grant_types"] = ALL_GRANTS - {"client_credentials"}
        registration = Registration(**{**requested, **changes})
        registered = await self.context.registry.register(
            registration, owner_id=None, by_operator=True
        )
        secret = None if registered.secret is None else registered.secret.reveal()
        return App(registered.client, secret)

    async def register_again(self, app: App, **changes: Any) -> None:
        """Replace fields of the stored client, without the rules of the portal."""
        found = await self.context.stores.clients.client(app.id)
        assert found is not None
        assert await self.context.stores.clients.replace_client(replace(found, **changes))

    async def disable(self, app: App) -> None:
        await self.register_again(app, disabled_at=self.context.clock.now())

    async def sign_in(
        self,
        browser: httpx.AsyncClient,
        email: str = "ann@example.org",
        address: str = "/sign-in",
    ) -> str:
        """Through the sign-in page, as a person does; where it leads."""
        page = await browser.get(address)
        fields = {**form_fields(page.text), "username": email, "password": PASSWORD}
        response = await browser.post("/sign-in", data=fields)
        assert response.status_code == 303, response.text
        location: str = response.headers["location"]
        return location

    async def signed_in(self, email: str = "ann@example.org") -> httpx.AsyncClient:
        """A browser with a session, started without the sign-in page: no password is hashed."""
        user = await self.context.stores.users.user_by_email(email)
        assert user is not None
        cookie = await self.context.sessions.start(
            user, methods=("pwd",), address="192.0.2.7", agent="a test", replaces=None
        )
        browser = self.browser()
        browser.cookies.set(SESSION, cookie.reveal(), domain="id.example.org")
        return browser

    async def ask(
        self, browser: httpx.AsyncClient, app: App, **changes: str | None
    ) -> httpx.Response:
        """An authorization request; a parameter that is None is left out."""
        requested: dict[str, str | None] = {
            "client_id": app.id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "basic",
            "state": "some-state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        parameters = {name: value for name, value in requested.items() if value is not None}
        return await browser.get(AUTHORIZE, params=parameters)

    async def decide(
        self, browser: httpx.AsyncClient, page: httpx.Response, decision: str = "allow"
    ) -> httpx.Response:
        """Press a button of the consent page."""
        assert page.status_code == 200, page.text
        fields = {**form_fields(page.text), "decision": decision}
        return await browser.post(DECISION, data=fields)

    async def authorize(
        self, browser: httpx.AsyncClient, app: App, **changes: str | None
    ) -> AuthorizationResponse:
        """From the request to the response; allows it where there is a consent page."""
        response = await self.ask(browser, app, **changes)
        if response.status_code == 200 and 'id="allow"' in response.text:
            response = await self.decide(browser, response)
        return response_of(response)

    async def redeem(self, app: App, code: str, **changes: str | None) -> httpx.Response:
        """Exchange a code; a parameter that is None is left out."""
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return await self.token(app, **{**fields, **changes})

    async def refresh(self, app: App, token: str, **changes: str | None) -> httpx.Response:
        return await self.token(app, grant_type="refresh_token", refresh_token=token, **changes)

    async def token(self, app: App, **fields: str | list[str] | None) -> httpx.Response:
        """A token request; the app authenticates by Basic, or by `client_id` when public."""
        data = {name: value for name, value in fields.items() if value is not None}
        if app.secret is None:
            data.setdefault("client_id", app.id)
        return await self.post(TOKEN, app, data)

    async def post(self, path: str, app: App, data: Mapping[str, Any]) -> httpx.Response:
        auth = httpx.USE_CLIENT_DEFAULT if app.auth is None else app.auth
        return await self.browser().post(path, data=data, auth=auth)

    async def revoke(self, app: App, token: str) -> httpx.Response:
        data = {"token": token}
        if app.secret is None:
            data["client_id"] = app.id
        return await self.post(REVOKE, app, data)

    async def introspect(self, app: App, token: str) -> dict[str, Any]:
        response = await self.post(INTROSPECT, app, {"token": token})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def send_raw(self, method: str, path: str) -> httpx.Response:
        """Any method at all, spelled as given: httpx would write it in capitals."""
        browser = self.browser()
        request = browser.build_request("GET", path)
        request.method = method
        return await browser.send(request)

    async def call(self, token: str, path: str = ME) -> httpx.Response:
        return await self.browser().get(path, headers={"authorization": f"Bearer {token}"})

    async def tokens(
        self, app: App, browser: httpx.AsyncClient | None = None, **changes: str | None
    ) -> dict[str, Any]:
        """The whole code flow: the token response."""
        code = (await self.authorize(browser or await self.signed_in(), app, **changes)).code
        response = await self.redeem(app, code)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def metrics(self) -> str:
        """What the operator's collector reads."""
        headers = {"authorization": f"Bearer {METRICS_TOKEN}"}
        page = await self.browser().get("/metrics", headers=headers)
        assert page.status_code == 200
        return page.text

    async def counted(self, series: str) -> float:
        """The value of one series of /metrics, 0 before it was first counted."""
        page = await self.metrics()
        found = re.search(rf"^{re.escape(series)} (\S+)$", page, re.MULTILINE)
        return 0.0 if found is None else float(found[1])

    def rows(self) -> dict[str, list[Any]]:
        """Everything that the database keeps, but for the record of events."""
        with closing(apsw.Connection(str(self.database))) as database:
            tables = [
                name
                for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
                if name not in ("events", "sqlite_sequence")
            ]
            return {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in tables}

    def advance(self, **by: float) -> None:
        self.context.clock.advance(timedelta(**by))  # type: ignore[attr-defined]


def response_of(response: httpx.Response) -> AuthorizationResponse:
    """The parameters of a redirect back to the app, by query or fragment."""
    assert response.status_code == 303, f"{response.status_code}: {response.text}"
    location = response.headers["location"]
    parts = urlsplit(location)
    pairs = parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(parts.fragment)
    return AuthorizationResponse(location, dict(pairs))


def form_fields(page: str) -> dict[str, str]:
    """The hidden fields of the (first) form that has any."""
    return {
        unescape(name): unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    }


async def prepare_database(settings: Settings, clock: Clock, entropy: Entropy) -> PreparedDatabase:
    """Make what all servers of a run share, in the database of these settings (SQLite)."""
    await prepare(settings, clock, entropy)
    async with open_app(settings, clock, entropy) as context:
        keys = await context.stores.keys.signing_keys()
    hasher = PasswordHasher(1, 1, entropy)
    try:
        hashed = await hasher.hash(Secret(PASSWORD))
    finally:
        hasher.close()
    return PreparedDatabase(file_of(settings), keys, shipped_renderer(), hashed)


OpenHarness = Callable[..., AbstractAsyncContextManager[AppHarness]]


@asynccontextmanager
async def open_app_harness(
    settings: Settings,
    clock: Clock,
    entropy: Entropy,
    prepared_database: PreparedDatabase | None = None,
    providers: Sequence[Provider] | None = None,
    fetcher: DocumentFetcher | None = None,
    internet: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[AppHarness]:
    """A separate server, over a copy of the prepared database when there is one, or with its keys
    in an empty database on PostgreSQL; with these providers of sign-ins instead of those of the
    settings, and this instead of the network for what apps registered; or with the providers of
    the settings, over this `internet`."""
    keys: Sequence[SigningKey] = ()
    if prepared_database is None:
        prepared_database = await prepare_database(settings, clock, entropy)
    elif sqlite_path(settings.database) is None:
        keys = prepared_database.keys
    else:
        shutil.copy(prepared_database.database, file_of(settings))
    async with open_app(settings, clock, entropy) as context:
        for key in keys:  # to make new ones takes longer than most tests
            assert await context.stores.keys.add_signing_key(key, replaces=None)
        if providers is not None:
            context = replace(context, providers={each.name: each for each in providers})
        if internet is not None:
            http_client = GuardedHttpClient(transport=internet)
            made = open_providers(
                provider_policies(settings),
                http_client,
                context.clock,
                context.stores.replays,
                AssertionKeys(context.envelope.derive_all, entropy),
                context.provider_outcomes.record,
            )
            context = replace(context, providers=made)
        if fetcher is not None:
            keys = ClientKeys(KeyDocuments(fetcher, context.clock), context.envelope)
            dynamic = replace(context.dynamic, fetcher=fetcher)
            context = replace(context, fetcher=fetcher, client_keys=keys, dynamic=dynamic)
        application = await build_server(context, prepared_database.renderer)
        harness = AppHarness(
            context, application, file_of(settings), prepared_database.password_hash
        )
        yield harness
        await harness.close()


def file_of(settings: Settings) -> Path:
    """The file of an SQLite database."""
    return Path(settings.database.removeprefix("sqlite:///"))
