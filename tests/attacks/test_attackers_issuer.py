"""security.md §24, §26: whose word counts is the operator's to say, and no token's.

The attacker has an OpenID provider with keys, discovery and tokens in good order.
"""

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
    redeem_login,
    send_callback,
    start_upstream_login,
    state_of,
)
from support.upstream import NONCE, Upstream, json_of, jwk_of, rsa_key

JWKS = {
    "google": GOOGLE.jwks_uri,
    "apple": APPLE.jwks_uri,
    "facebook": "https://limited.facebook.com/.well-known/oauth/openid/jwks/",
    "microsoft": "https://login.microsoftonline.com/common/discovery/v2.0/keys",
    "work": "https://login.example.org/keys",
}
ATTACKERS = rsa_key(1)


async def present(harness: AppHarness, provider: str, token: str) -> httpx.Response:
    sent = {"provider": provider, "accessToken": token, "nonce": NONCE}
    return await harness.browser().post(AUTHORIZE_TOKEN, data=sent)


def refused(response: httpx.Response) -> bool:
    # The second is a hint for apps on iPhones: Facebook does not know the token.
    codes = ("invalid_token", "limited_login_required")
    return response.status_code == 401 and response.json()["error"]["code"] in codes


@pytest.fixture(autouse=True)
def published(upstream: Upstream) -> None:
    """Every provider has its keys where they belong."""
    for address in JWKS.values():
        upstream.replies[address] = json_of({"keys": [jwk_of(rsa_key(), "one")]})


@pytest.mark.parametrize("provider", JWKS)
async def test_a_good_token_of_the_attackers_issuer_opens_nothing(
    social_harness: AppHarness, evil: Upstream, provider: str
) -> None:
    evil.replies[f"{evil.issuer}/keys"] = json_of({"keys": [jwk_of(ATTACKERS, "evil")]})
    token = evil.sign(evil.claims(), {"kid": "evil"}, ATTACKERS)
    assert refused(await present(social_harness, provider, token))
    # The server never requested the attacker's documents.
    assert not [requested for requested in evil.requested if requested.url.host == "evil.example"]
    assert not social_harness.rows()["users"]


@pytest.mark.parametrize("provider", JWKS)
@pytest.mark.parametrize(
    "header",
    [
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/keys"},
        {"jwk": jwk_of(ATTACKERS, "one")},
        {},
    ],
)
async def test_the_attackers_key_is_never_trusted_however_it_is_sent(
    social_harness: AppHarness, upstream: Upstream, provider: str, header: dict[str, Any]
) -> None:
    token = upstream.sign(upstream.claims(), header, ATTACKERS)
    assert refused(await present(social_harness, provider, token))
    assert not [
        requested for requested in upstream.requested if requested.url.host == "evil.example"
    ]


@pytest.mark.parametrize("provider", JWKS)
async def test_unknown_key_ids_do_not_cause_repeated_fetches(
    social_harness: AppHarness, upstream: Upstream, provider: str
) -> None:
    # The ordinary fetch, and at most one a minute that is provoked.
    for times in (2, 3, 4):
        for number in range(10):
            token = upstream.sign(upstream.claims(), {"kid": f"made-up-{number}"}, ATTACKERS)
            assert refused(await present(social_harness, provider, token))
        assert upstream.request_count(JWKS[provider]) == times
        social_harness.advance(minutes=1)


async def test_one_subject_at_two_issuers_is_two_people(
    social_harness: AppHarness, upstream: Upstream, evil: Upstream
) -> None:
    """One subject at two issuers is two people, of whatever name."""
    await social_harness.app()
    ids = []
    for fake_provider, provider in ((upstream, "work"), (evil, "evil")):
        browser = social_harness.browser()
        started_login = await start_upstream_login(browser, provider)
        nonce = query_of(started_login.headers["location"])["nonce"]
        fake_provider.grants(fake_provider.id_token(nonce=nonce, email=None))
        back = await send_callback(browser, state_of(started_login), provider, code="a-code")
        response = await redeem_login(social_harness, brought(back)["code"], provider=provider)
        ids.append(response.json()["data"]["user"]["id"])
    assert ids[0] != ids[1]


async def test_a_token_endpoint_that_names_another_issuers_people_is_refused(
    social_harness: AppHarness, upstream: Upstream, evil: Upstream
) -> None:
    await social_harness.app()
    for token in (
        upstream.id_token(),  # the honest provider's own, caught somewhere
        evil.id_token(iss=upstream.issuer),
        evil.id_token(iss=[evil.issuer, upstream.issuer]),
    ):
        evil.grants(token)
        browser = social_harness.browser()
        state = state_of(await start_upstream_login(browser, "evil"))
        back = await send_callback(browser, state, "evil", code="a-code")
        assert brought(back)["error"] == "server_error"
    assert not social_harness.rows()["users"]


async def test_a_discovery_document_that_claims_to_be_anothers_is_refused(
    social_harness: AppHarness, upstream: Upstream, evil: Upstream
) -> None:
    await social_harness.app()
    evil.replies[f"{evil.issuer}/.well-known/openid-configuration"] = json_of(
        evil.metadata(issuer=upstream.issuer)
    )
    assert (
        brought(await start_upstream_login(social_harness.browser(), "evil"))["error"]
        == "server_error"
    )
