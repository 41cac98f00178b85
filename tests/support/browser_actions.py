"""What a person does on the pages in Chromium."""

from urllib.parse import urlsplit

from playwright.async_api import Page

from support.app import PASSWORD

SUBMIT = "main button[type=submit]"
NEW_PERSON = "new@example.org"


async def press(page: Page, selector: str = SUBMIT) -> None:
    """Click, and wait until the next page has loaded."""
    await page.click(selector)
    await page.wait_for_load_state("load")


async def sign_up(page: Page) -> None:
    """Make an account for `NEW_PERSON`, and confirm it by the link in the outbox."""
    await page.goto("/sign-up")
    await page.fill("[name=name]", "New Person")
    await page.fill("[name=email]", NEW_PERSON)
    await page.fill("[name=password]", PASSWORD)
    await press(page)
    await page.goto("/outbox")
    await press(page, "a[href*='/confirm?token=']")
    await press(page)


async def is_signed_in(page: Page) -> bool:
    """Whether the account's page is shown. Opens it."""
    await page.goto("/account")
    return urlsplit(page.url).path == "/account"
