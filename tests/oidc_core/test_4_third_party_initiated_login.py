"""Initiating sign-in from here (OpenID Connect Core §4): the overview leads to the application."""

import re
from dataclasses import replace
from html import unescape

import pytest

from quantimodo.model.client_metadata import ClientMetadata
from support.app import AppHarness

ISS = "iss=https%3A%2F%2Fid.example.org"


async def link_of(harness: AppHarness, uri: str) -> str | None:
    await harness.person()
    app = await harness.app(metadata=replace(ClientMetadata(), initiate_login_uri=uri))
    browser = await harness.signed_in()
    await harness.tokens(app, browser, scope="openid")
    page = (await browser.get("/account")).text
    assert "Mood Tracker" in page
    found = re.search(r'<a class="[^"]*" href="([^"]*)" rel="noreferrer">Open', page)
    return None if found is None else unescape(found[1])


@pytest.mark.parametrize(
    ("uri", "link"),
    [
        ("https://app.example.org/login", f"https://app.example.org/login?{ISS}"),
        ("https://app.example.org/login?a=b", f"https://app.example.org/login?a=b&{ISS}"),
        ("https://app.example.org/#/login", f"https://app.example.org/?{ISS}#/login"),
    ],
)
async def test_an_app_is_opened_with_the_issuer_that_signs_in(
    harness: AppHarness, uri: str, link: str
) -> None:
    assert await link_of(harness, uri) == link


async def test_an_app_that_begins_no_sign_in_has_no_link(harness: AppHarness) -> None:
    assert await link_of(harness, "") is None
