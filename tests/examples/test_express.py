"""examples/express: a website in Node.js with openid-client."""

from datetime import timedelta
from pathlib import Path

import pytest

from support.example_runs import ExamplePerson, set_up
from support.live_server import open_live
from support.npm_projects import spent_refresh_tokens

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.node]


async def test_it_signs_in_refreshes_signs_out_and_shows_refusals(
    tmp_path: Path, npm_folder: Path
) -> None:
    # Access tokens that expire within the half minute in which the project refreshes.
    async with open_live(tmp_path, tokens__access_lifetime="20s") as live:
        await live.person(name="Ann <Example>")
        made, person = await set_up(live, "express", npm_folder), ExamplePerson(live)
        async with made.serving("npm", "start"):
            page = await person.open(f"{made.origin}/sign-in")
            assert page.url == f"{made.origin}/"
            assert "Signed in as Ann &#60;Example&#62;" in page.text
            again = await person.open(made.origin)
            assert "Signed in as" in again.text
            assert spent_refresh_tokens(live) >= 2, "one for each page"
            left = await person.submit(again, "/sign-out")
            assert left.url == f"{made.origin}/"
            assert "Sign in with quantimodo" in left.text
            account = await person.browser.get(f"{live.address}/account")
            assert account.headers["location"].startswith("/sign-in")
            await live.person("ben@example.org", "Ben Example")
            other = ExamplePerson(live, "ben@example.org", decision="deny")
            refused = await other.open(f"{made.origin}/sign-in")
            assert refused.status_code == 400
            assert "access_denied: " in refused.text
            await live.context.registry.rotate_secret(made.app.client, overlap=timedelta())
            refused = await person.open(f"{made.origin}/sign-in")
            assert refused.status_code == 400
            assert "invalid_client: " in refused.text
            forged = await other.open(f"{made.origin}/callback?code=qmc_x&state=y")
            assert (forged.status_code, "not begun here" in forged.text) == (400, True)
            await other.close()
        await person.close()
