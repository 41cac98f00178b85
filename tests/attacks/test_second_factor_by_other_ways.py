"""Ways around a second factor that begin elsewhere: a device, a personal token, an invitation, a
sign-in that another site starts, and the logout of a provider. None is a session, or makes one."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from quantimodo.model.admin_actions import Authority
from support.addresses import query_of
from support.app import AUTHORIZE, CALLBACK, SESSION, AppHarness, OpenHarness, form_fields
from support.authenticator_app import protect
from support.devices import device_app, enter, polled, started
from support.environment import FrozenClock
from support.fake_provider import BACK
from support.upstream import Upstream

FACTOR = "/sign-in/second-factor"
NOTIFICATIONS = "/api/v2/auth/social/notifications/work"
TOKENS = "/account/tokens"
CLOSED = ("/account", "/account/export", "/account/security", "/account/delete", "/developers")


@pytest.fixture
def upstream(clock: FrozenClock) -> Upstream:
    it = Upstream(clock)
    it.publishes(end_session_endpoint="https://login.example.org/logout")
    return it


@pytest.fixture
async def harness(open_harness: OpenHarness, upstream: Upstream) -> AsyncIterator[AppHarness]:
    work = {
        "kind": "oidc",
        "issuer": upstream.issuer,
        "client_id": upstream.client_id,
        "client_secret": "a-secret",
        "initiated_login": "true",
        "sign_out_at_provider": "true",
        "backchannel_logout": "true",
    }
    settings = {f"providers__work__{name}": value for name, value in work.items()}
    async with open_harness(internet=upstream, **settings) as opened:
        yield opened


async def opens_nothing(harness: AppHarness, browser: httpx.AsyncClient, **headers: str) -> None:
    assert SESSION not in browser.cookies
    for path in CLOSED:
        response = await browser.get(path, headers=headers)
        assert response.headers["location"].startswith("/sign-in?"), path


async def test_a_device_waits_while_the_factor_is_missing(harness: AppHarness) -> None:
    ann = await harness.person()
    await protect(harness, ann)
    app, browser = await device_app(harness), harness.browser()
    device = await started(harness, app)
    await harness.sign_in(browser)
    response = await enter(browser, device["user_code"])
    while response.status_code == 303 and not response.headers["location"].startswith("/sign-in"):
        response = await browser.get(response.headers["location"])
    assert response.headers["location"].startswith("/sign-in"), response.text
    page = await browser.get("/device")
    fields = {**form_fields(page.text), "decision": "continue"}
    pressed = await browser.post("/device/confirm", data=fields)
    assert pressed.status_code != 200
    assert "/device/done" not in pressed.headers.get("location", "")
    assert await polled(harness, app, device["device_code"]) == "authorization_pending"
    await opens_nothing(harness, browser)


async def test_a_personal_token_is_neither_a_session_nor_a_proof(harness: AppHarness) -> None:
    """RFC 6750: made before the factor was set up, and it stays what it is."""
    ann = await harness.person()
    browser = await harness.signed_in()
    page = await browser.get(f"{TOKENS}/new")
    fields = {"csrf": form_fields(page.text)["csrf"], "name": "Notebook", "days": "30"}
    await browser.post(f"{TOKENS}/new", data={**fields, "scope": ["readmeasurements"]})
    shown = (await browser.get(TOKENS)).text
    token = shown.split('id="made"')[1].split(">")[1].split("<")[0]
    await protect(harness, ann)
    bearer = {"authorization": f"Bearer {token}"}
    assert (await harness.call(token, "/api/v1/measurements")).status_code == 200
    await opens_nothing(harness, harness.browser(), **bearer)
    app = await harness.app()
    parameters = {"client_id": app.id, "response_type": "code", "redirect_uri": CALLBACK}
    response = await harness.browser().get(
        AUTHORIZE, params=parameters, headers={"accept": "application/json", **bearer}
    )
    assert response.status_code == 401, response.text


async def test_an_invitation_to_an_address_that_has_an_account_by_now(harness: AppHarness) -> None:
    await harness.context.accounts.invitations.invite("ann@example.org", "Ann", Authority())
    (newest, *_) = await harness.context.outbox.recent(1)
    found = re.search(r"https://id\.example\.org(/sign-up/invited\?token=\S+)", newest.mail.text)
    assert found
    ann = await harness.person()
    await protect(harness, ann)
    browser = harness.browser()
    page = await browser.get(found[1], follow_redirects=True)
    fields = {"name": "Ann", "password": "another long enough one"}
    await browser.post("/sign-up/invited", data={**form_fields(page.text), **fields})
    await opens_nothing(harness, browser)
    assert len(await harness.context.stores.users.users()) == 1
    assert await harness.context.second_factors.status(ann) is not None


async def send_callback(
    browser: httpx.AsyncClient, upstream: Upstream, begin: str
) -> httpx.Response:
    started_login = await browser.get(begin, headers={"sec-fetch-site": "same-origin"})
    query = query_of(started_login.headers["location"])
    upstream.grants(upstream.id_token(nonce=query["nonce"], sid="first"))
    return await browser.get(f"{BACK}/work", params={"code": "a-code", "state": query["state"]})


async def test_a_sign_in_that_another_site_starts_and_a_logout_of_the_provider(
    harness: AppHarness, upstream: Upstream
) -> None:
    """Back-channel logout ends sessions; what comes back afterwards needs the factor as before."""
    browser = harness.browser()
    begin = "/sign-in/with/work?return_to=/account/apps"
    assert (await send_callback(browser, upstream, begin)).headers["location"] == "/account/apps"
    (user,) = await harness.context.stores.users.users()
    app, _ = await protect(harness, user)

    stranger = harness.browser()
    page = await stranger.get("/sign-in/initiated", params={"iss": upstream.issuer})
    address = page.text.partition('id="begin" href="')[2].partition('"')[0].replace("&amp;", "&")
    came_back = await send_callback(stranger, upstream, address)
    assert came_back.headers["location"].startswith(f"{FACTOR}?")
    await opens_nothing(harness, stranger)

    # With the factor there is a session; the provider ends it, and another one needs it again.
    page = await stranger.get(FACTOR)
    code = {"code": app.code(harness.context.clock.now()), "trust": ""}
    await stranger.post(FACTOR, data={**form_fields(page.text), **code})
    assert SESSION in stranger.cookies
    now = int(harness.context.clock.now().timestamp())
    claims: dict[str, Any] = {
        "iss": upstream.issuer,
        "aud": upstream.client_id,
        "iat": now,
        "exp": now + 120,
        "jti": "one",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        "sid": "first",
    }
    notice = {"logout_token": upstream.sign(claims, {"typ": "logout+jwt"})}
    assert (await harness.browser().post(NOTIFICATIONS, data=notice)).status_code == 200
    assert (await stranger.get("/account")).headers["location"].startswith("/sign-in?")
    harness.advance(seconds=1)
    again = await send_callback(stranger, upstream, begin)
    assert again.headers["location"].startswith(f"{FACTOR}?")
    assert await harness.context.sessions.list(user.id) == []
    assert await harness.context.second_factors.status(user) is not None
