"""v2-api.md §2 to §6 over sockets: a running server, its real providers, and the sandbox behind
them. Every person takes the flow of the page of 2016."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from support.app import AUTHORIZE, ME, PASSWORD, TOKEN, App, form_fields
from support.fake_provider import AUTHORIZE_CODE, AUTHORIZE_TOKEN, LOGIN
from support.live_server import Live, open_live_on, open_server
from support.workers import Workers

CALLBACK = "http://127.0.0.1:9999/callback"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """One for all tests, which come from one address."""
    many = {
        f"limits__{name}_per_address": "1000 per 15m"
        for name in ("sign_in", "social", "upstream_logins", "security_events")
    }
    with open_server(tmp_path_factory.mktemp("sandbox"), **many) as opened:
        yield opened


@pytest.fixture
async def live(server: Workers) -> AsyncIterator[Live]:
    async with open_live_on(server) as opened:
        yield opened


async def sign_in(
    live: Live,
    provider: str,
    person: str = "verified",
    browser: httpx.AsyncClient | None = None,
) -> dict[str, str]:
    """From the app's link to what the app gets."""
    browser = browser or live.browser()
    requested = {"provider": provider, "redirectUrl": CALLBACK, "state": "some-state"}
    started_login = await browser.get(LOGIN, params=requested)
    assert started_login.status_code == 303, started_login.text
    at = httpx.URL(started_login.headers["location"]).copy_merge_params({"person": person})
    assert str(at).startswith(f"{live.address}/sandbox/")
    answered = await browser.get(at)
    back = await browser.get(answered.headers["location"])
    assert back.status_code == 303, back.text
    location = back.headers["location"]
    assert location.startswith(CALLBACK)
    return dict(parse_qsl(urlsplit(location).query))


async def data_of(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()["data"]
    return found


async def me(browser: httpx.AsyncClient, app: App, token: str) -> dict[str, Any]:
    """From the login JWT to the person's own data, asked in the browser that came back."""
    requested = {"client_id": app.id, "response_type": "code", "scope": "basic", "token": token}
    moved = await browser.get(AUTHORIZE, params=requested)
    page = await browser.get(moved.headers["location"])
    fields = {**form_fields(page.text), "decision": "allow"}
    response = await browser.post(f"{AUTHORIZE}/decision", data=fields)
    code = dict(parse_qsl(urlsplit(response.headers["location"]).query))["code"]
    redeemed = await browser.post(
        TOKEN, data={"grant_type": "authorization_code", "code": code}, auth=app.auth
    )
    header = {"authorization": f"Bearer {redeemed.json()['access_token']}"}
    found: dict[str, Any] = (await browser.get(ME, headers=header)).json()
    return found


@pytest.mark.parametrize("provider", ["google", "facebook", "sandbox"])
async def test_the_whole_way_of_2016(live: Live, provider: str) -> None:
    app = await live.app(CALLBACK)
    browser = live.browser()
    brought = await sign_in(live, provider, browser=browser)
    assert brought["state"] == "some-state"
    query = {"provider": provider, "code": brought["code"]}
    data = await data_of(await live.browser().get(AUTHORIZE_CODE, params=query))
    assert data["newUser"] is True
    found = await me(browser, app, data["token"])
    assert found["id"] == data["user"]["id"]
    again = await live.browser().get(AUTHORIZE_CODE, params=query)
    assert again.status_code == 400


async def test_a_refusal_and_a_failure_are_reported_to_the_app(live: Live) -> None:
    await live.app(CALLBACK)
    for person, error in (
        ("says-no", "access_denied"),
        ("provider-error", "temporarily_unavailable"),
        ("down", "temporarily_unavailable"),
        ("malformed", "server_error"),
    ):
        for provider in ("google", "facebook", "sandbox"):
            brought = await sign_in(live, provider, person)
            assert brought["error"] == error, (person, provider, brought)
            assert brought["state"] == "some-state"
            assert "code" not in brought


@pytest.mark.parametrize("provider", ["google", "facebook", "sandbox"])
async def test_a_provider_whose_clock_is_off_by_almost_a_minute_works(
    live: Live, provider: str
) -> None:
    await live.app(CALLBACK)
    brought = await sign_in(live, provider, "clock-ahead")
    query = {"provider": provider, "code": brought["code"]}
    await data_of(await live.browser().get(AUTHORIZE_CODE, params=query))


async def test_a_slow_provider_delays_its_own_sign_ins_only(
    live: Live,
) -> None:
    """Only sign-ins with it wait, and they end with a time-out."""
    await live.app(CALLBACK)
    await live.person()
    waiting = [
        asyncio.create_task(sign_in(live, provider, "slow"))
        for provider in ("google", "facebook", "sandbox")
        for _ in range(4)
    ]
    times = []
    for _ in range(3):
        before, browser = monotonic(), live.browser()
        page = await browser.get("/sign-in")
        form = {**form_fields(page.text), "username": "ann@example.org", "password": PASSWORD}
        assert (await browser.post("/sign-in", data=form)).status_code == 303
        times.append(monotonic() - before)
    # Password sign-in is done before the first of them has given up.
    assert not any(task.done() for task in waiting), times
    ends = await asyncio.gather(*waiting)
    assert {brought["error"] for brought in ends} == {"temporarily_unavailable"}


@pytest.mark.parametrize("provider", ["google", "facebook"])
async def test_a_phone_sends_what_its_sdk_gave_it(live: Live, provider: str) -> None:
    browser = live.browser()
    sdk = f"/sandbox/{provider}/native"
    tokens = (await browser.post(sdk, json={"person": "verified"})).json()
    ids = set()
    for name in ("access_token", "id_token"):
        query = {"provider": provider, "accessToken": tokens[name]}
        data = await data_of(await browser.get(AUTHORIZE_TOKEN, params=query))
        ids.add(data["user"]["id"])
    assert len(ids) == 1
    foreign = (await browser.post(sdk, json={"person": "verified", "client_id": "x"})).json()
    for token in filter(None, (foreign.get("access_token"), foreign.get("id_token"))):
        query = {"provider": provider, "accessToken": token}
        refused = await browser.get(AUTHORIZE_TOKEN, params=query)
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "invalid_token"


async def test_a_code_of_the_pop_up_is_exchanged_once(live: Live) -> None:
    browser = live.browser()
    requested = {"origin": "http://127.0.0.1:9000", "state": "s", "person": "verified"}
    page = await browser.get("/sandbox/google/popup", params=requested)
    code = page.text.partition("readonly>")[2].partition("<")[0]
    query = {"provider": "google", "code": code}
    data = await data_of(await browser.get(AUTHORIZE_CODE, params=query))
    assert data["newUser"] is True
    again = await browser.get(AUTHORIZE_CODE, params=query)
    assert (again.status_code, again.json()["error"]["code"]) == (400, "invalid_grant")


async def test_facebook_wants_data_deleted(live: Live) -> None:
    browser = live.browser()
    user_id = await _newcomer(live, "facebook")
    signed = (
        await browser.post("/sandbox/facebook/signed-request", json={"person": "verified"})
    ).json()
    good = signed["signed_request"]
    forged = {"signed_request": ("B" if good[0] == "A" else "A") + good[1:]}
    path = "/api/v2/auth/social/data-deletion/facebook"
    assert (await browser.post(path, data=forged)).status_code == 400
    response = await browser.post(path, data=signed)
    assert response.status_code == 200, response.text
    page = await browser.get(response.json()["url"])
    assert response.json()["confirmation_code"] in page.text
    assert await live.context.stores.users.user(user_id) is None


async def test_facebook_reports_that_a_person_removed_the_app(live: Live) -> None:
    browser = live.browser()
    user_id = await _newcomer(live, "facebook")
    requested = {"person": "verified"}
    signed = (await browser.post("/sandbox/facebook/signed-request", json=requested)).json()
    path = "/api/v2/auth/social/deauthorize/facebook"
    assert (await browser.post(path, data=signed)).status_code == 200
    assert not await live.context.social.identities(user_id)
    assert await live.context.stores.users.user(user_id) is not None


async def test_a_person_signs_in_by_a_button_of_the_sign_in_page(live: Live) -> None:
    browser = live.browser()
    page = await browser.get("/sign-in?return_to=/account/profile")
    for name in ("google", "facebook", "sandbox"):
        assert f'href="/sign-in/with/{name}?return_to=/account/profile"' in page.text
    started_login = await browser.get("/sign-in/with/google?return_to=/account/profile")
    at = httpx.URL(started_login.headers["location"]).copy_merge_params({"person": "verified"})
    back = await browser.get((await browser.get(at)).headers["location"])
    assert back.headers["location"] == "/account/profile"
    assert (await browser.get("/account/profile")).status_code == 200


async def _newcomer(live: Live, provider: str) -> int:
    """A person whose account came from this provider."""
    tokens = await live.browser().post(f"/sandbox/{provider}/native", json={"person": "verified"})
    query = {"provider": provider, "accessToken": tokens.json()["access_token"]}
    data = await data_of(await live.browser().get(AUTHORIZE_TOKEN, params=query))
    found: int = data["user"]["id"]
    return found
