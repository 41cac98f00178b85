"""/docs says what the OpenAPI document says, by our own means only."""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml

from quantimodo.openapi.document import openapi_document
from quantimodo.openapi.yaml_text import yaml_text
from quantimodo.pages.reference.document import groups_of, schemas_of
from quantimodo.pages.reference.model import Operation, inline, paragraphs, slug
from quantimodo.pages.reference.search import LONGEST_QUERY, ReferenceSearch
from support.app import ISSUER, AppHarness
from support.checks import not_empty

Json = dict[str, Any]
LARGEST = 60_000


class Site:
    """All pages of the reference by their paths, each fetched once."""

    def __init__(self, document: Json, pages: dict[str, str]) -> None:
        self.document = document
        self.pages = pages

    def of(self, operation: Json) -> str:
        """The page of an operation."""
        main = operation.get("x-twin-of", operation["operationId"])
        return self.pages[f"/docs/{slug(operation['tags'][0])}/{main}"]


async def crawl(harness: AppHarness) -> Site:
    """The pages to which /docs leads."""
    browser = harness.browser()
    document = (await browser.get("/api/openapi.json")).json()
    pages: dict[str, str] = {}
    waiting = ["/docs"]
    while waiting:
        path = waiting.pop()
        response = await browser.get(path)
        assert response.status_code == 200, path
        pages[path] = response.text
        linked = re.findall(r'href="(/docs(?!/swagger-ui)[^"#?]*)', response.text)
        waiting += {each for each in linked if each not in pages and each not in waiting}
    return Site(document, pages)


async def test_the_pages_are_complete_small_and_link_to_what_is_there(
    harness: AppHarness, subtests: pytest.Subtests
) -> None:
    """One visit of all pages for all that is true of each."""
    site = await crawl(harness)
    for check in (
        every_operation_has_its_page_with_parameters_and_responses,
        other_addresses_and_twins_are_folded,
        every_schema_has_its_page,
        every_page_is_small_and_fetches_from_here_only,
    ):
        with subtests.test(check.__name__):
            check(site)
    with subtests.test("links and files"):
        await every_link_leads_somewhere(harness, site)


def every_operation_has_its_page_with_parameters_and_responses(site: Site) -> None:
    for path, item in site.document["paths"].items():
        for method, operation in item.items():
            page = site.pages["/docs"]
            if "x-alias-of" in operation:
                continue
            assert f'<li id="{operation["operationId"]}"' in page
            page = site.of(operation)
            assert f"<code>{path}</code>" in page
            assert f'id="{operation["operationId"]}"' in page
            assert method.upper() in page
            assert str(inline(operation["summary"])) in page
            for name in _parameters(site.document, operation):
                assert f"<code>{name}</code>" in page
            for status, response in operation["responses"].items():
                if "$ref" not in response:
                    assert re.search(rf'<span class="status[^>]*>{status}</span>', page)


def other_addresses_and_twins_are_folded(site: Site) -> None:
    for path, item in site.document["paths"].items():
        for operation in item.values():
            if "x-alias-of" in operation:
                main = {**operation, "operationId": operation["operationId"][: -len("Alias")]}
                folds = re.findall(r"<details.*?</details>", site.of(main), re.DOTALL)
                assert any(f"<code>{path}</code>" in fold for fold in folds), path
            elif "x-twin-of" in operation:
                _, _, fold = site.of(operation).partition('<details class="twin">')
                assert f'<div id="{operation["operationId"]}">' in fold


def every_schema_has_its_page(site: Site) -> None:
    for name, schema in site.document["components"]["schemas"].items():
        page = site.pages[f"/docs/schemas/{name}"]
        for member in schema.get("properties", {}):
            assert f"<code>{member}</code>" in page


def every_page_is_small_and_fetches_from_here_only(site: Site) -> None:
    for path, page in site.pages.items():
        assert len(page.encode()) < LARGEST, path
        assert not re.search(r'(src|href)="(https?:)?//', page), path
        assert not re.search(r"<style|\sstyle=|<script(?! src=)", page), path


async def test_the_policy_is_that_of_all_pages(harness: AppHarness) -> None:
    for path in ("/docs", "/docs/tokens", "/docs/tokens/getTokens", "/docs/try"):
        policy = (await harness.browser().get(path)).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "style-src 'self';" in policy
        assert "unsafe" not in policy
        assert ("connect-src 'self'" in policy) == (path == "/docs/try")


async def every_link_leads_somewhere(harness: AppHarness, site: Site) -> None:
    ids = {path: re.findall(r'\sid="([^"]+)"', page) for path, page in site.pages.items()}
    others: set[str] = set()
    for path, page in site.pages.items():
        assert len(ids[path]) == len(set(ids[path])), path
        for link in re.findall(r'href="([^"]*)"', page):
            target, _, fragment = unescape(link).partition("#")
            target = target or path
            if target == "/docs/try" or target not in site.pages:
                others.add(target)
            elif fragment:
                assert fragment in ids[target], (path, link)
    for target in others - {"/docs/try"}:
        assert (await harness.browser().get(target)).status_code in (200, 303), target


async def test_an_unknown_address_is_not_found(harness: AppHarness) -> None:
    for path in (
        "/docs/none",
        "/docs/tokens/none",
        "/docs/none/getTokens",
        "/docs/people/getTokens",  # of another group
        "/docs/tokens/getTokensByAddress",  # a twin is on the page of its operation
        "/docs/schemas/None",
        "/docs/schemas/__class__",
        "/docs/swagger-ui/pins.json",
        "/docs/swagger-ui/..%2Freference.py",
    ):
        assert (await harness.browser().get(path)).status_code == 404, path


async def test_without_legacy_transport_the_docs_do_not_describe_it(
    open_harness: Callable[..., AbstractAsyncContextManager[AppHarness]],
) -> None:
    async with open_harness(legacy_transport="false") as harness:
        overview = (await harness.browser().get("/docs")).text
        page = (await harness.browser().get("/docs/tokens/getTokens")).text
        assert 'id="getTokens"' in page
        assert "getTokensByAddress" not in overview + page
        assert "An access token in the address" not in overview + page


async def test_the_form_searches_without_scripts(harness: AppHarness) -> None:
    async def found(query: str) -> list[str]:
        response = await harness.browser().get("/docs/search", params={"q": query})
        assert response.status_code == 200
        results = response.text.partition('id="results"')[2].partition("</section>")[0]
        return [unescape(each) for each in re.findall(r'href="([^"]+)"', results)]

    assert (await found("revoke"))[0] == "/docs/tokens/revokeToken"
    assert "/docs/measurements/listMeasurements" in await found("groupingWidth")  # a parameter
    assert "/docs/tokens/getTokens" in await found("/api/v2/oauth/access_token")  # an alias
    assert "/docs/schemas/Measurement" in await found("schema measurement")
    assert (await found("REVOKE token"))[0] == "/docs/tokens/revokeToken"
    assert await found("revoke zebra") == []
    assert await found("") == await found("   ") == []


@pytest.mark.parametrize(
    "query",
    [
        '"><script>alert(1)</script>',
        "{{ 7 * 7 }} {% raw %}",
        "\x00\x1b[31m\u202etoken",
        "token " * 5000,
        ".*(a+)+$",
        "%' OR 1=1 --",
        "\ud83d\ude00 token",
    ],
)
async def test_a_hostile_query_is_text(harness: AppHarness, query: str) -> None:
    encoded = query.encode("utf-16", "surrogatepass").decode("utf-16")
    response = await harness.browser().get("/docs/search", params={"q": encoded})
    assert response.status_code == 200
    assert "<script>alert" not in response.text
    assert "49" not in re.findall(r'id="q"[^>]* value="([^"]*)"', response.text)
    (shown,) = re.findall(r'id="q"[^>]* value="([^"]*)"', response.text)
    assert len(unescape(shown)) <= LONGEST_QUERY
    assert all(sign.isprintable() for sign in unescape(shown))


def test_the_best_results_come_first_and_the_rest_is_counted() -> None:
    document = openapi_document(ISSUER, legacy_transport=True)
    groups = groups_of(document)
    found = ReferenceSearch(groups, schemas_of(document, groups)).find("token")
    assert len(found.entries) == 30
    assert found.more > 0
    assert all("token" in f"{each.place} {each.title}".lower() for each in found.entries[:5])


def test_each_example_is_there_in_each_language() -> None:
    for operation in not_empty(_operations()):
        languages = {sample.language for sample in operation.samples}
        browsers = any(each.status == "303" for each in operation.responses)
        assert languages <= {""} if browsers else languages == {"", "Python", "JavaScript"}


def test_samples_in_python_compile_and_call_the_operation() -> None:
    samples = [(operation, each) for operation in _operations() for each in operation.programs]
    for operation, sample in not_empty(each for each in samples if each[1].language == "Python"):
        tree = ast.parse(sample.text)
        calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call)]
        call = next(each for each in calls if each.args and each.keywords)
        assert isinstance(call.func, ast.Attribute)
        assert call.func.attr == operation.method.lower()
        for each in call.keywords:
            ast.literal_eval(each.value)
        url = ast.literal_eval(call.args[0])
        assert re.fullmatch(_pattern(ISSUER + operation.path), url), url


def test_samples_for_a_terminal_are_commands() -> None:
    commands = [
        sample.text
        for operation in _operations()
        for sample in operation.calls
        if sample.text.startswith("curl")
    ]
    assert len(commands) > 30
    script = "\n".join(commands)
    subprocess.run(["bash", "-n"], input=script, text=True, check=True, timeout=20)


@pytest.mark.node
def test_samples_in_javascript_are_modules(tmp_path: Path) -> None:
    texts = [
        sample.text
        for operation in _operations()
        for sample in operation.programs
        if sample.language == "JavaScript"
    ]
    assert len(texts) > 30
    module = tmp_path / "samples.mjs"
    module.write_text("\n".join(f"{{\n{text}\n}}" for text in texts), "utf-8")
    subprocess.run(["node", "--check", str(module)], check=True, timeout=60)


async def test_the_document_as_yaml_is_the_same_document(harness: AppHarness) -> None:
    response = await harness.browser().get(
        "/api/openapi.yaml", headers={"origin": "https://app.example.org"}
    )
    assert response.headers["content-type"] == "application/yaml"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cache-control"] == "public, max-age=300"
    assert response.text.startswith('openapi: "3.1.0"\ninfo:\n  title: "QuantiModo"\n')
    assert yaml.load(response.text, Loader=yaml.CSafeLoader) == openapi_document(
        ISSUER, legacy_transport=True
    )


def test_yaml_keeps_every_kind_of_value() -> None:
    value = {
        "on": [None, True, 1.5, -3, "", "yes", "a: b", "- c", "\u2028é😀\n\t\x7f"],
        "$ref": {},
        "list": [[], [[1]], {"a": {"b": []}}],
        "200": {"no": "0x1"},
    }
    assert yaml.safe_load(yaml_text(value)) == value


def test_a_description_is_text_not_markup() -> None:
    assert paragraphs("a <b> `c<d>`\n\ne") == "<p>a &lt;b&gt; <code>c&lt;d&gt;</code></p><p>e</p>"
    assert inline("") == ""


def _operations() -> Iterator[Operation]:
    document = openapi_document(ISSUER, legacy_transport=True, agents=True)
    for group in groups_of(document):
        for main in group.operations:
            yield from main.all


def _pattern(path: str) -> str:
    return re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path))


def _parameters(document: Json, operation: Json) -> Iterator[str]:
    yield from (each["name"] for each in operation.get("parameters", ()))
    for media in operation.get("requestBody", {}).get("content", {}).values():
        schema = media["schema"]
        one = schema.get("items", schema)
        kind = one["$ref"].rpartition("/")[2]
        yield from document["components"]["schemas"][kind]["properties"]
