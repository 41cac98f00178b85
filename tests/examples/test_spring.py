"""examples/spring: Spring Boot with sign-in, logout from both sides, and an API for JWTs."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from quantimodo.app.composition.resources import resource_registry
from quantimodo.model.resources import ResourceScope
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.app import App
from support.example_builds import (
    build_maven,
    open_with_short_tokens,
    refresh_count,
    register_logout_uri,
)
from support.example_runs import ExamplePerson, SetUp, new_person, set_up
from support.live_server import Live
from support.workers import free_port

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.slow,
    pytest.mark.timeout(600),  # the first build downloads the libraries
]

# A start without the optimising compiler takes half of the time.
RUN = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", "target/app.jar")


async def test_people_sign_in_and_out_and_the_api_takes_its_tokens_alone(tmp_path: Path) -> None:
    # One test: two processes of a parallel run would build and start it twice.
    port = free_port()
    async with open_with_short_tokens(tmp_path, port) as live:
        made = await set_up(live, "spring", tmp_path, port=port, strict=True)
        await register_logout_uri(made, "/logout/connect/back-channel/quantimodo")
        await build_maven(made)
        async with made.serving(*RUN, SERVER_PORT=str(port)):
            await check_sign_in_refresh_and_logout(made)
            await check_a_logout_that_begins_at_the_server(made)
            await check_a_person_who_cancels(made)
            await check_the_api(made)


async def check_sign_in_refresh_and_logout(made: SetUp) -> None:
    async with new_person(made.live, "ann@example.org") as ann:
        page = await ann.open(f"{made.origin}/person")
        assert "Hello <span>Ann Example</span>" in page.text, made.log()
        assert "You have <span>0</span> measurements." in page.text
        before = refresh_count(made.live)
        page = await ann.open(f"{made.origin}/person")
        assert "You have <span>0</span> measurements." in page.text, made.log()
        assert refresh_count(made.live) > before
        bye = await ann.submit(page, "/logout")
        assert (str(bye.url), "You are signed out" in bye.text) == (f"{made.origin}/", True)
        account = await ann.browser.get(f"{made.live.address}/account")
        assert account.status_code == 303


async def check_a_logout_that_begins_at_the_server(made: SetUp) -> None:
    async with new_person(made.live, "bob@example.org") as bob:
        page = await bob.open(f"{made.origin}/person")
        assert "Hello" in page.text, made.log()
        assert not await signs_in_again(bob, made)
        page = await bob.open(f"{made.live.address}/sign-out")
        await bob.submit(page, "/sign-out")
        async with asyncio.timeout(30):
            while not await signs_in_again(bob, made):
                await asyncio.sleep(0.1)


async def signs_in_again(person: ExamplePerson, made: SetUp) -> bool:
    """Whether the website has no session of this person: a page that needs no token says so."""
    response = await person.browser.get(f"{made.origin}/nothing-here")
    location = str(response.headers.get("location", ""))
    return response.status_code == 302 and location.endswith("/oauth2/authorization/quantimodo")


async def check_a_person_who_cancels(made: SetUp) -> None:
    async with new_person(made.live, "cancels@example.org") as person:
        person.decision = "deny"
        page = await person.open(f"{made.origin}/person")
        assert "Not signed in: <span>access_denied</span>" in page.text, made.log()


async def check_the_api(made: SetUp) -> None:
    api = f"{made.origin}/api"
    live = made.live
    app = await live.app("https://app.example.org/callback", token_format="jwt")
    scopes = (ResourceScope("notes:read", "Read your notes"), ResourceScope("notes:add", "Add"))
    registered = ResourceRegistration(name="Notes", scopes=scopes, clients=frozenset({app.id}))
    await resource_registry(live.context).register(api, registered, owner_id=None, by_operator=True)
    good = await token(live, app, resource=api, scope="notes:read")
    other_scope = await token(live, app, resource=api, scope="notes:add")
    other_api = await token(live, app, scope="readmeasurements")
    async with new_person(live, "dan@example.org") as dan:
        expected = {"person": app.id, "application": app.id}
        for sent, status in ((good, 200), (other_scope, 403), (other_api, 401), ("x", 401)):
            headers = {"authorization": f"Bearer {sent}"}
            response = await dan.browser.get(f"{api}/notes", headers=headers)
            assert response.status_code == status, response.headers
            assert status != 200 or response.json() == expected
        await dan.open(f"{made.origin}/person")
        assert (await dan.browser.get(f"{api}/notes")).status_code == 401  # no session counts


async def token(live: Live, app: App, **fields: str) -> str:
    """An access token of the application itself."""
    response = await live.browser().post(
        "/api/v2/oauth2/access_token",
        data={"grant_type": "client_credentials", **fields},
        auth=app.auth,
    )
    body: dict[str, Any] = response.json()
    assert response.status_code == 200, body
    return str(body["access_token"])
