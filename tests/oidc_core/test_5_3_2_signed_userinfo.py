"""Userinfo as a JWT (OpenID Connect Core §5.3.2), ID tokens signed and encrypted as registered
(OpenID Connect Core §3.1.3.6, §10)."""

import hashlib
import json

import pytest
from joserfc import jwt

from quantimodo.clients.errors import InvalidMetadata
from quantimodo.crypto.jwt import OneAlgorithm
from support.app import ISSUER, USERINFO, AppHarness, response_of
from support.jwt_forgery import claims_of, encode, header_of, verified
from support.registered_clients import decrypted, key_set, make_key, published, registered

ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_userinfo_is_signed_as_registered(harness: AppHarness, algorithm: str) -> None:
    ann = await harness.person()
    app = await registered(harness, {"userinfo_signed_response_alg": algorithm})
    tokens = await harness.tokens(app, scope="openid email")
    response = await harness.call(tokens["access_token"], USERINFO)
    assert response.headers["content-type"] == "application/jwt"
    assert response.headers["cache-control"] == "no-store"
    assert await verified(harness, response.text, algorithm) == {
        "iss": ISSUER,
        "aud": app.id,
        "sub": ann.subject,
        "email": "ann@example.org",
        "email_verified": True,
    }


@pytest.mark.parametrize(("alg", "enc"), [("RSA-OAEP", "A128GCM"), ("ECDH-ES", "A128CBC-HS256")])
async def test_userinfo_is_encrypted_as_registered(harness: AppHarness, alg: str, enc: str) -> None:
    ann = await harness.person()
    key = make_key(alg, use="enc")
    metadata = {
        "jwks": key_set(make_key("ES256", "signs"), key),
        "userinfo_encrypted_response_alg": alg,
        "userinfo_encrypted_response_enc": enc,
    }
    plain = await registered(harness, metadata)
    tokens = await harness.tokens(plain, scope="openid")
    text = (await harness.call(tokens["access_token"], USERINFO)).text
    assert json.loads(decrypted(text, key, alg, enc)) == {"sub": ann.subject}
    nested = await registered(harness, {**metadata, "userinfo_signed_response_alg": "ES256"})
    tokens = await harness.tokens(nested, scope="openid")
    text = (await harness.call(tokens["access_token"], USERINFO)).text
    assert header_of(text)["cty"] == "JWT"
    inner = decrypted(text, key, alg, enc).decode()
    assert (await verified(harness, inner, "ES256"))["aud"] == nested.id


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_id_tokens_and_their_hashes_go_by_the_registered_algorithm(
    harness: AppHarness, algorithm: str
) -> None:
    # OpenID Connect Core §3.3.2.11: at_hash and c_hash by the hash of the algorithm; Ed25519 goes
    # with SHA-512.
    await harness.person()
    kinds = frozenset({"code id_token token"})
    app = await registered(harness, {}, id_token_alg=algorithm, response_types=kinds)
    requested = {"response_type": "code id_token token", "scope": "openid", "nonce": "n"}
    response = response_of(
        await harness.ask(await harness.signed_in(), app, **requested)
    ).parameters
    claims = await verified(harness, response["id_token"], algorithm)
    hashed = hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256
    for name, text in (("at_hash", response["access_token"]), ("c_hash", response["code"])):
        whole = hashed(text.encode()).digest()
        assert claims[name] == encode(whole[: len(whole) // 2])


async def test_an_unsigned_id_token_comes_only_from_the_token_endpoint(harness: AppHarness) -> None:
    # OpenID Connect Core §2: none only for clients that registered it, and only with a code.
    await harness.person()
    app = await registered(harness, {}, id_token_alg="none")
    tokens = await harness.tokens(app, scope="openid", nonce="n")
    assert header_of(tokens["id_token"]) == {"alg": "none"}
    assert tokens["id_token"].endswith(".")
    assert claims_of(tokens["id_token"])["nonce"] == "n"
    hinted = await harness.ask(
        await harness.signed_in(), app, scope="openid", id_token_hint=tokens["id_token"]
    )
    assert response_of(hinted).parameters["error"] == "invalid_request", "anybody can write one"
    with pytest.raises(InvalidMetadata, match="none is only for apps"):
        await harness.app(id_token_alg="none", response_types=frozenset({"code id_token"}))


async def test_an_encrypted_id_token_is_for_the_apps_key(harness: AppHarness) -> None:
    await harness.person()
    key = make_key("RSA-OAEP-256", use="enc")
    metadata = {
        "jwks": key_set(key),
        "id_token_encrypted_response_alg": "RSA-OAEP-256",
        "id_token_encrypted_response_enc": "A256CBC-HS512",
    }
    app = await registered(harness, metadata)
    text = (await harness.tokens(app, scope="openid"))["id_token"]
    assert header_of(text)["kid"] == key.kid
    inner = decrypted(text, key, "RSA-OAEP-256", "A256CBC-HS512").decode()
    read = jwt.decode(inner, await published(harness), registry=OneAlgorithm("RS256"))
    assert read.claims["aud"] == app.id


async def test_without_an_encryption_key_no_claims_are_returned(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, {"userinfo_encrypted_response_alg": "RSA-OAEP"})
    tokens = await harness.tokens(app, scope="openid")
    response = await harness.call(tokens["access_token"], USERINFO)
    assert response.status_code == 400
    assert "ann" not in response.text
