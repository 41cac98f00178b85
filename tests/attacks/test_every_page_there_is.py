"""security.md §11 and v2-api.md §1 over the table of routes: no page that is added forgets them."""

from collections.abc import AsyncIterator
from typing import cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from quantimodo.endpoints.routes import SHOWN
from support.app import AppHarness, OpenHarness, form_fields

# What others send to us, each with its own proof.
_PROTOCOL = {route.path for route in SHOWN}
# Files, which any cache may store, and the texts that machines look for.
_PUBLIC = {
    "/static/{name}",
    "/favicon.ico",
    "/docs/swagger-ui/{name}",
    "/guides",
    "/guides/{path:path}",
    "/logos/{client_id}",
    "/robots.txt",
    "/.well-known/security.txt",
}


# RFC 8058 §3.1: a mail client sends the form, without a cookie; the encrypted address is the proof.
_WITHOUT_A_BROWSER = {"/unsubscribe"}


@pytest.fixture
async def harness(open_harness: OpenHarness) -> AsyncIterator[AppHarness]:
    """With the pages that are off by default."""
    async with open_harness(accounts__email_codes="true") as opened:
        yield opened


def pages_of(harness: AppHarness, method: str) -> list[str]:
    application = cast(Starlette, harness.application._pages)
    return [
        route.path
        for route in application.routes
        if isinstance(route, Route)
        and method in (route.methods or ())
        and route.path not in _PROTOCOL | _PUBLIC
    ]


async def person_with_an_app(harness: AppHarness) -> tuple[httpx.AsyncClient, dict[str, str]]:
    """A browser of a person who allowed their own app, and what stands in addresses."""
    ann = await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    await harness.register_again(app, owner_id=ann.id)
    await harness.tokens(app, browser)
    return browser, {
        "client_id": app.id,
        "provider": "google",
        "code": "x",
        "name": "x",
        "number": "1",
        "session": "x",
        "action": "x",
        "operation": "x",
        "webhook": "x",
    }


@pytest.mark.parametrize("forged", ["no proof", "the proof of another", "another site"])
async def test_no_form_of_any_page_is_taken_from_elsewhere(
    harness: AppHarness, forged: str
) -> None:
    browser, named = await person_with_an_app(harness)
    await harness.person("eve@example.org", "Eve Example")
    eve = await harness.signed_in("eve@example.org")
    own = form_fields((await browser.get("/account/profile")).text)["csrf"]
    eves = form_fields((await eve.get("/account/profile")).text)["csrf"]
    proof = {"no proof": "", "the proof of another": eves, "another site": own}[forged]
    headers = {"origin": "https://evil.example"} if forged == "another site" else {}
    paths = [path for path in pages_of(harness, "POST") if path not in _WITHOUT_A_BROWSER]
    before = harness.rows()
    for path in paths:
        response = await browser.post(path.format(**named), data={"csrf": proof}, headers=headers)
        assert response.status_code == 403, path
    assert harness.rows() == before
    assert len(paths) > 25


async def test_no_page_is_cached_framed_scripted_or_sent_as_a_referrer(harness: AppHarness) -> None:
    member, named = await person_with_an_app(harness)
    paths = pages_of(harness, "GET")
    for browser in (harness.browser(), member):
        for path in paths:
            response = await browser.get(path.format(**named) + "?token=marked&code=marked")
            assert response.status_code in (200, 303, 400, 404, 410), path
            assert response.headers["cache-control"] == "no-store", path
            assert response.headers["referrer-policy"] == "no-referrer", path
            assert "marked" not in response.text, path
            if response.headers.get("content-type", "").startswith("text/html"):
                policy = response.headers["content-security-policy"]
                assert "frame-ancestors 'none'" in policy, path
                assert policy.count("script-src") == ("<script" in response.text), path
                assert policy.count("script-src") == ("script-src 'self';" in policy), path
                assert response.headers["x-frame-options"] == "DENY", path
    assert len(paths) > 30
