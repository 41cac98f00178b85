"""What providers send unrequested (security.md §29, v2-api.md §3): accounts that are gone, signed
out, or whose data is to be deleted; and the page that says what became of it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from quantimodo.model.users import User
from quantimodo.outbound.errors import ProviderUnavailable
from support.app import AUTHORIZE, ISSUER, App, AppHarness, OpenHarness
from support.fake_provider import FakeUpstream, login_code, login_token, profile, redeem_login

SOCIAL = "/api/v2/auth/social"


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile()})


@pytest.fixture
def facebook() -> FakeUpstream:
    people = {"gia": profile("facebook"), "bea": profile("facebook", "2", name="Bea Example")}
    return FakeUpstream("facebook", "Facebook", people=people)


@pytest.fixture
async def harness(
    open_harness: OpenHarness, google: FakeUpstream, facebook: FakeUpstream
) -> AsyncIterator[AppHarness]:
    async with open_harness([google, facebook]) as opened:
        yield opened


async def tell(
    harness: AppHarness, place: str, provider: str = "facebook", **changes: Any
) -> httpx.Response:
    event = {"signed": True, "kind": "gone", "subject": "108", "id": "one", **changes}
    return await harness.browser().post(f"{SOCIAL}/{place}/{provider}", json=event)


async def newcomer(harness: AppHarness, provider: str = "facebook") -> User:
    response = await redeem_login(harness, "gia", provider=provider)
    user = await harness.context.stores.users.user(response.json()["data"]["user"]["id"])
    assert user is not None
    return user


async def connected(harness: AppHarness, user: User) -> tuple[App, str, str]:
    """An app with live tokens of this person, and a browser session's cookie."""
    app = await harness.app()
    cookie = await harness.context.sessions.start(
        user, methods=("fed",), address="192.0.2.7", agent="a test", replaces=None
    )
    browser = harness.browser()
    browser.cookies.set("__Host-quantimodo_session", cookie.reveal(), domain="id.example.org")
    tokens = await harness.tokens(app, browser)
    return app, tokens["access_token"], cookie.reveal()


async def is_live(harness: AppHarness, token: str, cookie: str) -> tuple[bool, bool]:
    called = (await harness.call(token)).status_code == 200
    return called, await harness.context.sessions.current(cookie) is not None


async def test_messages_that_change_nothing_are_limited_by_address(
    open_harness: OpenHarness, google: FakeUpstream, facebook: FakeUpstream
) -> None:
    limit = {"limits__security_events_per_address": "3 per 15m"}
    async with open_harness([google, facebook], **limit) as harness:
        for number in range(6):  # new messages of the provider do not count
            assert (await tell(harness, "deauthorize", id=str(number))).status_code == 200
        statuses = [
            (await tell(harness, "deauthorize", id="0")).status_code,  # sent before
            (await tell(harness, "deauthorize", signed=False)).status_code,
            (await tell(harness, "notifications", "google", signed=False)).status_code,
        ]
        assert statuses == [200, 400, 400]
        refused = await tell(harness, "data-deletion", signed=False)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert refused.json()["err"] == "too_many_requests"


async def ask_json(harness: AppHarness, app: App, token: str) -> httpx.Response:
    """The authorize endpoint, asked with a login JWT."""
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    query = {"client_id": app.id, "response_type": "code", "scope": "basic"}
    return await harness.browser().get(AUTHORIZE, params=query, headers=headers)


async def test_when_the_account_is_gone_sessions_and_grants_end(harness: AppHarness) -> None:
    user = await newcomer(harness)
    _, token, cookie = await connected(harness, user)
    assert await is_live(harness, token, cookie) == (True, True)
    response = await tell(harness, "deauthorize")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert await is_live(harness, token, cookie) == (False, False)
    assert not await harness.context.social.identities(user.id)


async def test_when_it_was_signed_out_sessions_end_and_the_identity_stays(
    harness: AppHarness,
) -> None:
    user = await newcomer(harness, "google")
    _, token, cookie = await connected(harness, user)
    response = await tell(harness, "notifications", "google", kind="signed_out")
    assert response.status_code == 200
    assert await is_live(harness, token, cookie) == (True, False)
    assert len(await harness.context.social.identities(user.id)) == 1


async def test_when_it_was_disabled_grants_end_too_and_the_identity_stays(
    harness: AppHarness,
) -> None:
    user = await newcomer(harness, "google")
    _, token, cookie = await connected(harness, user)
    response = await tell(harness, "notifications", "google", kind="suspended")
    assert response.status_code == 200
    assert await is_live(harness, token, cookie) == (False, False)
    assert len(await harness.context.social.identities(user.id)) == 1
    harness.advance(seconds=1)
    assert await newcomer(harness, "google") == user


@pytest.mark.parametrize("kind", ["signed_out", "suspended"])
async def test_codes_and_jwts_of_before_are_refused(harness: AppHarness, kind: str) -> None:
    app = await harness.app(first_party=True)
    code, token = await login_code(harness), await login_token(harness)
    harness.advance(seconds=1)
    assert (await ask_json(harness, app, token)).status_code == 200
    await tell(harness, "notifications", "google", kind=kind)
    assert (await redeem_login(harness, code)).status_code == 400
    assert (await ask_json(harness, app, token)).status_code == 401
    harness.advance(seconds=1)
    assert (await ask_json(harness, app, await login_token(harness))).status_code == 200


async def test_a_security_event_is_accepted_by_202(harness: AppHarness) -> None:
    await newcomer(harness, "google")
    body = '{"signed": true, "kind": "gone", "subject": "108", "id": "one"}'
    response = await harness.browser().post(
        f"{SOCIAL}/notifications/google",
        content=body,
        headers={"content-type": "application/secevent+jwt"},
    )
    assert response.status_code == 202
    assert response.content == b""
    assert not harness.rows()["identities"]


async def test_each_notice_counts_once(harness: AppHarness) -> None:
    await newcomer(harness)
    assert (await tell(harness, "deauthorize")).status_code == 200
    # They come back, by their own will; the old message must not end it again.
    harness.advance(seconds=1)
    await newcomer(harness)
    assert (await tell(harness, "deauthorize")).status_code == 200
    assert len(harness.rows()["identities"]) == 1
    assert (await tell(harness, "deauthorize", id="two")).status_code == 200
    assert not harness.rows()["identities"]


async def test_a_security_event_about_an_unknown_account_is_accepted(harness: AppHarness) -> None:
    for place in ("deauthorize", "notifications", "data-deletion"):
        response = await tell(harness, place, subject="unknown", id=place)
        assert response.status_code == 200


async def test_a_notice_of_one_provider_does_not_touch_the_identities_of_another(
    harness: AppHarness,
) -> None:
    user = await newcomer(harness, "google")
    await tell(harness, "deauthorize", "facebook")
    assert len(await harness.context.social.identities(user.id)) == 1


@pytest.mark.parametrize("place", ["deauthorize", "notifications", "data-deletion"])
async def test_an_unsigned_message_changes_nothing(
    harness: AppHarness, facebook: FakeUpstream, place: str
) -> None:
    await newcomer(harness)
    response = await tell(harness, place, signed=False)
    assert response.status_code == 400
    assert response.json()["err"] == "authentication_failed"
    facebook.fault = ProviderUnavailable("The provider's keys cannot be read.")
    assert (await tell(harness, place)).status_code == 503
    assert len(harness.rows()["identities"]) == 1
    assert not harness.rows()["replays"]
    assert not harness.rows()["data_deletion_requests"]


@pytest.mark.parametrize("place", ["deauthorize", "notifications", "data-deletion"])
async def test_other_methods_unknown_providers_and_endless_bodies_are_refused(
    harness: AppHarness, place: str
) -> None:
    assert (await tell(harness, place, "unknown")).status_code == 404
    assert (await harness.browser().get(f"{SOCIAL}/{place}/facebook")).status_code == 405
    large = await harness.browser().post(f"{SOCIAL}/{place}/facebook", content=b"x" * 70_000)
    assert large.status_code == 413


async def test_a_request_to_delete_data_is_answered_with_a_page_and_a_code(
    harness: AppHarness,
) -> None:
    user = await newcomer(harness)
    response = await tell(harness, "data-deletion")
    assert response.status_code == 200
    body = response.json()
    assert body.keys() == {"url", "confirmation_code"}
    assert body["url"] == f"{ISSUER}/data-deletion/{body['confirmation_code']}"
    page = await harness.browser().get(body["url"])
    assert page.status_code == 200
    assert body["confirmation_code"] in page.text
    assert "Facebook" in page.text
    assert "Gia" not in page.text
    # It was the only way in, so the account is gone with it.
    assert await harness.context.stores.users.user(user.id) is None


async def test_an_account_with_another_sign_in_method_stays(
    harness: AppHarness, google: FakeUpstream
) -> None:
    user = await newcomer(harness)
    _, token, cookie = await connected(harness, user)
    session = await harness.context.sessions.current(cookie)
    assert session is not None
    await harness.context.social.link(session, google.people["gia"])
    assert (await tell(harness, "data-deletion")).status_code == 200
    assert await harness.context.stores.users.user(user.id) is not None
    (identity,) = await harness.context.social.identities(user.id)
    assert identity.provider == "google"
    assert await is_live(harness, token, cookie) == (False, False)


async def test_the_same_request_again_gets_the_same_code_and_deletes_nothing_more(
    harness: AppHarness,
) -> None:
    await newcomer(harness)
    first = await tell(harness, "data-deletion")
    harness.advance(seconds=1)
    again = await newcomer(harness)
    second = await tell(harness, "data-deletion")
    assert first.json() == second.json()
    assert await harness.context.stores.users.user(again.id) is not None
    other = await tell(harness, "data-deletion", id="two")
    assert other.json()["confirmation_code"] != first.json()["confirmation_code"]


async def test_an_unknown_confirmation_code_is_not_a_page(harness: AppHarness) -> None:
    for code in ("x", "0" * 20, "a%00b", "%FF"):
        assert (await harness.browser().get(f"/data-deletion/{code}")).status_code == 404


async def test_the_page_is_there_for_a_year(harness: AppHarness) -> None:
    await newcomer(harness)
    where = (await tell(harness, "data-deletion")).json()["url"]
    harness.advance(days=366)
    assert (await harness.browser().get(where)).status_code == 200
    harness.advance(days=60)
    assert (await harness.browser().get(where)).status_code == 404
