"""A person and what they measured, on a phone, without scripts: from the first to the last."""

import csv
from pathlib import Path

import pytest
from playwright.async_api import Page

from support.account_services import PASSWORD, AccountServices
from support.browser_actions import press
from support.page_gallery import chromium, open_gallery, open_window

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


async def test_a_persons_own_data_from_the_first_to_the_last(
    services: AccountServices, port: int, tmp_path: Path
) -> None:
    async with (
        open_gallery(services, port) as (_, address),
        chromium() as browser,
        open_window(browser, address, width=360, scheme="light", java_script_enabled=False) as page,
    ):
        await page.goto("/sign-in")
        await page.fill("[name=username]", "bob@example.org")
        await page.fill("[name=password]", PASSWORD)
        await press(page, "main button[type=submit]")
        await _add_two(page)
        await _correct_one(page)
        exported = await _export(page, tmp_path)
        await _lose_one(page)
        await _lose_all(page)
        await _bring_back(page, exported)


async def _add_two(page: Page) -> None:
    await page.goto("/account/data")
    await page.fill("#variable", "Tea, black")
    await page.fill("#value", "2,5")
    await page.select_option("#unit", "cup")
    await page.select_option("#category", "Foods")
    await page.fill("#when", "2026-11-23T07:30")
    await page.fill("#note", "with milk")
    await press(page, "#add")
    assert "/account/data/variable?name=" in page.url
    assert "2.5 cup" in await page.inner_text("main")
    await press(page, "text=Add another")
    assert await page.input_value("#variable") == "Tea, black"
    await page.fill("#value", "1")
    await page.fill("#when", "2026-11-23T08:30")
    await press(page, "#add")
    text = await page.inner_text("main")
    assert "2 measurements" in text
    assert "with milk" in text
    assert await page.locator(".plot polyline").count() == 1
    moment = await page.locator(".measured time >> nth=0").bounding_box()
    menu = await page.locator(".menu summary >> nth=0").bounding_box()
    assert moment is not None
    assert menu is not None
    assert moment["x"] + moment["width"] <= menu["x"], "one lies under the other"


async def _correct_one(page: Page) -> None:
    await page.click(".menu summary >> nth=0")
    await press(page, ".menu[open] a")
    assert await page.input_value("#value") == "1"
    await page.fill("#value", "1.5")
    await press(page, "#save")
    assert "1.5 cup" in await page.inner_text("main")
    await page.click(".menu summary >> nth=0")
    await press(page, ".menu[open] a")
    await page.fill("#value", "1")
    await press(page, "#save")


async def _export(page: Page, folder: Path) -> Path:
    await page.goto("/account/data")
    async with page.expect_download() as coming:
        await page.click("text=Export everything as CSV")
    file = folder / "mine.csv"
    await (await coming.value).save_as(file)
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["Value"], row["Note"]) for row in rows] == [("1", ""), ("2.5", "with milk")]
    return file


async def _lose_one(page: Page) -> None:
    await page.click(".tiles h2 a")
    await page.click(".menu summary >> nth=0")
    await press(page, ".menu[open] button")
    assert "1 measurement" in await page.inner_text("main")


async def _lose_all(page: Page) -> None:
    await press(page, "text=Delete all of it")
    await press(page, "#delete")
    assert "Nothing is recorded yet" in await page.inner_text("main")


async def _bring_back(page: Page, exported: Path) -> None:
    spoilt = exported.with_name("spoilt.csv")
    spoilt.write_bytes(exported.read_bytes().replace(b"2.5", b"much"))
    await page.set_input_files("#file", spoilt)
    await press(page, "#import")
    text = await page.inner_text("main")
    assert "line 3: " in text.lower()
    assert "is not a number" in text
    assert "Nothing is recorded yet" in text
    await page.set_input_files("#file", exported)
    await press(page, "#import")
    assert "2 measurements" in await page.inner_text("main")
