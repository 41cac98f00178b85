"""security.md §23, §27, §29, §30: an unverified address opens no account.

The victim has an account here; the attacker writes the victim's address into a profile elsewhere.
"""

from typing import Any

import httpx
import pytest

from quantimodo.federation.providers.apple import APPLE
from quantimodo.federation.providers.google import GOOGLE
from support.app import CALLBACK, ISSUER, AppHarness, OpenHarness
from support.fake_provider import (
    AUTHORIZE_CODE,
    AUTHORIZE_TOKEN,
    FakeUpstream,
    profile,
    redeem_login,
)
from support.upstream import NONCE, Upstream, json_of, jwk_of, rsa_key

VICTIM = "ann@example.org"
GRAPH = "https://graph.facebook.com/v25.0"
LIMITED = "https://limited.facebook.com/.well-known/oauth/openid/jwks/"
MICROSOFT = "https://login.microsoftonline.com"
TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
GOOD: dict[str, dict[str, Any]] = {
    "google": {"iss": GOOGLE.issuer, "aud": "web.example.org"},
    "apple": {"iss": APPLE.issuer, "aud": "org.example.web"},
    "facebook": {"iss": "https://www.facebook.com", "aud": "138483919580948", "sub": "1200"},
    "microsoft": {
        "iss": f"{MICROSOFT}/{TENANT}/v2.0",
        "aud": "00001111-aaaa-2222-bbbb-3333cccc4444",
        "tid": TENANT,
        "oid": "00000000-0000-0000-66f3-3332eca7ea81",
    },
    "work": {},
}


@pytest.fixture
async def victim(social_harness: AppHarness, upstream: Upstream) -> AppHarness:
    keys = json_of({"keys": [jwk_of(rsa_key(), "one")]})
    microsofts = f"{MICROSOFT}/common/discovery/v2.0/keys"
    for address in (GOOGLE.jwks_uri, APPLE.jwks_uri, LIMITED, microsofts):
        upstream.replies[address] = keys
    await social_harness.person(VICTIM)
    return social_harness


async def present(harness: AppHarness, provider: str, token: str) -> httpx.Response:
    sent = {"provider": provider, "accessToken": token, "nonce": NONCE}
    return await harness.browser().post(AUTHORIZE_TOKEN, data=sent)


def asks_the_owner_first(harness: AppHarness, response: httpx.Response) -> bool:
    assert response.status_code == 403, response.text
    error = response.json()["error"]
    assert error["code"] == "link_required"
    assert error["interactionUrl"] == f"{ISSUER}/account/identities"
    assert VICTIM not in response.text.lower()
    return len(harness.rows()["users"]) == 1 and not harness.rows()["identities"]


@pytest.mark.parametrize("provider", GOOD)
async def test_a_profile_with_the_victims_address_does_not_open_their_account(
    victim: AppHarness, upstream: Upstream, provider: str
) -> None:
    for verified in (False, "false", None, 0, 1, "yes", [True]):
        claims = {**GOOD[provider], "email": VICTIM, "email_verified": verified}
        response = await present(victim, provider, upstream.id_token(**claims))
        assert asks_the_owner_first(victim, response), verified
    shouted = {**GOOD[provider], "email": VICTIM.upper(), "email_verified": False}
    response = await present(victim, provider, upstream.id_token(**shouted))
    assert asks_the_owner_first(victim, response)


@pytest.mark.parametrize("provider", GOOD)
async def test_nor_does_one_that_was_verified_by_who_is_not_the_master_of_the_domain(
    victim: AppHarness, upstream: Upstream, provider: str
) -> None:
    claims = {**GOOD[provider], "email": VICTIM, "email_verified": True, "xms_edov": True}
    response = await present(victim, provider, upstream.id_token(**claims))
    assert asks_the_owner_first(victim, response)


async def test_an_access_token_of_facebook_brings_an_address_that_does_not_count(
    victim: AppHarness, upstream: Upstream
) -> None:
    ours = {"app_id": "138483919580948", "is_valid": True, "user_id": "1200", "expires_at": 0}
    upstream.replies[f"{GRAPH}/debug_token"] = json_of({"data": ours})
    profile = {"id": "1200", "name": "Eve Example", "email": VICTIM, "verified": True}
    upstream.replies[f"{GRAPH}/me"] = json_of(profile)
    assert asks_the_owner_first(victim, await present(victim, "facebook", "EAAours"))


@pytest.mark.parametrize(
    "addresses",
    [
        [{"email": VICTIM, "primary": True, "verified": False}],
        [{"email": VICTIM, "primary": False, "verified": True}],
        [{"email": VICTIM, "primary": True, "verified": "true"}],
        [],
    ],
)
async def test_an_address_that_github_did_not_verify_is_not_even_kept(
    victim: AppHarness, upstream: Upstream, addresses: list[dict[str, Any]]
) -> None:
    await victim.app()
    granted = {"access_token": "gho_fake", "token_type": "bearer", "scope": "user:email"}
    upstream.replies["https://github.com/login/oauth/access_token"] = json_of(granted)
    upstream.replies["https://api.github.com/user"] = json_of(
        {"id": 1, "login": "eve", "name": "Eve Example", "email": VICTIM}
    )
    upstream.replies["https://api.github.com/user/emails"] = json_of(addresses)
    sent = {"provider": "github", "code": "a-code", "redirectUrl": CALLBACK}
    response = await victim.browser().post(AUTHORIZE_CODE, data=sent)
    data = response.json()["data"]
    assert (data["newUser"], data["user"]["email"]) == (True, None)
    assert len(victim.rows()["users"]) == 2


async def test_two_of_three_conditions_are_not_enough(open_harness: OpenHarness) -> None:
    google = FakeUpstream()
    async with open_harness([google]) as harness:
        await harness.person(email=VICTIM)
        for changes in (
            {"email_verified": False, "email_authoritative": False},
            {"email_verified": True, "email_authoritative": False},
            {"email_verified": False, "email_authoritative": True},
        ):
            google.people["eve"] = profile(email=VICTIM, **changes)
            assert asks_the_owner_first(harness, await redeem_login(harness, "eve"))


async def test_the_third_is_that_the_account_has_shown_its_address_to_be_its_own(
    open_harness: OpenHarness,
) -> None:
    proven = profile(email=VICTIM, email_verified=True, email_authoritative=True)
    async with open_harness([FakeUpstream(people={"ann": proven})]) as harness:
        squatter = await harness.context.accounts.administration.create(
            email=VICTIM, name="Eve", password=None
        )
        assert asks_the_owner_first(harness, await redeem_login(harness, "ann"))
        assert not await harness.context.social.identities(squatter.id)
