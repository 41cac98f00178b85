"""A live server for clients that want a socket: the real processes, and people who use it.

`live` is one worker over SQLite; `serve_live` makes any other (workers, engine, settings). People
and apps are made by the services that the command line uses, on the same database. What a person
does, a `Live` does as a browser without scripts.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from quantimodo.app.composition.services import AppContext, open_app, prepare
from quantimodo.app.settings.reading import load_settings
from quantimodo.clients.registry import Registration
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from quantimodo.protocol.scopes import SCOPES
from support.app import ALL_GRANTS, PASSWORD, App, form_fields
from support.environment import no_authorities
from support.postgres import off_loop
from support.workers import Workers, environment_for, free_port

_PATIENCE = 60


@dataclass(slots=True)
class Live:
    """A running server. `context` is this process's access to the same database."""

    server: Workers
    context: AppContext
    _open: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The issuer that clients use."""
        return self.context.settings.issuer

    def browser(self) -> httpx.AsyncClient:
        """A new browser without cookies, also usable as a plain client."""
        client = httpx.AsyncClient(
            base_url=self.address, timeout=_PATIENCE, verify=no_authorities()
        )
        self._open.append(client)
        return client

    async def close(self) -> None:
        for client in self._open:
            await client.aclose()

    async def person(self, email: str = "ann@example.org", name: str = "Ann Example") -> User:
        """A person with a verified address, who signs in by `PASSWORD`."""
        return await self.context.accounts.administration.create(
            email=email, name=name, password=Secret(PASSWORD), verified=True
        )

    async def app(self, redirect_uri: str, **changes: Any) -> App:
        """An app as the operator registers it: all scopes, all grants that it may have."""
        grants = ALL_GRANTS - {"client_credentials"} if changes.get("public") else ALL_GRANTS
        requested: dict[str, Any] = {
            "name": "Mood Tracker",
            "redirect_uris": (redirect_uri,),
            "scope": frozenset(SCOPES),
            "grant_types": grants,
        }
        registered = await self.context.registry.register(
            Registration(**{**requested, **changes}), owner_id=None, by_operator=True
        )
        secret = None if registered.secret is None else registered.secret.reveal()
        return App(registered.client, secret)

    async def allow(self, url: str, email: str = "ann@example.org", **choices: str) -> str:
        """Open an authorization request in a new browser, sign in, and allow what is asked, with
        these fields of the consent page.

        The address at the app to which the browser is sent in the end.
        """
        browser = self.browser()
        question = await browser.get(url)
        assert question.status_code == 303, question.text
        sign_in = await browser.get(question.headers["location"])
        fields = {**form_fields(sign_in.text), "username": email, "password": PASSWORD}
        signed_in = await browser.post("/sign-in", data=fields)
        assert signed_in.status_code == 303, signed_in.text
        response = await browser.get(signed_in.headers["location"])
        if response.status_code == 200:  # the consent page, unless the person allowed it before
            fields = {**form_fields(response.text), "decision": "allow", **choices}
            response = await browser.post("/api/v2/oauth/authorize/decision", data=fields)
        assert response.status_code == 303, response.text
        location: str = response.headers["location"]
        return location


ServeLive = Callable[..., Coroutine[Any, Any, Live]]


@cache
def _prepared_file() -> bytes:
    """A SQLite file with the schema and signing keys: to make them takes as long as to start."""
    with TemporaryDirectory(prefix="qm-live-") as folder:
        file = Path(folder, "prepared.db")
        settings = load_settings(environment_for(f"sqlite:///{file}", 1))
        off_loop(lambda: prepare(settings))
        return file.read_bytes()


@contextmanager
def open_server(
    folder: Path, *, database: str | None = None, workers: int = 1, **settings: str
) -> Iterator[Workers]:
    """A server over a fresh SQLite file in `folder`, or over `database`; killed at the end."""
    port = free_port()
    if database is None:
        file = folder / f"live-{port}.db"
        file.write_bytes(_prepared_file())
        database = f"sqlite:///{file}"
    issuer = f"http://127.0.0.1:{port}"
    environment = environment_for(database, port, issuer=issuer, **settings)
    server = Workers(environment, folder / f"live-{port}.log", count=workers)
    server.start()
    try:
        yield server
    finally:
        server.kill()
    assert server.incidents() == []


@asynccontextmanager
async def open_live_on(server: Workers) -> AsyncIterator[Live]:
    """This process's access to a server that several tests share. The people and applications
    that were added meanwhile are deleted at its end."""
    async with open_app(server.settings) as context:
        people, apps = await _people(context), await _apps(context)
        live = Live(server, context)
        yield live
        await live.close()
        for user_id in await _people(context) - people:
            assert await context.stores.users.delete_user(user_id, context.clock.now())
        for client_id in await _apps(context) - apps:
            assert await context.stores.clients.delete_client(client_id)


async def _people(context: AppContext) -> set[int]:
    return {user.id for user in await context.stores.users.users()}


async def _apps(context: AppContext) -> set[str]:
    return {client.id for client in await context.stores.clients.clients()}


@asynccontextmanager
async def open_live(folder: Path, **wanted: Any) -> AsyncIterator[Live]:
    """A separate server, as `open_server` makes it."""
    with open_server(folder, **wanted) as server:
        async with open_app(server.settings) as context:
            live = Live(server, context)
            yield live
            await live.close()


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """One worker over a fresh SQLite file."""
    async with open_live(tmp_path) as opened:
        yield opened


@pytest.fixture
async def serve_live(tmp_path: Path) -> AsyncIterator[ServeLive]:
    """`await serve_live(workers=4, database=postgres_url, legacy_transport="false")`."""
    async with AsyncExitStack() as stack:

        async def serve(**wanted: Any) -> Live:
            return await stack.enter_async_context(open_live(tmp_path, **wanted))

        yield serve
