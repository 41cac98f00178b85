"""Introspection responses as a JWT (RFC 9701)."""

import httpx

from support.app import (
    CALLBACK,
    INTROSPECT,
    ISSUER,
    TOKEN,
    App,
    AppHarness,
    OpenHarness,
    response_of,
)
from support.jwt_forgery import header_of, verified
from support.logout_receiver import leave
from support.registered_clients import decrypted, key_set, make_key, presenting, registered

TYPE = "application/token-introspection+jwt"


async def introspect(
    harness: AppHarness, app: App, token: str, accept: str = TYPE
) -> httpx.Response:
    response = await harness.browser().post(
        INTROSPECT, data={"token": token}, auth=app.auth or (app.id, ""), headers={"accept": accept}
    )
    return response


async def test_5_the_response_is_a_jwt_for_the_caller(harness: AppHarness) -> None:
    await harness.person()
    app, server = await harness.app(), await harness.app(resource_server=True)
    tokens = await harness.tokens(app)
    for caller in (app, server):
        response = await introspect(harness, caller, tokens["access_token"])
        assert response.status_code == 200
        assert response.headers["content-type"] == TYPE
        assert response.headers["cache-control"] == "no-store"
        assert header_of(response.text)["typ"] == "token-introspection+jwt"
        # RFC 9701 §6: RS256 by default. RFC 9701 §5: neither sub nor exp outside.
        assert await verified(harness, response.text, "RS256") == {
            "iss": ISSUER,
            "aud": caller.id,
            "iat": int(harness.context.clock.now().timestamp()),
            "token_introspection": await harness.introspect(caller, tokens["access_token"]),
        }


async def test_5_an_invalid_or_foreign_token_is_inactive_and_nothing_else(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, foreign = await harness.app(), await harness.app()
    tokens = await harness.tokens(app)
    for token in (tokens["access_token"], tokens["refresh_token"], "nothing"):
        response = await introspect(harness, foreign, token)
        claims = await verified(harness, response.text, "RS256")
        assert claims["token_introspection"] == {"active": False}
        assert claims["aud"] == foreign.id


async def test_5_a_response_opens_no_resource(harness: AppHarness) -> None:
    # RFC 9701 §8.1: it is never taken for an access token.
    await harness.person()
    app = await harness.app()
    token = (await harness.tokens(app))["access_token"]
    text = (await introspect(harness, app, token)).text
    assert (await harness.call(text)).status_code == 401
    assert await harness.introspect(app, text) == {"active": False}


async def test_4_a_caller_that_does_not_name_the_type_gets_json(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    token = (await harness.tokens(app))["access_token"]
    for accept, content_type in (
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        (f"application/json, {TYPE};q=0.5", "application/json"),
        (f"{TYPE};q=0, application/json", "application/json"),
        ("application/x-introspection", "application/json"),
        ("application/x-introspection, */*", "application/json"),
        (f"application/json;q=0.5, {TYPE}", TYPE),
        (f"{TYPE}, application/json", TYPE),
        (TYPE.upper(), TYPE),
    ):
        response = await introspect(harness, app, token, accept)
        assert (response.status_code, response.headers["content-type"]) == (200, content_type)


async def test_4_refusals_are_json_and_a_public_client_gets_nothing(harness: AppHarness) -> None:
    app = await harness.app()
    wrong = await introspect(harness, App(app.client, "qms_wrong"), "x")
    missing = await introspect(harness, app, "")
    for response, status, code in (
        (wrong, 401, "invalid_client"),
        (missing, 400, "invalid_request"),
    ):
        assert (response.status_code, response.json()["error"]) == (status, code)
    public = await harness.app(public=True)
    refused = await harness.browser().post(
        INTROSPECT, data={"token": "x", "client_id": public.id}, headers={"accept": TYPE}
    )
    assert refused.status_code == 401


async def test_6_it_is_signed_and_encrypted_as_registered(harness: AppHarness) -> None:
    await harness.person()
    key = make_key("ECDH-ES", use="enc")
    metadata = {"introspection_signed_response_alg": "PS256"}
    signed_only = await registered(harness, metadata)
    token = (await harness.tokens(signed_only))["access_token"]
    text = (await introspect(harness, signed_only, token)).text
    assert (await verified(harness, text, "PS256"))["token_introspection"]["active"] is True
    encryption = {
        "introspection_encrypted_response_alg": "ECDH-ES",
        "introspection_encrypted_response_enc": "A128GCM",
    }
    both = await registered(harness, {**metadata, **encryption, "jwks": key_set(key)})
    token = (await harness.tokens(both))["access_token"]
    text = (await introspect(harness, both, token)).text
    assert header_of(text)["cty"] == "JWT"
    inner = decrypted(text, key, "ECDH-ES", "A128GCM").decode()
    assert (await verified(harness, inner, "PS256"))["aud"] == both.id
    keyless = await registered(harness, {**metadata, **encryption})
    token = (await harness.tokens(keyless))["access_token"]
    assert (await introspect(harness, keyless, token)).json()["error"] == "invalid_request"


async def test_7_discovery_and_registration_know_the_members(open_harness: OpenHarness) -> None:
    async with open_harness(registration__mode="open") as harness:
        browser = harness.browser()
        found = (await browser.get("/.well-known/oauth-authorization-server")).json()
        offered = found["introspection_signing_alg_values_supported"]
        assert "RS256" in offered
        assert "none" not in offered
        assert "ECDH-ES" in found["introspection_encryption_alg_values_supported"]
        for value, status in (("ES256", 201), ("none", 400), ("HS256", 400)):
            document = {"redirect_uris": [CALLBACK], "introspection_signed_response_alg": value}
            response = await browser.post("/api/v2/oauth2/register", json=document)
            assert response.status_code == status, value


async def test_6_the_defaults_of_encryption_and_its_registration(open_harness: OpenHarness) -> None:
    """RFC 9701 §6: A128CBC-HS256 where only an algorithm is registered, and none without one."""
    async with open_harness(registration__mode="open") as harness:
        await harness.person()
        key = make_key("RSA-OAEP", use="enc")
        alg = {"introspection_encrypted_response_alg": "RSA-OAEP"}
        app = await registered(harness, {**alg, "jwks": key_set(key)})
        response = await introspect(harness, app, (await harness.tokens(app))["access_token"])
        assert response.headers["content-type"] == TYPE
        inner = decrypted(response.text, key, "RSA-OAEP", "A128CBC-HS256").decode()
        assert (await verified(harness, inner, "RS256"))["token_introspection"]["active"] is True
        # An inactive token is no less confidential, and JSON stays JSON.
        response = await introspect(harness, app, "unknown")
        inner = decrypted(response.text, key, "RSA-OAEP", "A128CBC-HS256").decode()
        assert (await verified(harness, inner, "RS256"))["token_introspection"] == {"active": False}
        assert await harness.introspect(app, "unknown") == {"active": False}
        enc = {"introspection_encrypted_response_enc": "A256GCM"}
        for members in (enc, alg, {**alg, **enc}):
            document = {"redirect_uris": [CALLBACK], **members}
            refused = await harness.browser().post("/api/v2/oauth2/register", json=document)
            found = refused.status_code, refused.json()["error"]
            assert found == (400, "invalid_client_metadata"), members


async def test_8_1_a_response_is_taken_for_no_other_token(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    token = (await harness.tokens(app, browser))["access_token"]
    text = (await introspect(harness, app, token)).text
    requested = await harness.ask(browser, app, scope="openid", id_token_hint=text)
    assert "error" in response_of(requested).parameters
    assert (await leave(browser, id_token_hint=text)).status_code == 400
    assert (await harness.redeem(app, text)).json()["error"] == "invalid_grant"
    presented = {"grant_type": "client_credentials", **presenting(text)}
    assert (await harness.browser().post(TOKEN, data=presented)).status_code == 401
