"""`/account/identities` over the whole server: a provider linked, used, and unlinked again.

Linking to somebody else's account is impossible from any step (security.md 27).
"""

from collections.abc import AsyncIterator

import httpx
import pytest

from elsewhere import BACK, Elsewhere, come_back, profile, state_of
from world import World, Worlds, form_fields

IDENTITIES = "/account/identities"


@pytest.fixture
def google() -> Elsewhere:
    return Elsewhere(people={"gia": profile(email="gia@google.example")})


@pytest.fixture
def apple() -> Elsewhere:
    return Elsewhere("apple", "Apple", answers_by_post=True, people={"gia": profile("apple")})


@pytest.fixture
async def world(worlds: Worlds, google: Elsewhere, apple: Elsewhere) -> AsyncIterator[World]:
    async with worlds([google, apple]) as opened:
        await opened.person()
        yield opened


async def press_link(browser: httpx.AsyncClient, provider: str = "google") -> httpx.Response:
    page = await browser.get(IDENTITIES)
    fields = {**form_fields(page.text), "provider": provider}
    return await browser.post(f"{IDENTITIES}/link", data=fields)


async def linked_to(world: World, email: str = "ann@example.org") -> list[str]:
    user = await world.house.stores.user_by_email(email)
    assert user is not None
    return [one.issuer for one in await world.house.social.identities(user.id)]


async def test_a_provider_is_linked_signs_in_and_is_unlinked(world: World) -> None:
    browser = await world.signed_in()
    page = await browser.get(IDENTITIES)
    assert "form-action 'self' https:;" in page.headers["content-security-policy"]
    departed = await press_link(browser)
    assert departed.headers["location"].startswith("https://google.example/authorize")
    back = await come_back(browser, state_of(departed))
    assert back.headers["location"] == IDENTITIES
    page = await browser.get(IDENTITIES)
    assert "gia@google.example" in page.text
    assert "The account is linked." in page.text

    stranger = world.browser()
    departed = await stranger.get("/sign-in/with/google?return_to=/account/profile")
    arrived = await come_back(stranger, state_of(departed))
    assert arrived.headers["location"] == "/account/profile"
    assert "Ann Example" in (await stranger.get("/account/profile")).text

    fields = form_fields((await browser.get(IDENTITIES)).text.partition("rows")[2])
    gone = await browser.post(f"{IDENTITIES}/unlink", data=fields)
    assert gone.headers["location"] == IDENTITIES
    assert await linked_to(world) == []


async def test_a_provider_that_answers_by_post_is_linked(world: World) -> None:
    browser = await world.signed_in()
    departed = await press_link(browser, "apple")
    fields = {"state": state_of(departed), "code": "gia"}
    way = await browser.post(f"{BACK}/apple", data=fields)
    assert (await browser.get(way.headers["location"])).headers["location"] == IDENTITIES
    assert await linked_to(world) == ["https://apple.example"]


async def test_a_link_begun_by_one_person_is_not_finished_by_another(world: World) -> None:
    await world.person("ben@example.org", "Ben Example")
    browser = await world.signed_in()
    departed = await press_link(browser)
    await world.sign_in(browser, "ben@example.org")
    back = await come_back(browser, state_of(departed))
    assert back.status_code == 403
    assert await linked_to(world) == []
    assert await linked_to(world, "ben@example.org") == []


async def test_a_link_begun_in_one_browser_is_not_finished_in_another(world: World) -> None:
    """A link that an attacker sends: it would add their identity to the victim's account."""
    await world.person("ben@example.org", "Ben Example")
    attacker, victim = await world.signed_in(), await world.signed_in("ben@example.org")
    departed = await press_link(attacker)
    back = await come_back(victim, state_of(departed))
    assert back.status_code == 400
    assert await linked_to(world, "ben@example.org") == []


async def test_an_identity_that_is_somebody_s_is_refused(world: World) -> None:
    stranger = world.browser()
    departed = await stranger.get("/sign-in/with/google")
    await come_back(stranger, state_of(departed))
    browser = await world.signed_in()
    back = await come_back(browser, state_of(await press_link(browser)))
    assert back.status_code == 403
    assert "another account" in back.text
    assert await linked_to(world) == []
    assert await linked_to(world, "gia@google.example") == ["https://google.example"]


async def test_a_sign_in_that_became_old_on_the_way_links_nothing(world: World) -> None:
    browser = await world.signed_in()
    world.advance(minutes=9)
    departed = await press_link(browser)
    world.advance(minutes=2)
    back = await come_back(browser, state_of(departed))
    assert back.status_code == 303
    assert back.headers["location"].startswith("/account/again?")
    assert await linked_to(world) == []


async def test_who_came_by_a_provider_signs_in_there_again_to_set_a_password(
    world: World, google: Elsewhere
) -> None:
    browser = world.browser()
    departed = await browser.get("/sign-in/with/google")
    await come_back(browser, state_of(departed))
    world.advance(minutes=11)
    again = await browser.get("/account/security/password")
    page = await browser.get(again.headers["location"])
    assert "Sign in with Google" in page.text
    departed = await browser.get("/sign-in/with/google?return_to=/account/security/password")
    assert google.journeys[-1].fresh
    back = await come_back(browser, state_of(departed))
    page = await browser.get(back.headers["location"])
    fields = {**form_fields(page.text), "password": "a horse of another colour"}
    done = await browser.post("/account/security/first-password", data=fields)
    assert done.headers["location"] == "/account/sessions"
