"""security.md §13: no forged token is taken, and no kind of token for another."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, RSAKey

from support.app import ISSUER, USERINFO, App, AppHarness
from support.jwt_forgery import claims_of, decode, encode, es256, forge, header_of, hs256, unsigned

ATTACKER = ec.generate_private_key(ec.SECP256R1())
ATTACKERS_JWK = ECKey.import_key(ATTACKER).as_dict(private=False)


async def a_jwt(harness: AppHarness) -> tuple[App, str]:
    await harness.person()
    app = await harness.app(token_format="jwt")
    token = (await harness.tokens(app, scope="basic openid"))["access_token"]
    assert (await harness.call(token)).status_code == 200
    return app, token


async def check_refused(harness: AppHarness, app: App, token: str, why: object) -> None:
    """By the API, by userinfo, by introspection; and to revoke it does nothing."""
    assert (await harness.call(token)).status_code == 401, why
    assert (await harness.call(token, USERINFO)).status_code == 401, why
    if len(token) <= 8192:
        assert await harness.introspect(app, token) == {"active": False}, why
        assert (await harness.revoke(app, token)).status_code == 200, why


async def published(harness: AppHarness, algorithm: str) -> dict[str, Any]:
    keys = (await harness.browser().get("/.well-known/jwks.json")).json()["keys"]
    return next(key for key in keys if key["alg"] == algorithm)


async def test_a_changed_claim_breaks_the_signature(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    header, _, signature = token.split(".")
    for change in ({"scope": "writemeasurements"}, {"sub": "bob"}, {"exp": 2**40}):
        claims = encode(json.dumps({**claims_of(token), **change}).encode())
        await check_refused(harness, app, f"{header}.{claims}.{signature}", change)
    assert (await harness.call(token)).status_code == 200


async def test_another_key_under_our_name_is_refused(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    header, claims = header_of(token), claims_of(token)
    for change in (
        {},
        {"kid": "unknown"},
        {"kid": ""},
        {"kid": None},
        {"kid": ["a"]},
        {"kid": "../../etc/passwd"},
        {"jwk": ATTACKERS_JWK},
        {"jwk": ATTACKERS_JWK, "kid": "x"},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/cert.pem"},
        {"x5c": ["MIIB"]},
    ):
        forged = forge({**header, **change}, claims, es256(ATTACKER))
        await check_refused(harness, app, forged, change)


async def test_alg_none_is_refused(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    claims, signature = claims_of(token), decode(token.split(".")[2])
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        header = {**header_of(token), "alg": algorithm}
        await check_refused(harness, app, forge(header, claims, unsigned), "no signature")
        await check_refused(harness, app, forge(header, claims, lambda _: signature), "an old one")
        twice = b'{"alg":"ES256",' + json.dumps(header).encode()[1:]
        await check_refused(harness, app, forge(twice, claims, unsigned), "two algorithms")


async def test_a_public_key_is_not_a_shared_secret(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    claims = claims_of(token)
    for algorithm, kind in (("ES256", ECKey), ("RS256", RSAKey)):
        jwk = await published(harness, algorithm)
        key = kind.import_key(jwk)
        secrets = [
            key.as_pem(private=False),
            key.as_pem(private=False).strip(),
            key.as_der(private=False),
            json.dumps(jwk).encode(),
            jwk["kid"].encode(),
            b"",
        ]
        for secret in secrets:
            header = {"alg": "HS256", "typ": "at+jwt", "kid": jwk["kid"]}
            await check_refused(harness, app, forge(header, claims, hs256(secret)), secret)


async def test_a_key_signs_by_its_own_algorithm_only(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    header, claims = header_of(token), claims_of(token)
    sign = harness.context.keyring.signer("ES256")._sign
    for algorithm in ("ES384", "ES512", "ES256K", "RS256", "PS256", "EdDSA", "HS256", "es256"):
        forged = forge({**header, "alg": algorithm}, claims, sign)
        await check_refused(harness, app, forged, algorithm)
    rsa = (await published(harness, "RS256"))["kid"]
    await check_refused(harness, app, forge({**header, "kid": rsa}, claims, sign), "another's id")


async def test_unknown_header_members_are_refused_though_we_signed_them(
    harness: AppHarness,
) -> None:
    app, token = await a_jwt(harness)
    header, claims = header_of(token), claims_of(token)
    sign = harness.context.keyring.signer("ES256")._sign
    good = forge(header, {**claims, "jti": "fresh"}, sign)
    assert (await harness.call(good)).status_code == 200
    for change in (
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"crit": ["b64"], "b64": True},
        {"crit": []},
        {"crit": "x"},
        {"b64": False},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"jwk": ATTACKERS_JWK},
        {"x": 1},
    ):
        await check_refused(harness, app, forge({**header, **change}, claims, sign), change)


async def test_a_type_is_not_taken_for_another(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    claims, signer = claims_of(token), harness.context.keyring.signer("ES256")
    for kind in ("JWT", "login+jwt", "logout+jwt", "AT+JWT", "application/at+jwt", "at+jwt ", ""):
        await check_refused(harness, app, signer.sign(claims, kind), kind)
    header = header_of(token)
    del header["typ"]
    await check_refused(harness, app, forge(header, claims, signer._sign), "no type")


async def test_an_id_token_is_not_an_access_token(harness: AppHarness) -> None:
    await harness.person()
    for algorithm in ("RS256", "ES256"):
        app = await harness.app(id_token_alg=algorithm)
        id_token = (await harness.tokens(app, scope="openid basic"))["id_token"]
        await check_refused(harness, app, id_token, algorithm)


async def test_issuer_and_audience_are_exactly_ours(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    claims, signer = claims_of(token), harness.context.keyring.signer("ES256")
    for change in (
        {"iss": "https://evil.example"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"aud": app.id},
        {"aud": ISSUER},
        {"aud": [claims["aud"]]},
        {"aud": None},
    ):
        await check_refused(harness, app, signer.sign({**claims, **change}, "at+jwt"), change)


async def test_a_header_that_is_not_a_header_is_refused(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    body, signature = token.split(".")[1:]
    for header in (
        b"[" * 3000,
        b'{"a":' * 1500,
        b'{"alg":"ES256","kid":' + b"[" * 2900,
        b"[]",
        b"null",
        b'"x"',
        b"1e999",
        b"\xff\xfe",
        b'{"kid":"\\ud800"}',
        b'{"kid":"a\\u0000b"}',
        b"",
    ):
        await check_refused(harness, app, f"{encode(header)}.{body}.{signature}", header[:9])


async def test_a_known_key_id_in_a_bottomless_header_is_refused(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    body, signature = token.split(".")[1:]
    kid = header_of(token)["kid"].encode()
    for filling in (b"[" * 990 + b"]" * 990, b"[" * 1200 + b"]" * 1200):
        header = b'{"alg":"ES256","typ":"at+jwt","kid":"' + kid + b'","x":' + filling + b"}"
        await check_refused(harness, app, f"{encode(header)}.{body}.{signature}", len(filling))


async def test_a_token_of_other_parts_is_refused(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    header, body, signature = token.split(".")
    for parts in (
        [header],
        [header, body],
        [header, body, ""],
        [header, "", signature],
        ["", body, signature],
        [header, body, signature, ""],
        [header, body, signature, signature],
        [header, "", "", body, signature],
        [header + "=", body, signature],
        [header, body, signature[:-4]],
        [header, body, signature + "AAAA"],
        [header, body, encode(b"\0" * 64)],
        [header, body, encode(b"\xff" * 64)],
    ):
        await check_refused(harness, app, ".".join(parts), parts)


async def test_an_endless_token_is_refused_unread(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    claims, signer = claims_of(token), harness.context.keyring.signer("ES256")
    for length in (4000, 7000, 20000):
        long = signer.sign({**claims, "filling": "x" * length}, "at+jwt")
        assert (await harness.call(long)).status_code == 401
    response = await harness.post("/api/v2/oauth2/introspect", app, {"token": "x" * 9000})
    assert response.status_code == 400


async def test_no_private_key_is_published_or_kept_in_the_clear(harness: AppHarness) -> None:
    document = (await harness.browser().get("/.well-known/jwks.json")).text
    private = harness.rows()["signing_keys"]
    assert private
    assert "PRIVATE" not in document + str(private)
    assert '"d"' not in document + str(private)
