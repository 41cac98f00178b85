"""The guides: docs/ as a site at /guides, complete, with search, and under a strict policy."""

import json
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpx
import pytest

from quantimodo.pages.portal.example_projects import load_examples
from support.app import OpenHarness
from support.checks import not_empty
from support.guides import ROOT, Reader, build_guides, guides_application, read_page
from support.page_gallery import Scheme, chromium, open_window
from support.page_site import listening
from support.workers import free_port

ORIGIN = "http://guides.example.org"
OUTSIDE = {
    "README.md": "getting-started/",
    "CHANGELOG.md": "changelog/",
    "CONTRIBUTING.md": "contributing/",
    "clients/python/README.md": "developer/python-client-reference/",
    "examples": "examples/",
    **{each.name: f"examples/{each.name}/" for each in load_examples()},
}
PAGES = [
    f"{ORIGIN}/guides/{path}"
    for path in (
        *OUTSIDE.values(),
        *(
            path.relative_to(ROOT / "docs").as_posix().removesuffix("index.md").removesuffix(".md")
            for path in sorted((ROOT / "docs").rglob("*.md"))
        ),
    )
]
PAGES = [page if page.endswith("/") else f"{page}/" for page in PAGES]
# What people look for, and the first page that the search lists.
SEARCHES = [
    ("refresh token", "developer/refresh/"),
    ("verify a webhook", "developer/webhooks/"),
    ("PKCE with React", "examples/react-vite/"),
    ("backup", "operator/backups/"),
    ("behind nginx", "operator/reverse-proxy/"),
    ("rotate keys", "operator/keys/"),
    ("reset an admin's second factor", "operator/people-and-applications/"),
    ("PAR", "developer/pushed-requests/"),
    ("lost phone", "person/"),
]


@pytest.fixture(scope="module")
def folder() -> Path:
    return build_guides()


def reader_of(folder: Path) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(guides_application(folder))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN)


async def pages_in(folder: Path) -> dict[str, Reader]:
    async with reader_of(folder) as client:
        responses = {address: await client.get(address) for address in PAGES}
    assert {
        address for address, response in responses.items() if response.status_code != 200
    } == set()
    return {address: read_page(response.text) for address, response in responses.items()}


async def test_every_document_is_a_page_and_every_link_resolves(folder: Path) -> None:
    pages = await pages_in(folder)
    assert len(pages) > 60
    wanted: dict[str, set[str]] = {}
    for address, page in pages.items():
        for link in (*page.links, *page.loaded):
            target = urlsplit(urljoin(address, link))
            if f"{target.scheme}://{target.netloc}" == ORIGIN:
                place = f"{ORIGIN}{target.path}"
                wanted.setdefault(place, set()).add(unquote(target.fragment))
    assert not {address for address in pages if address not in wanted}, "no page links to it"
    async with reader_of(folder) as client:
        for place, anchors in wanted.items():
            if place in pages:
                missing = anchors - pages[place].anchors - {""}
                assert not missing, f"{place} has no {missing}"
            elif place != f"{ORIGIN}/":
                assert (await client.get(place)).status_code == 200, place


async def test_a_page_runs_only_scripts_of_this_server(folder: Path) -> None:
    for address, page in not_empty((await pages_in(folder)).items()):
        assert page.inline == [], address
        assert all(urljoin(address, link).startswith(f"{ORIGIN}/guides/") for link in page.loaded)
        hosts = {urlsplit(link).hostname for link in page.links if "://" in link}
        assert all(host in ("127.0.0.1", "localhost") or "example" in host for host in hosts), hosts


async def test_each_response_has_a_policy_without_exceptions(folder: Path) -> None:
    async with reader_of(folder) as client:
        for path in ("/guides/", "/guides/search/search_index.json", "/guides/operator/install/"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"


async def test_the_search_index_has_every_page(folder: Path) -> None:
    index = json.loads((folder / "search" / "search_index.json").read_text("utf-8"))
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert found >= {address.removeprefix(f"{ORIGIN}/guides/") for address in PAGES}


async def test_an_address_without_its_slash_is_redirected_by_303(folder: Path) -> None:
    async with reader_of(folder) as client:
        for path in ("/guides", "/guides/operator", "/guides/operator/install"):
            response = await client.get(path)
            assert (response.status_code, response.headers["location"]) == (303, f"{path}/")


@pytest.mark.parametrize("path", ["nothing", "..%2f..%2fpy.typed", ".made-from", "../routes.py"])
async def test_no_other_file_is_served(folder: Path, path: str) -> None:
    async with reader_of(folder) as client:
        assert (await client.get(f"/guides/{path}")).status_code == 404


@pytest.mark.parametrize("path", ["/guides", "/guides/", "/guides/operator/install/"])
async def test_without_a_built_site_the_page_says_what_to_do(tmp_path: Path, path: str) -> None:
    async with reader_of(tmp_path / "absent") as client:
        response = await client.get(path)
    assert response.status_code == 404
    assert "The guides are not installed" in response.text
    assert "scripts/guides" in response.text


async def test_the_server_serves_them_and_links_to_them(
    folder: Path, open_harness: OpenHarness
) -> None:
    async with open_harness() as harness:
        browser = harness.browser()
        assert (await browser.get("/guides/")).status_code == 200
        for path in ("/", "/docs"):
            assert 'href="/guides/' in (await browser.get(path)).text
        await harness.person()
        signed_in = await harness.signed_in()
        assert 'href="/guides/' in (await signed_in.get("/developers")).text


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
async def test_a_browser_reads_and_searches_without_a_violation(
    folder: Path, width: int, scheme: Scheme
) -> None:
    async with (
        listening(guides_application(folder), free_port()) as address,
        chromium() as browser,
        open_window(browser, address, width=width, scheme=scheme) as page,
    ):
        faults: list[str] = []
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto("/guides/")
        await page.goto("/guides/operator/install/")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        if width < 1000:
            await page.click("label.md-header__button[for=__search]")
        await page.click("[data-md-component=search-query]")
        await page.keyboard.type("PostgreSQL", delay=5)
        await page.wait_for_selector("a.md-search-result__link", timeout=20_000)
        first = page.locator("a.md-search-result__link").first
        assert "/guides/operator/postgresql/" in str(await first.get_attribute("href"))
        for words, guide in SEARCHES if scheme == "dark" else ():
            await page.fill("[data-md-component=search-query]", "")
            await page.keyboard.type(words, delay=5)
            found = f'a.md-search-result__link[href*="/guides/{guide}"]'
            await page.wait_for_selector(f".md-search-result__item:first-child {found}")
        assert faults == []
