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
async def code_harness(open_harness: OpenHarness) -> AsyncIterator[AppHarness]:
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


async def test_the_code_signs_in_the_browser_that_requested_it(code_harness: AppHarness) -> None:
    ann = await code_harness.person()
    browser = code_harness.browser()
    assert "Send me a code by e-mail" in (await browser.get("/sign-in")).text
    assert (await request_code(browser)).headers["location"].startswith(ENTER)
    code = await code_of(code_harness)
    attacker = code_harness.browser()
    await request_code(attacker, "other@example.org")
    assert (await enter(attacker, code)).status_code == 400, "a code of another browser"
    attacker.headers["accept-language"] = "de"
    assert "Dieser Code ist nicht richtig" in (await enter(attacker, code)).text
    assert (await enter(browser, f"{code[:3]} {code[3:]}")).headers["location"] == "/account"
    (session,) = await code_harness.context.sessions.list(ann.id)
    assert session.methods == ()
    assert COOKIE not in browser.cookies
    again = code_harness.browser()
    assert (await again.get(ENTER)).headers["location"].startswith(REQUEST)
    rows = repr(code_harness.rows())
    assert f"'{code}'" not in rows


async def test_it_is_used_once_and_for_ten_minutes(code_harness: AppHarness) -> None:
    ann = await code_harness.person()
    browser = code_harness.browser()
    await request_code(browser)
    code, cookie = await code_of(code_harness), browser.cookies[COOKIE]
    results = await asyncio.gather(enter(browser, code), enter(browser, code))
    assert sorted(each.status_code for each in results)[0] == 303
    assert len(await code_harness.context.sessions.list(ann.id)) == 1
    other = code_harness.browser()
    other.cookies.set(COOKIE, cookie, domain="id.example.org")
    assert (await enter(other, code)).status_code == 400
    await request_code(other)
    code = await code_of(code_harness)
    code_harness.advance(minutes=10)
    assert (await enter(other, code)).status_code == 400


async def test_guesses_are_counted_for_the_account_over_all_browsers(
    code_harness: AppHarness,
) -> None:
    ann = await code_harness.person()
    wrong = 0
    for _ in range(3):
        browser = code_harness.browser()
        await request_code(browser)
        code = await code_of(code_harness)
        guess = "000000" if code != "000000" else "000001"
        for _ in range(4):
            response = await enter(browser, guess)
            wrong += response.status_code == 400
    assert wrong == 10
    assert response.status_code == 429
    assert (await enter(browser, code)).status_code == 429, "the right one too"
    assert await code_harness.context.sessions.list(ann.id) == []
    code_harness.advance(days=1)
    assert (await request_code(browser)).status_code == 303
    assert (await enter(browser, await code_of(code_harness))).status_code == 303


async def test_codes_that_are_sent_are_limited(code_harness: AppHarness) -> None:
    await code_harness.person()
    statuses = [(await request_code(code_harness.browser())).status_code for _ in range(6)]
    assert statuses == [303] * 5 + [429]


async def test_it_does_not_show_whether_there_is_an_account(code_harness: AppHarness) -> None:
    await code_harness.person()
    for email in ("ann@example.org", "unknown@example.org"):
        browser = code_harness.browser()
        response = await request_code(browser, email)
        assert (response.status_code, response.headers["location"]) == (
            303,
            f"{ENTER}?return_to=/account",
        )
        assert COOKIE in browser.cookies
        wrong = await enter(browser, "12345")
        assert wrong.status_code == 400
    assert len(await code_harness.context.outbox.recent(10)) == 1


async def test_an_unconfirmed_address_and_a_disabled_account_get_none(
    code_harness: AppHarness,
) -> None:
    ann = await code_harness.person()
    await code_harness.context.stores.users.change_email(ann.id, ann.email or "", None)
    await request_code(code_harness.browser())
    bob = await code_harness.person("bob@example.org", "Bob Example")
    await code_harness.context.accounts.administration.disable(bob.id)
    await request_code(code_harness.browser(), "bob@example.org")
    assert await code_harness.context.outbox.recent(10) == []


async def test_an_address_that_changed_meanwhile_does_not_sign_in(code_harness: AppHarness) -> None:
    ann = await code_harness.person()
    browser = code_harness.browser()
    await request_code(browser)
    code = await code_of(code_harness)
    now = code_harness.context.clock.now()
    await code_harness.context.stores.users.change_email(ann.id, "new@example.org", now)
    assert (await enter(browser, code)).status_code == 400


async def test_a_second_factor_is_needed_and_the_mailbox_does_not_remove_it(
    code_harness: AppHarness,
) -> None:
    ann, _ = await protected(code_harness)
    browser = code_harness.browser()
    await request_code(browser)
    response = await enter(browser, await code_of(code_harness))
    assert response.headers["location"].startswith("/sign-in/second-factor?")
    assert SESSION not in browser.cookies
    lost = "/sign-in/second-factor/lost"
    page = await browser.get(lost)
    for action in ("request", "complete"):
        fields = {**form_fields(page.text), "action": action}
        refused = await browser.post(lost, data=fields)
        assert refused.status_code == 400
        assert "code from your mail" in refused.text
    assert await code_harness.context.second_factors.status(ann) is not None


@pytest.mark.parametrize("path", [REQUEST, ENTER])
async def test_another_method_is_refused(code_harness: AppHarness, path: str) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        response = await code_harness.browser().request(method, path)
        assert response.status_code == 405
        assert set(response.headers["allow"].split(", ")) >= {"GET", "POST"}


async def test_no_such_address_gets_a_code(code_harness: AppHarness) -> None:
    await code_harness.person()
    browser = code_harness.browser()
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
    assert await code_harness.context.outbox.recent(10) == []


async def test_no_such_code_signs_in(code_harness: AppHarness) -> None:
    await code_harness.person()
    browser = code_harness.browser()
    await request_code(browser)
    code = await code_of(code_harness)
    fields = form_fields((await browser.get(ENTER)).text)
    for wrong in (None, "", code[:5], f"{code}0", f"+{code}", "١٢٣٤٥٦", "1" * 9000, [code, code]):
        typed = {} if wrong is None else {"code": wrong}
        response = await browser.post(ENTER, data={**fields, **typed})
        assert response.status_code == 400, wrong
        assert SESSION not in browser.cookies
        assert not isinstance(wrong, str) or not wrong or wrong not in response.text
    assert (await browser.post(ENTER, data={**fields, "code": code})).status_code == 303


async def test_the_key_of_the_browser_is_of_this_purpose(code_harness: AppHarness) -> None:
    ann = await code_harness.person()
    await request_code(code_harness.browser())
    code = await code_of(code_harness)
    tokens = code_harness.context.accounts.recovery.email_tokens
    reset = await tokens.mint(
        "reset_password", "ann@example.org", timedelta(hours=1), user_id=ann.id
    )
    for key in ("x", "qmt_" + "A" * 43, reset.reveal(), "a" * 5000):
        browser = code_harness.browser()
        browser.cookies.set(COOKIE, key, domain="id.example.org")
        assert (await enter(browser, code)).status_code == 400
        assert SESSION not in browser.cookies


async def test_it_is_off_by_default(harness: AppHarness) -> None:
    browser = harness.browser()
    assert "code by e-mail" not in (await browser.get("/sign-in")).text
    assert (await browser.get(REQUEST)).status_code == 404
