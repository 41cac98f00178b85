"""Chromium holds every redirect that follows a form against the form's policy: a provider that
sends people on to its other host (of a tenant, of another product) is reached from the page of
linked accounts all the same."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from quantimodo.app.clock_and_entropy import SystemClock
from support.app import PASSWORD
from support.live_server import Live, ServeLive
from support.page_gallery import chromium, open_window
from support.page_site import listening
from support.upstream import Upstream, jwk_of, rsa_key
from support.workers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@dataclass(slots=True)
class SendsOn:
    """A provider with one address for its clients (`address`) and another one for people."""

    address: str
    people: str
    requested: dict[str, str] = field(default_factory=dict)

    @property
    def upstream(self) -> Upstream:
        return Upstream(SystemClock(), issuer=self.address, client_id="quantimodo")

    async def metadata(self, _: Request) -> Response:
        return JSONResponse(self.upstream.metadata(userinfo_endpoint=None))

    async def keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [jwk_of(rsa_key(), "one")]})

    async def authorize(self, request: Request) -> Response:
        self.requested = dict(request.query_params)
        return RedirectResponse(f"{self.people}/people", 302)

    async def show(self, _: Request) -> Response:
        response = urlencode({"code": "a-code", "state": self.requested["state"]})
        link = f'<a id="me" href="{self.requested["redirect_uri"]}?{response}">Continue as Ann</a>'
        return HTMLResponse(f"<!doctype html><html lang=en><title>Who?</title>{link}")

    async def token(self, _: Request) -> Response:
        token = self.upstream.id_token(nonce=self.requested["nonce"], email="ann@work.example.org")
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": token})


@pytest.fixture
async def provider() -> AsyncIterator[SendsOn]:
    ports = free_port(), free_port()
    it = SendsOn(f"http://127.0.0.1:{ports[0]}", f"http://localhost:{ports[1]}")
    for_clients = [
        Route("/.well-known/openid-configuration", it.metadata),
        Route("/keys", it.keys),
        Route("/authorize", it.authorize),
        Route("/token", it.token, methods=["POST"]),
    ]
    async with (
        listening(Starlette(routes=for_clients), ports[0]),
        listening(Starlette(routes=[Route("/people", it.show)]), ports[1]),
    ):
        yield it


@pytest.fixture
async def served(serve_live: ServeLive, provider: SendsOn) -> Live:
    return await serve_live(
        insecure_private_hosts=provider.address.removeprefix("http://"),
        providers__work__kind="oidc",
        providers__work__title="Example Inc.",
        providers__work__issuer=provider.address,
        providers__work__client_id="quantimodo",
        providers__work__client_secret="a-secret",
    )


async def test_an_account_is_linked_at_a_provider_that_sends_people_on(served: Live) -> None:
    await served.person()
    async with (
        chromium() as browser,
        open_window(browser, served.address, width=360, scheme="light") as page,
    ):
        await page.goto("/account/identities")
        await page.fill("input[name=username]", "ann@example.org")
        await page.fill("input[name=password]", PASSWORD)
        await page.click("button[type=submit]")
        await page.click("text=Link Example Inc.")
        await page.click("#me")
        await page.wait_for_url(f"{served.address}/account/identities")
        assert "ann@work.example.org" in await page.inner_text("ul.rows")
