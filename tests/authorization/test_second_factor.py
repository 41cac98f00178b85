"""A login that needs a second factor is pending until the person shows it."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from quantimodo.model.users import User
from support.app import SESSION, AppHarness, form_fields, response_of
from support.jwt_forgery import verified
from support.second_factor import RIGHT, WRONG, FakeSecondFactor, add_second_factor

PAGE = "/sign-in/second-factor"
PENDING = "__Host-quantimodo_pending_login"


@pytest.fixture
async def ann(harness: AppHarness) -> User:
    """A person with a second factor, on a server that has one."""
    person = await harness.person()
    await add_second_factor(harness, FakeSecondFactor({person.id}))
    return person


async def respond(browser: httpx.AsyncClient, response: str, address: str = PAGE) -> httpx.Response:
    """Fill in the page of the second factor."""
    page = await browser.get(address)
    assert page.status_code == 200, page.headers
    return await browser.post(PAGE, data={**form_fields(page.text), "code": response})


async def is_signed_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/account")).status_code == 200


async def test_the_login_waits_and_is_not_a_session(harness: AppHarness, ann: User) -> None:
    browser = harness.browser()
    location = await harness.sign_in(browser, address="/sign-in?return_to=/developers")
    assert location == f"{PAGE}?return_to=/developers"
    assert SESSION not in browser.cookies
    assert not await is_signed_in(browser)
    assert await harness.context.sessions.list(ann.id) == []
    page = await browser.get(location)
    assert "ann@example.org" in page.text
    assert "Code of the fake factor" in page.text


async def test_the_right_response_gives_the_session_with_both_methods(
    harness: AppHarness, ann: User
) -> None:
    browser = harness.browser()
    location = await harness.sign_in(browser, address="/sign-in?return_to=/developers")
    harness.advance(seconds=60)
    response = await respond(browser, RIGHT, location)
    assert (response.status_code, response.headers["location"]) == (303, "/developers")
    assert await is_signed_in(browser)
    (session,) = await harness.context.sessions.list(ann.id)
    assert session.methods == ("pwd", "otp", "mfa")
    assert session.authenticated_at == harness.context.clock.now()
    assert PENDING not in browser.cookies


async def test_a_person_without_a_second_factor_signs_in_as_before(
    harness: AppHarness, ann: User
) -> None:
    bob = await harness.person("bob@example.org", "Bob Example")
    browser = harness.browser()
    assert await harness.sign_in(browser, "bob@example.org") == "/account"
    assert await is_signed_in(browser)
    assert PENDING not in browser.cookies
    assert [each.methods for each in await harness.context.sessions.list(bob.id)] == [("pwd",)]


async def test_the_cookie_is_out_of_reach_of_scripts_and_lives_ten_minutes(
    harness: AppHarness, ann: User
) -> None:
    browser = harness.browser()
    page = await browser.get("/sign-in")
    fields = {"username": "ann@example.org", "password": "a horse of another colour"}
    response = await browser.post("/sign-in", data={**form_fields(page.text), **fields})
    (cookie,) = [
        each for each in response.headers.get_list("set-cookie") if each.startswith(f"{PENDING}=")
    ]
    attributes = {each.strip().lower() for each in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/", "max-age=600"} <= attributes
    raw = cookie.partition("=")[2].partition(";")[0]
    assert raw not in response.headers["location"]
    assert not any(raw in repr(rows) for rows in harness.rows().values()), "stored as a digest"


async def test_a_wrong_response_is_refused_recorded_and_not_repeated(
    harness: AppHarness, ann: User
) -> None:
    browser = harness.browser()
    await harness.sign_in(browser)
    page = await respond(browser, WRONG)
    assert page.status_code == 400
    assert WRONG not in page.text
    assert not await is_signed_in(browser)
    await harness.context.audit.flush()
    events = await harness.context.stores.events.events_of(ann.id, 10)
    assert [event.kind for event in events] == ["second_factor.refused"]
    assert (await respond(browser, RIGHT)).status_code == 303, "the login still waits"


async def test_wrong_responses_are_counted_over_all_browsers_of_the_person(
    harness: AppHarness, ann: User
) -> None:
    for _ in range(2):
        browser = harness.browser()
        await harness.sign_in(browser)
        for _ in range(5):
            assert (await respond(browser, WRONG)).status_code == 400
    another = harness.browser()
    await harness.sign_in(another)
    assert (await respond(another, RIGHT)).status_code == 429
    assert not await is_signed_in(another)
    harness.advance(minutes=15)
    await harness.sign_in(another)
    assert (await respond(another, RIGHT)).status_code == 303


async def test_a_right_response_resets_the_count(harness: AppHarness, ann: User) -> None:
    for _ in range(3):
        browser = harness.browser()
        await harness.sign_in(browser)
        for _ in range(5):
            assert (await respond(browser, WRONG)).status_code == 400
        assert (await respond(browser, RIGHT)).status_code == 303


async def test_an_unfinished_login_expires(harness: AppHarness, ann: User) -> None:
    browser = harness.browser()
    await harness.sign_in(browser)
    page = await browser.get(PAGE)
    harness.advance(seconds=600)
    late = await browser.post(PAGE, data={**form_fields(page.text), "code": RIGHT})
    assert late.headers["location"] == "/sign-in?return_to=/account"
    assert not await is_signed_in(browser)
    assert (await browser.get(PAGE)).headers["location"].startswith("/sign-in?")


async def test_a_pending_login_is_completed_once(harness: AppHarness, ann: User) -> None:
    browser = harness.browser()
    await harness.sign_in(browser)
    page = await browser.get(PAGE)
    fields = {**form_fields(page.text), "code": RIGHT}
    responses = await asyncio.gather(*(browser.post(PAGE, data=fields) for _ in range(5)))
    started = [each for each in responses if SESSION in each.headers.get("set-cookie", "")]
    assert len(started) == 1
    assert len(await harness.context.sessions.list(ann.id)) == 1
    assert {each.status_code for each in responses} == {303}


async def test_another_browser_cannot_complete_it(harness: AppHarness, ann: User) -> None:
    browser, other = harness.browser(), harness.browser()
    await harness.sign_in(browser)
    page = await other.get("/sign-in")
    response = await other.post(PAGE, data={**form_fields(page.text), "code": RIGHT})
    assert response.headers["location"].startswith("/sign-in?")
    assert not await is_signed_in(other)


async def test_a_form_of_another_site_completes_nothing(harness: AppHarness, ann: User) -> None:
    browser = harness.browser()
    await harness.sign_in(browser)
    response = await browser.post(PAGE, data={"code": RIGHT, "return_to": "/account"})
    assert response.status_code == 403
    assert not await is_signed_in(browser)


async def test_its_cookie_is_not_a_session_and_a_session_no_pending_login(
    harness: AppHarness, ann: User
) -> None:
    browser = harness.browser()
    await harness.sign_in(browser)
    pending = browser.cookies[PENDING]
    browser.cookies.set(SESSION, pending, domain="id.example.org")
    assert not await is_signed_in(browser)
    signed_in = await harness.signed_in()
    signed_in.cookies.set(PENDING, signed_in.cookies[SESSION], domain="id.example.org")
    assert (await signed_in.get(PAGE)).headers["location"].startswith("/sign-in?")


async def test_a_session_that_was_planted_before_ends_with_the_login(
    harness: AppHarness, ann: User
) -> None:
    """Session fixation (security.md §18)."""
    attacker = await harness.person("attacker@example.org", "Attacker")
    browser = await harness.signed_in("attacker@example.org")
    planted = browser.cookies[SESSION]
    await harness.sign_in(browser)
    assert len(await harness.context.sessions.list(attacker.id)) == 1, "it is only pending"
    await respond(browser, RIGHT)
    assert browser.cookies[SESSION] != planted
    assert await harness.context.sessions.list(attacker.id) == []


@pytest.mark.parametrize("change", ["password", "sign out everywhere", "disabled"])
async def test_a_reset_of_the_password_ends_the_pending_login(
    harness: AppHarness, ann: User, change: str
) -> None:
    browser = harness.browser()
    await harness.sign_in(browser)
    page = await browser.get(PAGE)
    stores, now = harness.context.stores, harness.context.clock.now()
    if change == "password":
        await stores.users.set_password(ann.id, "fake hash", now)
    elif change == "disabled":
        await harness.context.accounts.administration.disable(ann.id)
    else:
        await harness.context.sessions.end_all(ann.id)
    await browser.post(PAGE, data={**form_fields(page.text), "code": RIGHT})
    assert not await is_signed_in(browser)
    assert await harness.context.sessions.list(ann.id) == []


async def test_a_factor_that_was_removed_meanwhile_starts_the_login_again(
    harness: AppHarness,
) -> None:
    person = await harness.person()
    factor = FakeSecondFactor({person.id})
    await add_second_factor(harness, factor)
    browser = harness.browser()
    await harness.sign_in(browser)
    page = await browser.get(PAGE)
    factor.people.clear()
    response = await browser.post(PAGE, data={**form_fields(page.text), "code": RIGHT})
    assert response.headers["location"].startswith("/sign-in?")
    assert not await is_signed_in(browser)


# ------------------------------------------------------------------------------- authorization


async def test_an_authorization_goes_through_the_second_factor(
    harness: AppHarness, ann: User
) -> None:
    browser, app = harness.browser(), await harness.app()
    to_sign_in = await harness.ask(browser, app, scope="openid basic")
    resume = await harness.sign_in(browser, address=to_sign_in.headers["location"])
    assert resume.startswith("/api/v2/oauth/authorize/resume?request=")
    to_factor = await browser.get(resume)
    assert to_factor.headers["location"].startswith(f"{PAGE}?return_to=")
    done = await respond(browser, RIGHT, to_factor.headers["location"])
    assert done.headers["location"] == resume, "it returns to the dispatcher"
    consent = await browser.get(resume)
    code = response_of(await harness.decide(browser, consent)).code
    tokens = (await harness.redeem(app, code)).json()
    claims = await verified(harness, tokens["id_token"], "RS256")
    assert claims["amr"] == ["pwd", "otp", "mfa"]


async def test_an_unfinished_login_authorizes_nothing(harness: AppHarness, ann: User) -> None:
    browser, app = harness.browser(), await harness.app()
    await harness.sign_in(browser)
    silent = response_of(await harness.ask(browser, app, prompt="none"))
    assert silent.parameters["error"] == "login_required"
    assert (await harness.ask(browser, app)).headers["location"].startswith(f"{PAGE}?")


async def test_prompt_login_begins_with_the_first_factor(harness: AppHarness, ann: User) -> None:
    browser, app = harness.browser(), await harness.app()
    await harness.sign_in(browser)
    harness.advance(seconds=1)
    fresh = await harness.ask(browser, app, prompt="login")
    assert fresh.headers["location"].startswith("/sign-in?")
    resume = await harness.sign_in(browser, address=fresh.headers["location"])
    to_factor = (await browser.get(resume)).headers["location"]
    assert to_factor.startswith(f"{PAGE}?")
    await respond(browser, RIGHT, to_factor)
    assert 'id="allow"' in (await browser.get(resume)).text


async def test_a_pending_login_of_another_account_leaves_the_session_alone(
    harness: AppHarness, ann: User
) -> None:
    await harness.person("bob@example.org", "Bob Example")
    browser, app = await harness.signed_in("bob@example.org"), await harness.app()
    await harness.sign_in(browser)
    page = await harness.ask(browser, app)
    assert "bob@example.org" in page.text
    assert (await respond(browser, RIGHT)).status_code == 303
    assert "ann@example.org" in (await harness.ask(browser, app)).text


async def test_a_reset_link_does_not_replace_the_second_factor(
    harness: AppHarness, ann: User
) -> None:
    email_tokens = harness.context.accounts.recovery.email_tokens
    raw = await email_tokens.mint(
        "reset_password", "ann@example.org", timedelta(hours=1), user_id=ann.id
    )
    browser = harness.browser()
    await browser.get(f"/reset/new?token={raw.reveal()}")
    page = await browser.get("/reset/new")
    fields = {**form_fields(page.text), "password": "another long enough one"}
    response = await browser.post("/reset/new", data=fields)
    assert response.headers["location"].startswith(f"{PAGE}?")
    shown = await browser.get(response.headers["location"])
    assert "Your new password is set" in shown.text
    assert "you are signed in" not in shown.text
    assert not await is_signed_in(browser)
    assert (await respond(browser, RIGHT)).status_code == 303
    assert await is_signed_in(browser)


async def test_no_address_of_another_site_is_followed(harness: AppHarness, ann: User) -> None:
    browser = harness.browser()
    await harness.sign_in(browser)
    response = await respond(browser, RIGHT, f"{PAGE}?return_to=https://evil.example.org/")
    assert response.headers["location"] == "/account"
