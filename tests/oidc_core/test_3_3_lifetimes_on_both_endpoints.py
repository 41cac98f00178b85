"""Hybrid flow (OpenID Connect Core §3.3): the authorization endpoint and the token endpoint give
tokens the same lifetimes, and end them with the authorization (security.md §14e)."""

from typing import Any

import pytest

from support.app import OpenHarness, response_of
from support.jwt_forgery import claims_of

ALL = frozenset({"code", "code id_token token"})
LIFETIMES = {
    "tokens__access_lifetime": "20m",
    "tokens__id_token_lifetime": "15m",
    "tokens__refresh_idle_lifetime": "5m",
}


def lifetimes(response: dict[str, Any], token_format: str) -> dict[str, int]:
    """Each lifetime of a response in seconds; those in JWTs are read from the claims."""
    found = {"expires_in": int(response["expires_in"])}
    jwts = {"id_token": response["id_token"]}
    if token_format == "jwt":
        jwts["access_token"] = response["access_token"]
    for name, text in jwts.items():
        claims = claims_of(text)
        found[name] = claims["exp"] - claims["iat"]
    return found


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
@pytest.mark.parametrize(
    ("absolute", "access", "id_token"), [("180d", 1200, 900), ("18m", 1080, 900), ("9m", 540, 540)]
)
async def test_both_endpoints_give_the_same_lifetimes_within_the_authorization(
    open_harness: OpenHarness, token_format: str, absolute: str, access: int, id_token: int
) -> None:
    changes = {**LIFETIMES, "tokens__refresh_absolute_lifetime": absolute}
    async with open_harness(**changes) as harness:
        await harness.person()
        app = await harness.app(first_party=True, response_types=ALL, token_format=token_format)
        browser = await harness.signed_in()
        requested = {"response_type": "code id_token token", "scope": "openid basic", "nonce": "n"}
        front = response_of(await harness.ask(browser, app, **requested)).parameters
        back = (await harness.redeem(app, front["code"])).json()
        again = (await harness.refresh(app, back["refresh_token"])).json()
        expected = {"expires_in": access, "id_token": id_token}
        if token_format == "jwt":
            expected["access_token"] = access
        for response in (front, back, again):
            assert lifetimes(response, token_format) == expected
        for response in (front, back, again):
            assert (await harness.call(response["access_token"])).status_code == 200
        harness.advance(seconds=access)
        for response in (front, back, again):
            assert (await harness.call(response["access_token"])).status_code == 401


async def test_both_endpoints_state_the_same_claims(open_harness: OpenHarness) -> None:
    """All but those that belong to one response: times, hashes and identifiers."""
    async with open_harness() as harness:
        await harness.person()
        app = await harness.app(first_party=True, response_types=ALL, token_format="jwt")
        requested = {"response_type": "code id_token token", "scope": "openid email", "nonce": "n"}
        front = response_of(
            await harness.ask(await harness.signed_in(), app, **requested)
        ).parameters
        back = (await harness.redeem(app, front["code"])).json()
        for name, own in (("id_token", {"at_hash", "c_hash"}), ("access_token", {"jti"})):
            one, other = claims_of(front[name]), claims_of(back[name])
            shared = (one.keys() | other.keys()) - own
            assert {each: one.get(each) for each in shared} == {
                each: other.get(each) for each in shared
            }
