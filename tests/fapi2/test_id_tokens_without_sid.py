"""ID tokens of applications with a profile of FAPI 2.0 have only claims that these have a use for.

`sid` is for applications that registered an address for logout (Front-Channel Logout §3,
Back-Channel Logout §2.1, RP-Initiated Logout §2). The suite of the OpenID Foundation warns of `sid`
in the ID tokens of its FAPI 2.0 plans."""

from typing import Any

from support.app import TOKEN, AppHarness
from support.fapi import WHOLE, redeeming, signer
from support.jwt_forgery import claims_of

LOGOUT = "/api/v2/oauth2/logout"
SIGNED_OUT = "https://app.example.org/signed-out"
# OpenID Connect Core §2, §3.1.3.6: the claims of an ID token, other than those of people.
KNOWN = {"iss", "sub", "aud", "exp", "iat", "auth_time", "amr", "nonce", "at_hash"}
ADDRESSES: tuple[dict[str, Any], ...] = (
    {"frontchannel_logout_uri": "https://app.example.org/frame"},
    {"backchannel_logout_uri": "https://app.example.org/logout"},
    {"post_logout_redirect_uris": (SIGNED_OUT,)},
)


async def test_sid_is_only_for_applications_with_an_address_for_logout(harness: AppHarness) -> None:
    await harness.person()
    for profile, logout, has_sid in (
        ("fapi2", {}, False),
        *(("fapi2", each, True) for each in ADDRESSES),
        ("legacy", {}, True),
    ):
        app = await signer(harness, profile, **logout)
        code = (await app.authorized({**WHOLE, "nonce": "some-nonce"}))["code"]
        tokens = (await app.post(TOKEN, redeeming(code), proof=True)).json()
        found = set(claims_of(tokens["id_token"]))
        assert found == KNOWN | ({"sid"} if has_sid else set()), (profile, logout)


async def test_a_hint_without_sid_asks_the_person(harness: AppHarness) -> None:
    """RP-Initiated Logout §2: the OP asks when the hint does not name the session."""
    await harness.person()
    asks, returns = await signer(harness), await signer(harness, **ADDRESSES[2])
    browser = await harness.signed_in()
    for app, status in ((asks, 200), (returns, 303)):
        opened = await app.opened(await app.pushed(WHOLE), browser)
        code = opened.headers["location"].split("code=")[1].split("&")[0]
        tokens = (await app.post(TOKEN, redeeming(code), proof=True)).json()
        fields = {"id_token_hint": tokens["id_token"]}
        if app is returns:
            fields["post_logout_redirect_uri"] = SIGNED_OUT
        left = await browser.get(LOGOUT, params=fields)
        assert left.status_code == status
        if app is returns:
            assert left.headers["location"] == SIGNED_OUT
        else:
            assert "confirm-logout" in left.text
