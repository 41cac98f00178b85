"""examples/oauth2-proxy: the proxy, as its makers publish it, before a small website."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path

import httpx
import pytest

from support.app import form_fields
from support.example_builds import installed_go, refresh_count
from support.example_runs import ExamplePerson, SetUp, set_up
from support.live_server import Live
from support.workers import free_port

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.slow,
    pytest.mark.timeout(600),  # the first run compiles the proxy
]

PACKAGE, VERSION = "github.com/oauth2-proxy/oauth2-proxy/v7", "v7.15.6"
COOKIE_SECRET = "0123456789abcdef0123456789abcdef"


@asynccontextmanager
async def running(made: SetUp) -> AsyncIterator[None]:
    """The website and the proxy, which refreshes a session that is older than a second."""
    proxy = await installed_go(PACKAGE, VERSION, "oauth2-proxy")
    port = str(free_port())
    command = (
        *(proxy, "--config=quantimodo.cfg", f"--http-address=127.0.0.1:{made.port}"),
        *(f"--upstream=http://127.0.0.1:{port}/", "--cookie-refresh=1s"),
    )
    async with (
        made.running(sys.executable, "upstream.py", PORT=port),
        made.serving(*command, path="/ping", OAUTH2_PROXY_COOKIE_SECRET=COOKIE_SECRET),
        httpx.AsyncClient() as client,
    ):
        while not await responds(client, f"http://127.0.0.1:{port}/"):
            await asyncio.sleep(0.05)
        yield


async def responds(client: httpx.AsyncClient, address: str) -> bool:
    """Whether anything listens there: without an access token the website gives no page."""
    try:
        await client.get(address)
    except httpx.ConnectError:
        return False
    except httpx.TransportError:
        return True
    return True


async def test_the_website_gets_the_person_a_fresh_access_token_and_a_logout(
    site: Live, person: ExamplePerson, tmp_path: Path
) -> None:
    made = await set_up(site, "oauth2-proxy", tmp_path, strict=True)
    async with running(made):
        person.decision = "deny"
        refused = await person.open(f"{made.origin}/")
        assert refused.status_code == 403, made.log()
        person.decision = "allow"
        page = await person.open(f"{made.origin}/")
        assert "Hello Ann Example" in page.text, f"{page.url} {page.text} {made.log()}"
        assert f"<p>{person.email}</p>" in page.text
        assert "You have 0 measurements." in page.text
        before = refresh_count(site)
        async with asyncio.timeout(30):
            while refresh_count(site) == before:  # until the session is older than a second
                await asyncio.sleep(0.2)
                page = await person.open(f"{made.origin}/")
                assert "You have 0 measurements." in page.text, made.log()

        browser = person.browser
        question = await browser.get(unescape(page.text.partition('href="')[2].partition('"')[0]))
        confirmed = await browser.post(
            question.url.join("/api/v2/oauth2/logout/confirm"), data=form_fields(question.text)
        )
        assert confirmed.headers["location"] == f"{made.origin}/oauth2/sign_out"
        await browser.get(confirmed.headers["location"])
        again = await browser.get(f"{made.origin}/")
        assert again.headers["location"].startswith(f"{site.address}/"), made.log()
        assert (await browser.get(f"{site.address}/account")).status_code == 303
