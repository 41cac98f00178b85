"""The API documentation in Chromium for all visitors: without scripts, with the live filter, and
with real calls by Swagger UI, under the policy of all pages (decision 0030)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, Request, expect

from quantimodo.pages.reference.document import callable_operations
from support.accessibility import faults_in_each_look
from support.browser import BrowserSetup
from support.page_gallery import open_window

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="session"),
]

_SLOW = 60_000  # Swagger UI starts in a second, and in many on a machine with other work
_OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true })"
_LISTEN = """window.violations = [];
document.addEventListener("securitypolicyviolation", event => {
    violations.push(`${event.effectiveDirective} ${event.blockedURI}`);
});"""


async def test_axe_finds_nothing_in_the_docs(browser_setup: BrowserSetup) -> None:
    complaints: list[str] = []
    async with open_window(
        browser_setup.browser, browser_setup.server, width=360, scheme="light"
    ) as page:
        page.on("console", lambda message: complaints.append(message.text))
        for path in (
            "/docs",
            "/docs/tokens",
            "/docs/tokens/getTokens",
            "/docs/schemas/MeasurementSet",
            "/docs/search?q=token",
        ):
            await page.goto(path)
            await page.evaluate(_OPEN_ALL)
            assert await faults_in_each_look(page, f"{path}, all opened") == []
    assert complaints == []


async def test_a_reader_finds_an_operation_and_its_responses_without_scripts(
    browser_setup: BrowserSetup,
) -> None:
    async with browser_setup.person(width=1280) as page:
        await page.goto("/")
        await page.click("text=API documentation")
        await page.fill("#q", "exchange REFRESH")
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url: "/docs/search?q=" in url)
        await page.click(".entries a >> nth=0")
        await page.wait_for_url(lambda url: url.endswith("/docs/tokens/getTokens"))
        response = page.locator("article > details.response").nth(1)
        assert not await response.locator("pre").first.is_visible()
        await response.locator("summary").click()
        assert await response.locator("pre").first.is_visible()
        twin = page.locator("details.twin")
        assert not await twin.locator(".prose").is_visible()
        await page.goto("/docs#getTokensByAddress")  # the place of each operation in the list
        await page.click("#getTokensByAddress a")
        await page.wait_for_url(lambda url: url.endswith("getTokens#getTokensByAddress"))
        assert await twin.locator(".prose").is_visible()  # the browser opens it
        await page.click("nav[aria-label='API documentation'] >> text=Schemas")
        await page.click("main >> text=TokenRequest")
        await page.wait_for_url(lambda url: url.endswith("/docs/schemas/TokenRequest"))


async def test_the_list_is_filtered_while_a_person_types(browser_setup: BrowserSetup) -> None:
    async with browser_setup.person(scripts=True) as page:
        await page.add_init_script(_LISTEN)
        await page.goto("/docs")
        everything = await page.locator("[data-entry]").count()
        await page.fill("#q", "unit")
        shown = page.locator("[data-entry]:not([hidden])")
        assert 0 < await shown.count() < everything
        assert all("unit" in text.lower() for text in await shown.all_text_contents())
        assert "Enter searches" in await page.inner_text("#operations-found")
        await page.fill("#q", "<img src=x onerror=alert(1)>")
        assert await shown.count() == 0
        await page.fill("#q", "")
        assert await shown.count() == everything
        assert await page.evaluate("violations") == []


async def test_a_call_is_sent_with_a_token_that_is_not_kept(browser_setup: BrowserSetup) -> None:
    harness = browser_setup.harness
    fields = {"grant_type": "client_credentials", "scope": "readmeasurements"}
    token = (await harness.token(await harness.app(), **fields)).json()["access_token"]
    requests: list[Request] = []
    async with _console(browser_setup) as page:
        page.on("request", lambda request: requests.append(request))
        await page.goto("/docs/try#/Measurements/listApplicationMeasurements")
        operation = page.locator("#operations-Measurements-listApplicationMeasurements")
        status = operation.locator(".live-responses-table .response .response-col_status")
        await page.fill(".operation-filter-input", "listApplicationMeasurements")
        await operation.locator(".execute").click()
        await expect(status).to_contain_text("401", timeout=_SLOW)
        await page.click(".auth-wrapper .authorize")
        field = page.locator("#auth-bearer-value")
        assert await field.get_attribute("type") == "password"
        assert await field.get_attribute("autocomplete") == "off"
        assert await faults_in_each_look(page, "the dialog of tokens") == []
        await field.fill(token)
        await page.click(".modal-ux .auth-btn-wrapper .authorize >> nth=0")
        await page.click(".modal-ux .btn-done >> nth=0")
        await operation.locator(".execute").click()
        await expect(status).to_contain_text("200", timeout=_SLOW)
        assert await faults_in_each_look(page, "a call with its response") == []
        assert await page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        await page.reload()
        await operation.locator(".execute").click()
        await expect(status).to_contain_text("401", timeout=_SLOW)
        calls = [each for each in requests if "/application/measurements" in each.url]
        sent = [(await each.all_headers()).get("authorization") for each in calls]
    assert sent == [None, f"Bearer {token}", None]
    assert all(each.url.startswith((browser_setup.server, "data:")) for each in requests)
    assert all(token not in each.url for each in requests)


async def test_the_console_filters_operations_and_leaves_out_what_is_not_a_call(
    browser_setup: BrowserSetup,
) -> None:
    async with _console(browser_setup) as page:
        await page.goto("/docs/try")
        operations = page.locator(".opblock")
        await operations.first.wait_for()
        ids = [await each.get_attribute("id") or "" for each in await operations.all()]
        named = {each.rpartition("-")[2] for each in ids}
        response = await browser_setup.harness.browser().get("/api/openapi.json")
        assert named == callable_operations(response.json()).keys()
        await page.fill(".operation-filter-input", "deletemeasurement")
        await expect(operations).to_have_count(1, timeout=_SLOW)
        await expect(operations).to_have_id("operations-Measurements-deleteMeasurement")


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
        async with open_window(
            browser_setup.browser, browser_setup.server, width=width, scheme="light"
        ) as page:
            await page.set_viewport_size({"width": width, "height": height})
            await page.goto("/docs/measurements")
            assert await page.evaluate(_CUT_OFF) == [], width
            last = page.locator(".reference .tabs > ul > li > a").last
            await last.scroll_into_view_if_needed()
            await last.click()
            await page.wait_for_url(lambda url: url.endswith("/docs/try"))


@asynccontextmanager
async def _console(browser_setup: BrowserSetup) -> AsyncIterator[Page]:
    """A window with scripts; it fails at the end if the policy forbade anything."""
    async with browser_setup.person(scripts=True, width=1280) as page:
        page.set_default_timeout(_SLOW)
        await page.add_init_script(_LISTEN)
        yield page
        assert await page.evaluate("violations") == []
