"""/docs says what the OpenAPI document says, by our own means only."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from html import unescape
from typing import Any

import pytest

from quantimodo.pages.reference import inline, paragraphs
from support.app import AppHarness


@pytest.fixture
async def page(harness: AppHarness) -> str:
    response = await harness.browser().get("/docs")
    assert response.status_code == 200
    return response.text


async def test_every_operation_is_there_with_its_parameters_and_answers(
    harness: AppHarness, page: str
) -> None:
    document = (await harness.browser().get("/api/openapi.json")).json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert f"<code>{path}</code>" in page
            if "x-alias-of" not in operation:
                article = _article(page, operation["operationId"])
                assert method.upper() in article
                assert f'<h3 id="{operation["operationId"]}-head">' in article
                assert _escaped(operation["summary"]) in page
                _check_parameters(document, operation, page)
                _check_responses(operation, article)


async def test_nothing_is_fetched_and_nothing_runs(harness: AppHarness, page: str) -> None:
    response = await harness.browser().get("/docs")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "<script" not in page
    assert not re.search(r'(src|href)="(https?:)?//', page)
    for address in re.findall(r'href="(/static/[^"]+)"', page):
        assert (await harness.browser().get(unescape(address))).status_code == 200


async def test_every_link_on_the_page_leads_somewhere(harness: AppHarness, page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#([^"]+)"', page):
        assert target in ids
    for target in set(re.findall(r'href="(/[^"#]*)"', page)):
        assert (await harness.browser().get(unescape(target))).status_code in (200, 303), target


async def test_without_legacy_transport_the_docs_do_not_speak_of_it(
    open_harness: Callable[..., AbstractAsyncContextManager[AppHarness]],
) -> None:
    async with open_harness(legacy_transport="false") as harness:
        text = (await harness.browser().get("/docs")).text
        assert 'id="getTokens"' in text
        assert 'id="getTokensByAddress"' not in text
        assert "An access token in the address" not in text


def test_a_description_is_text_not_markup() -> None:
    assert paragraphs("a <b> `c<d>`\n\ne") == "<p>a &lt;b&gt; <code>c&lt;d&gt;</code></p><p>e</p>"
    assert inline("") == ""


def _article(page: str, name: str) -> str:
    found = re.search(rf'<article [^>]*id="{name}".*?</article>', page, re.DOTALL)
    assert found, name
    return found[0]


def _check_parameters(document: dict[str, Any], operation: dict[str, Any], page: str) -> None:
    names = [each["name"] for each in operation.get("parameters", ())]
    for media in operation.get("requestBody", {}).get("content", {}).values():
        schema = media["schema"]
        one = schema.get("items", schema)
        kind = one["$ref"].rpartition("/")[2]
        names += document["components"]["schemas"][kind]["properties"]
    for name in names:
        assert f"<code>{name}</code>" in page


def _check_responses(operation: dict[str, Any], article: str) -> None:
    if "Those of" in article.partition("<h4>Responses</h4>")[2]:
        return  # the same as of the operation that it names
    for status, response in operation["responses"].items():
        if "$ref" not in response:
            assert re.search(rf'<span class="status[^>]*>{status}</span>', article)


def _escaped(text: str) -> str:
    return str(inline(text))
