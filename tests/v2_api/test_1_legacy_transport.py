"""v2-api.md §1: what the page of 2016 documents and RFC 9700 warns of can be turned off, for all or
for one strict client, and each use is counted."""

from typing import Any

import pytest

from support.app import AUTHORIZE, ME, TOKEN, USERINFO, App, AppHarness


def own(app: App) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": app.id,
        "client_secret": app.secret or "",
    }


@pytest.mark.parametrize("path", [TOKEN, "/api/v2/oauth/access_token"])
async def test_without_it_the_token_endpoint_has_no_get(open_harness: Any, path: str) -> None:
    async with open_harness(legacy_transport="false") as harness:
        app = await harness.app()
        response = await harness.browser().get(path, params=own(app))
        assert response.status_code == 405
        assert response.headers["allow"] == "OPTIONS, POST"
        assert response.headers["cache-control"] == "no-store"
        assert (await harness.browser().post(path, data=own(app))).status_code == 200
        assert (await harness.browser().post(path, json=own(app))).status_code == 200


async def test_without_it_no_token_is_taken_from_a_query(open_harness: Any) -> None:
    async with open_harness(legacy_transport="false") as harness:
        await harness.person()
        token = (await harness.tokens(await harness.app(), scope="basic openid"))["access_token"]
        for path in (ME, USERINFO):
            response = await harness.browser().get(path, params={"access_token": token})
            assert response.status_code == 400
            assert response.json()["error"] == "invalid_request"
        assert (await harness.call(token)).status_code == 200
        form = await harness.browser().post(USERINFO, data={"access_token": token})
        assert form.status_code == 200, "a form is no query"


async def test_without_it_a_code_is_not_a_refresh_token(open_harness: Any) -> None:
    async with open_harness(legacy_transport="false") as harness:
        await harness.person()
        app = await harness.app()
        token = (await harness.tokens(app))["refresh_token"]
        refused = await harness.token(app, grant_type="refresh_token", code=token)
        assert refused.json()["error"] == "invalid_request"
        assert (await harness.refresh(app, token)).status_code == 200


async def test_a_strict_client_has_it_off_for_itself_alone(harness: AppHarness) -> None:
    await harness.person()
    strict, other = await harness.app(strict=True), await harness.app()
    browser = harness.browser()
    refused = await browser.get(TOKEN, params=own(strict))
    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_request"
    assert (await browser.post(TOKEN, data=own(strict))).status_code == 200
    assert (await browser.get(TOKEN, params=own(other))).status_code == 200

    tokens = await harness.tokens(strict)
    in_query = {"access_token": tokens["access_token"]}
    assert (await browser.get(ME, params=in_query)).status_code == 400
    assert (await harness.call(tokens["access_token"])).status_code == 200

    as_code = await harness.token(strict, grant_type="refresh_token", code=tokens["refresh_token"])
    assert as_code.json()["error"] == "invalid_request"
    assert (await harness.refresh(strict, tokens["refresh_token"])).status_code == 200


async def test_nothing_is_spent_by_a_strict_clients_get(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(strict=True)
    code = (await harness.authorize(await harness.signed_in(), app)).code
    query = {**own(app), "grant_type": "authorization_code", "code": code}
    assert (await harness.browser().get(TOKEN, params=query)).status_code == 400
    assert (await harness.redeem(app, code)).status_code == 200


async def test_each_use_is_counted(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(first_party=True), await harness.signed_in()

    async def count(shape: str) -> float:
        return await harness.counted(f'quantimodo_legacy_total{{shape="{shape}"}}')

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
    tokens = await harness.tokens(app, browser)
    await browser.get(ME, params={"access_token": tokens["access_token"]})
    assert await count("access_token_in_query") == 1
    await harness.ask(browser, app, client_secret=app.secret)
    assert await count("client_secret_at_authorize") == 1
    await harness.token(app, grant_type="refresh_token", code=tokens["refresh_token"])
    assert await count("refresh_token_as_code") == 1
    flagged = await harness.app(first_party=True, response_types=frozenset({"token"}))
    await harness.ask(browser, flagged, response_type="token")
    assert await count("token_from_authorize") == 1


async def test_a_request_without_legacy_shapes_is_not_counted(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app)
    await harness.call(tokens["access_token"])
    await harness.refresh(app, tokens["refresh_token"])
    page = await harness.metrics()
    assert 'quantimodo_legacy_total{shape="' not in page
    assert 'quantimodo_requests_total{endpoint="token",status="2xx"} 2.0' in page


async def test_an_alias_is_counted_as_the_endpoint_that_it_is(harness: AppHarness) -> None:
    app = await harness.app()
    for path in (TOKEN, "/api/v2/oauth/access_token"):
        await harness.browser().post(path, data=own(app))
    series = 'quantimodo_requests_total{endpoint="token",status="2xx"}'
    assert await harness.counted(series) == 2


async def test_without_it_authorize_works_as_ever(open_harness: Any) -> None:
    async with open_harness(legacy_transport="false") as harness:
        await harness.person()
        browser = await harness.signed_in()
        assert (await harness.tokens(await harness.app(), browser))["access_token"]
        assert (await browser.get(AUTHORIZE)).status_code == 400
