"""JARM: authorization answers as one signed document (JWT Secured Authorization Response Mode)."""

from typing import Any

import pytest
from joserfc import jwt

from quantimodo.crypto.jwt import OneAlgorithm
from registered import decrypted, key_set, make_key, published, registered
from world import CALLBACK, ISSUER, World, answer_of, form_fields

IMPLICIT = frozenset({"code", "code id_token"})


async def read(world: World, token: str, algorithm: str = "RS256") -> dict[str, Any]:
    registry = OneAlgorithm(algorithm)
    return dict(jwt.decode(token, await published(world), registry=registry).claims)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256", "EdDSA"])
async def test_the_answer_is_one_parameter_signed_as_registered(
    world: World, algorithm: str
) -> None:
    await world.person()
    app = await registered(world, {"authorization_signed_response_alg": algorithm})
    answer = answer_of(await world.ask(await world.signed_in(), app, response_mode="jwt"))
    assert answer.location.startswith(f"{CALLBACK}?response=")
    assert set(answer.parameters) == {"response"}
    claims = await read(world, answer.parameters["response"], algorithm)
    now = int(world.house.clock.now().timestamp())
    assert {name: claims[name] for name in ("iss", "aud", "exp", "state")} == {
        "iss": ISSUER,
        "aud": app.id,
        "exp": now + 600,
        "state": "some-state",
    }
    assert (await world.redeem(app, claims["code"])).status_code == 200


async def test_each_mode_travels_its_way(world: World) -> None:
    await world.person()
    app = await registered(world, {}, response_types=IMPLICIT)
    browser = await world.signed_in()
    for mode, start in (("query.jwt", "?"), ("fragment.jwt", "#"), ("jwt", "?")):
        answer = answer_of(await world.ask(browser, app, response_mode=mode))
        assert answer.location.startswith(f"{CALLBACK}{start}response=")
    hybrid = {"response_type": "code id_token", "scope": "openid", "nonce": "n"}
    answer = answer_of(await world.ask(browser, app, response_mode="jwt", **hybrid))
    assert answer.location.startswith(f"{CALLBACK}#response=")
    page = await world.ask(browser, app, response_mode="form_post.jwt")
    assert (await read(world, form_fields(page.text)["response"]))["code"]


async def test_an_error_is_signed_too(world: World) -> None:
    app = await registered(world, {})
    answer = answer_of(await world.ask(world.browser(), app, response_mode="jwt", prompt="none"))
    claims = await read(world, answer.parameters["response"])
    assert claims["error"] == "login_required"
    assert claims["state"] == "some-state"
    assert "error" not in answer.parameters


async def test_tokens_travel_in_a_query_only_when_encrypted(world: World) -> None:
    # JARM §2.3.1
    await world.person()
    hybrid = {"response_type": "code id_token", "scope": "openid", "nonce": "n"}
    plain = await registered(world, {}, response_types=IMPLICIT)
    browser = await world.signed_in()
    answer = answer_of(await world.ask(browser, plain, response_mode="query.jwt", **hybrid))
    claims = await read(world, answer.parameters["response"])
    assert claims["error"] == "invalid_request"
    key = make_key("RSA-OAEP", use="enc")
    metadata = {
        "jwks": key_set(key),
        "authorization_encrypted_response_alg": "RSA-OAEP",
        "authorization_encrypted_response_enc": "A256GCM",
    }
    app = await registered(world, metadata, response_types=IMPLICIT)
    answer = answer_of(await world.ask(browser, app, response_mode="query.jwt", **hybrid))
    keyless = await registered(world, {**metadata, "jwks": ""}, response_types=IMPLICIT)
    answer = answer_of(await world.ask(browser, keyless, response_mode="query.jwt", **hybrid))
    claims = await read(world, answer.parameters["response"])
    assert claims["error"] == "invalid_request"
    assert "id_token" not in claims
    answer = answer_of(await world.ask(browser, app, response_mode="query.jwt", **hybrid))
    inner = decrypted(answer.parameters["response"], key, "RSA-OAEP", "A256GCM")
    assert (await read(world, inner.decode()))["id_token"]
