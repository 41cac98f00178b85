"""examples/oidc-client-ts and examples/react-vite in Chromium: both show the same."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from support.app import PASSWORD
from support.example_runs import ExamplePerson, SetUp, set_up
from support.live_server import Live
from support.npm_projects import record_measurement
from support.page_gallery import chromium, open_window

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.browser,
    pytest.mark.node,
    pytest.mark.timeout(120),
]
_STORED = "Object.values(sessionStorage).find(text => text.includes('refresh_token'))"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


async def at_consent(page: Page, email: str) -> None:
    """From the app's own page to the consent page of the server."""
    await page.click("text=Sign in with quantimodo")
    await page.wait_for_selector("[name=username], #allow")
    if await page.query_selector("[name=username]"):
        await page.fill("[name=username]", email)
        await page.fill("[name=password]", PASSWORD)
        await page.click("main button[type=submit]")
    await page.wait_for_selector("#allow")


async def stored(page: Page) -> dict[str, Any]:
    """What the library has stored of this person."""
    found: dict[str, Any] = json.loads(await page.evaluate(_STORED))
    return found


async def use(made: SetUp, site: Live, person: ExamplePerson, page: Page) -> None:
    problems, console = list[str](), list[str]()
    page.on("pageerror", lambda error: problems.append(error.message))
    page.on("console", lambda message: console.append(message.text))
    await page.goto(made.origin)
    await at_consent(page, person.email)
    await page.click("#allow")
    await page.wait_for_selector("text=Signed in as Ann Example")
    await page.wait_for_selector("text=Sleep Quality: 3 /5")
    await page.wait_for_url(lambda url: url == f"{made.origin}/")
    first = await stored(page)

    await page.click("text=Get a new access token")
    second = first
    while second["refresh_token"] == first["refresh_token"]:
        await page.wait_for_timeout(50)
        second = await stored(page)
    assert second["access_token"] != first["access_token"]
    await page.reload()
    await page.wait_for_selector("text=Signed in as Ann Example")

    await page.click("text=Sign out")
    await page.wait_for_selector("text=Sign in with quantimodo")
    assert page.url == f"{made.origin}/"
    refused = await site.browser().post(
        "/api/v2/oauth2/access_token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": second["refresh_token"],
            "client_id": made.app.id,
        },
    )
    assert refused.json()["error"] == "invalid_grant", "revoked by the app"

    await at_consent(page, person.email)
    await page.click("main button:has-text('Cancel')")
    await page.wait_for_selector("text=access_denied")
    assert problems == []
    assert [text for text in console if "Content Security Policy" in text] == []


@pytest.mark.parametrize(
    ("name", "command"), [("oidc-client-ts", ("start",)), ("react-vite", ("run", "dev"))]
)
async def test_a_page_signs_in_refreshes_signs_out_and_shows_a_refusal(
    site: Live, person: ExamplePerson, npm_folder: Path, browser: Browser, name: str, command: Any
) -> None:
    await record_measurement(site, person.email)
    made = await set_up(site, name, npm_folder)
    async with (
        made.serving("npm", *command),
        open_window(browser, made.origin, width=1280, scheme="light") as page,
    ):
        await use(made, site, person, page)


async def test_vite_makes_files_for_a_server_of_static_files(site: Live, npm_folder: Path) -> None:
    made = await set_up(site, "react-vite", npm_folder)
    async with made.running("npm", "run", "build") as process:
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    (script,) = (made.folder / "dist/assets").glob("*.js")
    assert made.app.id in script.read_text("utf-8")
