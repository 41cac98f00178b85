"""security.md §14, §26, §29: an ID token is accepted once, only in the sign-in that requested it.

The attacker has an ID token of the victim's, for our own app, caught on its way.
"""

import asyncio
from typing import Any

import httpx
import pytest

from quantimodo.federation.providers.apple import APPLE
from quantimodo.federation.providers.google import GOOGLE
from support.addresses import query_of
from support.app import AppHarness
from support.fake_provider import (
    AUTHORIZE_TOKEN,
    brought,
    send_callback,
    start_upstream_login,
    state_of,
)
from support.upstream import NONCE, Upstream, json_of, jwk_of, rsa_key

LIMITED = "https://limited.facebook.com/.well-known/oauth/openid/jwks/"
GOOD: dict[str, dict[str, Any]] = {
    "google": {"iss": GOOGLE.issuer, "aud": "web.example.org"},
    "apple": {"iss": APPLE.issuer, "aud": "org.example.web"},
    "facebook": {"iss": "https://www.facebook.com", "aud": "138483919580948", "sub": "1200"},
    "work": {},
}


@pytest.fixture(autouse=True)
def published(upstream: Upstream) -> None:
    for address in (GOOGLE.jwks_uri, APPLE.jwks_uri, LIMITED):
        upstream.replies[address] = json_of({"keys": [jwk_of(rsa_key(), "one")]})


async def present(
    harness: AppHarness, provider: str, token: str, nonce: str | None = NONCE
) -> httpx.Response:
    sent = {"provider": provider, "accessToken": token}
    if nonce is not None:
        sent["nonce"] = nonce
    return await harness.browser().post(AUTHORIZE_TOKEN, data=sent)


@pytest.mark.parametrize("provider", GOOD)
async def test_a_token_that_was_used_is_refused_as_long_as_it_would_be_good(
    social_harness: AppHarness, upstream: Upstream, provider: str
) -> None:
    token = upstream.id_token(**GOOD[provider])
    assert (await present(social_harness, provider, token)).status_code == 200
    for minutes in (0, 59):
        social_harness.advance(minutes=minutes)
        again = await present(social_harness, provider, token)
        assert (again.status_code, again.json()["error"]["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("provider", GOOD)
async def test_of_many_uses_at_once_one_counts(
    social_harness: AppHarness, upstream: Upstream, provider: str
) -> None:
    token = upstream.id_token(**GOOD[provider])
    responses = await asyncio.gather(*(present(social_harness, provider, token) for _ in range(8)))
    assert sorted(response.status_code for response in responses) == [200, *[401] * 7]


@pytest.mark.parametrize("provider", GOOD)
async def test_a_token_of_another_sign_in_is_refused(
    social_harness: AppHarness, upstream: Upstream, provider: str
) -> None:
    for changes in ({"nonce": "another"}, {"nonce": None}, {"nonce": ""}, {"nonce": [NONCE]}):
        token = upstream.id_token(**{**GOOD[provider], **changes})
        assert (await present(social_harness, provider, token)).status_code == 401, changes
    assert not social_harness.rows()["users"]


async def test_a_provider_of_which_nothing_else_is_known_needs_a_nonce(
    social_harness: AppHarness, upstream: Upstream
) -> None:
    token = upstream.id_token()
    assert (await present(social_harness, "work", token, nonce=None)).status_code == 401
    # It was not looked at, so it is not used up.
    assert (await present(social_harness, "work", token)).status_code == 200


@pytest.mark.parametrize("provider", ["google", "work"])
async def test_a_browsers_response_with_the_token_of_another_browser_is_refused(
    social_harness: AppHarness, upstream: Upstream, provider: str
) -> None:
    """A code that was injected: its ID token has the nonce of another sign-in."""
    await social_harness.app()
    token_endpoint = GOOGLE.token_endpoint if provider == "google" else ""
    started_login = await start_upstream_login(social_harness.browser(), provider)
    theirs = query_of(started_login.headers["location"])["nonce"]
    for nonce in (theirs, None, ""):
        token = upstream.id_token(**{**GOOD[provider], "nonce": nonce})
        upstream.grants(token, token_endpoint)
        browser = social_harness.browser()
        state = state_of(await start_upstream_login(browser, provider))
        back = await send_callback(browser, state, provider, code="a-code")
        assert brought(back)["error"] == "server_error"
    assert not social_harness.rows()["users"]
