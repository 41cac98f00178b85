"""examples/next-auth: a website in Next.js with Auth.js."""

import re
from html import unescape
from pathlib import Path

import httpx
import pytest

from support.example_runs import ExamplePerson, set_up
from support.live_server import open_live
from support.npm_projects import record_measurement, spent_refresh_tokens

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.node]

_INPUT = re.compile(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/>')


async def press(person: ExamplePerson, page: httpx.Response) -> httpx.Response:
    """The one button of a page of Next.js, as a browser without scripts sends its form."""
    fields = {name: (None, unescape(value)) for name, value in _INPUT.findall(page.text)}
    assert fields, page.text
    return await person.follow(await person.browser.post(page.url, files=fields))


async def test_it_signs_in_refreshes_signs_out_and_shows_a_refusal(
    tmp_path: Path, npm_folder: Path
) -> None:
    # Access tokens that expire within the half minute in which the project refreshes.
    async with open_live(tmp_path, tokens__access_lifetime="20s") as live:
        await live.person(name="Ann <Example>")
        await record_measurement(live, "ann@example.org")
        made, person = await set_up(live, "next-auth", npm_folder), ExamplePerson(live)
        async with made.serving(
            *("npm", "run", "dev", "--", "--port", str(made.port)),
            AUTH_SECRET="for this test only, for this test only",
            NEXT_TELEMETRY_DISABLED="1",
        ):
            page = await press(person, await person.open(made.origin))
            assert page.url == f"{made.origin}/", made.log()
            assert "Signed in as Ann &lt;Example&gt;" in page.text
            assert "Sleep Quality: 3 /5" in page.text
            session = await person.browser.get(f"{made.origin}/api/auth/session")
            assert "qm" not in session.text, "no token for scripts"
            assert spent_refresh_tokens(live) >= 1
            again = await person.open(made.origin)
            assert "Sleep Quality: 3 /5" in again.text
            left = await press(person, again)
            assert left.url == f"{made.origin}/"
            assert "Sign in with quantimodo" in left.text
            account = await person.browser.get(f"{live.address}/account")
            assert account.headers["location"].startswith("/sign-in")
            await live.person("ben@example.org", "Ben Example")
            other = ExamplePerson(live, "ben@example.org", decision="deny")
            refused = await press(other, await other.open(made.origin))
            assert refused.url == f"{made.origin}/?error=OAuthCallbackError"
            assert "It was not allowed, or the server refused it." in refused.text
            assert "access_denied" in made.log()
            await other.close()
        await person.close()
