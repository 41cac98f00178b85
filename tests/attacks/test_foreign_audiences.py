"""security.md §26, §28, §29, v2-api.md §3: the confused deputy.

The operator of another app has valid tokens of its users, and presents them here.
"""

from typing import Any

import httpx
import pytest

from quantimodo.federation.providers.apple import APPLE
from quantimodo.federation.providers.google import GOOGLE
from support.app import AppHarness
from support.fake_provider import AUTHORIZE_TOKEN
from support.upstream import NONCE, Upstream, json_of, jwk_of, rsa_key

GRAPH = "https://graph.facebook.com/v25.0"
LIMITED = "https://limited.facebook.com/.well-known/oauth/openid/jwks/"
MICROSOFT = "https://login.microsoftonline.com"
TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
FACEBOOK_APP = "138483919580948"
# What each says in an ID token that is good, but for whom it is for.
GOOD: dict[str, dict[str, Any]] = {
    "google": {"iss": GOOGLE.issuer, "aud": "web.example.org", "azp": "phone.example.org"},
    "apple": {"iss": APPLE.issuer, "aud": "org.example.web"},
    "facebook": {"iss": "https://www.facebook.com", "aud": FACEBOOK_APP, "sub": "1200"},
    "microsoft": {
        "iss": f"{MICROSOFT}/{TENANT}/v2.0",
        "aud": "00001111-aaaa-2222-bbbb-3333cccc4444",
        "tid": TENANT,
        "oid": "00000000-0000-0000-66f3-3332eca7ea81",
    },
    "work": {"iss": "https://login.example.org", "aud": "quantimodo"},
}


@pytest.fixture(autouse=True)
def published(upstream: Upstream) -> None:
    keys = json_of({"keys": [jwk_of(rsa_key(), "one")]})
    for address in (
        GOOGLE.jwks_uri,
        APPLE.jwks_uri,
        LIMITED,
        f"{MICROSOFT}/common/discovery/v2.0/keys",
    ):
        upstream.replies[address] = keys


async def present(harness: AppHarness, provider: str, token: str) -> httpx.Response:
    sent = {"provider": provider, "accessToken": token, "nonce": NONCE}
    return await harness.browser().post(AUTHORIZE_TOKEN, data=sent)


def is_foreign(harness: AppHarness, response: httpx.Response) -> bool:
    assert response.status_code == 401
    error = response.json()["error"]
    assert (error["code"], error["message"]) == (
        "invalid_token",
        "The token was issued to another application.",
    )
    return not harness.rows()["users"] and not harness.rows()["identities"]


@pytest.mark.parametrize("provider", GOOD)
async def test_an_id_token_of_another_app_is_refused(
    social_harness: AppHarness, upstream: Upstream, provider: str
) -> None:
    good = GOOD[provider]
    ours = good["aud"]
    for changes in (
        {"aud": "other-app"},
        {"aud": ["other-app", ours], "azp": ours},
        {"aud": [ours, "other-app"]},
        {"aud": ours, "azp": "other-app"},
        {"aud": ours.upper() + "x"},
    ):
        token = upstream.id_token(**{**good, **changes})
        assert is_foreign(social_harness, await present(social_harness, provider, token)), changes
    # Of ours, everything else being the same, it is good.
    assert (await present(social_harness, provider, upstream.id_token(**good))).status_code == 200


def google_knows(upstream: Upstream, **about: str) -> None:
    now = int(upstream.clock.now().timestamp())
    info = {"aud": "web.example.org", "sub": "1", "exp": str(now + 3000), "expires_in": "3000"}
    upstream.replies[GOOGLE.tokeninfo_endpoint] = json_of({**info, **about})
    upstream.replies[GOOGLE.userinfo_endpoint] = json_of({"sub": "1", "name": "Ann Example"})


@pytest.mark.parametrize(
    "about",
    [
        {"aud": "other-app", "azp": "other-app"},
        {"aud": "web.example.org", "azp": "other-app"},
        {"aud": "other-app", "azp": "web.example.org"},
        {"aud": ""},
    ],
)
async def test_an_access_token_of_google_for_another_app_is_refused_unused(
    social_harness: AppHarness, upstream: Upstream, about: dict[str, str]
) -> None:
    google_knows(upstream, **about)
    assert is_foreign(social_harness, await present(social_harness, "google", "ya29.theirs"))
    assert not upstream.request_count(GOOGLE.userinfo_endpoint)
    google_knows(upstream, azp="phone.example.org")
    assert (await present(social_harness, "google", "ya29.ours")).status_code == 200


@pytest.mark.parametrize(
    "inspected",
    [
        {"data": {"app_id": "1", "is_valid": True, "type": "USER", "user_id": "1200"}},
        {
            "data": {
                "app_id": "1",
                "is_valid": False,
                "error": {"code": 100, "message": "The App_id in the input_token did not match"},
            }
        },
        {
            "error": {
                "code": 100,
                "message": "(#100) The App_id in the input_token did not match the Viewing App",
            }
        },
    ],
)
async def test_an_access_token_of_facebook_for_another_app_is_refused_unused(
    social_harness: AppHarness, upstream: Upstream, inspected: dict[str, Any]
) -> None:
    upstream.replies[f"{GRAPH}/debug_token"] = json_of(inspected)
    upstream.replies[f"{GRAPH}/me"] = json_of({"id": "1200", "name": "Ann Example"})
    assert is_foreign(social_harness, await present(social_harness, "facebook", "EAAtheirs"))
    assert not upstream.request_count(f"{GRAPH}/me")
    ours = {"app_id": FACEBOOK_APP, "is_valid": True, "user_id": "1200", "expires_at": 0}
    upstream.replies[f"{GRAPH}/debug_token"] = json_of({"data": ours})
    assert (await present(social_harness, "facebook", "EAAours")).status_code == 200


@pytest.mark.parametrize("provider", ["github", "x"])
async def test_a_native_token_that_names_no_application_is_refused(
    social_harness: AppHarness, upstream: Upstream, provider: str
) -> None:
    response = await present(social_harness, provider, "gho_16C7e42F292c6912E7710c838347Ae178B4a")
    assert response.status_code == 401
    assert not upstream.requested
    assert not social_harness.rows()["users"]
