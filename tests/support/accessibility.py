"""Accessibility faults of a page: axe-core's rules (WCAG 2.2 AA), headings, ids, width."""

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from support.page_gallery import Scheme

_AXE = Axe().axe_script
_WIDTHS: dict[int, tuple[int, Scheme]] = {360: (740, "light"), 1280: (860, "dark")}
_RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
_OUTLINE = """() => {
    const ids = [...document.querySelectorAll("[id]")].map(each => each.id);
    return {
        headings: document.querySelectorAll("h1").length,
        doubled: ids.filter((id, at) => ids.indexOf(id) !== at),
        width: document.documentElement.scrollWidth,
        styled: getComputedStyle(document.body).display === "flex",
    };
}"""


async def faults_of(page: Page, name: str, width: int) -> list[str]:
    """What is wrong with the page that is shown."""
    outline = await page.evaluate(_OUTLINE)
    found = [f"{name}: the id {id} is there twice" for id in outline["doubled"]]
    if outline["headings"] != 1:
        found.append(f"{name}: {outline['headings']} first headings")
    if outline["width"] > width:
        found.append(f"{name}: {outline['width']} pixels wide on {width}")
    if not outline["styled"]:
        found.append(f"{name}: has no style")
    if await page.evaluate("typeof axe") == "undefined":
        await page.evaluate(_AXE)
    checked: dict[str, Any] = await page.evaluate("rules => axe.run(rules)", _RULES)
    for violation in checked["violations"]:
        where = [node["target"] for node in violation["nodes"]]
        found.append(f"{name}: {violation['id']} at {where}")
    return found


async def faults_in_each_look(page: Page, name: str) -> list[str]:
    """What is wrong with the page on a phone in light colours, and on a desktop in dark ones."""
    shown = None if page.viewport_size is None else page.viewport_size["width"]
    found: list[str] = []
    for width in sorted(_WIDTHS, key=lambda width: width != shown):  # as it is shown now first
        height, scheme = _WIDTHS[width]
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += await faults_of(page, f"{name}, {scheme}", width)
    return found
