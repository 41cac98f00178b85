"""JWT access tokens (RFC 9068 §2): what they say, and that they can be taken back."""

from datetime import timedelta

import pytest

from forgery import claims_of, header_of, verified
from quantimodo.keys.keyring import Keyring
from world import INTROSPECT, ISSUER, REVOKE, USERINFO, App, World


async def jwt_app(world: World, **changes: object) -> App:
    return await world.app(token_format="jwt", **changes)


async def test_it_says_what_section_2_asks_for(world: World) -> None:
    ann = await world.person()
    app, browser = await jwt_app(world), await world.signed_in()
    signed_in_at = int(world.house.clock.now().timestamp())
    world.advance(minutes=3)
    token = (await world.tokens(app, browser, scope="basic openid"))["access_token"]
    header, claims = header_of(token), await verified(world, token, "ES256")
    assert header.keys() == {"alg", "typ", "kid"}
    assert (header["alg"], header["typ"]) == ("ES256", "at+jwt")
    now = int(world.house.clock.now().timestamp())
    assert claims.pop("jti")
    assert claims.pop("grant_id")
    assert claims == {
        "iss": ISSUER,
        "sub": ann.subject,
        "aud": f"{ISSUER}/api",
        "client_id": app.id,
        "iat": now,
        "exp": now + 3600,
        "scope": "basic openid",
        "auth_time": signed_in_at,
    }


async def test_it_tells_nothing_about_the_person_but_the_subject(world: World) -> None:
    await world.person()
    app = await jwt_app(world)
    token = (await world.tokens(app, scope="openid profile email basic"))["access_token"]
    assert not {"name", "email", "email_verified", "amr"} & claims_of(token).keys()
    assert "ann" not in str(claims_of(token)).lower()


async def test_an_apps_own_token_has_the_app_as_its_subject(world: World) -> None:
    app = await jwt_app(world)
    token = (await world.token(app, grant_type="client_credentials")).json()["access_token"]
    claims = await verified(world, token, "ES256")
    assert claims["sub"] == claims["client_id"] == app.id
    assert not {"grant_id", "auth_time"} & claims.keys()
    assert (await world.introspect(app, token))["active"] is True


async def test_it_opens_the_api_by_every_way_of_presenting_it(world: World) -> None:
    await world.person()
    token = (await world.tokens(await jwt_app(world), scope="basic openid"))["access_token"]
    assert (await world.call(token)).status_code == 200
    query = {"access_token": token}
    assert (await world.browser().get(USERINFO, params=query)).status_code == 200
    assert (await world.browser().post(USERINFO, data=query)).status_code == 200


async def test_each_has_an_id_of_its_own(world: World) -> None:
    await world.person()
    app, browser = await jwt_app(world), await world.signed_in()
    first = await world.tokens(app, browser)
    second = await world.tokens(app, browser)
    third = (await world.refresh(app, second["refresh_token"])).json()
    assert len({claims_of(it["access_token"])["jti"] for it in (first, second, third)}) == 3


async def test_introspection_tells_its_jti(world: World) -> None:
    await world.person()
    app = await jwt_app(world)
    token = (await world.tokens(app))["access_token"]
    told = await world.introspect(app, token)
    assert told["jti"] == claims_of(token)["jti"]


async def test_it_expires(world: World) -> None:
    await world.person()
    token = (await world.tokens(await jwt_app(world)))["access_token"]
    world.advance(seconds=3599)
    assert (await world.call(token)).status_code == 200
    world.advance(seconds=1)
    assert (await world.call(token)).status_code == 401


async def test_it_is_revoked_by_its_jti_alone(world: World) -> None:
    await world.person()
    app, browser = await jwt_app(world), await world.signed_in()
    tokens, other = await world.tokens(app, browser), await world.tokens(app, browser)
    thief = await world.app()
    refused = await world.revoke(thief, tokens["access_token"])
    assert refused.json()["error"] == "unauthorized_client"
    assert (await world.call(tokens["access_token"])).status_code == 200
    assert (await world.revoke(app, tokens["access_token"])).status_code == 200
    assert (await world.call(tokens["access_token"])).status_code == 401
    assert await world.introspect(app, tokens["access_token"]) == {"active": False}
    heir = (await world.refresh(app, tokens["refresh_token"])).json()
    for alive in (heir, other):
        assert (await world.call(alive["access_token"])).status_code == 200


async def test_an_apps_own_token_is_revoked_too(world: World) -> None:
    app = await jwt_app(world)
    token = (await world.token(app, grant_type="client_credentials")).json()["access_token"]
    assert (await world.revoke(app, token)).status_code == 200
    assert await world.introspect(app, token) == {"active": False}


async def test_an_expired_one_leaves_no_row_when_revoked(world: World) -> None:
    app = await jwt_app(world)
    token = (await world.token(app, grant_type="client_credentials")).json()["access_token"]
    world.advance(hours=2)
    assert (await world.revoke(app, token)).status_code == 200
    assert world.rows()["revoked_jwts"] == []


@pytest.mark.parametrize("how", ["refresh token", "replay", "consent", "disabled", "deleted"])
async def test_it_stands_and_falls_with_its_authorization(world: World, how: str) -> None:
    ann = await world.person()
    app, browser = await jwt_app(world), await world.signed_in()
    code = (await world.authorize(browser, app)).code
    tokens = (await world.redeem(app, code)).json()
    assert (await world.call(tokens["access_token"])).status_code == 200
    match how:
        case "refresh token":
            await world.revoke(app, tokens["refresh_token"])
        case "replay":
            await world.redeem(app, code)
        case "consent":
            now = world.house.clock.now()
            await world.house.stores.withdraw_consent(ann.id, app.id, now)
        case "disabled":
            await world.house.accounts.disable(ann.id)
        case "deleted":
            await world.house.stores.delete_user(ann.id)
    assert (await world.call(tokens["access_token"])).status_code == 401


async def test_it_falls_with_its_app(world: World) -> None:
    await world.person()
    browser = await world.signed_in()
    for fate in ("disabled", "deleted"):
        app = await jwt_app(world)
        token = (await world.tokens(app, browser))["access_token"]
        assert (await world.call(token)).status_code == 200
        await (
            world.disable(app) if fate == "disabled" else world.house.registry.delete(app.client)
        )
        assert (await world.call(token)).status_code == 401, fate


async def test_no_raw_jwt_is_kept(world: World) -> None:
    await world.person()
    tokens = await world.tokens(await jwt_app(world))
    assert world.rows()["access_tokens"] == []
    assert tokens["access_token"] not in str(world.rows())


async def test_a_key_that_another_process_made_is_found_by_its_id(world: World) -> None:
    await world.person()
    app, house = await jwt_app(world), world.house
    token = (await world.tokens(app))["access_token"]
    world.advance(seconds=10)
    await house.rotation.rotate(publish_before=timedelta(0))
    elsewhere = Keyring(house.stores, house.envelope, house.clock)
    await elsewhere.load()
    signed = elsewhere.signer("ES256").sign({**claims_of(token), "jti": "new"}, "at+jwt")
    assert header_of(signed)["kid"] != header_of(token)["kid"]
    world.advance(seconds=10)
    assert (await world.call(signed)).status_code == 200
    assert (await world.call(token)).status_code == 200, "the old key is published still"


async def test_endpoints_that_take_tokens_take_any_text(world: World) -> None:
    app = await jwt_app(world)
    deep = "." * 40
    for token in (deep, "a.b.c", "..", "eyJ.eyJ.", "e30.e30.e30", "a" * 8000, "é.é.é"):
        for path in (INTROSPECT, REVOKE):
            response = await world.post(path, app, {"token": token})
            assert response.status_code == 200, (path, token[:9])
