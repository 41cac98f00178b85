"""The API documentation in Chromium, without scripts, for everybody."""

import pytest

from gallery import Scheme, looking
from street import Street
from wcag import faults_of

pytestmark = pytest.mark.browser

_OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true })"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_the_docs(street: Street, width: int, scheme: Scheme) -> None:
    complaints: list[str] = []
    async with looking(street.browser, street.server, width=width, scheme=scheme) as page:
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto("/docs")
        assert await faults_of(page, "docs", width) == []
        await page.evaluate(
            "document.querySelectorAll('details').forEach(each => each.open = true)"
        )
        assert await faults_of(page, "docs, all opened", width) == []
    assert complaints == []


async def test_a_reader_finds_an_operation_and_its_answers_without_scripts(street: Street) -> None:
    async with street.person(width=1280) as page:
        await page.goto("/")
        await page.click("text=API documentation")
        await page.click("nav[aria-label='On this page'] >> text=revoke")
        assert page.url.endswith("#revokeToken")
        operation = page.locator("#revokeToken")
        answer = operation.locator("details", has_text="Refused, nothing changed.")
        assert not await answer.locator("pre").first.is_visible()
        await answer.locator("summary").click()
        assert await answer.locator("pre").first.is_visible()
