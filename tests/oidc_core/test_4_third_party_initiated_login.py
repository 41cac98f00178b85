"""Initiating sign-in from here (OpenID Connect Core §4): the overview leads to the application."""

import re
from dataclasses import replace
from html import unescape

import pytest

from quantimodo.model.client_metadata import ClientMetadata
from world import World

ISS = "iss=https%3A%2F%2Fid.example.org"


async def link_of(world: World, uri: str) -> str | None:
    await world.person()
    app = await world.app(metadata=replace(ClientMetadata(), initiate_login_uri=uri))
    browser = await world.signed_in()
    await world.tokens(app, browser, scope="openid")
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
    world: World, uri: str, link: str
) -> None:
    assert await link_of(world, uri) == link


async def test_an_app_that_begins_no_sign_in_has_no_link(world: World) -> None:
    assert await link_of(world, "") is None
