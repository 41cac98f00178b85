"""security.md 25: nobody is signed in to, or linked with, an attacker's account by a link.

Two browsers: the attacker has begun a sign-in of their own, and the victim is sent to its end.
"""

from collections.abc import AsyncIterator

import pytest

from elsewhere import (
    BACK,
    Elsewhere,
    begin_linking,
    brought,
    come_back,
    depart,
    is_page,
    login_code,
    profile,
    redeem_login,
    state_of,
    way_cookies,
)
from world import CHALLENGE, VERIFIER, World, Worlds

OTHER_VERIFIER = VERIFIER[::-1]


@pytest.fixture
def google() -> Elsewhere:
    return Elsewhere(people={"gia": profile()})


@pytest.fixture
async def world(worlds: Worlds, google: Elsewhere) -> AsyncIterator[World]:
    async with worlds([google, Elsewhere("facebook", "Facebook")]) as opened:
        yield opened


async def test_a_state_is_good_in_its_own_browser_only(world: World) -> None:
    await world.app()
    browser, other = world.browser(), world.browser()
    state = state_of(await depart(browser))
    assert is_page(await come_back(other, state))
    await depart(other)
    assert is_page(await come_back(other, state))
    # A stranger who knows it cannot use it up either.
    assert "code" in brought(await come_back(browser, state))


async def test_the_end_of_the_attackers_sign_in_gives_the_victim_no_session(world: World) -> None:
    attacker, victim = world.browser(), world.browser()
    departed = await attacker.get("/sign-in/with/google?return_to=/account/profile")
    state = state_of(departed)
    await victim.get("/sign-in/with/google")  # with cookies of its own
    assert is_page(await come_back(victim, state))
    assert "__Host-quantimodo_session" not in victim.cookies
    assert not world.rows()["sessions"]
    assert not world.rows()["identities"]


async def test_an_attacker_s_way_links_nothing_in_the_victim_s_browser(world: World) -> None:
    await world.person()
    await world.person("eve@example.org", "Eve Example")
    attacker, victim = await world.signed_in("eve@example.org"), await world.signed_in()
    state = state_of(await begin_linking(attacker))
    assert is_page(await come_back(victim, state))
    assert not world.rows()["identities"]


async def test_a_profile_that_waits_for_its_person_waits_in_one_browser(
    world: World, google: Elsewhere
) -> None:
    """The victim, freshly signed in, is sent to the page that links the attacker's identity."""
    google.people["gia"] = profile(email="ann@example.org")
    await world.person()
    attacker, victim = world.browser(), await world.signed_in()
    state = state_of(await attacker.get("/sign-in/with/google"))
    waits = (await come_back(attacker, state)).headers["location"]
    assert waits.startswith("/sign-in/link?way=")
    assert is_page(await victim.get(waits))
    assert not world.rows()["identities"]


async def test_the_attackers_code_is_nothing_to_an_app_that_uses_pkce(world: World) -> None:
    """Brought to the app in the victim's browser, whose verifier is another one."""
    await world.app()
    asked = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    code = await login_code(world, **asked)
    for verifier in (OTHER_VERIFIER, None):
        assert (await redeem_login(world, code, code_verifier=verifier)).status_code == 400


async def test_a_cookie_of_another_way_does_not_do(world: World) -> None:
    await world.app()
    browser = world.browser()
    first = state_of(await depart(browser))
    (name,) = way_cookies(browser)
    browser.cookies.clear()
    await depart(browser)
    (value,) = way_cookies(browser).values()
    browser.cookies.clear()
    browser.cookies.set(name, value, domain="id.example.org")
    assert is_page(await come_back(browser, first))


@pytest.mark.parametrize(
    "value", ["", "x", "qmf_", "qmf_" + "A" * 52, "a=b; c", '"quoted"', "\x7f\x80", "é" * 50]
)
async def test_a_malformed_cookie_fails_closed(world: World, value: str) -> None:
    await world.app()
    browser = world.browser()
    state = state_of(await depart(browser))
    (name,) = way_cookies(browser)
    browser.cookies.clear()
    cookie = f"{name}={value}".encode("latin-1", "replace")
    response = await browser.get(
        f"{BACK}/google", params={"code": "gia", "state": state}, headers=[(b"cookie", cookie)]
    )
    assert is_page(response)


async def test_a_link_on_a_strange_page_begins_no_sign_in(world: World) -> None:
    for site in ("cross-site", "same-site"):
        response = await world.browser().get(
            "/sign-in/with/google?return_to=/developers", headers={"sec-fetch-site": site}
        )
        assert response.headers["location"] == "/sign-in?return_to=/developers"
    for site in ("same-origin", "none"):
        response = await world.browser().get(
            "/sign-in/with/google", headers={"sec-fetch-site": site}
        )
        assert response.headers["location"].startswith("https://google.example/")
