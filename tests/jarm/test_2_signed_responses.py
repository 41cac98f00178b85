"""JARM (JWT Secured Authorization Response Mode): authorization responses as a signed document."""

from typing import Any

import pytest
from joserfc import jwt

from quantimodo.crypto.jwt import OneAlgorithm
from support.app import CALLBACK, ISSUER, App, AppHarness, OpenHarness, form_fields, response_of
from support.jwt_forgery import header_of
from support.logout_receiver import leave
from support.registered_clients import decrypted, key_set, make_key, published, registered

IMPLICIT = frozenset({"code", "code id_token"})


async def read(harness: AppHarness, token: str, algorithm: str = "RS256") -> dict[str, Any]:
    registry = OneAlgorithm(algorithm)
    return dict(jwt.decode(token, await published(harness), registry=registry).claims)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256", "EdDSA"])
async def test_the_response_is_one_parameter_signed_as_registered(
    harness: AppHarness, algorithm: str
) -> None:
    await harness.person()
    app = await registered(harness, {"authorization_signed_response_alg": algorithm})
    response = response_of(await harness.ask(await harness.signed_in(), app, response_mode="jwt"))
    assert response.location.startswith(f"{CALLBACK}?response=")
    assert set(response.parameters) == {"response"}
    claims = await read(harness, response.parameters["response"], algorithm)
    now = int(harness.context.clock.now().timestamp())
    assert {name: claims[name] for name in ("iss", "aud", "exp", "state")} == {
        "iss": ISSUER,
        "aud": app.id,
        "exp": now + 600,
        "state": "some-state",
    }
    assert (await harness.redeem(app, claims["code"])).status_code == 200


async def test_each_mode_travels_its_way(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, {}, response_types=IMPLICIT)
    browser = await harness.signed_in()
    for mode, start in (("query.jwt", "?"), ("fragment.jwt", "#"), ("jwt", "?")):
        response = response_of(await harness.ask(browser, app, response_mode=mode))
        assert response.location.startswith(f"{CALLBACK}{start}response=")
    hybrid = {"response_type": "code id_token", "scope": "openid", "nonce": "n"}
    response = response_of(await harness.ask(browser, app, response_mode="jwt", **hybrid))
    assert response.location.startswith(f"{CALLBACK}#response=")
    page = await harness.ask(browser, app, response_mode="form_post.jwt")
    assert (await read(harness, form_fields(page.text)["response"]))["code"]


async def test_an_error_is_signed_too(harness: AppHarness) -> None:
    app = await registered(harness, {})
    response = response_of(
        await harness.ask(harness.browser(), app, response_mode="jwt", prompt="none")
    )
    claims = await read(harness, response.parameters["response"])
    assert claims["error"] == "login_required"
    assert claims["state"] == "some-state"
    assert "error" not in response.parameters


async def test_tokens_travel_in_a_query_only_when_encrypted(harness: AppHarness) -> None:
    # JARM §2.3.1
    await harness.person()
    hybrid = {"response_type": "code id_token", "scope": "openid", "nonce": "n"}
    plain = await registered(harness, {}, response_types=IMPLICIT)
    browser = await harness.signed_in()
    response = response_of(await harness.ask(browser, plain, response_mode="query.jwt", **hybrid))
    claims = await read(harness, response.parameters["response"])
    assert claims["error"] == "invalid_request"
    key = make_key("RSA-OAEP", use="enc")
    metadata = {
        "jwks": key_set(key),
        "authorization_encrypted_response_alg": "RSA-OAEP",
        "authorization_encrypted_response_enc": "A256GCM",
    }
    app = await registered(harness, metadata, response_types=IMPLICIT)
    response = response_of(await harness.ask(browser, app, response_mode="query.jwt", **hybrid))
    keyless = await registered(harness, {**metadata, "jwks": ""}, response_types=IMPLICIT)
    response = response_of(await harness.ask(browser, keyless, response_mode="query.jwt", **hybrid))
    claims = await read(harness, response.parameters["response"])
    assert claims["error"] == "invalid_request"
    assert "id_token" not in claims
    response = response_of(await harness.ask(browser, app, response_mode="query.jwt", **hybrid))
    inner = decrypted(response.parameters["response"], key, "RSA-OAEP", "A256GCM")
    assert (await read(harness, inner.decode()))["id_token"]


async def test_2_1_the_parameters_of_each_response_type_are_claims(harness: AppHarness) -> None:
    """JARM §2.1, §2.3, §2.3.4: with `iss`, `aud` and `exp`, and nothing beside the document."""
    await harness.person()
    types = frozenset({"code", "none", "token", "code token", "id_token", "code id_token token"})
    app = await registered(harness, {}, response_types=types)
    browser = await harness.signed_in()
    of_token = {"access_token", "token_type", "expires_in", "scope"}
    for words, sign, names in (
        ("none", "?", set()),
        ("code", "?", {"code"}),
        ("token", "#", of_token),
        ("id_token", "#", {"id_token"}),
        ("code token", "#", {"code", *of_token}),
        ("code id_token token", "#", {"code", "id_token", *of_token}),
    ):
        requested = {"response_type": words, "scope": "openid basic", "nonce": "n"}
        if "code" not in words:
            requested |= {"code_challenge": None, "code_challenge_method": None}
        response = response_of(await harness.ask(browser, app, response_mode="jwt", **requested))
        assert response.location.startswith(f"{CALLBACK}{sign}response="), words
        assert set(response.parameters) == {"response"}
        claims = await read(harness, response.parameters["response"])
        assert claims.keys() >= {"iss", "aud", "exp", "state", *names}, words
        assert claims.keys() <= {"iss", "aud", "exp", "state", "session_state", *names}, words
        if "access_token" in names:
            assert (await harness.call(claims["access_token"])).status_code == 200


async def test_2_3_each_mode_carries_an_error(harness: AppHarness) -> None:
    app = await registered(harness, {}, response_types=IMPLICIT)
    requested = {"prompt": "none", "scope": "openid", "nonce": "n"}
    for mode, words, start in (
        ("query.jwt", "code", "?"),
        ("fragment.jwt", "code", "#"),
        ("jwt", "code id_token", "#"),
        ("form_post.jwt", "code", ""),
    ):
        page = await harness.ask(
            harness.browser(), app, response_mode=mode, response_type=words, **requested
        )
        if start:
            response = response_of(page)
            assert response.location.startswith(f"{CALLBACK}{start}response=")
            sent = response.parameters
        else:
            sent = form_fields(page.text)
        assert set(sent) == {"response"}
        claims = await read(harness, sent["response"])
        assert (claims["error"], claims["state"]) == ("login_required", "some-state")
        assert (claims["iss"], claims["aud"]) == (ISSUER, app.id)


async def test_2_2_signed_then_encrypted_with_the_default_of_3(harness: AppHarness) -> None:
    """JARM §2.2, §3: nested, by A128CBC-HS256 where only an algorithm is registered; errors too."""
    await harness.person()
    key = make_key("ECDH-ES", use="enc")
    metadata = {"jwks": key_set(key), "authorization_encrypted_response_alg": "ECDH-ES"}
    app = await registered(harness, metadata)
    for browser, name in ((await harness.signed_in(), "code"), (harness.browser(), "error")):
        response = response_of(
            await harness.ask(browser, app, response_mode="jwt", prompt="none")
        ).parameters
        assert set(response) == {"response"}
        header = header_of(response["response"])
        assert (header["enc"], header["cty"]) == ("A128CBC-HS256", "JWT")
        inner = decrypted(response["response"], key, "ECDH-ES", "A128CBC-HS256").decode()
        assert name in await read(harness, inner)


async def test_3_and_4_registration_and_discovery(open_harness: OpenHarness) -> None:
    async with open_harness(registration__mode="open") as harness:
        browser = harness.browser()
        found = (await browser.get("/.well-known/oauth-authorization-server")).json()
        modes = {"query.jwt", "fragment.jwt", "form_post.jwt", "jwt"}
        assert modes <= set(found["response_modes_supported"])
        offered = found["authorization_signing_alg_values_supported"]
        assert "RS256" in offered
        assert "none" not in offered
        assert "ECDH-ES" in found["authorization_encryption_alg_values_supported"]
        assert "A128CBC-HS256" in found["authorization_encryption_enc_values_supported"]
        enc = {"authorization_encrypted_response_enc": "A256GCM"}
        for members, status in (
            ({"authorization_signed_response_alg": "ES256"}, 201),
            ({"authorization_signed_response_alg": "none"}, 400),
            ({"authorization_signed_response_alg": "HS256"}, 400),
            (enc, 400),  # JARM §3: only beside an algorithm
            ({"authorization_encrypted_response_alg": "dir"}, 400),
        ):
            document = {"redirect_uris": [CALLBACK], **members}
            response = await browser.post("/api/v2/oauth2/register", json=document)
            assert response.status_code == status, members
            if status == 400:
                assert response.json()["error"] == "invalid_client_metadata"


async def test_a_response_is_taken_for_no_other_token(harness: AppHarness) -> None:
    """RFC 8725 §2.8: it has the `typ` of an ID token, and is none."""
    await harness.person()
    app: App = await registered(harness, {})
    browser = await harness.signed_in()
    requested = {"response_mode": "jwt", "scope": "openid basic"}
    text = response_of(await harness.ask(browser, app, **requested)).parameters["response"]
    assert (await harness.call(text)).status_code == 401
    assert await harness.introspect(app, text) == {"active": False}
    assert (await harness.redeem(app, text)).json()["error"] == "invalid_grant"
    hinted = response_of(await harness.ask(browser, app, id_token_hint=text)).parameters
    assert "error" in hinted
    refused = await leave(browser, id_token_hint=text)
    assert refused.status_code == 400
