"""The first token in a minute (docs/developer/first-token.md): `quantimodo serve` with no settings,
the playground in Chromium, and `quantimodo token` in a terminal."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page

from support.accessibility import faults_in_each_look
from support.page_gallery import chromium, open_window
from support.terminal import Server, Terminal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


async def test_a_developer_gets_a_first_token_without_an_error_page(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    server = terminal.serve()
    await _in_the_browser(server)
    await _in_the_portal(server)
    await _in_the_terminal(terminal, server)
    assert server.stop() == 0
    assert server.process.stdout is not None
    server.process.stdout.close()
    assert "Traceback" not in (tmp_path / "serve.err").read_text()


async def _in_the_browser(server: Server) -> None:
    async with (
        chromium() as browser,
        open_window(browser, server.url, width=360, scheme="light") as page,
    ):
        await page.goto(server.url)
        await page.click("text=Open the playground")
        await page.check("text=offline_access")
        await page.click("text=Sign in and allow")
        await page.click("text=Google")
        await page.click("#person-demo")
        await page.click("#allow")
        assert await page.text_content("h2#response") == "2. The authorization response"
        await page.click("text=Get the tokens")
        claims = await _json_of(page, "Claims")
        assert claims["iss"] == server.url
        assert claims["aud"] == "demo"
        assert "The signature is by a published key" in await page.inner_text("main")
        first = await _response(page)
        assert first["access_token"].startswith("qma_")
        await page.click("text=Get userinfo")
        assert (await _response(page))["email"] == "ada@example.org"
        await page.click("text=Get the user")
        assert (await _response(page))["loginName"] == "ada@example.org"
        await page.click("text=List variables")
        assert "200" in (await _block(page, "Response")).splitlines()[0]
        await page.click("text=Refresh")
        assert (await _response(page))["access_token"] != first["access_token"]
        command = await _block(page, "The same in a terminal")
        assert command.startswith("curl ")
        await page.click("text=Revoke")
        await page.click("text=Get userinfo")
        assert (await _block(page, "Response")).startswith("401")
        assert await faults_in_each_look(page, "playground") == []


async def _in_the_portal(server: Server) -> None:
    """Sign in, register, copy, try it, see tokens: the person's own application."""
    async with (
        chromium() as browser,
        open_window(browser, server.url, width=1280, scheme="dark") as page,
    ):
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.goto("/sign-in?return_to=/developers/new")
        await page.click("text=Google")
        await page.click("#person-demo")
        await page.fill("[name=name]", "Mood Tracker")
        await page.fill("[name=redirect_uris]", "https://app.example.org/callback")
        await page.click("text=Register application")
        for name in ("client-id", "client-secret", "authorize-url"):
            shown = await page.text_content(f"#{name}")
            await page.click(f"button[aria-describedby={name}-name]")
            await page.wait_for_selector(f"button[aria-describedby={name}-name]:has-text('Copied')")
            assert await page.evaluate("navigator.clipboard.readText()") == shown
        secret = await page.text_content("#client-secret")
        assert secret is not None
        assert await faults_in_each_look(page, "overview") == []
        await page.click(".subtabs >> text=Try it")
        await page.click("text=Register this callback")
        await page.click("#start")
        await page.click("#allow")
        await page.fill("#secret", secret)
        await page.click("text=Get the tokens")
        claims = json.loads(await page.inner_text("#id-token-claims"))
        assert claims["iss"] == server.url
        assert "qma_" in await page.inner_text("#received")
        assert secret not in await page.content()
        await page.click("text=Get the user")
        assert "ada@example.org" in await page.inner_text("#received")
        assert await faults_in_each_look(page, "try it") == []


async def _in_the_terminal(terminal: Terminal, server: Server) -> None:
    found = terminal.does("token", "--scope", "openid basic", issuer=server.url).out.strip()
    async with httpx.AsyncClient(base_url=server.url) as http:
        response = await http.get("/api/v1/user/me", headers={"authorization": f"Bearer {found}"})
        assert response.json()["email"] == "ada@example.org"
        # A page of a development server, for a browser on this machine only (security.md §14d).
        misdirected = await http.get("/playground", headers={"host": "attacker.example"})
        assert misdirected.status_code == 421
        # The state of another browser, and a code that was not requested (RFC 6749 §10.12).
        foreign = await http.get("/playground/callback", params={"code": "qmc_x", "state": "x"})
        assert foreign.status_code == 200
        assert "qmc_x" not in foreign.text
        assert (await http.post("/playground/call", data={"call": "token"})).status_code == 403


async def _block(page: Page, label: str) -> str:
    text = await page.get_by_role("region", name=label, exact=True).text_content()
    assert text is not None
    return text


async def _json_of(page: Page, label: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await _block(page, label))
    return found


async def _response(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await _block(page, "Response")).split("\n\n", 1)[1])
    return found
