"""Password fields in Chromium: the button that shows one, the hint, and no scripts at all."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from support.app import PASSWORD
from support.browser import BrowserSetup

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="session"),
]


@pytest.fixture
def scripts() -> bool:
    return True


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser_setup: BrowserSetup, scripts: bool) -> AsyncIterator[Page]:
    await browser_setup.harness.person()
    async with browser_setup.person(scripts=scripts) as opened:
        yield opened


async def test_a_shown_password_is_hidden_again_when_it_is_sent(page: Page) -> None:
    await page.goto("/sign-in")
    await page.fill("[name=username]", "ann@example.org")
    await page.fill("[name=password]", PASSWORD)
    button = page.get_by_role("button", name="Show password")
    await button.press("Enter")
    field = page.locator("[name=password]")
    await expect(field).to_have_attribute("type", "text")
    await expect(field).to_be_focused()
    await expect(field).to_have_value(PASSWORD)
    await page.get_by_role("button", name="Hide password").click()
    await expect(field).to_have_attribute("type", "password")
    await button.click()
    # The form as it is sent: a browser would offer a text that is not a password to other sites.
    await page.evaluate(
        "document.querySelector('[name=password]').form.addEventListener('submit',"
        " () => sessionStorage.setItem('type', document.querySelector('[name=password]').type))"
    )
    await page.click("main button[type=submit]")
    await page.wait_for_load_state("load")
    assert await page.evaluate("sessionStorage.getItem('type')") == "password"
    await page.goto("/account")
    assert page.url.endswith("/account")


async def test_the_length_of_a_new_password_is_shown_as_it_is_typed(page: Page) -> None:
    await page.goto("/sign-up")
    status = page.locator("[role=status]")
    for typed, shown in (
        ("horse77", "1 character more."),
        ("horse778", "Long enough. 15 characters are better."),
        ("four unrelated words", "Good length."),
        ("", ""),
    ):
        await page.fill("[name=password]", typed)
        await expect(status).to_have_text(shown)


@pytest.mark.parametrize("scripts", [False])
async def test_without_scripts_the_form_works_and_shows_no_button(page: Page) -> None:
    await page.goto("/sign-in")
    assert await page.locator(".reveal").count() == 0
    await page.fill("[name=username]", "ann@example.org")
    await page.fill("[name=password]", PASSWORD)
    await page.click("main button[type=submit]")
    await page.goto("/account")
    assert page.url.endswith("/account")
