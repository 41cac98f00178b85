"""Every page in Chromium: accessible (WCAG 2.2 AA), not wider than a phone, within its policy."""

import re
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, Page, Response

import quantimodo
from quantimodo.model.languages import LANGUAGES
from support.accessibility import faults_in_each_look, faults_of
from support.account_services import AccountServices
from support.page_gallery import Gallery, chromium, open_gallery, open_window

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
# The documentation, the playground and the administration have separate tests. The frames
# that watch sessions, and that a provider loads at a logout, show nothing.
NOT_HERE = {
    "reference.html",
    "reference_group.html",
    "reference_operation.html",
    "reference_schema.html",
    "reference_schemas.html",
    "reference_search.html",
    "reference_try.html",
    "check_session.html",
    "frontchannel_logout.html",
    "playground.html",
}


def templates_in_use() -> set[str]:
    """Those that some page or endpoint shows; the sandbox looks after its own."""
    source = Path(quantimodo.__file__).parent
    files = [*source.glob("pages/**/*.py"), *source.glob("endpoints/*.py")]
    named = {
        name for file in files for name in re.findall(r'"([a-z_]+\.html)"', file.read_text("utf-8"))
    }
    return {name for name in named if (source / "pages/templates" / name).is_file()}


def templates_of_administration() -> set[str]:
    """`test_pages_of_the_administration.py` visits all of them."""
    return {name for name in templates_in_use() if name.startswith("admin_")}


@pytest.mark.timeout(600)
async def test_axe_finds_nothing_on_any_page(services: AccountServices, port: int) -> None:
    """One tour, and each page in two looks: a second tour would take a minute more."""
    found: list[str] = []
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    def look(response: Response) -> None:
        if response.status == 500 and "/gallery/error/" not in response.url:
            complaints.append(f"{response.url} is an error page")

    seen: list[str] = []
    async with (
        open_gallery(services, port) as (gallery, address),
        chromium() as browser,
        open_window(browser, address, width=360, scheme="light") as page,
    ):
        page.on("console", listen)
        page.on("response", look)
        for tour in (gallery.signed_out, gallery.signed_in):
            async for name in tour(page):
                found += await faults_in_each_look(page, name)
                seen.append(name)
    assert found == []
    # The gallery shows the self-sending form as it stands where its script does not run.
    assert [text for text in complaints if "sha256-not" not in text] == []
    assert templates_in_use() - gallery.shown - templates_of_administration() == NOT_HERE
    assert len(seen) > 60


async def test_axe_finds_nothing_in_each_language(services: AccountServices, port: int) -> None:
    """The layout of all pages is checked in English; here it is that of longer words, and of a
    language from right to left."""
    found: list[str] = []
    async with open_gallery(services, port) as (gallery, address), chromium() as browser:
        for tag in LANGUAGES.keys() - {"en"}:
            async with open_window(browser, address, width=360, scheme="light", locale=tag) as page:
                await page.goto("/sign-up")
                found += await faults_of(page, f"sign-up in {tag}", 360)
                await gallery.sign_in(page, "ann@example.org")
                for path in (
                    "/",
                    "/gallery/consent/first",
                    "/account/data",
                    "/account/data/variable?name=Sleep%20Quality",
                    "/account/activity",
                    "/account/profile",
                    f"/developers/apps/{gallery.mood.id}/sign-in",
                ):
                    await page.goto(path)
                    assert await page.get_attribute("html", "lang") == tag
                    found += await faults_of(page, f"{path} in {tag}", 360)
    assert found == []


async def test_faults_keyboard_and_layout_in_one_browser(
    services: AccountServices, port: int, subtests: pytest.Subtests
) -> None:
    async with open_gallery(services, port) as (gallery, address), chromium() as browser:
        for width, scheme, check in (
            (360, "dark", axe_would_find_something),
            (360, "light", a_mistake_is_where_the_keyboard_is),
            (1280, "light", the_first_tab_skips_to_the_content),
            (1280, "light", the_box_of_an_empty_list_keeps_its_distance),
            (360, "light", a_name_in_a_heading_stays_together_where_it_fits),
            (360, "dark", forced_colors_show_which_link_is_chosen),
        ):
            async with open_window(browser, address, width=width, scheme=scheme) as page:
                with subtests.test(check.__name__):
                    await check(gallery, page)


async def axe_would_find_something(gallery: Gallery, page: Page) -> None:
    await page.goto("/sign-in")
    await page.evaluate("document.querySelector('label').remove()")
    await page.evaluate(
        """() => {
        const button = document.querySelector("main .button");
        button.insertAdjacentHTML("afterend", "<p>You are signed out.You go on.</p>");
        document.querySelector("h1").textContent = "Donaudampfschifffahrtsgesellschaft";
        document.querySelector("h1").style.width = "6rem";
        button.nextElementSibling.style.marginTop = `-${button.parentElement.style.gap || "18px"}`;
    }"""
    )
    faults = "\n".join(await faults_of(page, "spoilt", 360))
    for fault in ("label", "joined: 'You are", "touching: 'You are", "cut: 'Donaudampf"):
        assert fault in faults


async def a_mistake_is_where_the_keyboard_is(gallery: Gallery, page: Page) -> None:
    await page.goto("/sign-up")
    await page.fill("[name=name]", "Dan")
    await page.fill("[name=email]", "dan@example.org")
    await page.fill("[name=password]", "password")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".summary")
    focused = await page.evaluate("document.activeElement.className")
    assert focused == "summary"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "password"


async def the_first_tab_skips_to_the_content(gallery: Gallery, page: Page) -> None:
    await page.goto("/")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"


async def the_box_of_an_empty_list_keeps_its_distance(gallery: Gallery, page: Page) -> None:
    await gallery.sign_in(page, "bob@example.org")
    for path in ("/account/data", "/account/identities"):
        await page.goto(path)
        gap = await page.evaluate(
            """() => {
            const box = document.querySelector(".empty");
            return box.nextElementSibling.getBoundingClientRect().top
                - box.getBoundingClientRect().bottom;
        }"""
        )
        assert gap >= 16, path


async def a_name_in_a_heading_stays_together_where_it_fits(gallery: Gallery, page: Page) -> None:
    """And no word is broken in two."""
    await gallery.sign_in(page, "ann@example.org")
    await page.goto("/gallery/consent/first")
    lines = "[...document.querySelector('h1 bdi').getClientRects()].length"
    text = "document.querySelector('h1 bdi').getBoundingClientRect().height"
    one_line = "parseFloat(getComputedStyle(document.querySelector('h1')).lineHeight)"
    for name in ("Mood Tracker", "Sleep & Mood Diary"):
        await page.evaluate(f"document.querySelector('h1 bdi').textContent = {name!r}")
        assert await page.evaluate(lines) == 1
        assert await page.evaluate(text) < 1.5 * await page.evaluate(one_line), name


async def forced_colors_show_which_link_is_chosen(gallery: Gallery, page: Page) -> None:
    """Backgrounds and shadows are gone there."""
    await page.emulate_media(forced_colors="active")
    await gallery.sign_in(page, "ann@example.org")
    await page.goto("/account/data/variable?name=Sleep%20Quality")
    of_links = """[...document.querySelectorAll("header a, .tabs a, .choices a")].map(
        each => [each.hasAttribute("aria-current"), getComputedStyle(each).textDecorationLine])"""
    links = await page.evaluate(of_links)
    assert sum(chosen for chosen, _ in links) == 4  # the account, its data, a range, a grouping
    assert {line for chosen, line in links if chosen} == {"underline"}
    assert {line for chosen, line in links if not chosen} == {"none"}
