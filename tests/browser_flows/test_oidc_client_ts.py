"""oidc-client-ts (npm), unmodified, in Chromium: its page signs a person in, stays signed
in, notices, and signs out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from support.app import PASSWORD, App
from support.live_server import Live
from support.page_gallery import chromium, open_window
from support.page_site import listening
from support.workers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.timeout(120)]

_SCRIPT = (
    Path(__file__).parent.parent
    / "node/node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"
)
_PAGE = """<!doctype html><html lang=en><title>An app</title><p id=state>loaded</p>
<script src="/oidc-client-ts.js"></script>
<script>
  const show = (text) => {{ document.getElementById('state').textContent = text }}
  const manager = new oidc.UserManager({{
    authority: '{issuer}', client_id: '{client_id}',
    redirect_uri: '{site}/callback', silent_redirect_uri: '{site}/silent',
    post_logout_redirect_uri: '{site}/bye', scope: 'openid profile email',
    response_mode: '{mode}', loadUserInfo: true, automaticSilentRenew: false,
    monitorSession: {monitor}, checkSessionIntervalInSeconds: 1,
  }})
  manager.events.addUserSignedOut(() => show('signed out elsewhere'))
</script>"""


@pytest.fixture
async def site() -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """A static page, as a single-page app is served."""
    words: dict[str, Any] = {}

    async def page(request: Request) -> Response:
        return HTMLResponse(_PAGE.format(**words))

    async def script(request: Request) -> Response:
        return FileResponse(_SCRIPT)

    routes = [Route("/oidc-client-ts.js", script)]
    routes += [Route(path, page) for path in ("/", "/callback", "/silent", "/bye")]
    async with listening(Starlette(routes=routes), free_port()) as address:
        words["site"] = address
        yield address, words


async def registered(live: Live, site: str, **changes: Any) -> App:
    app = await live.app(f"{site}/callback", public=True, **changes)
    client = await live.context.stores.clients.client(app.id)
    assert client is not None
    metadata = replace(client.metadata, post_logout_redirect_uris=(f"{site}/bye",))
    uris = (f"{site}/callback", f"{site}/silent")
    assert await live.context.stores.clients.replace_client(
        replace(client, redirect_uris=uris, metadata=metadata)
    )
    return app


async def sign_in(page: Page, site: str) -> dict[str, Any]:
    """From the app's own button to its callback; whom the library knows then."""
    await page.goto(f"{site}/")
    await page.evaluate("void manager.signinRedirect({state: 'where I was'})")
    await page.wait_for_selector("[name=username]")
    await page.fill("[name=username]", "ann@example.org")
    await page.fill("[name=password]", PASSWORD)
    await page.click("main button[type=submit]")
    await page.wait_for_selector("#allow")
    async with page.expect_navigation(url=f"{site}/callback*"):
        await page.click("#allow")
    await page.wait_for_load_state()
    user: dict[str, Any] = await page.evaluate(
        "manager.signinCallback().then(user => ({profile: user.profile, state: user.state,"
        " refresh: user.refresh_token || null}))"
    )
    return user


@pytest.mark.parametrize("mode", ["query", "fragment"])
async def test_a_page_signs_in_renews_and_signs_out(
    live: Live, site: tuple[str, dict[str, Any]], mode: str
) -> None:
    ann = await live.person()
    address, words = site
    app = await registered(live, address)
    words.update(issuer=live.address, client_id=app.id, mode=mode, monitor="false")
    async with (
        chromium() as browser,
        open_window(browser, live.address, width=1280, scheme="light") as page,
    ):
        user = await sign_in(page, address)
        assert user["profile"]["sub"] == ann.subject
        assert user["profile"]["email"] == "ann@example.org", "from userinfo, by a script (CORS)"
        assert user["state"] == "where I was"
        renewed = await page.evaluate("manager.signinSilent().then(user => user.refresh_token)")
        assert renewed != user["refresh"], "rotated"
        await page.evaluate("manager.revokeTokens(['access_token', 'refresh_token'])")
        async with page.expect_navigation(url=f"{address}/bye*"):
            await page.evaluate("void manager.signoutRedirect()")
        await page.goto(f"{live.address}/account")
        assert "/sign-in" in page.url


async def test_a_frame_renews_without_a_refresh_token(
    live: Live, site: tuple[str, dict[str, Any]]
) -> None:
    """`prompt=none` in a hidden frame. A public app on loopback is asked about each time (decision
    0006), so the library hears `consent_required`, in the frame, and not a page."""
    await live.person()
    address, words = site
    app = await registered(live, address, grant_types=frozenset({"authorization_code"}))
    words.update(issuer=live.address, client_id=app.id, mode="query", monitor="false")
    async with (
        chromium() as browser,
        open_window(browser, live.address, width=1280, scheme="light") as page,
    ):
        user = await sign_in(page, address)
        assert user["refresh"] is None
        received = asyncio.create_task(
            page.evaluate(
                "manager.signinSilent({silentRequestTimeoutInSeconds: 10})"
                ".then(() => 'signed in', error => error.error || String(error))"
            )
        )
        # The frame shows the app's own silent page, which hands the response to the library.
        frame_call = "manager.signinSilentCallback()"
        await page.wait_for_selector("iframe", state="attached")
        for _ in range(100):
            frame = next((each for each in page.frames if "/silent" in each.url), None)
            if frame is not None:
                break
            await page.wait_for_timeout(50)
        assert frame is not None
        await frame.wait_for_load_state()
        await frame.evaluate(frame_call)
        assert await received == "consent_required"


async def test_a_page_notices_that_the_person_signed_out(
    live: Live, site: tuple[str, dict[str, Any]]
) -> None:
    await live.person()
    address, words = site
    app = await registered(live, address)
    words.update(issuer=live.address, client_id=app.id, mode="query", monitor="true")
    async with (
        chromium() as browser,
        open_window(browser, live.address, width=1280, scheme="light") as page,
    ):
        await sign_in(page, address)
        other = await page.context.new_page()
        await other.goto(f"{live.address}/sign-out")
        await other.click("main button[type=submit]")
        await page.wait_for_function(
            "document.getElementById('state').textContent === 'signed out elsewhere'",
            timeout=30_000,
        )
