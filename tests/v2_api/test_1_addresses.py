"""v2-api.md §1: two spellings of each address, two of each parameter, three ways to send them."""

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    TOKEN,
    VERIFIER,
    App,
    AppHarness,
    response_of,
)

TOKENS = (TOKEN, "/api/v2/oauth/access_token")
AUTHORIZES = (AUTHORIZE, "/api/v2/oauth2/authorize")
OF_2016 = {
    "accept": "application/json",
    "content-type": "application/json",
    "authorization": "Bearer ",
}


def own(app: App, **more: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": app.id,
        "client_secret": app.secret or "",
        **more,
    }


def camel(fields: dict[str, str]) -> dict[str, str]:
    names = {
        "client_id": "clientId",
        "client_secret": "clientSecret",
        "grant_type": "grantType",
        "response_type": "responseType",
        "redirect_uri": "redirectUri",
        "refresh_token": "refreshToken",
    }
    return {names.get(name, name): value for name, value in fields.items()}


def is_invalid(response: httpx.Response) -> bool:
    return response.status_code == 400 and response.json()["error"] == "invalid_request"


@pytest.mark.parametrize("path", TOKENS)
async def test_the_token_endpoint_takes_form_json_and_query(harness: AppHarness, path: str) -> None:
    app, browser = await harness.app(), harness.browser()
    fields = own(app)
    responses = [
        await browser.post(path, data=fields),
        await browser.post(path, json=fields),
        await browser.get(path, params=fields),
        await browser.post(path, data=camel(fields)),
        await browser.post(path, json=camel(fields)),
        await browser.get(path, params=camel(fields)),
    ]
    assert [response.status_code for response in responses] == [200] * 6


@pytest.mark.parametrize("path", AUTHORIZES)
async def test_the_authorize_endpoint_takes_both_spellings(harness: AppHarness, path: str) -> None:
    await harness.person()
    app, browser = await harness.app(first_party=True), await harness.signed_in()
    fields = {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    for spelled in (fields, camel(fields)):
        for response in (
            await browser.get(path, params=spelled),
            await browser.post(path, data=spelled),
        ):
            assert "code" in response_of(response).parameters


async def test_a_whole_flow_in_the_spelling_of_2016(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    requested = {"clientId": app.id, "clientSecret": app.secret or "", "responseType": "code"}
    page = await browser.get(AUTHORIZES[1], params={**requested, "scope": "basic"})
    code = response_of(await harness.decide(browser, page)).code
    query = {
        "clientId": app.id,
        "clientSecret": app.secret or "",
        "grantType": "authorization_code",
        "code": code,
    }
    first = await harness.browser().get(TOKENS[1], params=query, headers=OF_2016)
    assert first.status_code == 200, first.text
    query = {**query, "grantType": "refresh_token", "refreshToken": first.json()["refresh_token"]}
    second = await harness.browser().get(TOKENS[1], params=query, headers=OF_2016)
    assert second.status_code == 200, second.text
    assert (await harness.call(second.json()["access_token"])).status_code == 200


async def test_both_spellings_with_one_value_are_one_parameter(harness: AppHarness) -> None:
    app, browser = await harness.app(), harness.browser()
    fields = own(app)
    both = {**fields, **camel(fields)}
    assert (await browser.post(TOKEN, data=both)).status_code == 200
    assert (await browser.post(TOKEN, json=both)).status_code == 200
    assert (await browser.get(TOKEN, params=both)).status_code == 200


async def test_both_spellings_with_different_values_are_refused(harness: AppHarness) -> None:
    for name, value in (
        ("clientId", "other"),
        ("clientSecret", "other"),
        ("grantType", "authorization_code"),
        ("clientSecret", ""),
        ("client_id", "other"),
    ):
        app, browser = await harness.app(), harness.browser()
        pairs = [*own(app).items(), (name, value)]
        for order in (pairs, pairs[::-1]):
            body = urlencode(order)
            form = {"content-type": "application/x-www-form-urlencoded"}
            assert is_invalid(await browser.post(TOKEN, content=body, headers=form))
            assert is_invalid(await browser.get(f"{TOKEN}?{body}"))


async def test_different_spellings_at_authorize_are_a_page(harness: AppHarness) -> None:
    app = await harness.app()
    response = await harness.ask(harness.browser(), app, redirectUri=CALLBACK + "/x")
    assert response.status_code == 400
    assert "location" not in response.headers


async def test_the_headers_of_a_generated_client_change_nothing(harness: AppHarness) -> None:
    app = await harness.app()
    mine = (await harness.browser().get(TOKEN, params=own(app))).json()["access_token"]
    for bearer in ("Bearer ", f"Bearer {mine}", "Bearer YOUR_ACCESS_TOKEN"):
        headers = {**OF_2016, "authorization": bearer}
        response = await harness.browser().get(TOKEN, params=own(app), headers=headers)
        assert response.status_code == 200, bearer
        response = await harness.browser().post(TOKEN, json=own(app), headers=headers)
        assert response.status_code == 200, bearer


async def test_json_that_is_not_an_object_of_strings_is_refused(harness: AppHarness) -> None:
    for body in (
        "",
        "null",
        "[]",
        '"x"',
        "1",
        '[["grant_type","client_credentials"]]',
        '{"grant_type":"client_credentials"',
        '{"grant_type":["client_credentials"]}',
        '{"grant_type":{"a":"b"}}',
        '{"grant_type":1}',
        '{"grant_type":true}',
        '{"grant_type":NaN}',
        '{"grant_type":"client_credentials","grant_type":"client_credentials"}',
        '{"grant_type":"client_credentials","grantType":"x"}',
        '{"grant_type":"\\ud800"}',
        '{"grant_type":"a\\u0000b"}',
        '{"grant_type":"client_credentials"}{"a":"b"}',
    ):
        app = await harness.app()
        auth = app.auth
        assert auth is not None
        response = await harness.browser().post(
            TOKEN, content=body, headers={"content-type": "application/json"}, auth=auth
        )
        assert is_invalid(response), response.text


async def test_a_null_in_json_is_as_if_absent(harness: AppHarness) -> None:
    app = await harness.app()
    fields: dict[str, Any] = {**own(app), "scope": None, "refresh_token": None}
    assert (await harness.browser().post(TOKEN, json=fields)).status_code == 200


async def test_json_with_a_charset_is_json(harness: AppHarness) -> None:
    app = await harness.app()
    response = await harness.browser().post(
        TOKEN,
        content=httpx.Request("POST", "http://x", json=own(app)).content,
        headers={"content-type": "application/json; charset=utf-8"},
    )
    assert response.status_code == 200


async def test_a_get_with_a_body_uses_the_query_alone(harness: AppHarness) -> None:
    app = await harness.app()
    response = await harness.browser().request("GET", TOKEN, json=own(app))
    assert response.status_code == 401
    both = await harness.browser().request("GET", TOKEN, params=own(app), json={"scope": "x"})
    assert both.status_code == 200


async def test_a_code_travels_by_query_in_both_spellings(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    for spell in (dict, camel):
        code = (await harness.authorize(browser, app)).code
        fields = own(
            app,
            grant_type="authorization_code",
            code=code,
            redirect_uri=CALLBACK,
            code_verifier=VERIFIER,
        )
        response = await harness.browser().get(TOKEN, params=spell(fields))
        assert response.status_code == 200, response.text
