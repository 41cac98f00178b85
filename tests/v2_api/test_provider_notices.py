"""What providers tell us unasked (security.md 29, contract §3): accounts that are gone, signed out,
or whose data is to be deleted; and the page that says what became of it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from elsewhere import Elsewhere, login_code, login_token, profile, redeem_login
from quantimodo.model.users import User
from quantimodo.providers.contract import ProviderDown
from world import AUTHORIZE, ISSUER, App, World, Worlds

SOCIAL = "/api/v2/auth/social"


@pytest.fixture
def google() -> Elsewhere:
    return Elsewhere(people={"gia": profile()})


@pytest.fixture
def facebook() -> Elsewhere:
    people = {"gia": profile("facebook"), "bea": profile("facebook", "2", name="Bea Example")}
    return Elsewhere("facebook", "Facebook", people=people)


@pytest.fixture
async def world(worlds: Worlds, google: Elsewhere, facebook: Elsewhere) -> AsyncIterator[World]:
    async with worlds([google, facebook]) as opened:
        yield opened


async def tell(
    world: World, place: str, provider: str = "facebook", **changes: Any
) -> httpx.Response:
    said = {"signed": True, "kind": "gone", "subject": "108", "id": "one", **changes}
    return await world.browser().post(f"{SOCIAL}/{place}/{provider}", json=said)


async def newcomer(world: World, provider: str = "facebook") -> User:
    answer = await redeem_login(world, "gia", provider=provider)
    user = await world.house.stores.user(answer.json()["data"]["user"]["id"])
    assert user is not None
    return user


async def connected(world: World, user: User) -> tuple[App, str, str]:
    """An app with live tokens of this person, and a browser session's cookie."""
    app = await world.app()
    cookie = await world.house.sessions.start(
        user, methods=("fed",), address="192.0.2.7", agent="a test", replaces=None
    )
    browser = world.browser()
    browser.cookies.set("__Host-quantimodo_session", cookie.reveal(), domain="id.example.org")
    tokens = await world.tokens(app, browser)
    return app, tokens["access_token"], cookie.reveal()


async def is_live(world: World, token: str, cookie: str) -> tuple[bool, bool]:
    called = (await world.call(token)).status_code == 200
    return called, await world.house.sessions.current(cookie) is not None


async def ask_json(world: World, app: App, token: str) -> httpx.Response:
    """The authorize endpoint, asked with a login JWT."""
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    query = {"client_id": app.id, "response_type": "code", "scope": "basic"}
    return await world.browser().get(AUTHORIZE, params=query, headers=headers)


async def test_when_the_account_is_gone_sessions_and_grants_end(world: World) -> None:
    user = await newcomer(world)
    _, token, cookie = await connected(world, user)
    assert await is_live(world, token, cookie) == (True, True)
    answer = await tell(world, "deauthorize")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert await is_live(world, token, cookie) == (False, False)
    assert not await world.house.social.identities(user.id)


async def test_when_it_was_signed_out_sessions_end_and_the_identity_stays(world: World) -> None:
    user = await newcomer(world, "google")
    _, token, cookie = await connected(world, user)
    answer = await tell(world, "notifications", "google", kind="signed_out")
    assert answer.status_code == 200
    assert await is_live(world, token, cookie) == (True, False)
    assert len(await world.house.social.identities(user.id)) == 1


async def test_when_it_was_disabled_grants_end_too_and_the_identity_stays(world: World) -> None:
    user = await newcomer(world, "google")
    _, token, cookie = await connected(world, user)
    answer = await tell(world, "notifications", "google", kind="suspended")
    assert answer.status_code == 200
    assert await is_live(world, token, cookie) == (False, False)
    assert len(await world.house.social.identities(user.id)) == 1
    assert await newcomer(world, "google") == user


@pytest.mark.parametrize("kind", ["signed_out", "suspended"])
async def test_what_an_app_got_before_and_did_not_use_yet_is_over(world: World, kind: str) -> None:
    app = await world.app(first_party=True)
    code, token = await login_code(world), await login_token(world)
    world.advance(seconds=1)
    assert (await ask_json(world, app, token)).status_code == 200
    await tell(world, "notifications", "google", kind=kind)
    assert (await redeem_login(world, code)).status_code == 400
    assert (await ask_json(world, app, token)).status_code == 401
    world.advance(seconds=1)
    assert (await ask_json(world, app, await login_token(world))).status_code == 200


async def test_a_security_event_is_accepted_by_202(world: World) -> None:
    await newcomer(world, "google")
    body = '{"signed": true, "kind": "gone", "subject": "108", "id": "one"}'
    answer = await world.browser().post(
        f"{SOCIAL}/notifications/google",
        content=body,
        headers={"content-type": "application/secevent+jwt"},
    )
    assert answer.status_code == 202
    assert answer.content == b""
    assert not world.rows()["identities"]


async def test_each_notice_counts_once(world: World) -> None:
    await newcomer(world)
    assert (await tell(world, "deauthorize")).status_code == 200
    # They come back, by their own will; the old message must not end it again.
    await newcomer(world)
    assert (await tell(world, "deauthorize")).status_code == 200
    assert len(world.rows()["identities"]) == 1
    assert (await tell(world, "deauthorize", id="two")).status_code == 200
    assert not world.rows()["identities"]


async def test_a_notice_about_nobody_is_taken_all_the_same(world: World) -> None:
    for place in ("deauthorize", "notifications", "data-deletion"):
        answer = await tell(world, place, subject="unknown", id=place)
        assert answer.status_code == 200


async def test_a_notice_of_one_provider_does_not_touch_the_identities_of_another(
    world: World,
) -> None:
    user = await newcomer(world, "google")
    await tell(world, "deauthorize", "facebook")
    assert len(await world.house.social.identities(user.id)) == 1


@pytest.mark.parametrize("place", ["deauthorize", "notifications", "data-deletion"])
async def test_what_is_not_signed_changes_nothing(
    world: World, facebook: Elsewhere, place: str
) -> None:
    await newcomer(world)
    answer = await tell(world, place, signed=False)
    assert answer.status_code == 400
    assert answer.json()["err"] == "authentication_failed"
    facebook.fault = ProviderDown("The provider's keys cannot be read.")
    assert (await tell(world, place)).status_code == 503
    assert len(world.rows()["identities"]) == 1
    assert not world.rows()["replays"]
    assert not world.rows()["erasures"]


@pytest.mark.parametrize("place", ["deauthorize", "notifications", "data-deletion"])
async def test_other_methods_unknown_providers_and_endless_bodies_are_refused(
    world: World, place: str
) -> None:
    assert (await tell(world, place, "nobody")).status_code == 404
    assert (await world.browser().get(f"{SOCIAL}/{place}/facebook")).status_code == 405
    large = await world.browser().post(f"{SOCIAL}/{place}/facebook", content=b"x" * 70_000)
    assert large.status_code == 413


async def test_a_request_to_delete_data_is_answered_with_a_page_and_a_code(world: World) -> None:
    user = await newcomer(world)
    answer = await tell(world, "data-deletion")
    assert answer.status_code == 200
    said = answer.json()
    assert said.keys() == {"url", "confirmation_code"}
    assert said["url"] == f"{ISSUER}/data-deletion/{said['confirmation_code']}"
    page = await world.browser().get(said["url"])
    assert page.status_code == 200
    assert said["confirmation_code"] in page.text
    assert "Facebook" in page.text
    assert "Gia" not in page.text
    # It was the only way in, so the account is gone with it.
    assert await world.house.stores.user(user.id) is None


async def test_an_account_with_another_way_in_stays(world: World, google: Elsewhere) -> None:
    user = await newcomer(world)
    _, token, cookie = await connected(world, user)
    session = await world.house.sessions.current(cookie)
    assert session is not None
    await world.house.social.link(session, google.people["gia"])
    assert (await tell(world, "data-deletion")).status_code == 200
    assert await world.house.stores.user(user.id) is not None
    (identity,) = await world.house.social.identities(user.id)
    assert identity.provider == "google"
    assert await is_live(world, token, cookie) == (False, False)


async def test_the_same_request_again_gets_the_same_code_and_deletes_nothing_more(
    world: World,
) -> None:
    await newcomer(world)
    first = await tell(world, "data-deletion")
    again = await newcomer(world)
    second = await tell(world, "data-deletion")
    assert first.json() == second.json()
    assert await world.house.stores.user(again.id) is not None
    other = await tell(world, "data-deletion", id="two")
    assert other.json()["confirmation_code"] != first.json()["confirmation_code"]


async def test_a_code_that_nobody_has_is_no_page(world: World) -> None:
    for code in ("x", "0" * 20, "a%00b", "%FF"):
        assert (await world.browser().get(f"/data-deletion/{code}")).status_code == 404


async def test_the_page_is_there_for_a_year(world: World) -> None:
    await newcomer(world)
    where = (await tell(world, "data-deletion")).json()["url"]
    world.advance(days=366)
    assert (await world.browser().get(where)).status_code == 200
    world.advance(days=60)
    assert (await world.browser().get(where)).status_code == 404
