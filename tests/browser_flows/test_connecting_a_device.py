"""A person connects a device (RFC 8628 §3.3) in Chromium, without scripts."""

import pytest
from playwright.async_api import Page

from support.app import ME, PASSWORD
from support.browser import BrowserSetup
from support.browser_actions import press
from support.devices import device_app, poll, polled, started

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="session"),
]


async def heading(page: Page) -> str:
    return (await page.inner_text("h1")).strip()


async def enter(page: Page, user_code: str) -> None:
    await page.goto("/device")
    await page.fill("[name=user_code]", user_code)
    await press(page, "text=Continue")


async def test_a_person_connects_one_device_and_refuses_another(
    browser_setup: BrowserSetup,
) -> None:
    harness = browser_setup.harness
    await harness.person()
    app = await device_app(harness, name="Television")
    async with browser_setup.person() as page:
        # A code that no device shows is refused where it is typed.
        await enter(page, "BBBB-BBBB")
        assert await heading(page) == "Connect a device"
        assert await page.get_attribute("[name=user_code]", "aria-invalid") == "true"

        # By the code that the device shows, with a sign-in on the way.
        device = await started(harness, app)
        assert await polled(harness, app, device["device_code"]) == "authorization_pending"
        await enter(page, device["user_code"].lower())
        await page.fill("[name=username]", "ann@example.org")
        await page.fill("[name=password]", PASSWORD)
        await press(page, "main button[type=submit]")
        assert await heading(page) == "Is this your device?"
        shown = await page.inner_text("main")
        for fact in ("Television", device["user_code"], "Television/1.0", "ann@example.org"):
            assert fact in shown
        await press(page, "text=Yes, the code is the same")
        assert "Allow Television to use your" in await heading(page)
        await press(page, "#allow")
        assert await heading(page) == "Go back to your device"
        harness.advance(seconds=6)
        tokens = await poll(harness, app, device["device_code"])
        assert tokens.status_code == 200, tokens.text
        assert (await harness.call(tokens.json()["access_token"], ME)).status_code == 200

        # By the address in the QR code, which has the code: the person still compares it.
        device = await started(harness, app)
        await page.goto(device["verification_uri_complete"])
        if await heading(page) == "Connect a device":
            assert await page.input_value("[name=user_code]") == device["user_code"]
            await press(page, "text=Continue")
        assert await heading(page) == "Is this your device?"
        await press(page, "text=No, refuse the device")
        assert await heading(page) == "The device was not connected"
        assert await polled(harness, app, device["device_code"]) == "access_denied"

        # The code is good once.
        await enter(page, device["user_code"])
        assert await page.get_attribute("[name=user_code]", "aria-invalid") == "true"
