"""The API documentation in Chromium, without scripts, for everybody."""

import pytest

from support.accessibility import faults_in_each_look
from support.browser import BrowserSetup
from support.page_gallery import looking

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="session"),
]

_OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true })"


async def test_axe_finds_nothing_in_the_docs(browser_setup: BrowserSetup) -> None:
    complaints: list[str] = []
    async with looking(
        browser_setup.browser, browser_setup.server, width=360, scheme="light"
    ) as page:
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto("/docs")
        await page.evaluate(_OPEN_ALL)
        assert await faults_in_each_look(page, "docs, all opened") == []
    assert complaints == []


async def test_a_reader_finds_an_operation_and_its_answers_without_scripts(
    browser_setup: BrowserSetup,
) -> None:
    async with browser_setup.person(width=1280) as page:
        await page.goto("/")
        await page.click("text=API documentation")
        await page.click("nav[aria-label='On this page'] >> text=revoke")
        assert page.url.endswith("#revokeToken")
        operation = page.locator("#revokeToken")
        response = operation.locator("details", has_text="Refused, nothing changed.")
        assert not await response.locator("pre").first.is_visible()
        await response.locator("summary").click()
        assert await response.locator("pre").first.is_visible()


_CUT_OFF = """() => {
    const list = document.querySelector(".reference .tabs > ul");
    const box = list.getBoundingClientRect();
    const out = each => {
        const own = each.getBoundingClientRect();
        const wide = each.scrollWidth > each.clientWidth + 1;
        return own.width > 0 && (own.right > box.right + 1 || wide);
    };
    return [...list.querySelectorAll("a")].filter(out).map(each => each.textContent.trim());
}"""


async def test_no_entry_of_the_navigation_is_cut_off(browser_setup: BrowserSetup) -> None:
    for width, height in ((900, 600), (1280, 800), (1920, 1080)):
        async with looking(
            browser_setup.browser, browser_setup.server, width=width, scheme="light"
        ) as page:
            await page.set_viewport_size({"width": width, "height": height})
            await page.goto("/docs")
            assert await page.evaluate(_CUT_OFF) == [], width
            last = page.locator(".reference .tabs a").last
            await last.scroll_into_view_if_needed()
            await last.click()
            assert page.url.endswith("#everywhere"), width
