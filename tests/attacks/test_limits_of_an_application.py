"""Limits that the operator sets for one application: 429 beyond them, and no application changes
its own."""

import json

import httpx
import pytest

from quantimodo.app.composition.administration import client_administration
from quantimodo.model.admin_actions import Authority
from quantimodo.protocol.registration import privileges, registration_of
from support.administrators import REASON, administrator, press, session_of
from support.app import App, AppHarness, form_fields

PUSH = "/api/v2/oauth2/par"
BY = Authority(reason="a load test")


async def limit(harness: AppHarness, app: App, tokens: int, requests: int = 0) -> None:
    client = await harness.context.stores.clients.client(app.id)
    assert client is not None
    await client_administration(harness.context).set_limits(client, tokens, requests, BY)


def is_limited(response: httpx.Response) -> bool:
    if response.status_code != 429:
        return False
    assert int(response.headers["retry-after"]) == 60
    assert response.json()["error"]
    return True


async def test_token_responses_beyond_the_limit_are_refused_and_use_nothing_up(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, other = await harness.app(), await harness.app()
    browser = await harness.signed_in()
    await limit(harness, app, 2)
    codes = [(await harness.authorize(browser, app)).code for _ in range(3)]
    # What is refused for another reason does not count: strangers who know the id use up nothing.
    for _ in range(5):
        assert (await harness.redeem(app, "qmc_unknown")).status_code == 400
    first = await harness.redeem(app, codes[0])
    assert first.status_code == 200
    refreshed = await harness.refresh(app, first.json()["refresh_token"])
    assert refreshed.status_code == 200
    assert is_limited(await harness.redeem(app, codes[1]))
    assert is_limited(await harness.refresh(app, refreshed.json()["refresh_token"]))
    elsewhere = (await harness.authorize(browser, other)).code
    assert (await harness.redeem(other, elsewhere)).status_code == 200
    assert (await harness.call(refreshed.json()["access_token"])).status_code == 200
    await limit(harness, app, 0)
    assert (await harness.redeem(app, codes[1])).status_code == 200
    await limit(harness, app, 2)
    assert is_limited(await harness.redeem(app, codes[2]))
    harness.advance(seconds=61)
    assert (await harness.refresh(app, refreshed.json()["refresh_token"])).status_code == 200


async def test_pushed_requests_have_the_limit_of_the_application(harness: AppHarness) -> None:
    app = await harness.app()
    await limit(harness, app, 0, 1)
    fields = {"response_type": "code", "redirect_uri": app.client.redirect_uris[0]}
    responses = [await harness.post(PUSH, app, fields) for _ in range(2)]
    assert responses[0].status_code == 201, responses[0].text
    assert is_limited(responses[1])
    await limit(harness, app, 0, 3)  # the refused one counts
    assert (await harness.post(PUSH, app, fields)).status_code == 201
    assert is_limited(await harness.post(PUSH, app, fields))
    await limit(harness, app, 0, 0)
    assert (await harness.post(PUSH, app, fields)).status_code == 201


async def test_only_the_operator_sets_limits(harness: AppHarness) -> None:
    ann = await harness.person()
    app = await harness.app()
    await harness.register_again(app, owner_id=ann.id)
    await limit(harness, app, 5, 7)
    browser = await harness.signed_in()
    page = await browser.get(f"/developers/apps/{app.id}")
    assert "at most 5 per minute" in page.text
    assert "at most 7 per minute" in page.text
    branding = await browser.get(f"/developers/apps/{app.id}/branding")
    fields = form_fields(branding.text) | {"name": "Renamed", "tokens_per_minute": "0"}
    await browser.post(f"/developers/apps/{app.id}/branding", data=fields)
    client = await harness.context.stores.clients.client(app.id)
    assert client is not None
    assert (client.metadata.tokens_per_minute, client.metadata.requests_per_minute) == (5, 7)
    refused = {fault.field for fault in privileges(registration_of(client))}
    assert refused >= {"tokens_per_minute", "requests_per_minute"}
    registered = await browser.post(
        "/api/v2/oauth2/register",
        content=json.dumps(
            {"client_name": "X", "redirect_uris": ["https://x.example/"], "tokens_per_minute": 9}
        ),
        headers={"content-type": "application/json"},
    )
    assert "tokens_per_minute" not in registered.text


@pytest.mark.parametrize("wrong", ["-1", "1.5", "99999999", "\u0661"])
async def test_an_administrator_sets_them_with_a_reason(harness: AppHarness, wrong: str) -> None:
    browser = await session_of(harness, await administrator(harness))
    app = await harness.app()
    path = f"/admin/apps/{app.id}/limits"
    numbers = {"tokens_per_minute": "600", "requests_per_minute": ""}
    assert (await press(browser, path, **numbers)).status_code == 303
    assert "600 token responses per minute" in (await browser.get(f"/admin/apps/{app.id}")).text
    for bad in ({"tokens_per_minute": wrong}, {"reason": ""}):
        refused = await press(browser, path, **{**numbers, **bad})
        assert refused.status_code == 422
    client = await harness.context.stores.clients.client(app.id)
    assert client is not None
    assert client.metadata.tokens_per_minute == 600
    rows = [(row[2], row[5], row[7]) for row in harness.rows()["admin_actions"]]
    assert rows == [("client.limit", app.id, REASON)]
    assert (await browser.get("/admin/apps/none/limits")).status_code == 404
