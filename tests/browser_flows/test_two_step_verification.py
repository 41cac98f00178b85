"""Two-step verification by the real command and Chromium without scripts: set up, sign in with the
app, with a recovery code, and refused rightly.

The time is the machine's. Each code is one of a later time step than the one before, within the
window of one step, so no test waits.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Page

from support.app import PASSWORD
from support.authenticator_app import AuthenticatorApp, recovery_codes_of
from support.browser_actions import NEW_PERSON, is_signed_in, press, sign_up
from support.page_gallery import chromium, open_window
from support.terminal import Server, Terminal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

WRONG = "000000"
TWO_STEP = "/account/security/two-step"


@pytest.fixture
def mode() -> str:
    return "optional"


@pytest.fixture
def server(tmp_path: Path, mode: str) -> Iterator[Server]:
    started = Terminal(tmp_path).serve(accounts__second_factor=mode)
    yield started
    assert started.stop() == 0
    assert started.process.stdout is not None
    started.process.stdout.close()
    assert "Traceback" not in (tmp_path / "serve.err").read_text()


@pytest.fixture
async def page(server: Server) -> AsyncIterator[Page]:
    async with (
        chromium() as browser,
        open_window(
            browser, server.url, width=360, scheme="light", java_script_enabled=False
        ) as opened,
    ):
        yield opened


async def set_up(page: Page) -> tuple[AuthenticatorApp, list[str]]:
    """Through the page with the QR code to that of the recovery codes."""
    await press(page)
    app = AuthenticatorApp.of_page(await page.content())
    await page.fill("[name=code]", app.code(datetime.now(UTC)))
    await press(page)
    codes = recovery_codes_of(await page.content())
    assert len(codes) == 10
    return app, codes


async def sign_out(page: Page) -> None:
    await page.goto("/sign-out")
    await press(page)
    assert not await is_signed_in(page)


async def give_password(page: Page) -> None:
    await page.goto("/sign-in")
    await page.fill("[name=username]", NEW_PERSON)
    await page.fill("[name=password]", PASSWORD)
    await press(page)


async def give_code(page: Page, code: str) -> None:
    await page.fill("[name=code]", code)
    await press(page)


async def test_set_up_sign_in_with_the_app_and_with_a_recovery_code(page: Page) -> None:
    await sign_up(page)
    await page.goto("/account/security")
    await press(page, "a:has-text('Set up')")
    app, codes = await set_up(page)
    await press(page, "text=I have saved them")
    await sign_out(page)

    await give_password(page)
    assert "/sign-in/second-factor" in page.url
    await give_code(page, WRONG)
    assert await page.locator(".summary").count() == 1
    await give_code(page, app.code(datetime.now(UTC), 1))
    assert await is_signed_in(page)
    await sign_out(page)

    await give_password(page)
    await give_code(page, codes[0])
    assert await is_signed_in(page)
    await page.goto(TWO_STEP)
    assert "9 of 10 left" in await page.inner_text("main")
    await sign_out(page)

    await give_password(page)
    await give_code(page, codes[0])
    assert "This is not right" in await page.inner_text("main")
    assert not await is_signed_in(page)

    await page.goto("/sign-in/second-factor")
    for _ in range(10):
        await give_code(page, WRONG)
    assert "Too many tries" in await page.inner_text("main")
    await give_code(page, codes[1])
    assert not await is_signed_in(page), "a right code does not help now"


@pytest.mark.parametrize("mode", ["required"])
async def test_where_it_is_required_sign_up_leads_through_it(page: Page) -> None:
    await sign_up(page)
    assert "/sign-in/second-factor/set-up" in page.url
    assert not await is_signed_in(page)
    await page.goto("/sign-in/second-factor/set-up")
    await set_up(page)
    await press(page, "text=I have saved them")
    assert await is_signed_in(page)
    await page.goto(TWO_STEP)
    assert "Turn off" not in await page.inner_text("main")
