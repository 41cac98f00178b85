"""Two-step verification in a browser: set up, recovery codes, remove, sign in; no script."""

from datetime import timedelta

import httpx
import pytest

from quantimodo.model.users import User
from support.app import SESSION, AppHarness, OpenHarness, form_fields
from support.authenticator_app import AuthenticatorApp, recovery_codes_of

TWO_STEP = "/account/security/two-step"
APP, CODES, REMOVE = f"{TWO_STEP}/app", f"{TWO_STEP}/codes", f"{TWO_STEP}/remove"
FACTOR = "/sign-in/second-factor"
SET_UP = f"{FACTOR}/set-up"


@pytest.fixture
async def ann(harness: AppHarness) -> User:
    return await harness.person()


async def press(
    browser: httpx.AsyncClient, page: str, form: str, /, **fields: str
) -> httpx.Response:
    """Send the form with this address on the page."""
    shown = await browser.get(page)
    assert shown.status_code == 200, shown.headers
    assert f'action="{form}"' in shown.text
    return await browser.post(form, data={**form_fields(shown.text), **fields})


async def turn_on(
    harness: AppHarness, browser: httpx.AsyncClient
) -> tuple[AuthenticatorApp, list[str]]:
    """The app in use, and the recovery codes."""
    begun = await press(browser, TWO_STEP, f"{APP}/new")
    assert begun.headers["location"] == APP
    app = AuthenticatorApp.of_page((await browser.get(APP)).text)
    done = await press(browser, APP, APP, code=app.code(harness.context.clock.now()))
    assert done.headers["location"] == CODES, done.text
    codes = recovery_codes_of((await browser.get(CODES)).text)
    assert len(codes) == 10
    harness.advance(minutes=1)
    return app, codes


async def sign_in(harness: AppHarness, browser: httpx.AsyncClient, code: str) -> httpx.Response:
    """With the password, then with this code."""
    location = await harness.sign_in(browser)
    assert location.startswith(f"{FACTOR}?"), location
    return await press(browser, location, FACTOR, code=code)


async def is_signed_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/account")).status_code == 200


async def test_a_person_adds_an_app_and_signs_in_with_its_codes(
    harness: AppHarness, ann: User
) -> None:
    browser = await harness.signed_in()
    assert "Set up" in (await browser.get("/account/security")).text
    app, codes = await turn_on(harness, browser)
    status = (await browser.get(TWO_STEP)).text
    assert "10 of 10 left" in status
    other = harness.browser()
    done = await sign_in(harness, other, app.code(harness.context.clock.now()))
    assert done.headers["location"] == "/account"
    assert await is_signed_in(other)
    third = harness.browser()
    assert (await sign_in(harness, third, codes[0])).status_code == 303
    assert "9 of 10 left" in (await third.get(TWO_STEP)).text
    fourth = harness.browser()
    assert (await sign_in(harness, fourth, codes[0])).status_code == 400
    assert not await is_signed_in(fourth)


async def test_the_page_of_the_key_keeps_the_policy_and_shows_it_twice(
    harness: AppHarness, ann: User
) -> None:
    browser = await harness.signed_in()
    await press(browser, TWO_STEP, f"{APP}/new")
    page = await browser.get(APP)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert 'src="data:image/svg+xml' in page.text
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert len(page.content) < 60_000


async def test_a_wrong_first_code_changes_nothing(harness: AppHarness, ann: User) -> None:
    browser = await harness.signed_in()
    await press(browser, TWO_STEP, f"{APP}/new")
    refused = await press(browser, APP, APP, code="000000")
    assert refused.status_code == 400
    assert "This code is not right" in refused.text
    assert await harness.sign_in(harness.browser()) == "/account"


async def test_recovery_codes_are_shown_once(harness: AppHarness, ann: User) -> None:
    browser = await harness.signed_in()
    _, codes = await turn_on(harness, browser)
    again = await browser.get(CODES)
    assert again.headers["location"] == TWO_STEP
    assert not any(code in repr(harness.rows()) for code in codes), "only digests are stored"


async def test_new_recovery_codes_replace_the_old_ones(harness: AppHarness, ann: User) -> None:
    browser = await harness.signed_in()
    app, old = await turn_on(harness, browser)
    await sign_in(harness, browser, app.code(harness.context.clock.now()))
    done = await press(browser, TWO_STEP, CODES)
    assert done.headers["location"] == CODES
    new = recovery_codes_of((await browser.get(CODES)).text)
    assert not set(new) & set(old)
    assert (await sign_in(harness, harness.browser(), old[0])).status_code == 400
    assert (await sign_in(harness, harness.browser(), new[0])).status_code == 303


async def test_a_person_turns_it_off(harness: AppHarness, ann: User) -> None:
    browser = await harness.signed_in()
    app, _ = await turn_on(harness, browser)
    await sign_in(harness, browser, app.code(harness.context.clock.now()))
    done = await press(browser, REMOVE, REMOVE)
    assert done.headers["location"] == TWO_STEP
    assert "Two-step verification is off" in (await browser.get(TWO_STEP)).text
    assert await harness.sign_in(harness.browser()) == "/account"


@pytest.mark.parametrize("action", [f"{APP}/new", CODES, REMOVE])
async def test_changes_need_a_recent_sign_in_with_the_factor(
    harness: AppHarness, ann: User, action: str
) -> None:
    """security.md §18."""
    browser = await harness.signed_in()
    app, _ = await turn_on(harness, browser)
    fields = form_fields((await browser.get(TWO_STEP)).text)
    without_factor = await browser.post(action, data=fields)
    assert without_factor.headers["location"].startswith("/account/again?")
    await sign_in(harness, browser, app.code(harness.context.clock.now()))
    harness.advance(minutes=11)
    fields = form_fields((await browser.get(TWO_STEP)).text)
    too_late = await browser.post(action, data=fields)
    assert too_late.headers["location"].startswith("/account/again?")
    assert await harness.context.second_factors.status(ann) is not None


async def test_pages_without_anything_to_show_lead_to_the_first_one(
    harness: AppHarness, ann: User
) -> None:
    browser = await harness.signed_in()
    for page in (APP, CODES, REMOVE):
        assert (await browser.get(page)).headers["location"] == TWO_STEP


async def test_where_it_is_off_it_is_not_offered(open_harness: OpenHarness) -> None:
    async with open_harness(accounts__second_factor="off") as harness:
        await harness.person()
        browser = await harness.signed_in()
        assert "Two-step" not in (await browser.get("/account/security")).text
        page = await browser.get(TWO_STEP)
        assert "does not offer" in page.text
        csrf = form_fields((await browser.get("/account/security/password")).text)
        assert (await browser.post(f"{APP}/new", data=csrf)).status_code == 400


# ----------------------------------------------------------------------------------- required


async def test_where_it_is_required_a_person_sets_it_up_before_the_session_starts(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(accounts__second_factor="required") as harness:
        ann = await harness.person()
        browser = harness.browser()
        location = await harness.sign_in(browser, address="/sign-in?return_to=/developers")
        to_set_up = (await browser.get(location)).headers["location"]
        assert to_set_up == f"{SET_UP}?return_to=/developers"
        begun = await press(browser, to_set_up, SET_UP, action="begin")
        assert begun.headers["location"] == to_set_up
        assert SESSION not in browser.cookies
        app = AuthenticatorApp.of_page((await browser.get(to_set_up)).text)
        wrong = await press(browser, to_set_up, SET_UP, code="000000")
        assert wrong.status_code == 400
        assert not await is_signed_in(browser)
        code = app.code(harness.context.clock.now())
        done = await press(browser, to_set_up, SET_UP, code=code)
        assert done.headers["location"] == f"{CODES}?return_to=/developers"
        shown = await browser.get(done.headers["location"])
        assert len(recovery_codes_of(shown.text)) == 10
        assert 'href="/developers">I have saved them' in shown.text
        (session,) = await harness.context.sessions.list(ann.id)
        assert session.methods == ("pwd", "otp", "mfa")
        assert (await browser.get(REMOVE)).status_code == 200
        refused = await press(browser, REMOVE, REMOVE)
        assert refused.status_code == 400, "it cannot be turned off"


async def test_another_browser_does_not_see_the_key_of_a_set_up(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(accounts__second_factor="required") as harness:
        await harness.person()
        browser, other = harness.browser(), harness.browser()
        for each in (browser, other):
            await harness.sign_in(each)
            harness.advance(seconds=1)
        await press(browser, SET_UP, SET_UP, action="begin")
        assert 'id="key"' in (await browser.get(SET_UP)).text
        assert 'id="key"' not in (await other.get(SET_UP)).text


async def test_no_person_sets_one_up_by_the_first_proof_where_a_factor_exists(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(accounts__second_factor="required") as harness:
        await harness.person()
        first = harness.browser()
        await harness.sign_in(first)
        await press(first, SET_UP, SET_UP, action="begin")
        app = AuthenticatorApp.of_page((await first.get(SET_UP)).text)
        attacker = harness.browser()
        await harness.sign_in(attacker)
        stale = form_fields((await attacker.get(SET_UP)).text)
        await press(first, SET_UP, SET_UP, code=app.code(harness.context.clock.now()))
        assert (await attacker.get(SET_UP)).headers["location"].startswith(f"{FACTOR}?")
        response = await attacker.post(SET_UP, data={**stale, "action": "begin"})
        assert response.headers["location"].startswith(f"{FACTOR}?")
        assert not await is_signed_in(attacker)


async def test_an_authorization_goes_through_the_set_up(open_harness: OpenHarness) -> None:
    async with open_harness(accounts__second_factor="required") as harness:
        await harness.person()
        browser, client = harness.browser(), await harness.app()
        to_sign_in = await harness.ask(browser, client, scope="openid basic")
        resume = await harness.sign_in(browser, address=to_sign_in.headers["location"])
        to_factor = (await browser.get(resume)).headers["location"]
        to_set_up = (await browser.get(to_factor)).headers["location"]
        await press(browser, to_set_up, SET_UP, action="begin")
        app = AuthenticatorApp.of_page((await browser.get(to_set_up)).text)
        code = app.code(harness.context.clock.now())
        done = await press(browser, to_set_up, SET_UP, code=code)
        shown = await browser.get(done.headers["location"])
        assert resume.replace("&", "&amp;") in shown.text
        assert 'id="allow"' in (await browser.get(resume)).text


async def test_a_session_of_the_past_stays_where_it_becomes_required(
    harness: AppHarness, ann: User, reopened: OpenHarness
) -> None:
    browser = await harness.signed_in()
    async with reopened(accounts__second_factor="required") as again:
        later = again.browser()
        later.cookies.update(browser.cookies)
        assert await is_signed_in(later)


async def test_e_mails_report_each_change(harness: AppHarness, ann: User) -> None:
    browser = await harness.signed_in()
    app, _ = await turn_on(harness, browser)
    await sign_in(harness, browser, app.code(harness.context.clock.now()))
    await press(browser, REMOVE, REMOVE)
    subjects = [kept.mail.subject for kept in await harness.context.outbox.recent(10)]
    assert subjects == ["Two-step verification is off", "Two-step verification is on"]
    await harness.context.audit.flush()
    lately = (await browser.get("/account/security")).text
    assert "Turned on two-step verification" in lately
    assert "Turned off two-step verification" in lately


async def test_a_set_up_waits_an_hour(harness: AppHarness, ann: User) -> None:
    browser = await harness.signed_in()
    await press(browser, TWO_STEP, f"{APP}/new")
    enrolment = await harness.context.stores.second_factors.totp_enrolment(ann.id)
    assert enrolment is not None
    assert enrolment.expires_at - enrolment.created_at == timedelta(hours=1)
