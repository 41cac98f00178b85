"""The sandbox alone, as an ASGI application, and an app that signs people in through it."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from quantimodo.crypto.envelope import Envelope
from quantimodo.crypto.jwks import open_verifier
from quantimodo.crypto.jwt import unverified_kid, verify
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.sandbox.fake_providers import FACEBOOK_APP, GOOGLE_APP, OIDC_APP
from quantimodo.sandbox.routes import SandboxPolicy, sandbox_routes
from support.app import CHALLENGE, ISSUER, VERIFIER
from support.environment import shipped_renderer

GRAPH = "/sandbox/facebook/v25.0"
RETURN = f"{ISSUER}/api/v2/auth/social/callback/google"
APPS = {"google": GOOGLE_APP, "facebook": FACEBOOK_APP, "oidc": OIDC_APP}
_AUTHORIZE = {
    "google": "/sandbox/google/auth",
    "oidc": "/sandbox/oidc/auth",
    "facebook": f"{GRAPH}/dialog/oauth",
}


@dataclass(slots=True)
class Sandbox:
    """`waits` are the seconds that it would have slept."""

    app: Starlette
    http: httpx.AsyncClient
    waits: list[float] = field(default_factory=list)

    async def ask(self, fake_provider: str, **changes: str | None) -> httpx.Response:
        """An authorization request; a parameter that is None is left out."""
        requested: dict[str, str | None] = {
            "client_id": APPS[fake_provider].id,
            "redirect_uri": RETURN,
            "response_type": "code",
            "scope": "openid email profile"
            if fake_provider != "facebook"
            else "email public_profile",
            "state": "some-state",
            "nonce": "some-nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        sent = {name: value for name, value in requested.items() if value is not None}
        return await self.http.get(_AUTHORIZE[fake_provider], params=sent)

    async def choose(
        self, fake_provider: str, person: str, **changes: str | None
    ) -> dict[str, str]:
        """Press a person's button on the page; the response that goes back to the app."""
        page = await self.ask(fake_provider, **changes)
        assert page.status_code == 200, page.text
        return response_of(await self.http.get(link(page, person)))

    async def redeem(
        self, fake_provider: str, code: str, /, **changes: str | None
    ) -> httpx.Response:
        """Exchange a code; a parameter that is None is left out."""
        path = (
            f"{GRAPH}/oauth/access_token"
            if fake_provider == "facebook"
            else f"/sandbox/{fake_provider}/token"
        )
        requested: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": RETURN,
            "code_verifier": VERIFIER,
            "client_id": APPS[fake_provider].id,
            "client_secret": APPS[fake_provider].secret.reveal(),
            **changes,
        }
        sent = {name: value for name, value in requested.items() if value is not None}
        return await self.http.post(path, data=sent)

    async def tokens(
        self, fake_provider: str, person: str, **changes: str | None
    ) -> dict[str, Any]:
        """The whole code flow."""
        authorization_response = await self.choose(fake_provider, person, **changes)
        response = await self.redeem(fake_provider, authorization_response["code"])
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    async def native(self, fake_provider: str, person: str, **sent: str) -> dict[str, Any]:
        response = await self.http.post(
            f"/sandbox/{fake_provider}/native", json={"person": person, **sent}
        )
        found: dict[str, Any] = response.json()
        return found

    async def read(self, fake_provider: str, id_token: str, typ: str = "JWT") -> dict[str, Any]:
        """The claims, verified with the key that the provider publishes."""
        metadata = await self.http.get(f"/sandbox/{fake_provider}/.well-known/openid-configuration")
        keys = (await self.http.get(urlsplit(metadata.json()["jwks_uri"]).path)).json()["keys"]
        key = next(each for each in keys if each["kid"] == unverified_kid(id_token))
        return verify(id_token, open_verifier(key["kid"], "RS256", json.dumps(key)), typ)


def link(page: httpx.Response, person: str) -> str:
    """Where a person's button leads."""
    found = re.search(rf'id="person-{person}" href="([^"]+)"', page.text)
    assert found is not None, f"no button for {person}"
    return unescape(found[1])


def response_of(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 303, response.text
    parts = urlsplit(response.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == RETURN
    return dict(parse_qsl(parts.query, strict_parsing=True))


@asynccontextmanager
async def open_sandbox(
    clock: Clock, entropy: Entropy, policy: SandboxPolicy | None = None
) -> AsyncIterator[Sandbox]:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    renderer = shipped_renderer()
    routes = sandbox_routes(
        policy or SandboxPolicy(server=ISSUER),
        renderer=renderer,
        envelope=Envelope([b"k" * 32], entropy),
        clock=clock,
        entropy=entropy,
        sleep=sleep,
    )
    table = [Route(path, to, methods=list(methods)) for methods, path, to in routes]
    app = Starlette(routes=[*table, Route("/static/{name}", renderer.assets.serve)])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        yield Sandbox(app, http, waits)
