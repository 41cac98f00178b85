"""security.md §29: what began before a provider deleted or disabled an account opens, links and
creates nothing afterwards, on any path."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from support.app import CALLBACK, AppHarness, OpenHarness, form_fields
from support.fake_provider import (
    AUTHORIZE_TOKEN,
    BACK,
    FakeUpstream,
    begin_linking,
    profile,
    send_callback,
    start_upstream_login,
    state_of,
)

NOTIFICATIONS = "/api/v2/auth/social/notifications"


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile(email="gia@example.org")})


@pytest.fixture
def apple() -> FakeUpstream:
    people = {"gia": profile("apple")}
    return FakeUpstream("apple", "Apple", responds_by_form_post=True, people=people)


@pytest.fixture
async def harness(
    open_harness: OpenHarness, google: FakeUpstream, apple: FakeUpstream
) -> AsyncIterator[AppHarness]:
    async with open_harness([google, apple], social_redirect_urls=CALLBACK) as opened:
        yield opened


async def end(harness: AppHarness, kind: str) -> None:
    """Both providers report that the account was deleted or disabled, a moment later."""
    harness.advance(seconds=1)
    for provider in ("google", "apple"):
        event = {"signed": True, "kind": kind, "subject": "108", "id": "one"}
        response = await harness.browser().post(f"{NOTIFICATIONS}/{provider}", json=event)
        assert response.status_code == 200
    harness.advance(seconds=1)


Finish = Callable[[], Awaitable[httpx.Response]]


async def waiting_for_the_callback(harness: AppHarness) -> Finish:
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    return lambda: send_callback(browser, state)


async def waiting_on_the_link_page(harness: AppHarness) -> Finish:
    """The provider's address is that of an account, whose owner signs in and links."""
    await harness.person("gia@example.org", "Gia Example")
    browser = harness.browser()
    page = await send_callback(browser, state_of(await start_upstream_login(browser)))
    address = page.headers["location"]
    assert address.startswith("/sign-in/link?state=")

    async def finish() -> httpx.Response:
        await harness.sign_in(browser, "gia@example.org")
        form = form_fields((await browser.get(address)).text)
        return await browser.post("/sign-in/link", data={**form, "decision": "link"})

    return finish


async def waiting_after_a_form_of_another_site(harness: AppHarness) -> Finish:
    browser = harness.browser()
    started_login = await browser.get("/sign-in/with/apple", params={"return_to": "/account"})
    fields = {"state": state_of(started_login), "code": "gia"}
    posted = await browser.post(f"{BACK}/apple", data=fields)
    address = posted.headers["location"]
    assert address.startswith("/sign-in/arrived?state=")
    return lambda: browser.get(address)


async def waiting_to_be_linked(harness: AppHarness) -> Finish:
    await harness.person("ann@example.org", "Ann Example")
    browser = await harness.signed_in()
    state = state_of(await begin_linking(browser))
    return lambda: send_callback(browser, state)


PATHS = [
    waiting_for_the_callback,
    waiting_on_the_link_page,
    waiting_after_a_form_of_another_site,
    waiting_to_be_linked,
]


@pytest.mark.parametrize("kind", ["delete_data", "suspended"])
@pytest.mark.parametrize("path", PATHS)
async def test_an_earlier_sign_in_creates_and_links_nothing(
    harness: AppHarness, path: Callable[[AppHarness], Awaitable[Finish]], kind: str
) -> None:
    finish = await path(harness)
    people = len(harness.rows()["users"])
    await end(harness, kind)
    response = await finish()
    if response.status_code == 303:
        assert "error=access_denied" in response.headers["location"]
    else:
        assert response.status_code == 403
        assert "has ended this sign-in" in response.text
    assert not harness.rows()["identities"]
    assert len(harness.rows()["users"]) == people


async def test_a_native_token_from_before_creates_nothing(
    harness: AppHarness, google: FakeUpstream
) -> None:
    """v2-api.md §3: an app may hold an ID token for its whole lifetime."""
    google.people["gia"] = profile(stated_at=harness.context.clock.now())
    await end(harness, "delete_data")
    query = {"provider": "google", "accessToken": "gia"}
    response = await harness.browser().post(AUTHORIZE_TOKEN, data=query)
    assert response.status_code == 403
    assert not harness.rows()["users"]


async def test_a_sign_in_that_begins_later_creates_a_new_account(harness: AppHarness) -> None:
    """What ended is not a ban: the provider vouches for the account again."""
    old = await waiting_for_the_callback(harness)
    await end(harness, "delete_data")
    await (await waiting_for_the_callback(harness))()
    (identity,) = harness.rows()["identities"]
    await old()
    assert harness.rows()["identities"] == [identity]
