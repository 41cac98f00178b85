"""`include_claims_in_id_token`: the claims of the granted scopes in every ID token (OpenID Connect
OpenID Connect Core §5.4), for clients that do not call userinfo."""

from typing import Any

import pytest

from quantimodo.model.user_profiles import Address, Profile
from quantimodo.model.users import NewUser
from support.app import USERINFO, App, AppHarness, response_of
from support.jwt_forgery import claims_of, verified
from support.registered_clients import registered

SCOPE = "openid profile email address phone"
PROFILE = Profile(
    given_name="Ann",
    birthdate="1990-01-31",
    address=Address(locality="Nowhere", country="XX"),
    phone_number="+10000000000",
    phone_number_verified=True,
)
IN_USERINFO = {
    "name": "Ann Example",
    "given_name": "Ann",
    "birthdate": "1990-01-31",
    "email": "ann@example.org",
    "email_verified": True,
    "address": {"locality": "Nowhere", "country": "XX"},
    "phone_number": "+10000000000",
    "phone_number_verified": True,
}


async def ann_and_app(harness: AppHarness, **changes: Any) -> App:
    ann = await harness.person()
    await harness.context.stores.profiles.save_profile(ann.id, PROFILE, harness.context.clock.now())
    return await registered(harness, {"include_claims_in_id_token": True}, **changes)


def received(token: str) -> dict[str, Any]:
    claims = claims_of(token)
    return {name: claims[name] for name in IN_USERINFO if name in claims}


async def test_the_token_endpoint_gives_them_for_a_code_and_for_a_refresh_token(
    harness: AppHarness,
) -> None:
    app = await ann_and_app(harness)
    tokens = await harness.tokens(app, scope=f"{SCOPE} offline_access")
    assert received(tokens["id_token"]) == IN_USERINFO
    fresh = (await harness.refresh(app, tokens["refresh_token"])).json()
    assert received(fresh["id_token"]) == IN_USERINFO
    userinfo = (await harness.call(tokens["access_token"], USERINFO)).json()
    assert userinfo == {name: claims_of(tokens["id_token"])[name] for name in userinfo}


@pytest.mark.parametrize("kind", ["code id_token", "code id_token token", "id_token token"])
async def test_the_authorize_endpoint_gives_them_beside_codes_and_access_tokens(
    harness: AppHarness, kind: str
) -> None:
    app = await ann_and_app(harness, response_types=frozenset({kind}))
    response = response_of(
        await harness.ask(
            await harness.signed_in(), app, response_type=kind, scope=SCOPE, nonce="fake-nonce"
        )
    )
    await verified(harness, response.parameters["id_token"], "RS256")
    assert received(response.parameters["id_token"]) == IN_USERINFO


async def test_only_the_granted_scopes_open_them(harness: AppHarness) -> None:
    app = await ann_and_app(harness)
    tokens = await harness.tokens(app, scope="openid email offline_access")
    assert received(tokens["id_token"]).keys() == {"email", "email_verified"}
    narrowed = await harness.refresh(app, tokens["refresh_token"], scope="openid")
    assert received(narrowed.json()["id_token"]) == {}
    assert received((await harness.tokens(app, scope="openid"))["id_token"]) == {}


async def test_without_the_setting_they_are_in_userinfo_only(harness: AppHarness) -> None:
    app = await ann_and_app(harness)
    assert received((await harness.tokens(await harness.app(), scope=SCOPE))["id_token"]) == {}
    assert app.client.metadata.include_claims_in_id_token


async def test_a_person_without_a_profile_gives_no_empty_claims(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, {"include_claims_in_id_token": True})
    claims = claims_of((await harness.tokens(app, scope=SCOPE))["id_token"])
    assert claims["email"] == "ann@example.org"
    assert all(value not in ("", None, {}) for value in claims.values())


async def test_a_claim_never_takes_the_place_of_one_of_the_token(harness: AppHarness) -> None:
    app = await ann_and_app(harness, response_types=frozenset({"code"}))
    claims = claims_of((await harness.tokens(app, scope=SCOPE))["id_token"])
    userinfo = await harness.call(
        (await harness.tokens(app, scope=SCOPE))["access_token"], USERINFO
    )
    assert claims["sub"] == userinfo.json()["sub"]
    assert claims["aud"] == app.id


async def test_an_unverified_address_is_in_no_id_token(harness: AppHarness) -> None:
    # security.md §23
    ann = await harness.context.stores.users.add_user(
        NewUser(
            subject="fake-subject",
            name="Ann Example",
            email="ann@example.org",
            created_at=harness.context.clock.now(),
            email_verified_at=None,
        ),
        None,
    )
    app = await registered(harness, {"include_claims_in_id_token": True})
    tokens = await harness.tokens(app, await harness.signed_in(ann.email), scope=SCOPE)
    assert received(tokens["id_token"]) == {"name": "Ann Example", "email_verified": False}
