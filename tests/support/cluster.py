"""The setup of tests over real processes: the server, and this process's access to its database.

People, apps and codes are made through the server's services and stores; all that is tested
goes over the socket.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import psutil

from quantimodo.app.composition.services import AppContext, open_app
from quantimodo.clients.registry import Registration
from quantimodo.crypto.tokens import Kind, key_of, mint
from quantimodo.model.consents import Consent
from quantimodo.model.secrets import Secret
from quantimodo.model.tokens import AuthorizationCode, Grant
from quantimodo.model.users import User
from quantimodo.protocol.grant_types import DEVICE_CODE
from support.app import ALL_GRANTS, CALLBACK, CHALLENGE, PASSWORD, form_fields
from support.environment import no_authorities
from support.oauth_client import SCOPE, Caller, Tokens
from support.raw_http import Connection, get
from support.workers import Workers

_A_WHILE = timedelta(hours=1)
_MOST_TRIES = 60
_PAUSE = 0.5  # seconds


@dataclass(slots=True)
class Cluster:
    """One person, one app with all grants, and as many connections as a test opens."""

    server: Workers
    context: AppContext
    user: User
    app: Caller
    _open: list[Connection] = field(default_factory=list)

    async def connection(self) -> Connection:
        connection = await Connection.open(self.server.port)
        self._open.append(connection)
        return connection

    async def open_connections(self, size: int) -> Sequence[Connection]:
        """`size` open connections, of which every worker serves some."""
        for _ in range(_MOST_TRIES):
            found = [await self.connection() for _ in range(size)]
            for connection in found:
                assert (await connection.ask(get("/health/live"))).status == 200
            owners = self.owners()
            if len({owners[connection.own_port] for connection in found}) == self.server.count:
                return _in_turn(found, owners)
            # A worker is still starting: the others would take more than they may of one address.
            for connection in found:
                self._open.remove(connection)
                await connection.close()
            await asyncio.sleep(_PAUSE)
        raise AssertionError("one of the workers takes no connections")

    def owners(self) -> dict[int, int]:
        """Which worker serves the connection from which port of ours."""
        return {
            link.raddr.port: pid
            for pid in self.server.pids()
            for link in psutil.Process(pid).net_connections("tcp")
            if link.raddr
        }

    async def code(self) -> str:
        """An authorization code as the authorize endpoint saves it."""
        minted = mint(Kind.CODE, self.context.clock.now(), self.context.entropy)
        await self._save_code(minted.key, redirect_uri=CALLBACK, challenge=CHALLENGE)
        return minted.raw.reveal()

    async def device_code(self, connection: Connection) -> str:
        """A device code that the person has approved, as the last page of the flow saves it."""
        response = await connection.ask(self.app.device_request())
        assert response.status == 200, response.body
        raw: str = response.json()["device_code"]
        key = key_of(Kind.DEVICE, raw)
        assert key is not None
        await self._save_code(key, polled=key)
        return raw

    async def _save_code(
        self,
        key: bytes,
        redirect_uri: str | None = None,
        challenge: str | None = None,
        polled: bytes | None = None,
    ) -> None:
        now = self.context.clock.now()
        grant = Grant(
            id=key[:4] + self.context.entropy.bytes(12),
            client_id=self.app.client_id,
            user_id=self.user.id,
            scope=SCOPE,
            authenticated_at=now,
            created_at=now,
            expires_at=now + _A_WHILE,
        )
        code = AuthorizationCode(key, grant.id, redirect_uri, challenge, None, now + _A_WHILE)
        await self.consent()
        saved = await self.context.stores.authorizations.add_grant(grant, code, polled=polled)
        assert saved

    async def tokens(self, connection: Connection) -> Tokens:
        """A new authorization: its first tokens."""
        return Tokens.of(await connection.ask(self.app.redemption(await self.code())))

    async def consent(self) -> None:
        """The person allows the app everything that it may ask for."""
        now = self.context.clock.now()
        await self.context.stores.authorizations.save_consent(
            Consent(
                user_id=self.user.id,
                client_id=self.app.client_id,
                scope=SCOPE,
                granted_at=now,
                updated_at=now,
            )
        )

    async def sign_in(self, browser: httpx.AsyncClient) -> None:
        """Through the sign-in page."""
        page = await browser.get("/sign-in")
        assert self.user.email is not None
        form = {**form_fields(page.text), "username": self.user.email, "password": PASSWORD}
        assert (await browser.post("/sign-in", data=form)).status_code == 303

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.server.settings.issuer, verify=no_authorities())

    async def close(self) -> None:
        for connection in self._open:
            await connection.close()


def _in_turn(found: Sequence[Connection], owners: dict[int, int]) -> list[Connection]:
    """One of each worker, another one of each, and so on, as far as there are."""
    seen: Counter[int] = Counter()
    ranked = []
    for connection in found:
        owner = owners[connection.own_port]
        seen[owner] += 1
        ranked.append((seen[owner], connection))
    return [connection for _, connection in sorted(ranked, key=lambda item: item[0])]


@asynccontextmanager
async def open_cluster(server: Workers) -> AsyncIterator[Cluster]:
    async with open_app(server.settings) as context:
        mark = context.entropy.bytes(6).hex()
        user = await context.accounts.administration.create(
            email=f"ann-{mark}@example.org",
            name="Ann Example",
            password=Secret(PASSWORD),
            verified=True,
        )
        registered = await context.registry.register(
            Registration(
                name="Mood Tracker",
                redirect_uris=(CALLBACK,),
                scope=SCOPE,
                grant_types=ALL_GRANTS | {DEVICE_CODE},
            ),
            owner_id=None,
            by_operator=True,
        )
        assert registered.secret is not None
        app = Caller(registered.client.id, registered.secret.reveal())
        cluster = Cluster(server, context, user, app)
        try:
            yield cluster
        finally:
            await cluster.close()
