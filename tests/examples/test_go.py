"""examples/go: a website with net/http that signs people in by go-oidc."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support.example_builds import build_go, open_with_short_tokens, refresh_count
from support.example_runs import SetUp, new_person, set_up
from support.workers import free_port

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.slow,
    pytest.mark.timeout(600),  # the first build downloads and compiles the libraries
]

RUN = "set -o allexport; . ./.env; set +o allexport;"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SetUp]:
    """The program, compiled once."""
    async with open_with_short_tokens(tmp_path_factory.mktemp("site"), free_port()) as live:
        project = await set_up(live, "go", tmp_path_factory.mktemp("go"), strict=True)
        await build_go(project)
        yield project


async def test_a_person_signs_in_and_out_and_the_access_token_is_refreshed(made: SetUp) -> None:
    async with (
        new_person(made.live, "ann@example.org") as ann,
        made.serving("sh", "-c", f"{RUN} exec ./quantimodo-go"),
    ):
        page = await ann.open(f"{made.origin}/login")
        assert "Hello Ann Example" in page.text, made.log()
        assert "You have 0 measurements." in page.text
        before = refresh_count(made.live)
        page = await ann.open(f"{made.origin}/")
        assert "You have 0 measurements." in page.text, made.log()
        assert refresh_count(made.live) > before
        bye = await ann.submit(page, "/logout")
        assert (str(bye.url), "You are signed out" in bye.text) == (f"{made.origin}/", True)
        account = await ann.browser.get(f"{made.live.address}/account")
        assert account.status_code == 303

        await ann.open(f"{made.origin}/login")
        page = await ann.open(f"{made.live.address}/sign-out")
        await ann.submit(page, "/sign-out")
        ended = await ann.open(f"{made.origin}/")
        assert "Please sign in again." in ended.text, made.log()


async def test_a_sign_in_that_is_cancelled_or_forged_gives_a_readable_page(made: SetUp) -> None:
    async with (
        new_person(made.live, "bob@example.org") as bob,
        made.serving("sh", "-c", f"{RUN} exec ./quantimodo-go"),
    ):
        bob.decision = "deny"
        page = await bob.open(f"{made.origin}/login")
        assert (page.status_code, "Not signed in: access_denied" in page.text) == (403, True)
        forged = f"{made.values.redirect_uri}?code=c&state=s&iss={made.live.address}"
        page = await bob.open(forged)
        assert (page.status_code, "did not begin in this browser" in page.text) == (400, True)
        await bob.browser.get(f"{made.origin}/login")
        page = await bob.open(forged)
        assert (page.status_code, "not the response to your sign-in" in page.text) == (400, True)


async def test_the_log_alone_says_that_the_secret_is_wrong(made: SetUp) -> None:
    async with (
        new_person(made.live, "eve@example.org") as eve,
        made.serving("sh", "-c", f"{RUN} QUANTIMODO_CLIENT_SECRET=x exec ./quantimodo-go"),
    ):
        page = await eve.open(f"{made.origin}/login")
        assert (page.status_code, "The sign-in failed." in page.text) == (502, True)
        assert "invalid_client" not in page.text
        assert "invalid_client" in made.log()
