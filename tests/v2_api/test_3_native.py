"""Contract §3: a native app sends what the provider's SDK gave it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from elsewhere import AUTHORIZE_TOKEN, Elsewhere, profile
from quantimodo.providers.contract import LimitedLoginNeeded, ProviderDown
from world import World, Worlds

MARK = "m4rked-provider-token"


@pytest.fixture
def google() -> Elsewhere:
    return Elsewhere(people={"sdk-token": profile(), MARK: profile()})


@pytest.fixture
async def world(worlds: Worlds, google: Elsewhere) -> AsyncIterator[World]:
    async with worlds([google]) as opened:
        yield opened


async def native(world: World, **changes: str | None) -> httpx.Response:
    asked: dict[str, str | None] = {"provider": "google", "accessToken": "sdk-token", **changes}
    query = {name: value for name, value in asked.items() if value is not None}
    return await world.browser().get(AUTHORIZE_TOKEN, params=query)


def refused(response: httpx.Response, status: int, code: str) -> bool:
    assert response.status_code == status, response.text
    body = response.json()
    assert (body["success"], body["status"]) == (False, "error")
    assert body["error"]["code"] == code
    assert body["error"]["message"] == body["message"]
    return True


async def test_a_native_token_buys_a_jwt_for_the_same_person_each_time(world: World) -> None:
    first, second = await native(world), await native(world)
    assert first.status_code == second.status_code == 200
    assert first.json()["data"]["newUser"] is True
    assert second.json()["data"]["newUser"] is False
    assert first.json()["data"]["user"] == second.json()["data"]["user"]
    assert first.json()["data"]["token"] != second.json()["data"]["token"]


async def test_it_is_taken_by_query_form_and_json_in_both_spellings(world: World) -> None:
    browser = world.browser()
    for names in (("accessToken", "refreshToken"), ("access_token", "refresh_token")):
        fields = {"provider": "google", names[0]: "sdk-token", names[1]: "theirs"}
        for answer in (
            await browser.get(AUTHORIZE_TOKEN, params=fields),
            await browser.post(AUTHORIZE_TOKEN, data=fields),
            await browser.post(AUTHORIZE_TOKEN, json=fields),
        ):
            assert answer.status_code == 200, answer.text
            assert answer.json()["data"]["token"]


async def test_both_spellings_with_different_values_and_doubled_ones_are_refused(
    world: World, google: Elsewhere
) -> None:
    browser = world.browser()
    for more in ("access_token=other", "accessToken=other", "accessToken=sdk-token", "provider=x"):
        query = f"provider=google&accessToken=sdk-token&{more}"
        form = {"content-type": "application/x-www-form-urlencoded"}
        refused(await browser.get(f"{AUTHORIZE_TOKEN}?{query}"), 400, "invalid_request")
        posted = await browser.post(AUTHORIZE_TOKEN, content=query, headers=form)
        refused(posted, 400, "invalid_request")
    one = {"provider": "google", "accessToken": "sdk-token", "access_token": "sdk-token"}
    assert (await browser.get(AUTHORIZE_TOKEN, params=one)).status_code == 200
    assert len(google.asked) == 1


async def test_a_token_of_another_application_is_refused(world: World) -> None:
    response = await native(world, accessToken="foreign-token")
    refused(response, 401, "invalid_token")
    assert "issued to another application" in response.json()["message"]
    assert not world.rows()["users"]


async def test_a_token_that_is_not_good_is_refused(world: World) -> None:
    refused(await native(world, accessToken="nonsense"), 401, "invalid_token")
    assert not world.rows()["users"]


async def test_an_app_is_told_to_send_the_limited_login_token(
    world: World, google: Elsewhere
) -> None:
    google.fault = LimitedLoginNeeded("Send the Limited Login ID token instead.")
    refused(await native(world), 401, "limited_login_required")


async def test_a_provider_that_is_down_is_a_503(world: World, google: Elsewhere) -> None:
    google.fault = ProviderDown("The sign-in provider cannot answer now.")
    refused(await native(world), 503, "temporarily_unavailable")


async def test_a_request_that_lacks_something_is_refused(world: World) -> None:
    for changes in ({"provider": None}, {"accessToken": None}, {"accessToken": ""}):
        refused(await native(world, **changes), 400, "invalid_request")
    response = await native(world, provider="twitter")
    refused(response, 400, "invalid_request")
    assert "google" in response.json()["message"]
    assert "twitter" not in response.text


async def test_a_token_of_ours_is_never_shown_to_a_provider(
    world: World, google: Elsewhere
) -> None:
    await world.person()
    tokens = await world.tokens(await world.app())
    for name in ("access_token", "refresh_token"):
        response = await native(world, accessToken=tokens[name])
        refused(response, 400, "invalid_request")
        assert tokens[name] not in response.text
    assert not google.asked


async def test_a_nonce_goes_to_the_provider(world: World, google: Elsewhere) -> None:
    await native(world, nonce="fake-nonce")
    assert google.asked == [("recognise", "sdk-token", "fake-nonce")]


async def test_a_refresh_token_is_kept_sealed_or_not_at_all(world: World) -> None:
    assert (await native(world, refreshToken=MARK)).status_code == 200
    ((*_, sealed, _, _, _),) = world.rows()["identities"]
    assert isinstance(sealed, bytes)
    assert MARK not in str(world.rows())
    again = await native(world)
    assert again.status_code == 200


async def test_a_native_token_is_written_nowhere(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for token in (MARK, f"{MARK}-bad"):
        response = await native(world, accessToken=token, refreshToken=MARK)
        assert MARK not in response.text
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"
    written = capsys.readouterr()
    assert MARK not in written.out + written.err
    await world.house.audit.flush()
    assert MARK not in str(world.rows())


async def test_a_jwt_of_an_app_that_names_itself_is_good_for_that_app_only(world: World) -> None:
    app, other = await world.app(first_party=True), await world.app(first_party=True)
    token = (await native(world, clientId=app.id)).json()["data"]["token"]
    headers = {"accept": "application/json", "authorization": f"Bearer {token}"}
    for each, status in ((app, 200), (other, 401)):
        query = {"client_id": each.id, "response_type": "code"}
        answer = await world.browser().get("/api/v2/oauth/authorize", params=query, headers=headers)
        assert answer.status_code == status


async def test_without_legacy_transport_no_token_is_taken_in_an_address(
    worlds: Worlds, google: Elsewhere
) -> None:
    async with worlds([google], legacy_transport="false") as world:
        response = await native(world)
        assert response.status_code == 405
        fields = {"provider": "google", "accessToken": "sdk-token"}
        assert (await world.browser().post(AUTHORIZE_TOKEN, data=fields)).status_code == 200
        assert len(google.asked) == 1


async def test_each_token_in_an_address_is_counted(world: World) -> None:
    await native(world)
    await native(world, accessToken="nonsense")
    fields = {"provider": "google", "accessToken": "sdk-token"}
    await world.browser().post(AUTHORIZE_TOKEN, json=fields)
    series = 'quantimodo_legacy_total{shape="social_token_by_get"}'
    assert await world.counted(series) == 2


async def test_an_address_may_not_ask_without_end(worlds: Worlds, google: Elsewhere) -> None:
    async with worlds([google], limits__departures_per_address="3 per 15m") as world:
        for _ in range(3):
            refused(await native(world, accessToken="nonsense"), 401, "invalid_token")
        stopped = await native(world)
        refused(stopped, 429, "too_many_requests")
        assert stopped.headers["retry-after"] == "900"
        assert len(google.asked) == 3
