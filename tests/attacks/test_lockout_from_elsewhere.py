"""security.md §23a: password guesses elsewhere lock no person out of the browser that they use."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from quantimodo.accounts.device_cookies import DEVICE_COOKIE_LIFETIME
from support.app import PASSWORD, AppHarness, OpenHarness, form_fields
from support.environment import FrozenClock
from support.fake_provider import FakeUpstream, profile, send_callback, state_of

ANN, BOB = "ann@example.org", "bob@example.org"
DEVICE = "__Host-quantimodo_device_"
SESSION = "__Host-quantimodo_session"
LIMIT = 10


@pytest.fixture
async def harness(open_harness: OpenHarness) -> AsyncIterator[AppHarness]:
    google = FakeUpstream(people={"gia": profile(email="gia@example.org")})
    async with open_harness([google]) as opened:
        await opened.person()
        await opened.person(BOB, "Bob Example")
        yield opened


async def attempt(
    browser: httpx.AsyncClient, password: str = PASSWORD, email: str = ANN
) -> httpx.Response:
    page = await browser.get("/sign-in")
    fields = {**form_fields(page.text), "username": email, "password": password}
    return await browser.post("/sign-in", data=fields)


async def guess(browser: httpx.AsyncClient, email: str = ANN) -> None:
    for _ in range(LIMIT):
        assert (await attempt(browser, "not the password", email)).status_code == 400


def devices_of(browser: httpx.AsyncClient) -> dict[str, str]:
    cookies = {cookie.name: cookie.value or "" for cookie in browser.cookies.jar}
    return {name: value for name, value in cookies.items() if name.startswith(DEVICE)}


def plant(browser: httpx.AsyncClient, cookies: dict[str, str]) -> None:
    for name, value in cookies.items():
        browser.cookies.set(name, value, domain="id.example.org")


async def used_by(harness: AppHarness, email: str = ANN) -> httpx.AsyncClient:
    """A browser in which this person signed in once, and out again."""
    browser = harness.browser()
    await harness.sign_in(browser, email)
    browser.cookies.delete(SESSION)
    return browser


async def test_guesses_from_elsewhere_lock_out_everybody_but_the_browser_that_is_used(
    harness: AppHarness,
) -> None:
    usual, attacker = await used_by(harness), harness.browser()
    await guess(attacker)
    assert (await attempt(attacker)).status_code == 429
    assert (await attempt(harness.browser())).status_code == 429
    assert (await attempt(usual)).status_code == 303
    # The counter of the account stays what it was: the attacker gets no new guesses.
    assert (await attempt(attacker, "another guess")).status_code == 429


async def test_the_cookie_is_not_a_factor_of_authentication(harness: AppHarness) -> None:
    usual = await used_by(harness)
    assert (await usual.get("/account")).status_code == 303
    assert (await attempt(usual, "not the password")).status_code == 400
    assert SESSION not in usual.cookies


async def test_a_stolen_cookie_gives_its_own_few_guesses_and_no_more(harness: AppHarness) -> None:
    usual, attacker = await used_by(harness), harness.browser()
    plant(attacker, devices_of(usual))
    await guess(attacker)
    locked = await attempt(attacker)
    assert locked.status_code == 429
    assert locked.headers["retry-after"] == "900"
    # It locks this cookie only: neither a browser without one, nor another one of hers.
    second = harness.browser()
    assert (await attempt(second)).status_code == 303
    second.cookies.delete(SESSION)
    await guess(harness.browser())
    assert (await attempt(second)).status_code == 303
    assert (await attempt(attacker)).status_code == 429


async def test_the_owner_leaves_a_stolen_cookie_behind_at_the_next_sign_in(
    harness: AppHarness,
) -> None:
    usual, attacker = await used_by(harness), harness.browser()
    plant(attacker, devices_of(usual))
    assert (await attempt(usual)).status_code == 303
    await guess(attacker)
    assert (await attempt(attacker)).status_code == 429
    assert (await attempt(usual)).status_code == 303
    assert (await attempt(attacker)).status_code == 429


async def test_a_forged_or_foreign_cookie_is_no_help(harness: AppHarness) -> None:
    anns, bobs = devices_of(await used_by(harness)), devices_of(await used_by(harness, BOB))
    ((ann_name, ann_value),) = anns.items()
    ((_, bob_value),) = bobs.items()
    nonce, time, proof = ann_value.split(".")
    attacker = harness.browser()
    await guess(attacker)
    for cookies in (
        bobs,
        {ann_name: bob_value},
        {ann_name: f"{'0' * 32}.{time}.{proof}"},
        {ann_name: f"{nonce}.{int(time) + 1}.{proof}"},
        {ann_name: f"{nonce}.{time}.{'0' * 64}"},
        {ann_name: ""},
        {ann_name: "x" * 5000},
        {ann_name + "0": ann_value},
        {DEVICE + "f" * 16: ann_value},
        {DEVICE: ann_value},
    ):
        browser = harness.browser()
        plant(browser, cookies)
        assert (await attempt(browser)).status_code == 429, cookies


async def test_an_expired_cookie_is_no_help(harness: AppHarness, clock: FrozenClock) -> None:
    usual, attacker = await used_by(harness), harness.browser()
    held = devices_of(usual)
    clock.advance(DEVICE_COOKIE_LIFETIME - timedelta(seconds=1))
    await guess(attacker)
    second = harness.browser()
    plant(second, held)
    assert (await attempt(second, "not the password")).status_code == 400
    clock.advance(timedelta(minutes=20))
    await guess(attacker)
    expired = harness.browser()
    plant(expired, held)
    assert (await attempt(expired)).status_code == 429


async def test_success_never_clears_another_counter(harness: AppHarness) -> None:
    first, second = await used_by(harness), await used_by(harness)
    await guess(first)
    attacker = harness.browser()
    await guess(attacker)
    assert (await attempt(second)).status_code == 303
    assert (await attempt(first)).status_code == 429
    assert (await attempt(attacker)).status_code == 429
    # The success of another account in the same browser does not clear it either.
    assert (await attempt(first, email=BOB)).status_code == 303
    assert (await attempt(first)).status_code == 429


async def test_success_without_a_cookie_clears_no_device(harness: AppHarness) -> None:
    first = await used_by(harness)
    await guess(first)
    assert (await attempt(harness.browser())).status_code == 303
    assert (await attempt(first)).status_code == 429


async def test_a_locked_account_looks_like_one_that_does_not_exist(harness: AppHarness) -> None:
    texts = []
    for email in (ANN, "unknown@example.org"):
        browser = harness.browser()
        plant(browser, devices_of(await used_by(harness, BOB)))
        await guess(browser, email)
        locked = await attempt(browser, "a guess", email)
        assert locked.status_code == 429
        csrf = form_fields(locked.text)["csrf"]
        text = locked.text.replace(email, "EMAIL").replace(csrf, "CSRF")
        texts.append(re.sub(r"(challenge&#34;:&#34;)[\w-]+", r"\1CHALLENGE", text))
        assert len(devices_of(browser)) == 1  # no refusal sets or drops one
    assert texts[0] == texts[1]


async def test_the_cookie_is_out_of_reach_of_scripts_and_names_no_person(
    harness: AppHarness,
) -> None:
    response = await attempt(harness.browser())
    (line,) = (line for line in response.headers.get_list("set-cookie") if line.startswith(DEVICE))
    attributes = line.casefold()
    for attribute in ("secure", "httponly", "samesite=lax", "path=/", "max-age=15552000"):
        assert f"; {attribute}" in attributes
    assert "domain" not in attributes
    assert "ann" not in attributes


async def test_one_browser_keeps_a_few_of_them(harness: AppHarness, clock: FrozenClock) -> None:
    browser = harness.browser()
    await harness.sign_in(browser)
    (anns,) = devices_of(browser)
    for number in range(5):
        assert anns in devices_of(browser)
        clock.advance(timedelta(minutes=1))
        await harness.person(f"p{number}@example.org")
        await harness.sign_in(browser, f"p{number}@example.org")
    assert len(devices_of(browser)) == 5
    assert anns not in devices_of(browser)


async def test_a_name_that_is_not_a_cookie_name_breaks_no_sign_in(harness: AppHarness) -> None:
    browser = harness.browser()
    page = await browser.get("/sign-in")
    odd = "; ".join(
        f"{DEVICE}{name}=x" for name in ("a b", "[]", "\u00fc", "", "{0}", '"', "f" * 99)
    )
    held = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
    response = await browser.post(
        "/sign-in",
        data={**form_fields(page.text), "username": ANN, "password": PASSWORD},
        headers={"cookie": f"{held}; {odd}".encode()},  # type: ignore[dict-item]
    )
    assert response.status_code == 303


async def test_a_sign_in_through_a_provider_gives_one_too(harness: AppHarness) -> None:
    browser = harness.browser()
    started_login = await browser.get("/sign-in/with/google?return_to=/developers")
    assert (await send_callback(browser, state_of(started_login))).status_code == 303
    assert SESSION in browser.cookies
    assert len(devices_of(browser)) == 1


async def test_a_new_password_leaves_the_cookie_as_it_is(harness: AppHarness) -> None:
    usual = harness.browser()
    await harness.sign_in(usual)
    held = devices_of(usual)
    page = await usual.get("/account/security/password")
    fields = {**form_fields(page.text), "current": PASSWORD, "password": "another horse entirely"}
    assert (await usual.post("/account/security/password", data=fields)).status_code == 303
    assert devices_of(usual) == held
    usual.cookies.delete(SESSION)
    attacker = harness.browser()
    await guess(attacker)
    assert (await attempt(attacker, "another horse entirely")).status_code == 429
    assert (await attempt(usual, "another horse entirely")).status_code == 303
