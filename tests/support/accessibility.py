"""Accessibility faults of a page: axe-core's rules (WCAG 2.2 AA), headings, ids, width."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

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
    checked = await Axe().run(page, options=_RULES)
    for violation in checked.response["violations"]:
        where = [node["target"] for node in violation["nodes"]]
        found.append(f"{name}: {violation['id']} at {where}")
    return found
