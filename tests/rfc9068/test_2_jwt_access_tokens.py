"""JWT access tokens (RFC 9068 §2): what they say, and that they can be taken back."""

from datetime import timedelta

import pytest

from quantimodo.keys.keyring import Keyring
from support.app import INTROSPECT, ISSUER, REVOKE, USERINFO, App, AppHarness
from support.jwt_forgery import claims_of, header_of, verified


async def jwt_app(harness: AppHarness, **changes: object) -> App:
    return await harness.app(token_format="jwt", **changes)


async def test_it_says_what_section_2_asks_for(harness: AppHarness) -> None:
    ann = await harness.person()
    app, browser = await jwt_app(harness), await harness.signed_in()
    signed_in_at = int(harness.context.clock.now().timestamp())
    harness.advance(minutes=3)
    token = (await harness.tokens(app, browser, scope="basic openid"))["access_token"]
    header, claims = header_of(token), await verified(harness, token, "ES256")
    assert header.keys() == {"alg", "typ", "kid"}
    assert (header["alg"], header["typ"]) == ("ES256", "at+jwt")
    now = int(harness.context.clock.now().timestamp())
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
        "acr": "2",
    }


async def test_it_has_no_claim_about_the_person_but_the_subject(harness: AppHarness) -> None:
    await harness.person()
    app = await jwt_app(harness)
    token = (await harness.tokens(app, scope="openid profile email basic"))["access_token"]
    assert not {"name", "email", "email_verified", "amr"} & claims_of(token).keys()
    assert "ann" not in str(claims_of(token)).lower()


async def test_an_apps_own_token_has_the_app_as_its_subject(harness: AppHarness) -> None:
    app = await jwt_app(harness)
    token = (await harness.token(app, grant_type="client_credentials")).json()["access_token"]
    claims = await verified(harness, token, "ES256")
    assert claims["sub"] == claims["client_id"] == app.id
    assert not {"grant_id", "auth_time", "acr"} & claims.keys()
    assert (await harness.introspect(app, token))["active"] is True


async def test_it_opens_the_api_by_every_way_of_presenting_it(harness: AppHarness) -> None:
    await harness.person()
    token = (await harness.tokens(await jwt_app(harness), scope="basic openid"))["access_token"]
    assert (await harness.call(token)).status_code == 200
    query = {"access_token": token}
    assert (await harness.browser().get(USERINFO, params=query)).status_code == 200
    assert (await harness.browser().post(USERINFO, data=query)).status_code == 200


async def test_each_has_its_jti(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await jwt_app(harness), await harness.signed_in()
    first = await harness.tokens(app, browser)
    second = await harness.tokens(app, browser)
    third = (await harness.refresh(app, second["refresh_token"])).json()
    assert len({claims_of(it["access_token"])["jti"] for it in (first, second, third)}) == 3


async def test_introspection_returns_its_jti(harness: AppHarness) -> None:
    await harness.person()
    app = await jwt_app(harness)
    token = (await harness.tokens(app))["access_token"]
    introspected = await harness.introspect(app, token)
    assert introspected["jti"] == claims_of(token)["jti"]


async def test_it_expires(harness: AppHarness) -> None:
    await harness.person()
    token = (await harness.tokens(await jwt_app(harness)))["access_token"]
    harness.advance(seconds=3599)
    assert (await harness.call(token)).status_code == 200
    harness.advance(seconds=1)
    assert (await harness.call(token)).status_code == 401


async def test_it_is_revoked_by_its_jti_alone(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await jwt_app(harness), await harness.signed_in()
    tokens, other = await harness.tokens(app, browser), await harness.tokens(app, browser)
    attacker = await harness.app()
    refused = await harness.revoke(attacker, tokens["access_token"])
    assert refused.json()["error"] == "unauthorized_client"
    assert (await harness.call(tokens["access_token"])).status_code == 200
    assert (await harness.revoke(app, tokens["access_token"])).status_code == 200
    assert (await harness.call(tokens["access_token"])).status_code == 401
    assert await harness.introspect(app, tokens["access_token"]) == {"active": False}
    successor = (await harness.refresh(app, tokens["refresh_token"])).json()
    for alive in (successor, other):
        assert (await harness.call(alive["access_token"])).status_code == 200


async def test_an_apps_own_token_is_revoked_too(harness: AppHarness) -> None:
    app = await jwt_app(harness)
    token = (await harness.token(app, grant_type="client_credentials")).json()["access_token"]
    assert (await harness.revoke(app, token)).status_code == 200
    assert await harness.introspect(app, token) == {"active": False}


async def test_an_expired_one_leaves_no_row_when_revoked(harness: AppHarness) -> None:
    app = await jwt_app(harness)
    token = (await harness.token(app, grant_type="client_credentials")).json()["access_token"]
    harness.advance(hours=2)
    assert (await harness.revoke(app, token)).status_code == 200
    assert harness.rows()["revoked_jwts"] == []


@pytest.mark.parametrize("how", ["refresh token", "replay", "consent", "disabled", "deleted"])
async def test_it_is_valid_only_as_long_as_its_authorization(harness: AppHarness, how: str) -> None:
    ann = await harness.person()
    app, browser = await jwt_app(harness), await harness.signed_in()
    code = (await harness.authorize(browser, app)).code
    tokens = (await harness.redeem(app, code)).json()
    assert (await harness.call(tokens["access_token"])).status_code == 200
    match how:
        case "refresh token":
            await harness.revoke(app, tokens["refresh_token"])
        case "replay":
            await harness.redeem(app, code)
        case "consent":
            now = harness.context.clock.now()
            await harness.context.stores.authorizations.withdraw_consent(ann.id, app.id, now)
        case "disabled":
            await harness.context.accounts.administration.disable(ann.id)
        case "deleted":
            await harness.context.stores.users.delete_user(ann.id, harness.context.clock.now())
    assert (await harness.call(tokens["access_token"])).status_code == 401


async def test_it_ends_with_its_app(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    for fate in ("disabled", "deleted"):
        app = await jwt_app(harness)
        token = (await harness.tokens(app, browser))["access_token"]
        assert (await harness.call(token)).status_code == 200
        await (
            harness.disable(app)
            if fate == "disabled"
            else harness.context.registry.delete(app.client)
        )
        assert (await harness.call(token)).status_code == 401, fate


async def test_no_raw_jwt_is_kept(harness: AppHarness) -> None:
    await harness.person()
    tokens = await harness.tokens(await jwt_app(harness))
    assert harness.rows()["access_tokens"] == []
    assert tokens["access_token"] not in str(harness.rows())


async def test_a_key_that_another_process_made_is_found_by_its_id(harness: AppHarness) -> None:
    await harness.person()
    app, context = await jwt_app(harness), harness.context
    token = (await harness.tokens(app))["access_token"]
    harness.advance(seconds=10)
    await context.rotation.rotate(publish_before=timedelta(0))
    elsewhere = Keyring(context.stores.keys, context.envelope, context.clock)
    await elsewhere.load()
    signed = elsewhere.signer("ES256").sign({**claims_of(token), "jti": "new"}, "at+jwt")
    assert header_of(signed)["kid"] != header_of(token)["kid"]
    harness.advance(seconds=10)
    assert (await harness.call(signed)).status_code == 200
    assert (await harness.call(token)).status_code == 200, "the old key is published still"


async def test_endpoints_that_take_tokens_take_any_text(harness: AppHarness) -> None:
    app = await jwt_app(harness)
    deep = "." * 40
    for token in (deep, "a.b.c", "..", "eyJ.eyJ.", "e30.e30.e30", "a" * 8000, "é.é.é"):
        for path in (INTROSPECT, REVOKE):
            response = await harness.post(path, app, {"token": token})
            assert response.status_code == 200, (path, token[:9])
