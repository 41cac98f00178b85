"""Contract §1: what the page of 2016 documents and RFC 9700 warns of can be turned off, for all or
for one strict client, and each use is counted."""

from typing import Any

import pytest

from world import AUTHORIZE, ME, TOKEN, USERINFO, App, World


def own(app: App) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": app.id,
        "client_secret": app.secret or "",
    }


@pytest.mark.parametrize("path", [TOKEN, "/api/v2/oauth/access_token"])
async def test_without_it_the_token_endpoint_has_no_get(worlds: Any, path: str) -> None:
    async with worlds(legacy_transport="false") as world:
        app = await world.app()
        response = await world.browser().get(path, params=own(app))
        assert response.status_code == 405
        assert response.headers["allow"] == "OPTIONS, POST"
        assert response.headers["cache-control"] == "no-store"
        assert (await world.browser().post(path, data=own(app))).status_code == 200
        assert (await world.browser().post(path, json=own(app))).status_code == 200


async def test_without_it_no_token_is_taken_from_a_query(worlds: Any) -> None:
    async with worlds(legacy_transport="false") as world:
        await world.person()
        token = (await world.tokens(await world.app(), scope="basic openid"))["access_token"]
        for path in (ME, USERINFO):
            response = await world.browser().get(path, params={"access_token": token})
            assert response.status_code == 400
            assert response.json()["error"] == "invalid_request"
        assert (await world.call(token)).status_code == 200
        form = await world.browser().post(USERINFO, data={"access_token": token})
        assert form.status_code == 200, "a form is no query"


async def test_without_it_a_code_is_no_refresh_token(worlds: Any) -> None:
    async with worlds(legacy_transport="false") as world:
        await world.person()
        app = await world.app()
        token = (await world.tokens(app))["refresh_token"]
        refused = await world.token(app, grant_type="refresh_token", code=token)
        assert refused.json()["error"] == "invalid_request"
        assert (await world.refresh(app, token)).status_code == 200


async def test_a_strict_client_has_it_off_for_itself_alone(world: World) -> None:
    await world.person()
    strict, other = await world.app(strict=True), await world.app()
    browser = world.browser()
    refused = await browser.get(TOKEN, params=own(strict))
    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_request"
    assert (await browser.post(TOKEN, data=own(strict))).status_code == 200
    assert (await browser.get(TOKEN, params=own(other))).status_code == 200

    tokens = await world.tokens(strict)
    in_query = {"access_token": tokens["access_token"]}
    assert (await browser.get(ME, params=in_query)).status_code == 400
    assert (await world.call(tokens["access_token"])).status_code == 200

    as_code = await world.token(strict, grant_type="refresh_token", code=tokens["refresh_token"])
    assert as_code.json()["error"] == "invalid_request"
    assert (await world.refresh(strict, tokens["refresh_token"])).status_code == 200


async def test_nothing_is_spent_by_a_strict_clients_get(world: World) -> None:
    await world.person()
    app = await world.app(strict=True)
    code = (await world.authorize(await world.signed_in(), app)).code
    query = {**own(app), "grant_type": "authorization_code", "code": code}
    assert (await world.browser().get(TOKEN, params=query)).status_code == 400
    assert (await world.redeem(app, code)).status_code == 200


async def test_each_use_is_counted(world: World) -> None:
    await world.person()
    app, browser = await world.app(first_party=True), await world.signed_in()

    async def count(shape: str) -> float:
        return await world.counted(f'quantimodo_legacy_total{{shape="{shape}"}}')

    for shape in (
        "token_by_get",
        "access_token_in_query",
        "client_secret_at_authorize",
        "token_from_authorize",
        "refresh_token_as_code",
    ):
        assert await count(shape) == 0, shape
    await browser.get(TOKEN, params=own(app))
    assert await count("token_by_get") == 1
    tokens = await world.tokens(app, browser)
    await browser.get(ME, params={"access_token": tokens["access_token"]})
    assert await count("access_token_in_query") == 1
    await world.ask(browser, app, client_secret=app.secret)
    assert await count("client_secret_at_authorize") == 1
    await world.token(app, grant_type="refresh_token", code=tokens["refresh_token"])
    assert await count("refresh_token_as_code") == 1
    flagged = await world.app(first_party=True, response_types=frozenset({"token"}))
    await world.ask(browser, flagged, response_type="token")
    assert await count("token_from_authorize") == 1


async def test_what_is_not_legacy_is_not_counted(world: World) -> None:
    await world.person()
    app = await world.app()
    tokens = await world.tokens(app)
    await world.call(tokens["access_token"])
    await world.refresh(app, tokens["refresh_token"])
    page = await world.metrics()
    assert 'quantimodo_legacy_total{shape="' not in page
    assert 'quantimodo_requests_total{endpoint="token",status="2xx"} 2.0' in page


async def test_an_alias_is_counted_as_the_endpoint_that_it_is(world: World) -> None:
    app = await world.app()
    for path in (TOKEN, "/api/v2/oauth/access_token"):
        await world.browser().post(path, data=own(app))
    series = 'quantimodo_requests_total{endpoint="token",status="2xx"}'
    assert await world.counted(series) == 2


async def test_without_it_authorize_works_as_ever(worlds: Any) -> None:
    async with worlds(legacy_transport="false") as world:
        await world.person()
        browser = await world.signed_in()
        assert (await world.tokens(await world.app(), browser))["access_token"]
        assert (await browser.get(AUTHORIZE)).status_code == 400
