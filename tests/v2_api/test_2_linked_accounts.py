"""`/account/identities` over the whole server: a provider linked, used, and unlinked again.

Linking to another person's account is impossible from any step (security.md §27).
"""

from collections.abc import AsyncIterator

import httpx
import pytest

from support.app import AppHarness, OpenHarness, form_fields
from support.fake_provider import BACK, FakeUpstream, profile, send_callback, state_of

IDENTITIES = "/account/identities"


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile(email="gia@google.example")})


@pytest.fixture
def apple() -> FakeUpstream:
    return FakeUpstream(
        "apple", "Apple", responds_by_form_post=True, people={"gia": profile("apple")}
    )


@pytest.fixture
async def harness(
    open_harness: OpenHarness, google: FakeUpstream, apple: FakeUpstream
) -> AsyncIterator[AppHarness]:
    async with open_harness([google, apple]) as opened:
        await opened.person()
        yield opened


async def press_link(browser: httpx.AsyncClient, provider: str = "google") -> httpx.Response:
    page = await browser.get(IDENTITIES)
    fields = {**form_fields(page.text), "provider": provider}
    return await browser.post(f"{IDENTITIES}/link", data=fields)


async def linked_to(harness: AppHarness, email: str = "ann@example.org") -> list[str]:
    user = await harness.context.stores.users.user_by_email(email)
    assert user is not None
    return [one.issuer for one in await harness.context.social.identities(user.id)]


async def test_a_provider_is_linked_signs_in_and_is_unlinked(harness: AppHarness) -> None:
    browser = await harness.signed_in()
    page = await browser.get(IDENTITIES)
    assert "form-action 'self' https:;" in page.headers["content-security-policy"]
    started_login = await press_link(browser)
    assert started_login.headers["location"].startswith("https://google.example/authorize")
    back = await send_callback(browser, state_of(started_login))
    assert back.headers["location"] == IDENTITIES
    page = await browser.get(IDENTITIES)
    assert "gia@google.example" in page.text
    assert "The account is linked." in page.text

    stranger = harness.browser()
    started_login = await stranger.get("/sign-in/with/google?return_to=/account/profile")
    arrived = await send_callback(stranger, state_of(started_login))
    assert arrived.headers["location"] == "/account/profile"
    assert "Ann Example" in (await stranger.get("/account/profile")).text

    fields = form_fields((await browser.get(IDENTITIES)).text.partition("rows")[2])
    gone = await browser.post(f"{IDENTITIES}/unlink", data=fields)
    assert gone.headers["location"] == IDENTITIES
    assert await linked_to(harness) == []


async def test_a_provider_that_answers_by_post_is_linked(harness: AppHarness) -> None:
    browser = await harness.signed_in()
    started_login = await press_link(browser, "apple")
    fields = {"state": state_of(started_login), "code": "gia"}
    returned = await browser.post(f"{BACK}/apple", data=fields)
    assert (await browser.get(returned.headers["location"])).headers["location"] == IDENTITIES
    assert await linked_to(harness) == ["https://apple.example"]


async def test_a_link_begun_by_one_person_is_not_finished_by_another(harness: AppHarness) -> None:
    await harness.person("ben@example.org", "Ben Example")
    browser = await harness.signed_in()
    started_login = await press_link(browser)
    await harness.sign_in(browser, "ben@example.org")
    back = await send_callback(browser, state_of(started_login))
    assert back.status_code == 403
    assert await linked_to(harness) == []
    assert await linked_to(harness, "ben@example.org") == []


async def test_a_link_begun_in_one_browser_is_not_finished_in_another(harness: AppHarness) -> None:
    """A link that an attacker sends: it would add their identity to the victim's account."""
    await harness.person("ben@example.org", "Ben Example")
    attacker, victim = await harness.signed_in(), await harness.signed_in("ben@example.org")
    started_login = await press_link(attacker)
    back = await send_callback(victim, state_of(started_login))
    assert back.status_code == 400
    assert await linked_to(harness, "ben@example.org") == []


async def test_an_identity_with_an_owner_is_refused(harness: AppHarness) -> None:
    stranger = harness.browser()
    started_login = await stranger.get("/sign-in/with/google")
    await send_callback(stranger, state_of(started_login))
    browser = await harness.signed_in()
    back = await send_callback(browser, state_of(await press_link(browser)))
    assert back.status_code == 403
    assert "another account" in back.text
    assert await linked_to(harness) == []
    assert await linked_to(harness, "gia@google.example") == ["https://google.example"]


async def test_a_sign_in_that_became_old_on_the_way_links_nothing(harness: AppHarness) -> None:
    browser = await harness.signed_in()
    harness.advance(minutes=9)
    started_login = await press_link(browser)
    harness.advance(minutes=2)
    back = await send_callback(browser, state_of(started_login))
    assert back.status_code == 303
    assert back.headers["location"].startswith("/account/again?")
    assert await linked_to(harness) == []


async def test_a_person_of_a_provider_signs_in_there_again_to_set_a_password(
    harness: AppHarness, google: FakeUpstream
) -> None:
    browser = harness.browser()
    started_login = await browser.get("/sign-in/with/google")
    await send_callback(browser, state_of(started_login))
    harness.advance(minutes=11)
    again = await browser.get("/account/security/password")
    page = await browser.get(again.headers["location"])
    assert "Sign in with Google" in page.text
    started_login = await browser.get("/sign-in/with/google?return_to=/account/security/password")
    assert google.contexts[-1].fresh
    back = await send_callback(browser, state_of(started_login))
    page = await browser.get(back.headers["location"])
    fields = {**form_fields(page.text), "password": "a horse of another colour"}
    done = await browser.post("/account/security/first-password", data=fields)
    assert done.headers["location"] == "/account/sessions"
