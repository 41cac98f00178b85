"""Front-Channel Logout of a provider, through the wire: the page that it loads at a sign-out there.

The provider's responses are those of `support/upstream.py`.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from support.addresses import query_of
from support.app import SESSION, AppHarness, OpenHarness
from support.environment import FrozenClock
from support.fake_provider import BACK, is_page
from support.openapi_conformance import check_response
from support.upstream import Upstream

PATH = "/api/v2/auth/social/frontchannel-logout"
ANOTHER_SITE = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"}


@pytest.fixture
def upstream(clock: FrozenClock) -> Upstream:
    it = Upstream(clock)
    it.publishes()
    return it


@pytest.fixture
async def harness(open_harness: OpenHarness, upstream: Upstream) -> AsyncIterator[AppHarness]:
    """`work` sends people's browsers to sign out here, `home` does not."""
    common = {"kind": "oidc", "client_id": upstream.client_id, "client_secret": "a-secret"}
    work = {
        **common,
        "issuer": upstream.issuer,
        "frontchannel_logout": "true",
        "end_session_endpoint": "https://sso.example.org/logout?x=1",
    }
    home = {**common, "issuer": "https://home.example.org"}
    settings = {
        **{f"providers__work__{name}": value for name, value in work.items()},
        **{f"providers__home__{name}": value for name, value in home.items()},
        "limits__security_events_per_address": "12 per 1h",
    }
    async with open_harness(internet=upstream, **settings) as opened:
        yield opened


async def signed_in(harness: AppHarness, upstream: Upstream, **claims: Any) -> httpx.AsyncClient:
    """A browser whose session began at the provider."""
    browser = harness.browser()
    started_login = await browser.get("/sign-in/with/work?return_to=/account/apps")
    query = query_of(started_login.headers["location"])
    upstream.grants(upstream.id_token(nonce=query["nonce"], **claims))
    response = {"code": "a-code", "state": query["state"]}
    done = await browser.get(f"{BACK}/work", params=response)
    assert done.headers["location"] == "/account/apps", done.text
    return browser


async def is_signed_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/account/profile")).status_code == 200


async def load(
    harness: AppHarness, parameters: dict[str, str], provider: str = "work"
) -> httpx.Response:
    """The frame in a browser that sends no cookie with it."""
    return await harness.browser().get(
        f"{PATH}/{provider}", params=parameters, headers=ANOTHER_SITE
    )


async def test_2_the_sessions_of_this_sid_end_without_a_cookie_and_no_others(
    harness: AppHarness, upstream: Upstream
) -> None:
    await harness.person("by-password@example.org")
    by_password = await harness.signed_in("by-password@example.org")
    # A sid is any text: the conformance suite appends these to its own.
    first = await signed_in(harness, upstream, sid="first.&=){ +/ü")
    second = await signed_in(harness, upstream, sid="second")
    unnamed = await signed_in(harness, upstream)
    document = (await first.get("/api/openapi.json")).json()
    response = await load(
        harness, {"iss": upstream.issuer, "sid": "first.&=){ +/ü", "ignored": "x"}
    )
    assert response.status_code == 200
    check_response(document, "GET", f"{PATH}/{{provider}}", response)
    assert not await is_signed_in(first)
    assert [await is_signed_in(one) for one in (second, unnamed, by_password)] == [True] * 3
    await harness.context.audit.flush()
    person = await harness.context.stores.identities.identity(upstream.issuer, "248289761001")
    assert person is not None
    events = await harness.context.stores.events.events_of(person.user_id, 100)
    assert [one.detail for one in events if one.kind == "identity.signed_out"] == ["work"]


async def test_2_the_page_may_be_framed_by_the_provider_alone_and_is_not_cached(
    harness: AppHarness, upstream: Upstream
) -> None:
    browser = await signed_in(harness, upstream, sid="first")
    known = {"iss": upstream.issuer, "sid": "first"}
    head = await browser.head(f"{PATH}/work", params=known)
    assert head.status_code == 200
    assert await is_signed_in(browser), "HEAD ends nothing"
    response = await load(harness, known)
    assert response.headers["cache-control"] == "no-cache, no-store"
    assert response.headers["pragma"] == "no-cache"
    assert "x-frame-options" not in response.headers
    assert "set-cookie" not in response.headers
    policy = response.headers["content-security-policy"].split("; ")
    assert f"frame-ancestors {upstream.issuer} https://sso.example.org" in policy
    assert "default-src 'none'" in policy
    assert "first" not in response.text
    # A request with a sid that is not known here learns nothing.
    unknown = await load(harness, {"iss": upstream.issuer, "sid": "guessed"})
    assert (unknown.status_code, unknown.text) == (response.status_code, response.text)
    assert unknown.headers.keys() == response.headers.keys()
    # The browser itself may send its cookies, as from a page of the same site.
    browser = await signed_in(harness, upstream, sid="third")
    assert SESSION in browser.cookies
    await browser.get(f"{PATH}/work", params={"iss": upstream.issuer, "sid": "third"})
    assert not await is_signed_in(browser)


async def test_2_iss_and_sid_are_required_and_iss_is_the_issuer_of_this_provider(
    harness: AppHarness, upstream: Upstream
) -> None:
    browser = await signed_in(harness, upstream, sid="first")
    before = harness.rows()
    refused: list[dict[str, str]] = [
        {},
        {"iss": upstream.issuer},
        {"sid": "first"},
        {"iss": upstream.issuer, "sid": ""},
        {"iss": upstream.issuer, "sid": "first\n"},
        {"iss": upstream.issuer, "sid": "x" * 256},
        {"iss": f"{upstream.issuer}/", "sid": "first"},
        {"iss": "https://home.example.org", "sid": "first"},
        {"iss": "https://attacker.example.org", "sid": "first"},
    ]
    for parameters in refused:
        response = await load(harness, parameters)
        assert response.status_code == 400, parameters
        assert is_page(response)
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert "attacker" not in response.text
    twice = f"{PATH}/work?iss={upstream.issuer}&sid=first&sid=second"
    assert (await harness.browser().get(twice)).status_code == 400
    # Only where the operator wants it, and only at the address of that provider.
    for provider in ("home", "unknown"):
        response = await load(harness, {"iss": upstream.issuer, "sid": "first"}, provider)
        assert response.status_code == 404
    posted = await harness.browser().post(
        f"{PATH}/work", data={"iss": upstream.issuer, "sid": "first"}
    )
    assert posted.status_code == 405
    assert harness.rows() == before
    assert await is_signed_in(browser)


async def test_a_guessed_sid_stores_nothing_and_guesses_are_limited(
    harness: AppHarness, upstream: Upstream
) -> None:
    browser = await signed_in(harness, upstream, sid="first")
    statuses = []
    for number in range(14):
        sent = {"iss": upstream.issuer, "sid": f"guess-{number}"}
        statuses.append((await load(harness, sent)).status_code)
    assert statuses == [200] * 12 + [429] * 2
    assert not harness.rows()["ended_sign_ins"]
    # Even the right one is refused now, from this address.
    assert (await load(harness, {"iss": upstream.issuer, "sid": "first"})).status_code == 429
    assert await is_signed_in(browser)
    # A sid that was guessed before the person came refuses no sign-in from it.
    assert await is_signed_in(await signed_in(harness, upstream, sid="guess-1"))
