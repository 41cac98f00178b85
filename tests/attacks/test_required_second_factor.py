"""Where administrators and developers need a second factor, no way to a session avoids it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from quantimodo.clients.registry import Registration
from quantimodo.model.users import User
from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    SESSION,
    AppHarness,
    OpenHarness,
    form_fields,
)
from support.authenticator_app import AuthenticatorApp
from support.fake_provider import FakeUpstream, profile, redeem_login, sign_in_with

FACTOR = "/sign-in/second-factor"
SET_UP = f"{FACTOR}/set-up"
TWO_STEP = "/account/security/two-step"
FIRST = f"{TWO_STEP}?first=true"
ROLES = ["administrators", "developers"]

FirstProof = Callable[[AppHarness, httpx.AsyncClient, User], Awaitable[None]]


async def gives_role(harness: AppHarness, user: User, role: str) -> None:
    if role == "administrators":
        assert await harness.context.stores.users.set_administrator(user.id, True)
    else:
        await own_app(harness, user)


async def own_app(harness: AppHarness, user: User) -> str:
    registered = await harness.context.registry.register(
        Registration(name="Diary", redirect_uris=(CALLBACK,), scope=frozenset({"basic"})),
        owner_id=user.id,
    )
    return registered.client.id


async def password(harness: AppHarness, browser: httpx.AsyncClient, user: User) -> None:
    assert (await harness.sign_in(browser)).startswith(f"{FACTOR}?")


async def provider(harness: AppHarness, browser: httpx.AsyncClient, user: User) -> None:
    response = await sign_in_with(browser)
    assert response.headers["location"].startswith(f"{FACTOR}?")


async def reset_link(harness: AppHarness, browser: httpx.AsyncClient, user: User) -> None:
    raw = await harness.context.accounts.recovery.email_tokens.mint(
        "reset_password", user.email or "", timedelta(hours=1), user_id=user.id
    )
    await browser.get(f"/reset/new?token={raw.reveal()}")
    fields = form_fields((await browser.get("/reset/new")).text)
    response = await browser.post("/reset/new", data={**fields, "password": "four unrelated words"})
    assert response.headers["location"].startswith(f"{FACTOR}?")


async def verification_link(harness: AppHarness, browser: httpx.AsyncClient, user: User) -> None:
    raw = await harness.context.accounts.recovery.email_tokens.mint(
        "verify_email", user.email or "", timedelta(hours=1), user_id=user.id
    )
    await browser.get(f"/verify?token={raw.reveal()}")
    await browser.post("/verify", data=form_fields((await browser.get("/verify")).text))


async def login_jwt(harness: AppHarness, browser: httpx.AsyncClient, user: User) -> None:
    token = (await redeem_login(harness, "gia")).json()["data"]["token"]
    app = await harness.app(first_party=True)
    request = {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "basic",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    headers = {"accept": "application/json", "authorization": f"Bearer {token}"}
    response = await browser.get(AUTHORIZE, params=request, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "login_required")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "first_proof",
    [password, provider, reset_link, verification_link, login_jwt],
    ids=lambda first_proof: first_proof.__name__,
)
async def test_each_way_opens_nothing_without_a_factor(
    open_harness: OpenHarness, first_proof: FirstProof, role: str
) -> None:
    google = FakeUpstream(people={"gia": profile()})
    async with open_harness([google], **{f"accounts__second_factor_of_{role}": "true"}) as harness:
        if first_proof in (provider, login_jwt):
            await redeem_login(harness, "gia")
            issuer, subject = profile().issuer, profile().subject
            found = await harness.context.stores.identities.identity(issuer, subject)
            assert found is not None
            user = await harness.context.stores.users.user(found.user_id)
        else:
            user = await harness.person()
        assert user is not None
        await gives_role(harness, user, role)
        browser = harness.browser()
        await first_proof(harness, browser, user)
        assert SESSION not in browser.cookies
        assert (await browser.get("/account")).headers["location"].startswith("/sign-in?")
        assert await harness.context.sessions.list(user.id) == []


@pytest.mark.parametrize("role", ROLES)
async def test_the_set_up_completes_the_sign_in_and_the_factor_stays(
    open_harness: OpenHarness, role: str
) -> None:
    async with open_harness(**{f"accounts__second_factor_of_{role}": "true"}) as harness:
        ann = await harness.person()
        await gives_role(harness, ann, role)
        browser = harness.browser()
        page = await browser.get(await harness.sign_in(browser))
        assert page.headers["location"].startswith(SET_UP)
        page = await browser.get(SET_UP)
        await browser.post(SET_UP, data={**form_fields(page.text), "action": "begin"})
        page = await browser.get(SET_UP)
        code = AuthenticatorApp.of_page(page.text).code(harness.context.clock.now())
        await browser.post(SET_UP, data={**form_fields(page.text), "code": code})
        (session,) = await harness.context.sessions.list(ann.id)
        assert {"otp", "mfa"} <= set(session.methods)
        page = await browser.get(TWO_STEP)
        assert "Required by this server" in page.text
        refused = await browser.post(f"{TWO_STEP}/remove", data=form_fields(page.text))
        assert "requires two-step verification" in refused.text
        assert await harness.context.second_factors.status(ann) is not None


async def test_other_people_sign_in_as_before(open_harness: OpenHarness) -> None:
    every = {f"accounts__second_factor_of_{role}": "true" for role in ROLES}
    async with open_harness(**every) as harness:
        await harness.person()
        browser = harness.browser()
        assert await harness.sign_in(browser) == "/account"
        assert "Required by this server" not in (await browser.get(TWO_STEP)).text


async def test_a_session_without_a_factor_registers_and_changes_no_application(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(accounts__second_factor_of_developers="true") as harness:
        ann = await harness.person()
        browser = await harness.signed_in()
        csrf = form_fields((await browser.get(TWO_STEP)).text)
        client_id = await own_app(harness, ann)
        before = harness.rows()["clients"]
        for method, path in (
            ("GET", "/developers/new"),
            ("POST", "/developers/new"),
            ("POST", f"/developers/apps/{client_id}/sign-in"),
            ("POST", f"/developers/apps/{client_id}/scopes"),
            ("POST", f"/developers/apps/{client_id}/branding"),
            ("POST", f"/developers/apps/{client_id}/logo"),
            ("POST", f"/developers/apps/{client_id}/keys"),
            ("POST", f"/developers/apps/{client_id}/secret"),
            ("POST", f"/developers/apps/{client_id}/danger"),
        ):
            response = await browser.request(method, path, data=csrf if method == "POST" else None)
            assert (response.status_code, response.headers["location"]) == (303, FIRST), path
        assert harness.rows()["clients"] == before
        assert "before you register or change applications" in (await browser.get(TWO_STEP)).text
