"""Accessibility faults of a page: axe-core's rules (WCAG 2.2 AA), headings, ids, width, sentences
that have no space between them, buttons that touch text, and words that are cut in two."""

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
    const shown = selector => [...document.querySelectorAll(selector)].filter(
        each => each.getClientRects().length && !each.closest("[hidden], .hidden"));
    const lines = range => new Set(
        [...range.getClientRects()].filter(box => box.width > 1)
            .map(box => Math.round(box.top))).size;
    const words = element => {
        const found = [], texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
        for (let node; (node = texts.nextNode());) {
            if (node.parentElement.closest("bdi, code")) continue;
            for (const word of node.data.matchAll(/[\\p{L}\\p{N}]+/gu)) {
                const range = document.createRange();
                range.setStart(node, word.index);
                range.setEnd(node, word.index + word[0].length);
                // After a soft hyphen, the hyphen that is shown belongs to the range.
                const hyphen = node.data[word.index - 1] === "\\u00ad";
                if (lines(range) > 1 + hyphen) found.push(word[0]);
            }
        }
        return found;
    };
    const buttons = shown("main .button").filter(each => !each.closest(".decision"))
        .map(each => [each, each.getBoundingClientRect()]);
    const touches = text => {
        const box = text.getBoundingClientRect();
        return buttons.some(([button, of]) => !text.contains(button) && !button.contains(text)
            && box.top - of.bottom > -2 && box.top - of.bottom < 5
            && box.left < of.right && of.left < box.right);
    };
    return {
        joined: shown("main :is(p, li, dd, td)").filter(each => !each.querySelector("code, pre"))
            .map(each => each.innerText).filter(text => /\\p{Ll}[.!?:]\\p{Lu}\\p{Ll}/u.test(text)),
        touching: shown("main p").filter(touches).map(each => each.innerText),
        cut: shown("h1, h2, h3, .bar nav a").flatMap(words),
        wrapped: shown(".bar nav a").filter(each => {
            const range = document.createRange();
            range.selectNodeContents(each);
            return lines(range) > 1;
        }).map(each => each.innerText),
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
    for fault in ("joined", "touching", "cut", "wrapped"):
        found += [f"{name}: {fault}: {text!r}" for text in outline[fault]]
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
