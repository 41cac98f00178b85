"""Signing in by a code that is sent by e-mail: six digits, for one browser, rarely guessed."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from support.app import SESSION, AppHarness, OpenHarness, form_fields
from support.authenticator_app import protected

REQUEST = "/sign-in/code"
ENTER = f"{REQUEST}/enter"
COOKIE = "__Host-quantimodo_email_code"


@pytest.fixture
async def on(open_harness: OpenHarness) -> AsyncIterator[AppHarness]:
    """A server that sends codes."""
    async with open_harness(accounts__email_codes="true") as opened:
        yield opened


async def request_code(
    browser: httpx.AsyncClient, email: str = "ann@example.org"
) -> httpx.Response:
    page = await browser.get(REQUEST)
    return await browser.post(REQUEST, data={**form_fields(page.text), "email": email})


async def code_of(harness: AppHarness) -> str:
    (newest, *_) = await harness.context.outbox.recent(1)
    found = re.findall(r"\b[0-9]{6}\b", newest.mail.text)
    assert len(found) == 1
    assert "http" not in newest.mail.text.partition("-- ")[0], "no link that a program could open"
    return str(found[0])


async def enter(browser: httpx.AsyncClient, code: str) -> httpx.Response:
    page = await browser.get(ENTER)
    return await browser.post(ENTER, data={**form_fields(page.text), "code": code})


async def test_the_code_signs_in_the_browser_that_requested_it(on: AppHarness) -> None:
    ann = await on.person()
    browser = on.browser()
    assert "Send me a code by e-mail" in (await browser.get("/sign-in")).text
    assert (await request_code(browser)).headers["location"].startswith(ENTER)
    code = await code_of(on)
    attacker = on.browser()
    await request_code(attacker, "other@example.org")
    assert (await enter(attacker, code)).status_code == 400, "a code of another browser"
    assert (await enter(browser, f"{code[:3]} {code[3:]}")).headers["location"] == "/account"
    (session,) = await on.context.sessions.list(ann.id)
    assert session.methods == ()
    assert COOKIE not in browser.cookies
    again = on.browser()
    assert (await again.get(ENTER)).headers["location"].startswith(REQUEST)
    rows = repr(on.rows())
    assert f"'{code}'" not in rows


async def test_it_is_used_once_and_for_ten_minutes(on: AppHarness) -> None:
    ann = await on.person()
    browser = on.browser()
    await request_code(browser)
    code, cookie = await code_of(on), browser.cookies[COOKIE]
    results = await asyncio.gather(enter(browser, code), enter(browser, code))
    assert sorted(each.status_code for each in results)[0] == 303
    assert len(await on.context.sessions.list(ann.id)) == 1
    other = on.browser()
    other.cookies.set(COOKIE, cookie, domain="id.example.org")
    assert (await enter(other, code)).status_code == 400
    await request_code(other)
    code = await code_of(on)
    on.advance(minutes=10)
    assert (await enter(other, code)).status_code == 400


async def test_guesses_are_counted_for_the_account_over_all_browsers(on: AppHarness) -> None:
    ann = await on.person()
    wrong = 0
    for _ in range(3):
        browser = on.browser()
        await request_code(browser)
        code = await code_of(on)
        guess = "000000" if code != "000000" else "000001"
        for _ in range(4):
            response = await enter(browser, guess)
            wrong += response.status_code == 400
    assert wrong == 10
    assert response.status_code == 429
    assert (await enter(browser, code)).status_code == 429, "the right one too"
    assert await on.context.sessions.list(ann.id) == []
    on.advance(days=1)
    assert (await request_code(browser)).status_code == 303
    assert (await enter(browser, await code_of(on))).status_code == 303


async def test_codes_that_are_sent_are_limited(on: AppHarness) -> None:
    await on.person()
    statuses = [(await request_code(on.browser())).status_code for _ in range(6)]
    assert statuses == [303] * 5 + [429]


async def test_it_does_not_show_whether_there_is_an_account(on: AppHarness) -> None:
    await on.person()
    for email in ("ann@example.org", "unknown@example.org"):
        browser = on.browser()
        response = await request_code(browser, email)
        assert (response.status_code, response.headers["location"]) == (
            303,
            f"{ENTER}?return_to=/account",
        )
        assert COOKIE in browser.cookies
        wrong = await enter(browser, "12345")
        assert wrong.status_code == 400
    assert len(await on.context.outbox.recent(10)) == 1


async def test_an_unconfirmed_address_and_a_disabled_account_get_none(on: AppHarness) -> None:
    ann = await on.person()
    await on.context.stores.users.change_email(ann.id, ann.email or "", None)
    await request_code(on.browser())
    bob = await on.person("bob@example.org", "Bob Example")
    await on.context.accounts.administration.disable(bob.id)
    await request_code(on.browser(), "bob@example.org")
    assert await on.context.outbox.recent(10) == []


async def test_an_address_that_changed_meanwhile_does_not_sign_in(on: AppHarness) -> None:
    ann = await on.person()
    browser = on.browser()
    await request_code(browser)
    code = await code_of(on)
    now = on.context.clock.now()
    await on.context.stores.users.change_email(ann.id, "new@example.org", now)
    assert (await enter(browser, code)).status_code == 400


async def test_a_second_factor_is_needed_and_the_mailbox_does_not_remove_it(
    on: AppHarness,
) -> None:
    ann, _ = await protected(on)
    browser = on.browser()
    await request_code(browser)
    response = await enter(browser, await code_of(on))
    assert response.headers["location"].startswith("/sign-in/second-factor?")
    assert SESSION not in browser.cookies
    lost = "/sign-in/second-factor/lost"
    page = await browser.get(lost)
    for action in ("request", "complete"):
        fields = {**form_fields(page.text), "action": action}
        refused = await browser.post(lost, data=fields)
        assert refused.status_code == 400
        assert "code from your mail" in refused.text
    assert await on.context.second_factors.status(ann) is not None


@pytest.mark.parametrize("path", [REQUEST, ENTER])
async def test_another_method_is_refused(on: AppHarness, path: str) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        response = await on.browser().request(method, path)
        assert response.status_code == 405
        assert set(response.headers["allow"].split(", ")) >= {"GET", "POST"}


async def test_no_such_address_gets_a_code(on: AppHarness) -> None:
    await on.person()
    browser = on.browser()
    fields = form_fields((await browser.get(REQUEST)).text)
    for wrong, status in (
        (None, 422),
        ("", 422),
        ("ann", 422),
        ("ann@example.org\r\nbcc: eve@example.org", 422),
        (f"{'a' * 300}@example.org", 422),
        (["ann@example.org", "eve@example.org"], 400),
    ):
        typed = {} if wrong is None else {"email": wrong}
        response = await browser.post(REQUEST, data={**fields, **typed})
        assert response.status_code == status, wrong
        assert COOKIE not in browser.cookies
    assert await on.context.outbox.recent(10) == []


async def test_no_such_code_signs_in(on: AppHarness) -> None:
    await on.person()
    browser = on.browser()
    await request_code(browser)
    code = await code_of(on)
    fields = form_fields((await browser.get(ENTER)).text)
    for wrong in (None, "", code[:5], f"{code}0", f"+{code}", "١٢٣٤٥٦", "1" * 9000, [code, code]):
        typed = {} if wrong is None else {"code": wrong}
        response = await browser.post(ENTER, data={**fields, **typed})
        assert response.status_code == 400, wrong
        assert SESSION not in browser.cookies
        assert not isinstance(wrong, str) or not wrong or wrong not in response.text
    assert (await browser.post(ENTER, data={**fields, "code": code})).status_code == 303


async def test_the_key_of_the_browser_is_of_this_purpose(on: AppHarness) -> None:
    ann = await on.person()
    await request_code(on.browser())
    code = await code_of(on)
    tokens = on.context.accounts.recovery.email_tokens
    reset = await tokens.mint(
        "reset_password", "ann@example.org", timedelta(hours=1), user_id=ann.id
    )
    for key in ("x", "qmt_" + "A" * 43, reset.reveal(), "a" * 5000):
        browser = on.browser()
        browser.cookies.set(COOKIE, key, domain="id.example.org")
        assert (await enter(browser, code)).status_code == 400
        assert SESSION not in browser.cookies


async def test_it_is_off_by_default(harness: AppHarness) -> None:
    browser = harness.browser()
    assert "code by e-mail" not in (await browser.get("/sign-in")).text
    assert (await browser.get(REQUEST)).status_code == 404
