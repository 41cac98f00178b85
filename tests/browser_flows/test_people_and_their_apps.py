"""Whole flows in Chromium, over the server's pages and an application on another origin.

Scripts are off, unless a test says otherwise. The browser enforces each page's content security
policy."""

import httpx
import pytest
from playwright.async_api import Page

from support.app import ME, PASSWORD, TOKEN, VERIFIER
from support.browser import BrowserSetup
from support.browser_actions import press
from support.environment import no_authorities

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="session"),
]


async def heading(page: Page) -> str:
    return (await page.inner_text("h1")).strip()


async def sign_in(page: Page, email: str = "ann@example.org") -> None:
    """Sign in on the sign-in page that the browser shows."""
    await page.fill("[name=username]", email)
    await page.fill("[name=password]", PASSWORD)
    await press(page)


async def sign_up(page: Page, email: str) -> None:
    """Sign up on the page that the browser shows, and confirm by the e-mail in the outbox."""
    await page.fill("[name=name]", "New Person")
    await page.fill("[name=email]", email)
    await page.fill("[name=password]", PASSWORD)
    await press(page)
    await press(page, "text=open the outbox")
    await press(page, "a[href*='/confirm?token=']")
    assert "token" not in page.url
    await press(page, "text=Confirm and sign in")


async def test_a_person_signs_up_registers_allows_and_revokes_an_app(
    browser_setup: BrowserSetup,
) -> None:
    async with (
        browser_setup.person() as page,
        httpx.AsyncClient(base_url=browser_setup.server, verify=no_authorities()) as client,
    ):
        await page.goto("/")
        await press(page, "main >> text=Make an account")
        await sign_up(page, "new@example.org")
        assert await heading(page) == "Connected applications"

        await press(page, "text=Developers")
        await press(page, "main >> text=New application")
        await page.fill("[name=name]", "Mood Tracker")
        await page.fill("[name=redirect_uris]", browser_setup.callback)
        await press(page, "text=Register application")
        client_id = await page.inner_text("#client-id")
        secret = await page.inner_text("#client-secret")
        await page.reload()
        assert await page.query_selector("#client-secret") is None

        await page.goto(browser_setup.authorize_path(client_id))
        assert await heading(page) == "Allow Mood Tracker to use your QuantiModo account?"
        await press(page, "#allow")
        assert page.url.startswith(browser_setup.callback)
        assert browser_setup.callbacks[-1]["state"] == "some-state"

        response = await client.post(
            TOKEN,
            data={
                "grant_type": "authorization_code",
                "code": browser_setup.callbacks[-1]["code"],
                "redirect_uri": browser_setup.callback,
                "code_verifier": VERIFIER,
            },
            auth=(client_id, secret),
        )
        token = {"authorization": f"Bearer {response.json()['access_token']}"}
        assert (await client.get(ME, headers=token)).json()["email"] == "new@example.org"

        await page.goto("/account")
        await press(page, "text=Remove access")
        assert await heading(page) == "Connected applications"
        assert "No application uses your account" in await page.content()
        assert (await client.get(ME, headers=token)).status_code == 401

        await press(page, "text=Sign out")
        await page.goto("/account")
        assert await heading(page) == "Sign in"


async def test_cancel_redirects_to_the_app_with_access_denied(browser_setup: BrowserSetup) -> None:
    await browser_setup.harness.person()
    app = await browser_setup.register_app()
    async with browser_setup.person() as page:
        await page.goto(browser_setup.authorize_path(app.id))
        await sign_in(page)
        await press(page, "#deny")
        assert page.url.startswith(browser_setup.callback)
    assert browser_setup.callbacks[-1]["error"] == "access_denied"
    assert "code" not in browser_setup.callbacks[-1]


async def test_a_consent_that_is_stored_needs_no_second_consent_page(
    browser_setup: BrowserSetup,
) -> None:
    await browser_setup.harness.person()
    app = await browser_setup.register_app()
    async with browser_setup.person() as page:
        await page.goto(browser_setup.authorize_path(app.id))
        await sign_in(page)
        await press(page, "#allow")
    async with browser_setup.person() as another:
        await another.goto(browser_setup.authorize_path(app.id))
        await sign_in(another)
        assert another.url.startswith(browser_setup.callback), (
            "the policy of the sign-in page allows the redirect"
        )
    assert len(browser_setup.callbacks) == 2


async def test_sign_up_within_an_authorization_continues_it(
    browser_setup: BrowserSetup,
) -> None:
    app = await browser_setup.register_app()
    async with browser_setup.person() as page:
        await page.goto(browser_setup.authorize_path(app.id))
        await press(page, "text=Sign up")
        assert "Mood Tracker" in await page.inner_text(".card")
        await sign_up(page, "new@example.org")
        assert "Allow Mood Tracker" in await heading(page)
        await press(page, "#allow")
        assert page.url.startswith(browser_setup.callback)


async def test_the_confirmation_page_may_redirect_to_a_first_party_app(
    browser_setup: BrowserSetup,
) -> None:
    app = await browser_setup.register_app(first_party=True)
    async with browser_setup.person() as page:
        await page.goto(browser_setup.authorize_path(app.id))
        await press(page, "text=Sign up")
        await sign_up(page, "new@example.org")
        assert page.url.startswith(browser_setup.callback), (
            "the policy of the confirmation page allows the redirect"
        )


async def test_another_account_can_be_used_for_the_same_request(
    browser_setup: BrowserSetup,
) -> None:
    await browser_setup.harness.person()
    await browser_setup.harness.person("bob@example.org", "Bob Example")
    app = await browser_setup.register_app()
    async with browser_setup.person() as page:
        await page.goto(browser_setup.authorize_path(app.id))
        await sign_in(page)
        assert "ann@example.org" in await page.inner_text(".current-account")
        await press(page, "text=Use another account")
        assert "You are signed in as" in await page.inner_text(".card")
        await sign_in(page, "bob@example.org")
        assert "bob@example.org" in await page.inner_text(".current-account")
        await press(page, "#allow")
        assert page.url.startswith(browser_setup.callback)


@pytest.mark.parametrize("scripts", [True, False])
async def test_form_post_reaches_the_app_with_and_without_scripts(
    browser_setup: BrowserSetup, scripts: bool
) -> None:
    await browser_setup.harness.person()
    app = await browser_setup.register_app()
    async with browser_setup.person(scripts=scripts) as page:
        await page.goto(browser_setup.authorize_path(app.id, response_mode="form_post"))
        await sign_in(page)
        await press(page, "#allow")
        if not scripts:
            await press(page, "text=Continue")
        await page.wait_for_url(browser_setup.callback)
    assert browser_setup.callbacks[-1].keys() >= {"code", "state", "iss"}


async def test_the_policy_allows_a_redirect_to_a_private_use_scheme(
    browser_setup: BrowserSetup,
) -> None:
    await browser_setup.harness.person()
    app = await browser_setup.harness.app(public=True, redirect_uris=("org.example.app:/callback",))
    async with browser_setup.person() as page:
        await page.goto(
            browser_setup.authorize_path(app.id, redirect_uri="org.example.app:/callback")
        )
        await sign_in(page)
        # No app has this scheme here: the browser tries it, and the policy allows that.
        async with page.expect_event("requestfailed") as failing:
            await page.click("#allow")
        failed = await failing.value
    assert failed.url.startswith("org.example.app:/callback?code=")


async def test_a_pop_up_has_its_opener_after_the_redirect(browser_setup: BrowserSetup) -> None:
    """Apps of 2016 open the authorization in a pop-up and wait until it redirects back."""
    await browser_setup.harness.person()
    app = await browser_setup.register_app()
    async with browser_setup.person(scripts=True, width=1280) as opener:
        await opener.goto(browser_setup.callback)
        async with opener.expect_popup() as opening:
            url = browser_setup.server + browser_setup.authorize_path(app.id)
            await opener.evaluate("url => { window.waiting = window.open(url) }", url)
        popup = await opening.value
        await popup.wait_for_load_state("load")
        await sign_in(popup)
        await press(popup, "#allow")
        assert popup.url.startswith(browser_setup.callback)
        assert await popup.evaluate("window.opener !== null")
        assert await opener.evaluate("window.waiting.location.search.includes('code=')")
