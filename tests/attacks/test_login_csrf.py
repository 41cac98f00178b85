"""security.md §25: a link signs no person in to an attacker's account and links none with it.

Two browsers: the attacker has begun a sign-in, and the victim is sent to its end.
"""

from collections.abc import AsyncIterator

import pytest

from support.app import CHALLENGE, VERIFIER, AppHarness, OpenHarness
from support.fake_provider import (
    BACK,
    FakeUpstream,
    begin_linking,
    brought,
    is_page,
    login_code,
    login_state_cookies,
    profile,
    redeem_login,
    send_callback,
    start_upstream_login,
    state_of,
)

OTHER_VERIFIER = VERIFIER[::-1]


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile()})


@pytest.fixture
async def harness(open_harness: OpenHarness, google: FakeUpstream) -> AsyncIterator[AppHarness]:
    async with open_harness([google, FakeUpstream("facebook", "Facebook")]) as opened:
        yield opened


async def test_a_state_is_good_in_its_own_browser_only(harness: AppHarness) -> None:
    await harness.app()
    browser, other = harness.browser(), harness.browser()
    state = state_of(await start_upstream_login(browser))
    assert is_page(await send_callback(other, state))
    await start_upstream_login(other)
    assert is_page(await send_callback(other, state))
    # A stranger who knows it cannot use it up either.
    assert "code" in brought(await send_callback(browser, state))


async def test_the_end_of_the_attackers_sign_in_gives_the_victim_no_session(
    harness: AppHarness,
) -> None:
    attacker, victim = harness.browser(), harness.browser()
    started_login = await attacker.get("/sign-in/with/google?return_to=/account/profile")
    state = state_of(started_login)
    await victim.get("/sign-in/with/google")  # with its own cookies
    assert is_page(await send_callback(victim, state))
    assert "__Host-quantimodo_session" not in victim.cookies
    assert not harness.rows()["sessions"]
    assert not harness.rows()["identities"]


async def test_an_attackers_login_state_links_nothing_in_the_victims_browser(
    harness: AppHarness,
) -> None:
    await harness.person()
    await harness.person("eve@example.org", "Eve Example")
    attacker, victim = await harness.signed_in("eve@example.org"), await harness.signed_in()
    state = state_of(await begin_linking(attacker))
    assert is_page(await send_callback(victim, state))
    assert not harness.rows()["identities"]


async def test_a_profile_that_waits_for_its_person_waits_in_one_browser(
    harness: AppHarness, google: FakeUpstream
) -> None:
    """The victim, freshly signed in, is sent to the page that links the attacker's identity."""
    google.people["gia"] = profile(email="ann@example.org")
    await harness.person()
    attacker, victim = harness.browser(), await harness.signed_in()
    state = state_of(await attacker.get("/sign-in/with/google"))
    waits = (await send_callback(attacker, state)).headers["location"]
    assert waits.startswith("/sign-in/link?state=")
    assert is_page(await victim.get(waits))
    assert not harness.rows()["identities"]


async def test_the_attackers_code_is_nothing_to_an_app_that_uses_pkce(harness: AppHarness) -> None:
    """Brought to the app in the victim's browser, whose verifier is another one."""
    await harness.app()
    requested = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    code = await login_code(harness, **requested)
    for verifier in (OTHER_VERIFIER, None):
        assert (await redeem_login(harness, code, code_verifier=verifier)).status_code == 400


async def test_a_cookie_of_another_login_state_is_refused(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    first = state_of(await start_upstream_login(browser))
    (name,) = login_state_cookies(browser)
    browser.cookies.clear()
    await start_upstream_login(browser)
    (value,) = login_state_cookies(browser).values()
    browser.cookies.clear()
    browser.cookies.set(name, value, domain="id.example.org")
    assert is_page(await send_callback(browser, first))


@pytest.mark.parametrize(
    "value", ["", "x", "qmf_", "qmf_" + "A" * 52, "a=b; c", '"quoted"', "\x7f\x80", "é" * 50]
)
async def test_a_malformed_cookie_fails_closed(harness: AppHarness, value: str) -> None:
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    (name,) = login_state_cookies(browser)
    browser.cookies.clear()
    cookie = f"{name}={value}".encode("latin-1", "replace")
    response = await browser.get(
        f"{BACK}/google", params={"code": "gia", "state": state}, headers=[(b"cookie", cookie)]
    )
    assert is_page(response)


async def test_a_link_on_a_strange_page_begins_no_sign_in(harness: AppHarness) -> None:
    for site in ("cross-site", "same-site"):
        response = await harness.browser().get(
            "/sign-in/with/google?return_to=/developers", headers={"sec-fetch-site": site}
        )
        assert response.headers["location"] == "/sign-in?return_to=/developers"
    for site in ("same-origin", "none"):
        response = await harness.browser().get(
            "/sign-in/with/google", headers={"sec-fetch-site": site}
        )
        assert response.headers["location"].startswith("https://google.example/")
