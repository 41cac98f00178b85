"""v2-api.md §3: a native app sends what the provider's SDK gave it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from quantimodo.federation.contract import LimitedLoginNeeded
from quantimodo.outbound.errors import ProviderUnavailable
from support.app import AppHarness, OpenHarness
from support.fake_provider import AUTHORIZE_TOKEN, FakeUpstream, profile

MARK = "m4rked-provider-token"


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"sdk-token": profile(), MARK: profile()})


@pytest.fixture
async def harness(open_harness: OpenHarness, google: FakeUpstream) -> AsyncIterator[AppHarness]:
    async with open_harness([google]) as opened:
        yield opened


async def native(harness: AppHarness, **changes: str | None) -> httpx.Response:
    requested: dict[str, str | None] = {"provider": "google", "accessToken": "sdk-token", **changes}
    query = {name: value for name, value in requested.items() if value is not None}
    return await harness.browser().get(AUTHORIZE_TOKEN, params=query)


def refused(response: httpx.Response, status: int, code: str) -> bool:
    assert response.status_code == status, response.text
    body = response.json()
    assert (body["success"], body["status"]) == (False, "error")
    assert body["error"]["code"] == code
    assert body["error"]["message"] == body["message"]
    return True


async def test_a_native_token_gets_a_jwt_for_the_same_person_each_time(harness: AppHarness) -> None:
    first, second = await native(harness), await native(harness)
    assert first.status_code == second.status_code == 200
    assert first.json()["data"]["newUser"] is True
    assert second.json()["data"]["newUser"] is False
    assert first.json()["data"]["user"] == second.json()["data"]["user"]
    assert first.json()["data"]["token"] != second.json()["data"]["token"]


async def test_it_is_taken_by_query_form_and_json_in_both_spellings(harness: AppHarness) -> None:
    browser = harness.browser()
    for names in (("accessToken", "refreshToken"), ("access_token", "refresh_token")):
        fields = {"provider": "google", names[0]: "sdk-token", names[1]: "theirs"}
        for response in (
            await browser.get(AUTHORIZE_TOKEN, params=fields),
            await browser.post(AUTHORIZE_TOKEN, data=fields),
            await browser.post(AUTHORIZE_TOKEN, json=fields),
        ):
            assert response.status_code == 200, response.text
            assert response.json()["data"]["token"]


async def test_both_spellings_with_different_values_and_doubled_ones_are_refused(
    harness: AppHarness, google: FakeUpstream
) -> None:
    browser = harness.browser()
    for more in ("access_token=other", "accessToken=other", "accessToken=sdk-token", "provider=x"):
        query = f"provider=google&accessToken=sdk-token&{more}"
        form = {"content-type": "application/x-www-form-urlencoded"}
        refused(await browser.get(f"{AUTHORIZE_TOKEN}?{query}"), 400, "invalid_request")
        posted = await browser.post(AUTHORIZE_TOKEN, content=query, headers=form)
        refused(posted, 400, "invalid_request")
    one = {"provider": "google", "accessToken": "sdk-token", "access_token": "sdk-token"}
    assert (await browser.get(AUTHORIZE_TOKEN, params=one)).status_code == 200
    assert len(google.requested) == 1


async def test_a_token_of_another_application_is_refused(harness: AppHarness) -> None:
    response = await native(harness, accessToken="foreign-token")
    refused(response, 401, "invalid_token")
    assert "issued to another application" in response.json()["message"]
    assert not harness.rows()["users"]


async def test_a_token_that_is_not_good_is_refused(harness: AppHarness) -> None:
    refused(await native(harness, accessToken="nonsense"), 401, "invalid_token")
    assert not harness.rows()["users"]


async def test_an_app_must_send_the_limited_login_token(
    harness: AppHarness, google: FakeUpstream
) -> None:
    google.fault = LimitedLoginNeeded("Send the Limited Login ID token instead.")
    refused(await native(harness), 401, "limited_login_required")


async def test_a_provider_that_is_down_is_a_503(harness: AppHarness, google: FakeUpstream) -> None:
    google.fault = ProviderUnavailable("The sign-in provider cannot answer now.")
    refused(await native(harness), 503, "temporarily_unavailable")


async def test_a_request_that_lacks_something_is_refused(harness: AppHarness) -> None:
    for changes in ({"provider": None}, {"accessToken": None}, {"accessToken": ""}):
        refused(await native(harness, **changes), 400, "invalid_request")
    response = await native(harness, provider="twitter")
    refused(response, 400, "invalid_request")
    assert "google" in response.json()["message"]
    assert "twitter" not in response.text


async def test_a_token_of_ours_is_never_shown_to_a_provider(
    harness: AppHarness, google: FakeUpstream
) -> None:
    await harness.person()
    tokens = await harness.tokens(await harness.app())
    for name in ("access_token", "refresh_token"):
        response = await native(harness, accessToken=tokens[name])
        refused(response, 400, "invalid_request")
        assert tokens[name] not in response.text
    assert not google.requested


async def test_a_nonce_goes_to_the_provider(harness: AppHarness, google: FakeUpstream) -> None:
    await native(harness, nonce="fake-nonce")
    assert google.requested == [("verify_native_token", "sdk-token", "fake-nonce")]


async def test_a_refresh_token_is_kept_sealed_or_not_at_all(harness: AppHarness) -> None:
    assert (await native(harness, refreshToken=MARK)).status_code == 200
    ((*_, sealed, _, _, _),) = harness.rows()["identities"]
    assert isinstance(sealed, bytes)
    assert MARK not in str(harness.rows())
    again = await native(harness)
    assert again.status_code == 200


async def test_a_native_token_is_written_nowhere(
    harness: AppHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    for token in (MARK, f"{MARK}-bad"):
        response = await native(harness, accessToken=token, refreshToken=MARK)
        assert MARK not in response.text
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"
    written = capsys.readouterr()
    assert MARK not in written.out + written.err
    await harness.context.audit.flush()
    assert MARK not in str(harness.rows())


async def test_a_jwt_of_an_app_that_names_itself_is_good_for_that_app_only(
    harness: AppHarness,
) -> None:
    app, other = await harness.app(first_party=True), await harness.app(first_party=True)
    token = (await native(harness, clientId=app.id)).json()["data"]["token"]
    headers = {"accept": "application/json", "authorization": f"Bearer {token}"}
    for each, status in ((app, 200), (other, 401)):
        query = {"client_id": each.id, "response_type": "code"}
        response = await harness.browser().get(
            "/api/v2/oauth/authorize", params=query, headers=headers
        )
        assert response.status_code == status


async def test_without_legacy_transport_no_token_is_taken_in_an_address(
    open_harness: OpenHarness, google: FakeUpstream
) -> None:
    async with open_harness([google], legacy_transport="false") as harness:
        response = await native(harness)
        assert response.status_code == 405
        fields = {"provider": "google", "accessToken": "sdk-token"}
        assert (await harness.browser().post(AUTHORIZE_TOKEN, data=fields)).status_code == 200
        assert len(google.requested) == 1


async def test_each_token_in_an_address_is_counted(harness: AppHarness) -> None:
    await native(harness)
    await native(harness, accessToken="nonsense")
    fields = {"provider": "google", "accessToken": "sdk-token"}
    await harness.browser().post(AUTHORIZE_TOKEN, json=fields)
    series = 'quantimodo_legacy_total{shape="social_token_by_get"}'
    assert await harness.counted(series) == 2


async def test_an_address_may_not_ask_without_end(
    open_harness: OpenHarness, google: FakeUpstream
) -> None:
    async with open_harness([google], limits__upstream_logins_per_address="3 per 15m") as harness:
        for _ in range(3):
            refused(await native(harness, accessToken="nonsense"), 401, "invalid_token")
        stopped = await native(harness)
        refused(stopped, 429, "too_many_requests")
        assert stopped.headers["retry-after"] == "900"
        assert len(google.requested) == 3
