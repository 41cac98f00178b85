"""v2-api.md §4, security.md §14b: a login code and a login JWT open the applications that they are
bound to, and no other.

Registering another application's address allows nothing more and removes no duty; a JWT that is
bound to no application comes from the operator's own addresses and app ids only.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from support.app import AUTHORIZE, CALLBACK, CHALLENGE, VERIFIER, App, AppHarness, OpenHarness
from support.fake_provider import (
    AUTHORIZE_TOKEN,
    FakeUpstream,
    brought,
    is_page,
    login_code,
    login_token,
    profile,
    redeem_login,
    send_callback,
    start_upstream_login,
    state_of,
)
from support.jwt_forgery import claims_of

OWN = "https://www.example.org/signed-in"
OWN_LOOPBACK = "http://127.0.0.1/signed-in"
ELSEWHERE = "https://stranger.example/cb"
CHALLENGED = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
IMPLICIT = frozenset({"code", "token", "id_token token", "code token"})


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile()})


@pytest.fixture
async def harness(open_harness: OpenHarness, google: FakeUpstream) -> AsyncIterator[AppHarness]:
    async with open_harness([google], social_redirect_urls=f"{OWN},{OWN_LOOPBACK}") as opened:
        yield opened


async def first_party(harness: AppHarness, *addresses: str, **changes: Any) -> App:
    """An application that needs no consent, so that any accepted proof gets a response."""
    uris = addresses or (CALLBACK,)
    return await harness.app(
        first_party=True, redirect_uris=uris, response_types=IMPLICIT, **changes
    )


async def opens(harness: AppHarness, app: App, token: str, **changes: str) -> bool:
    """Whether the JWT gets a response of this application, by any of the flows."""
    requested = {"client_id": app.id, "response_type": "code", "scope": "openid basic", **changes}
    requested["redirect_uri"] = app.client.redirect_uris[0]
    bearing = {"authorization": f"Bearer {token}"}
    browser = harness.browser()
    as_json = await browser.get(
        AUTHORIZE, params=requested, headers={**bearing, "accept": "application/json"}
    )
    found = {as_json.status_code == 200}
    if as_json.status_code != 200:
        assert as_json.json()["error"]["code"] == "login_required"
    for response_type in sorted(IMPLICIT):
        query = {**requested, "response_type": response_type, "nonce": "n"}
        by_header = await browser.get(AUTHORIZE, params=query, headers=bearing)
        moved = await browser.get(AUTHORIZE, params={**query, "token": token})
        followed = await harness.browser().post(AUTHORIZE, data={**query, "token": token})
        for response in (by_header, followed):
            where = response.headers["location"]
            found.add("code=" in where or "access_token=" in where)
        assert token not in moved.headers["location"]
    assert len(found) == 1, found
    return found.pop()


def bound(token: str) -> set[str]:
    claims = claims_of(token)
    return {claims["azp"]} if "azp" in claims else set(claims["clients"])


# ------------------------------------------------------------------- one address, several apps


async def test_two_apps_at_one_address_make_no_jwt_for_a_third(harness: AppHarness) -> None:
    app, other = await first_party(harness), await first_party(harness)
    third = await first_party(harness, ELSEWHERE)
    token = await login_token(harness)
    assert bound(token) == {app.id, other.id}
    assert await opens(harness, app, token)
    assert await opens(harness, other, token)
    before = harness.rows()["codes"], harness.rows()["grants"]
    assert not await opens(harness, third, token)
    assert (harness.rows()["codes"], harness.rows()["grants"]) == before


async def test_the_app_that_is_named_is_the_only_one(harness: AppHarness) -> None:
    app, other = await first_party(harness), await first_party(harness)
    token = await login_token(harness, clientId=app.id)
    assert bound(token) == {app.id}
    assert await opens(harness, app, token)
    assert not await opens(harness, other, token)


async def test_an_app_that_names_itself_with_the_code_is_the_only_one(harness: AppHarness) -> None:
    app, other = await first_party(harness), await first_party(harness)
    response = await redeem_login(harness, await login_code(harness), clientId=app.id)
    token = response.json()["data"]["token"]
    assert bound(token) == {app.id}
    assert not await opens(harness, other, token)


async def test_an_app_that_registers_the_address_later_gets_nothing(harness: AppHarness) -> None:
    app = await first_party(harness)
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    during = await first_party(harness)
    code = brought(await send_callback(browser, state))["code"]
    refused = await redeem_login(harness, code, clientId=during.id)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_grant")
    afterwards = await first_party(harness)
    token = (await redeem_login(harness, code)).json()["data"]["token"]
    assert bound(token) == {app.id}
    last = await first_party(harness)
    for stranger in (during, afterwards, last):
        assert not await opens(harness, stranger, token)
    assert await opens(harness, app, token)


async def test_the_jwt_stays_small_and_good_for_who_registered_first(harness: AppHarness) -> None:
    app = await first_party(harness)
    harness.advance(seconds=1)
    for _ in range(40):
        latest = await first_party(harness)
    token = await login_token(harness)
    assert len(token) < 2000
    assert await opens(harness, app, token)
    assert not await opens(harness, latest, token)
    named = await login_token(harness, clientId=latest.id)
    assert await opens(harness, latest, named)


# ------------------------------------------------------------------------------- strict apps


async def test_a_second_registration_takes_no_duty_of_a_strict_app_away(
    harness: AppHarness,
) -> None:
    strict = await first_party(harness, strict=True)
    other = await first_party(harness)
    assert is_page(await start_upstream_login(harness.browser()))
    assert is_page(await start_upstream_login(harness.browser(), clientId=strict.id))
    code = await login_code(harness, **CHALLENGED)
    response = await redeem_login(harness, code, code_verifier=VERIFIER)
    token = response.json()["data"]["token"]
    assert bound(token) == {strict.id, other.id}
    # A JWT that counts for the strict app is taken in no address, whichever app it is shown for.
    for app in (strict, other):
        requested = {"client_id": app.id, "response_type": "code", "scope": "basic", "token": token}
        refused = await harness.browser().get(AUTHORIZE, params={**requested, **CHALLENGED})
        assert "error=invalid_request" in refused.headers["location"]
        assert token not in refused.headers["location"]
    # The other one, named, has its own duties only.
    assert (await start_upstream_login(harness.browser(), clientId=other.id)).status_code == 303


# ------------------------------------------------------------------------- taken back meanwhile


@pytest.fixture(params=["disabled", "deleted", "moved"])
def gone(request: pytest.FixtureRequest) -> str:
    how: str = request.param
    return how


async def take_away(harness: AppHarness, app: App, how: str) -> None:
    if how == "disabled":
        await harness.disable(app)
    elif how == "deleted":
        assert await harness.context.stores.clients.delete_client(app.id)
    else:
        await harness.register_again(app, redirect_uris=(ELSEWHERE,))


async def test_an_app_that_was_deleted_before_the_callback_gets_nothing(
    harness: AppHarness, gone: str
) -> None:
    app, other = await first_party(harness), await first_party(harness)
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    await take_away(harness, other, gone)
    code = brought(await send_callback(browser, state))["code"]
    if gone != "deleted":
        await harness.register_again(other, disabled_at=None, redirect_uris=(CALLBACK,))
    token = (await redeem_login(harness, code)).json()["data"]["token"]
    assert bound(token) == {app.id}
    state = state_of(await start_upstream_login(browser, clientId=app.id))
    await take_away(harness, app, gone)
    assert is_page(await send_callback(browser, state))


async def test_an_app_that_is_gone_gets_no_jwt(harness: AppHarness, gone: str) -> None:
    app, other = await first_party(harness), await first_party(harness)
    code, named = await login_code(harness), await login_code(harness, clientId=other.id)
    both = await login_code(harness)
    await take_away(harness, other, gone)
    assert bound((await redeem_login(harness, code)).json()["data"]["token"]) == {app.id}
    for changes in ({}, {"clientId": other.id}):
        refused = await redeem_login(harness, named, **changes)
        assert refused.status_code == 400, refused.text
    await take_away(harness, app, gone)
    refused = await redeem_login(harness, both)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_grant")


async def test_an_app_that_is_gone_gets_nothing_for_its_jwt(harness: AppHarness, gone: str) -> None:
    app, other = await first_party(harness), await first_party(harness)
    token = await login_token(harness)
    assert await opens(harness, other, token)
    await take_away(harness, other, gone)
    if gone == "moved":
        found = await harness.context.stores.clients.client(other.id)
        assert found is not None
        assert not await opens(harness, App(found, other.secret), token)
    else:
        requested = {"client_id": other.id, "response_type": "code"}
        headers = {"authorization": f"Bearer {token}"}
        assert is_page(await harness.browser().get(AUTHORIZE, params=requested, headers=headers))
    assert await opens(harness, app, token)


# -------------------------------------------------------- bound to no application: the operator's


async def test_a_jwt_from_the_operators_address_is_valid_for_any_app(
    harness: AppHarness,
) -> None:
    apps = await first_party(harness), await first_party(harness, ELSEWHERE)
    token = await login_token(harness, redirectUrl=OWN)
    assert {"azp", "clients"}.isdisjoint(claims_of(token))
    for app in apps:
        assert await opens(harness, app, token)
    # One that is named narrows it.
    for token in (
        await login_token(harness, redirectUrl=OWN, clientId=apps[0].id),
        (
            await redeem_login(
                harness, await login_code(harness, redirectUrl=OWN), clientId=apps[0].id
            )
        ).json()["data"]["token"],
    ):
        assert bound(token) == {apps[0].id}
        assert not await opens(harness, apps[1], token)


async def test_a_stranger_who_registers_the_operator_s_own_address_takes_nothing_away(
    harness: AppHarness,
) -> None:
    """The code goes to the operator's page, even when others registered its address."""
    app = await first_party(harness)
    stranger = await first_party(harness, OWN, strict=True)
    token = await login_token(harness, redirectUrl=OWN)
    assert await opens(harness, app, token)
    assert is_page(
        await start_upstream_login(harness.browser(), redirectUrl=OWN, clientId=stranger.id)
    )
    code = await login_code(harness, redirectUrl=OWN, clientId=stranger.id, **CHALLENGED)
    response = await redeem_login(harness, code, code_verifier=VERIFIER)
    named = response.json()["data"]["token"]
    assert bound(named) == {stranger.id}
    assert not await opens(harness, app, named)


async def test_at_an_address_that_any_app_of_a_device_can_have_registrations_count(
    harness: AppHarness,
) -> None:
    app = await first_party(harness)
    url = "http://127.0.0.1:5123/signed-in"
    assert await opens(harness, app, await login_token(harness, redirectUrl=url))
    native = await first_party(harness, OWN_LOOPBACK)
    token = await login_token(harness, redirectUrl=url)
    assert bound(token) == {native.id}
    assert not await opens(harness, app, token)


# --------------------------------------------------------------- native tokens, codes of a pop-up


async def native(harness: AppHarness, **changes: str) -> httpx.Response:
    sent = {"provider": "google", "accessToken": "gia", **changes}
    return await harness.browser().post(AUTHORIZE_TOKEN, data=sent)


async def test_native_tokens_and_codes_of_a_pop_up_are_the_operator_s_own(
    harness: AppHarness,
) -> None:
    app, other = await first_party(harness), await first_party(harness, ELSEWHERE)
    for response in (await native(harness), await redeem_login(harness, "gia")):
        token = response.json()["data"]["token"]
        assert await opens(harness, app, token)
        assert await opens(harness, other, token)
    for response in (
        await native(harness, clientId=app.id),
        await redeem_login(harness, "gia", clientId=app.id),
    ):
        token = response.json()["data"]["token"]
        assert await opens(harness, app, token)
        assert not await opens(harness, other, token)


async def test_a_provider_s_code_that_came_by_an_app_s_address_is_bound_to_it(
    harness: AppHarness,
) -> None:
    app, other = await first_party(harness), await first_party(harness, ELSEWHERE)
    token = (await redeem_login(harness, "gia", redirectUrl=CALLBACK)).json()["data"]["token"]
    assert bound(token) == {app.id}
    assert await opens(harness, app, token)
    assert not await opens(harness, other, token)
    own = (await redeem_login(harness, "gia", redirectUrl=OWN)).json()["data"]["token"]
    assert await opens(harness, other, own)


async def test_only_an_app_that_there_is_can_be_named(
    harness: AppHarness, google: FakeUpstream
) -> None:
    app = await first_party(harness)
    code = await login_code(harness)
    await harness.disable(other := await first_party(harness, ELSEWHERE))
    for name in ("unknown", "x" * 5000, other.id):
        for response in (
            await native(harness, clientId=name),
            await redeem_login(harness, "gia", clientId=name),
            await redeem_login(harness, code, clientId=name),
        ):
            assert (response.status_code, response.json()["error"]["code"]) == (
                400,
                "invalid_request",
            )
            assert name not in response.text
    assert not google.requested
    assert await opens(harness, app, (await redeem_login(harness, code)).json()["data"]["token"])


# ------------------------------------------------------------------------- what signs like ours


@pytest.mark.parametrize(
    "changes",
    [
        {"via": None},
        {"via": "nothing that there is"},
        {"azp": None},
        {"azp": None, "clients": []},
        {"redirect": None},
    ],
)
async def test_a_jwt_that_does_not_say_whose_it_is_opens_nothing(
    harness: AppHarness, changes: dict[str, Any]
) -> None:
    """Those of the version before among them, which lack what binds them now."""
    app = await first_party(harness)
    token = await login_token(harness)
    claims = {**claims_of(token), **changes}
    signer = harness.context.keyring.signer("ES256")
    kept = {name: value for name, value in claims.items() if value is not None}
    assert await opens(harness, app, token)
    assert not await opens(harness, app, signer.sign(kept, "login+jwt"))
