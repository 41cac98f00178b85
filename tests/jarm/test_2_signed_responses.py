"""JARM (JWT Secured Authorization Response Mode): authorization responses as a signed document."""

from typing import Any

import pytest
from joserfc import jwt

from quantimodo.crypto.jwt import OneAlgorithm
from support.app import CALLBACK, ISSUER, AppHarness, form_fields, response_of
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
