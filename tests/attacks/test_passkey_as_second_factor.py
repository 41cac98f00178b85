"""A passkey alone is the second factor: set up by the person, or where the operator requires one;
no other way to a session avoids it, and only a fresh, verified use of a passkey sets it up."""

import json
from collections.abc import Sequence
from datetime import timedelta
from html import unescape
from typing import Any

import httpx

from support.app import ISSUER, PASSWORD, SESSION, AppHarness, OpenHarness, form_fields
from support.authenticator import PRESENT, SoftAuthenticator
from support.authenticator_app import recovery_codes_of

FACTOR, TWO_STEP = "/sign-in/second-factor", "/account/security/two-step"
SET_UP, TURN_ON = f"{FACTOR}/set-up", f"{TWO_STEP}/passkey"
PASSKEYS = "/account/security/passkeys"

Wrong = dict[str, Any]
# What a response must have, and what an attacker sends instead.
WRONG: dict[str, Wrong] = {
    "no user verification": {"flags": PRESENT},
    "another origin": {"origin": "https://evil.example"},
    "another host": {"rp_id": "evil.example"},
    "another challenge": {"challenge": "AAAA"},
}


def device(name: str = "phone") -> SoftAuthenticator:
    return SoftAuthenticator(
        origin=ISSUER, rp_id="id.example.org", credential_id=name.encode().ljust(32)
    )


def options_of(page: str) -> Any:
    return json.loads(unescape(page.split('data-options="')[1].split('"')[0]))


async def add_passkey(browser: httpx.AsyncClient, passkey: SoftAuthenticator) -> None:
    page = (await browser.get(f"{PASSKEYS}/new")).text
    data = {
        "csrf": form_fields(page)["csrf"],
        "name": "",
        "credential": passkey.create(options_of(page)),
    }
    response = await browser.post(f"{PASSKEYS}/new", data=data)
    assert response.headers["location"] == PASSKEYS, response.text


async def post(
    browser: httpx.AsyncClient, page: str, action: str, credential: str | Sequence[str]
) -> httpx.Response:
    data = {"csrf": form_fields(page)["csrf"], "return_to": "/account", "credential": credential}
    return await browser.post(action, data=data)


async def is_on(harness: AppHarness) -> bool:
    user = await harness.context.stores.users.user_by_email("ann@example.org")
    assert user is not None
    return await harness.context.second_factors.status(user) is not None


async def pending(harness: AppHarness, path: str) -> tuple[httpx.AsyncClient, str]:
    """A browser whose person has given the first proof, and this page of the pending login."""
    browser = harness.browser()
    await harness.sign_in(browser)
    return browser, (await browser.get(path)).text


async def turn_on(harness: AppHarness, passkey: SoftAuthenticator) -> list[str]:
    """Two-step verification by this passkey alone; the recovery codes. The session is ended."""
    user, browser = await harness.person(), await harness.signed_in()
    await add_passkey(browser, passkey)
    page = (await browser.get(TWO_STEP)).text
    response = await post(browser, page, TURN_ON, passkey.get(options_of(page)))
    assert response.headers["location"] == f"{TWO_STEP}/codes"
    codes = recovery_codes_of((await browser.get(f"{TWO_STEP}/codes")).text)
    assert len(codes) == 10
    # They are shown once.
    assert (await browser.get(f"{TWO_STEP}/codes")).headers["location"] == TWO_STEP
    await harness.context.sessions.end_all(user.id)
    return codes


async def test_only_a_verified_use_of_an_own_passkey_in_this_session_turns_it_on(
    harness: AppHarness,
) -> None:
    await harness.person()
    passkey, browser = device(), await harness.signed_in()
    assert "add a passkey" in (await browser.get(TWO_STEP)).text
    await add_passkey(browser, passkey)
    page = (await browser.get(TWO_STEP)).text
    for name, wrong in WRONG.items():
        response = await post(browser, page, TURN_ON, passkey.get(options_of(page), **wrong))
        assert response.status_code == 400, name
    for malformed in ("", "{}", "x" * 9000, [passkey.get(options_of(page))] * 2):
        response = await post(browser, page, TURN_ON, malformed)
        assert response.status_code == 400, malformed[:60]
    # The challenge of another session, and one that another page made.
    other = await harness.signed_in()
    theirs = (await other.get(TWO_STEP)).text
    again = (await browser.get("/account/again")).text
    for foreign in (theirs, again):
        response = await post(browser, page, TURN_ON, passkey.get(options_of(foreign)))
        assert response.status_code == 400
    # The passkey of another person.
    await harness.person("eve@example.org")
    eve, stranger = await harness.signed_in("eve@example.org"), device("eve's")
    await add_passkey(eve, stranger)
    response = await post(browser, page, TURN_ON, stranger.get(options_of(page)))
    assert response.status_code == 400
    assert not await is_on(harness)
    # An old session, and then once: a response that is sent again changes nothing.
    made = passkey.get(options_of(page))
    assert (await post(browser, page, TURN_ON, made)).status_code == 303
    assert await is_on(harness)
    assert (await post(browser, page, TURN_ON, made)).status_code != 200
    harness.advance(minutes=11)
    response = await post(browser, page, TURN_ON, passkey.get(options_of(page)))
    assert response.headers["location"].startswith("/account/again?")


async def test_each_other_way_waits_for_the_passkey_or_a_recovery_code(
    harness: AppHarness,
) -> None:
    passkey = device()
    codes = await turn_on(harness, passkey)
    user = await harness.context.stores.users.user_by_email("ann@example.org")
    assert user is not None
    browser = harness.browser()
    assert (await harness.sign_in(browser)).startswith(f"{FACTOR}?")
    page = (await browser.get(FACTOR)).text
    assert "Recovery code" in page
    assert "authenticator app" not in page
    # The first proof alone sets nothing up, and the set-up of the operator's rule is not open.
    assert (await browser.get(SET_UP)).headers["location"].startswith(FACTOR)
    response = await post(browser, page, f"{SET_UP}/passkey", "{}")
    assert response.headers["location"].startswith(FACTOR)
    for wrong in WRONG.values():
        made = passkey.get(options_of(page), **wrong)
        assert (await post(browser, page, f"{FACTOR}/passkey", made)).status_code == 400
    # A code of an app is not one of this person.
    data = {**form_fields(page), "code": "000000"}
    assert (await browser.post(FACTOR, data=data)).status_code == 400
    assert SESSION not in browser.cookies
    made = passkey.get(options_of(page))
    assert (await post(browser, page, f"{FACTOR}/passkey", made)).status_code == 303
    assert SESSION in browser.cookies
    # A recovery code, once.
    for number, expected in ((1, 303), (2, 400)):
        browser, page = await pending(harness, FACTOR)
        data = {**form_fields(page), "code": codes[0]}
        assert (await browser.post(FACTOR, data=data)).status_code == expected, number
    # A link by e-mail.
    raw = await harness.context.accounts.recovery.email_tokens.mint(
        "reset_password", "ann@example.org", timedelta(hours=1), user_id=user.id
    )
    browser = harness.browser()
    await browser.get(f"/reset/new?token={raw.reveal()}")
    fields = form_fields((await browser.get("/reset/new")).text)
    response = await browser.post("/reset/new", data={**fields, "password": "four unrelated words"})
    assert response.headers["location"].startswith(f"{FACTOR}?")
    assert SESSION not in browser.cookies


async def test_the_passkey_that_is_the_factor_is_not_removed_by_a_session(
    harness: AppHarness,
) -> None:
    passkey = device()
    await turn_on(harness, passkey)
    browser, page = await pending(harness, FACTOR)
    await post(browser, page, f"{FACTOR}/passkey", passkey.get(options_of(page)))
    page = (await browser.get(PASSKEYS)).text
    number = page.split("passkey=")[1].split('"')[0]
    data = {"csrf": form_fields(page)["csrf"], "passkey": number}
    refused = await browser.post(f"{PASSKEYS}/remove", data=data)
    assert "is your second step" in refused.text
    page = (await browser.get(f"{TWO_STEP}/remove")).text
    assert (await browser.post(f"{TWO_STEP}/remove", data=form_fields(page))).status_code == 303
    assert not await is_on(harness)
    removed = await browser.post(f"{PASSKEYS}/remove", data=data)
    assert removed.headers["location"] == PASSKEYS


async def test_the_required_set_up_takes_a_verified_passkey_of_this_browser_only(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(accounts__second_factor="required") as harness:
        ann = await harness.person()
        browser, page = await pending(harness, SET_UP)
        other, foreign = await pending(harness, SET_UP)
        passkey, set_up = device(), f"{SET_UP}/passkey"
        refused = [passkey.create(options_of(page), **wrong) for wrong in WRONG.values()]
        doubled = [passkey.create(options_of(page))] * 2
        foreign_challenge = passkey.create(options_of(foreign))
        for made in (*refused, foreign_challenge, "", "{}", "x" * 9000, doubled):
            response = await post(browser, page, set_up, made)
            assert (response.status_code, SESSION in browser.cookies) == (400, False), made[:60]
        assert await harness.context.passkey_sign_in.passkeys.list(ann) == []
        # A flow that runs at the same time does not avoid it: it has begun an app already.
        begun = {**form_fields(foreign), "action": "begin"}
        assert (await other.post(SET_UP, data=begun)).status_code == 303
        made = passkey.create(options_of(page))
        response = await post(browser, page, set_up, made)
        assert response.headers["location"].startswith(f"{TWO_STEP}/codes")
        assert len(recovery_codes_of((await browser.get(f"{TWO_STEP}/codes")).text)) == 10
        (session,) = await harness.context.sessions.list(ann.id)
        assert set(session.methods) == {"pwd", "pop", "user", "mfa"}
        for path, data in (
            (SET_UP, {**form_fields(foreign), "action": "begin"}),
            (SET_UP, {**form_fields(foreign), "code": "123456"}),
            (set_up, {**form_fields(foreign), "credential": made}),
        ):
            response = await other.post(path, data=data)
            assert response.headers["location"].startswith(f"{FACTOR}?"), path
        assert SESSION not in other.cookies
        assert len(await harness.context.passkey_sign_in.passkeys.list(ann)) == 1
        # The same response in the same browser: the login was completed.
        signed_in = (await browser.get(TWO_STEP)).text
        again = await post(browser, signed_in, set_up, made)
        assert again.headers["location"].startswith(FACTOR)
        assert len(await harness.context.sessions.list(ann.id)) == 1


async def test_wrong_passkeys_of_a_pending_login_are_limited_and_mailed_as_codes_are(
    harness: AppHarness,
) -> None:
    passkey = device()
    await turn_on(harness, passkey)
    browser, page = await pending(harness, FACTOR)
    wrong = passkey.get(options_of(page), challenge="AAAA")
    statuses = [
        (await post(browser, page, f"{FACTOR}/passkey", wrong)).status_code for _ in range(11)
    ]
    assert statuses[0] == 400
    assert statuses[-1] == 429
    mails = [kept.mail.subject for kept in await harness.context.outbox.recent(20)]
    assert mails.count("Many wrong codes for your account") == 1


async def test_a_lost_passkey_is_removed_with_the_factor_after_the_delay(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(accounts__second_factor="required") as harness:
        ann = await harness.person()
        browser, page = await pending(harness, SET_UP)
        await post(browser, page, f"{SET_UP}/passkey", device().create(options_of(page)))
        await harness.context.sessions.end_all(ann.id)
        lost = f"{FACTOR}/lost"
        for action, days in (("request", 7), ("complete", 0)):
            browser, page = await pending(harness, lost)
            response = await browser.post(lost, data={**form_fields(page), "action": action})
            assert response.status_code == 303, response.text
            harness.advance(days=days, minutes=20)
        assert not await is_on(harness)
        browser, page = await pending(harness, SET_UP)
        assert "Set up two-step verification" in page
        assert PASSWORD not in page
