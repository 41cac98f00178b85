"""v2-api.md §2.3: a sign-in through a provider that is opened once more, by *Back* or *Reload*,
does nothing, and says where to go on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from support.app import CALLBACK, SESSION, AppHarness, OpenHarness, form_fields, response_of
from support.environment import FrozenClock
from support.fake_provider import (
    BACK,
    FakeUpstream,
    begin_linking,
    brought,
    is_page,
    login_state_cookies,
    profile,
    redeem_login,
    send_callback,
    start_upstream_login,
    state_of,
)

FINISHED = "This sign-in is finished"
LOST = "This sign-in cannot go on"


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile(email="gia@example.org")})


@pytest.fixture
def apple() -> FakeUpstream:
    people = {"gia": profile("apple", name="Gia Example")}
    return FakeUpstream("apple", "Apple", responds_by_form_post=True, people=people)


@pytest.fixture
async def harness(
    open_harness: OpenHarness, google: FakeUpstream, apple: FakeUpstream
) -> AsyncIterator[AppHarness]:
    async with open_harness([google, apple]) as opened:
        yield opened


def onward(response: httpx.Response, title: str = FINISHED) -> tuple[str, str]:
    """Where the page leads, and what its button says."""
    assert is_page(response)
    assert title in response.text
    (part,) = [part for part in response.text.split("<a ") if 'id="onward"' in part]
    href = part.split('href="')[1].split('"')[0].replace("&amp;", "&")
    return href, part.split(">")[1].split("<")[0]


async def test_a_person_who_came_for_an_app_is_redirected_to_it(harness: AppHarness) -> None:
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    code = brought(await send_callback(browser, state))["code"]
    for _ in range(2):
        again = await send_callback(browser, state)
        assert onward(again) == ("https://app.example.org/", "Go to app.example.org")
        assert code not in again.text
        assert CALLBACK not in again.text
    # What the first one gave is as good as before, and nothing more was given.
    assert (await redeem_login(harness, code)).status_code == 200
    assert len(harness.rows()["login_codes"]) == 1


async def test_an_app_without_a_page_has_no_link(harness: AppHarness) -> None:
    url = "org.example.app:/signed-in"
    await harness.app(redirect_uris=(url,))
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser, redirectUrl=url))
    brought(await send_callback(browser, state), url)
    href, _ = onward(await send_callback(browser, state))
    assert href == "/sign-in?return_to=/account"


async def test_a_person_who_signed_in_here_goes_on_to_their_page(harness: AppHarness) -> None:
    browser = harness.browser()
    started_login = await browser.get("/sign-in/with/google?return_to=/account/profile")
    await send_callback(browser, state_of(started_login))
    session = browser.cookies[SESSION]
    assert onward(await send_callback(browser, state_of(started_login))) == (
        "/account/profile",
        "Go on",
    )
    assert browser.cookies[SESSION] == session
    assert len(harness.rows()["sessions"]) == 1
    del browser.cookies[SESSION]
    href, _ = onward(await send_callback(browser, state_of(started_login)))
    assert href == "/sign-in?return_to=/account/profile"


async def test_a_request_of_an_app_goes_on_while_it_waits(
    harness: AppHarness, clock: FrozenClock
) -> None:
    app, browser = await harness.app(), harness.browser()
    waits = (await harness.ask(browser, app)).headers["location"]
    started_login = await browser.get(waits.replace("/sign-in?", "/sign-in/with/google?"))
    arrived = (await send_callback(browser, state_of(started_login))).headers["location"]
    assert onward(await send_callback(browser, state_of(started_login))) == (arrived, "Go on")
    page = await browser.get(arrived)
    code = response_of(await harness.decide(browser, page)).parameters["code"]
    # For a minute the app's first response is repeated, as after a second *Allow*.
    assert onward(await send_callback(browser, state_of(started_login))) == (arrived, "Go on")
    assert response_of(await browser.get(arrived)).parameters["code"] == code
    clock.advance(timedelta(seconds=61))
    after = onward(await send_callback(browser, state_of(started_login)))
    assert after == ("/account", "Go to your account")


async def test_linking_ends_at_the_linked_accounts(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    state = state_of(await begin_linking(browser))
    await send_callback(browser, state)
    assert onward(await send_callback(browser, state)) == ("/account/identities", "Go on")


async def test_a_person_who_has_to_link_first_is_redirected_there(harness: AppHarness) -> None:
    await harness.app()
    await harness.person("gia@example.org")
    browser = await harness.signed_in("gia@example.org")
    state = state_of(await start_upstream_login(browser))
    link = (await send_callback(browser, state)).headers["location"]
    assert onward(await send_callback(browser, state)) == (link, "Go on")
    page = await browser.get(link)
    fields = {**form_fields(page.text), "decision": "link"}
    brought(await browser.post("/sign-in/link", data=fields))
    there = ("https://app.example.org/", "Go to app.example.org")
    assert onward(await browser.get(link)) == there
    assert onward(await browser.post("/sign-in/link", data=fields)) == there
    assert len(harness.rows()["identities"]) == 1


async def test_a_response_by_form_that_is_sent_again(harness: AppHarness) -> None:
    browser = harness.browser()
    started_login = await browser.get("/sign-in/with/apple?return_to=/account/profile")
    sent = {"state": state_of(started_login), "code": "gia"}
    arrived = (await browser.post(f"{BACK}/apple", data=sent)).headers["location"]
    assert onward(await browser.post(f"{BACK}/apple", data=sent))[0].startswith("/sign-in")
    await browser.get(arrived)
    assert onward(await browser.get(arrived)) == ("/account/profile", "Go on")


async def test_a_login_state_that_this_browser_does_not_have_leads_to_a_page_too(
    harness: AppHarness,
) -> None:
    """Waited too long, begun elsewhere, forged, or reloaded before the first response came."""
    await harness.app()
    browser = harness.browser()
    state = state_of(await start_upstream_login(browser))
    cookies = login_state_cookies(browser)
    for stranger, sent in ((harness.browser(), state), (browser, "x"), (browser, "")):
        href, word = onward(await send_callback(stranger, sent), LOST)
        assert (href, word) == ("/sign-in?return_to=/account", "Go to the sign-in page")
    header = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    query = {"code": "gia", "state": state}
    responses = await asyncio.gather(
        *(harness.browser().get(f"{BACK}/google", params=query, headers=header) for _ in range(3))
    )
    assert sorted(response.status_code for response in responses) == [303, 400, 400]
    await harness.person()
    signed_in = await harness.signed_in()
    href, word = onward(await send_callback(signed_in, state), LOST)
    assert (href, word) == ("/account", "Go to your account")


async def test_the_note_counts_in_its_own_browser_for_its_own_sign_in(harness: AppHarness) -> None:
    await harness.app()
    browser, stranger = harness.browser(), harness.browser()
    state = state_of(await start_upstream_login(browser))
    await send_callback(browser, state)
    (name,) = [c.name for c in browser.cookies.jar if c.name.endswith("login_over")]
    other = state_of(await start_upstream_login(browser))
    onward(await send_callback(stranger, state), LOST)
    note = browser.cookies[name]
    for forged in (
        "",
        "x",
        note[:-2],
        note + "A",
        "eyJ3YXkiOiIiLCJsZWRfdG8iOiIifQ",
        "A" * 4000,
    ):
        stranger.cookies.set(name, forged, domain="id.example.org")
        onward(await send_callback(stranger, state), LOST)
    assert "code" in brought(await send_callback(browser, other))
    onward(await send_callback(browser, state), LOST)  # only the last one is noted
    onward(await send_callback(browser, other))
