"""Ways around a second factor: each first proof, by itself, opens nothing of the account."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from quantimodo.model.users import User
from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    SESSION,
    App,
    AppHarness,
    OpenHarness,
    form_fields,
    response_of,
)
from support.authenticator_app import protect
from support.fake_provider import FakeUpstream, profile, redeem_login, sign_in_with

FACTOR = "/sign-in/second-factor"
PENDING = "__Host-quantimodo_pending_login"
JSON = {"accept": "application/json"}


@pytest.fixture
def google() -> FakeUpstream:
    return FakeUpstream(people={"gia": profile(), "bea": profile(subject="2", name="Bea Example")})


@pytest.fixture
async def harness(open_harness: OpenHarness, google: FakeUpstream) -> AsyncIterator[AppHarness]:
    async with open_harness([google]) as opened:
        yield opened


async def login_token(harness: AppHarness) -> str:
    """A login JWT of Gia that counts for any application."""
    response = await redeem_login(harness, "gia")
    token: str = response.json()["data"]["token"]
    return token


async def gia(harness: AppHarness) -> User:
    """A person who signed in through a provider once, and has a second factor since."""
    await login_token(harness)
    found = await harness.context.stores.identities.identity(profile().issuer, profile().subject)
    assert found is not None
    user = await harness.context.stores.users.user(found.user_id)
    assert user is not None
    return user


def asking(app: App, **more: str) -> dict[str, str]:
    return {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "basic",
        "state": "some-state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }


async def opens_nothing(harness: AppHarness, browser: httpx.AsyncClient, user: User) -> None:
    assert SESSION not in browser.cookies
    assert (await browser.get("/account")).headers["location"].startswith("/sign-in?")
    assert await harness.context.sessions.list(user.id) == []
    app = await harness.app()
    silent = response_of(await harness.ask(browser, app, prompt="none"))
    assert silent.parameters["error"] == "login_required"


async def test_a_password_alone(harness: AppHarness) -> None:
    ann = await harness.person()
    await protect(harness, ann)
    browser = harness.browser()
    assert (await harness.sign_in(browser)).startswith(f"{FACTOR}?")
    await opens_nothing(harness, browser, ann)


async def test_a_sign_in_through_a_provider(harness: AppHarness) -> None:
    user = await gia(harness)
    app, _ = await protect(harness, user)
    browser = harness.browser()
    response = await sign_in_with(browser)
    assert response.headers["location"].startswith(f"{FACTOR}?")
    await opens_nothing(harness, browser, user)
    page = await browser.get(FACTOR)
    code = app.code(harness.context.clock.now())
    await browser.post(FACTOR, data={**form_fields(page.text), "code": code})
    (session,) = await harness.context.sessions.list(user.id)
    assert {"otp", "mfa"} <= set(session.methods)


async def test_a_link_that_sets_a_new_password(harness: AppHarness) -> None:
    ann = await harness.person()
    await protect(harness, ann)
    raw = await harness.context.accounts.recovery.email_tokens.mint(
        "reset_password", "ann@example.org", timedelta(hours=1), user_id=ann.id
    )
    browser = harness.browser()
    await browser.get(f"/reset/new?token={raw.reveal()}")
    page = await browser.get("/reset/new")
    fields = {**form_fields(page.text), "password": "another long enough one"}
    response = await browser.post("/reset/new", data=fields)
    assert response.headers["location"].startswith(f"{FACTOR}?")
    await opens_nothing(harness, browser, ann)
    assert await harness.context.second_factors.status(ann) is not None


async def test_a_link_that_verifies_an_address(harness: AppHarness) -> None:
    ann = await harness.person()
    await protect(harness, ann)
    raw = await harness.context.accounts.recovery.email_tokens.mint(
        "verify_email", "ann@example.org", timedelta(hours=1), user_id=ann.id
    )
    browser = harness.browser()
    await browser.get(f"/verify?token={raw.reveal()}")
    page = await browser.get("/verify")
    await browser.post("/verify", data=form_fields(page.text))
    await opens_nothing(harness, browser, ann)
    assert await harness.context.second_factors.status(ann) is not None


async def test_a_sign_up_with_the_address_of_the_account(harness: AppHarness) -> None:
    ann = await harness.person()
    await protect(harness, ann)
    browser = harness.browser()
    page = await browser.get("/sign-up")
    fields = {"email": "ann@example.org", "name": "Ann", "password": "another long enough one"}
    await browser.post("/sign-up", data={**form_fields(page.text), **fields})
    await opens_nothing(harness, browser, ann)


async def test_a_login_jwt_in_the_header_gets_the_address_of_a_page(harness: AppHarness) -> None:
    """v2-api.md §5: an application without a browser opens `interactionUrl`."""
    user = await gia(harness)
    await protect(harness, user)
    app = await harness.app()
    token = await login_token(harness)
    response = await harness.browser().get(
        AUTHORIZE, params=asking(app), headers={**JSON, "authorization": f"Bearer {token}"}
    )
    assert response.status_code == 401
    error = response.json()["error"]
    assert error["code"] == "login_required"
    assert error["interactionUrl"].startswith("https://id.example.org/")


async def test_a_login_jwt_of_an_application_with_stored_consent(harness: AppHarness) -> None:
    """Also one from before the factor was added."""
    user, token = await gia(harness), await login_token(harness)
    app = await harness.app(first_party=True)
    headers = {**JSON, "authorization": f"Bearer {token}"}
    before = await harness.browser().get(AUTHORIZE, params=asking(app), headers=headers)
    assert before.status_code == 200, before.text
    await protect(harness, user)
    after = await harness.browser().get(AUTHORIZE, params=asking(app), headers=headers)
    assert after.status_code == 401


async def test_a_login_jwt_in_the_address_leads_to_the_sign_in_page(harness: AppHarness) -> None:
    user = await gia(harness)
    await protect(harness, user)
    app, token, browser = await harness.app(), await login_token(harness), harness.browser()
    response = await browser.get(AUTHORIZE, params=asking(app, token=token))
    while response.headers.get("location", "").startswith("/api/v2/oauth"):
        response = await browser.get(response.headers["location"])
    assert response.headers["location"].startswith("/sign-in?")
    assert token not in response.headers["location"]


async def test_a_login_jwt_where_every_person_needs_a_factor(
    open_harness: OpenHarness, google: FakeUpstream
) -> None:
    async with open_harness([google], accounts__second_factor="required") as harness:
        app, token = await harness.app(), await login_token(harness)
        response = await harness.browser().get(
            AUTHORIZE, params=asking(app), headers={**JSON, "authorization": f"Bearer {token}"}
        )
        assert (response.status_code, response.json()["error"]["code"]) == (401, "login_required")


async def test_a_parallel_login_does_not_lower_what_is_needed(harness: AppHarness) -> None:
    """Downgrade by a second flow: Bob, without a factor, signs in while Ann's login is pending."""
    ann = await harness.person()
    await protect(harness, ann)
    bob = await harness.person("bob@example.org", "Bob Example")
    browser = harness.browser()
    await harness.sign_in(browser)
    pending = browser.cookies[PENDING]
    await harness.sign_in(browser, "bob@example.org")
    browser.cookies.set(PENDING, pending, domain="id.example.org")
    assert await harness.context.sessions.list(ann.id) == []
    assert len(await harness.context.sessions.list(bob.id)) == 1
    page = await browser.get(FACTOR)
    wrong = await browser.post(FACTOR, data={**form_fields(page.text), "code": "000000"})
    assert wrong.status_code == 400
    assert await harness.context.sessions.list(ann.id) == []


async def test_a_device_cookie_is_not_a_second_factor(harness: AppHarness) -> None:
    ann = await harness.person()
    app, _ = await protect(harness, ann)
    browser = harness.browser()
    await harness.sign_in(browser)
    page = await browser.get(FACTOR)
    code = app.code(harness.context.clock.now())
    await browser.post(FACTOR, data={**form_fields(page.text), "code": code})
    await harness.context.sessions.end_all(ann.id)
    browser.cookies.delete(SESSION)
    assert (await harness.sign_in(browser)).startswith(f"{FACTOR}?")
    await opens_nothing(harness, browser, ann)
