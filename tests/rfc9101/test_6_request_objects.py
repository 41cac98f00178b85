"""Request objects (OpenID Connect Core §6, RFC 9101): by value and by reference."""

import json
from typing import Any

import pytest
from joserfc import jwe

from support.app import CALLBACK, CHALLENGE, ISSUER, App, AppHarness, OpenHarness, response_of
from support.jwt_forgery import claims_of, encode
from support.registered_clients import Documents, key_set, make_key, registered, signed

UNSIGNED = encode(b'{"alg":"none"}')
OBJECT_URI = "https://app.example.org/request.jwt"


def asking(app: App, **changes: Any) -> dict[str, Any]:
    return {
        "iss": app.id,
        "aud": ISSUER,
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": "inner-state",
        "nonce": "inner-nonce",
        **changes,
    }


async def response(harness: AppHarness, app: App, **parameters: str | None) -> dict[str, str]:
    """The response to a request that is one of OpenID Connect without its object, too (OpenID
    Connect Core §6.1)."""
    browser, requested = await harness.signed_in(), {"scope": "openid", **parameters}
    return response_of(await harness.ask(browser, app, **requested)).parameters


@pytest.fixture
async def signer(harness: AppHarness) -> tuple[App, Any]:
    await harness.person()
    key = make_key("ES256")
    return await registered(harness, {"jwks": key_set(key)}), key


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256", "EdDSA"])
async def test_the_parameters_in_the_request_object_count(
    harness: AppHarness, algorithm: str
) -> None:
    await harness.person()
    key = make_key(algorithm)
    app = await registered(harness, {"jwks": key_set(key), "request_object_signing_alg": algorithm})
    proof = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    token = signed(asking(app, **proof), key, algorithm)
    found = await response(
        harness, app, request=token, state="outer", redirect_uri=None, scope=None
    )
    assert found["state"] == "inner-state"
    assert (await harness.redeem(app, found["code"])).status_code == 200


async def test_by_the_secret_as_a_key(harness: AppHarness) -> None:
    await harness.person()
    app = await registered(harness, {"request_object_signing_alg": "HS256"}, sealed=True)
    assert app.secret
    found = await response(harness, app, request=signed(asking(app), app.secret, "HS256"))
    assert "code" in found


def unsigned(app: App, **changes: Any) -> str:
    return f"{UNSIGNED}.{encode(json.dumps(asking(app, **changes)).encode())}."


async def test_an_unsigned_one_is_taken_only_from_an_app_that_registered_none(
    harness: AppHarness,
) -> None:
    # RFC 9101 §10.1: an attacker who strips the signature must not choose how an app signs.
    await harness.person()
    none = {"request_object_signing_alg": "none"}
    for app, word in (
        (await registered(harness, none), "code"),
        (await registered(harness, none, strict=True), "error"),
        (await registered(harness, {}), "error"),
        (await registered(harness, {}, strict=True), "error"),
        (await registered(harness, {"request_object_signing_alg": "RS256"}), "error"),
    ):
        found = await response(harness, app, request=unsigned(app))
        assert word in found
        assert found.get("error") in (None, "invalid_request_object")


async def test_an_unsigned_one_by_reference_needs_none_as_well(open_harness: OpenHarness) -> None:
    served = Documents()
    async with open_harness(fetcher=served) as harness:
        await harness.person()
        for algorithm, word in (("", "error"), ("none", "code")):
            app = await registered(
                harness, {"request_uris": (OBJECT_URI,), "request_object_signing_alg": algorithm}
            )
            served.at[OBJECT_URI] = unsigned(app).encode()
            assert word in await response(harness, app, request_uri=OBJECT_URI)


async def test_discovery_lists_what_every_app_may_sign_with(harness: AppHarness) -> None:
    # OpenID Connect Discovery §3. `none` is not among it: it takes a registration.
    found = (await harness.browser().get("/.well-known/openid-configuration")).json()
    listed = found["request_object_signing_alg_values_supported"]
    assert listed == ["RS256", "ES256", "PS256", "EdDSA", "HS256"]


async def test_a_redirect_uri_inside_supersedes_the_one_outside(
    harness: AppHarness, signer: tuple[App, Any]
) -> None:
    # OpenID Connect Core §6.1
    app, key = signer
    token = signed(asking(app), key, "ES256")
    found = await response(harness, app, request=token, redirect_uri="https://evil.example/cb")
    assert "code" in found
    evil = signed(asking(app, redirect_uri="https://evil.example/cb"), key, "ES256")
    page = await harness.ask(await harness.signed_in(), app, request=evil)
    assert page.status_code == 400
    assert "Authorization request rejected" in page.text


async def test_numbers_and_objects_are_read_as_in_a_query(
    harness: AppHarness, signer: tuple[App, Any]
) -> None:
    app, key = signer
    claims = {"userinfo": {"email": {"essential": True}}}
    token = signed(asking(app, max_age=300, claims=claims), key, "ES256")
    code = (await response(harness, app, request=token))["code"]
    tokens = (await harness.redeem(app, code)).json()
    received = (await harness.call(tokens["access_token"], "/api/v2/oauth2/userinfo")).json()
    assert received["email"] == "ann@example.org"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"},
        {"aud": "https://other.example.org"},
        {"client_id": "another"},
        {"response_type": "none"},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": 10**400},
        {"nbf": 4_000_000_000},
        {"request": "x"},
        {"request_uri": OBJECT_URI},
    ],
)
async def test_an_object_that_is_not_for_here_and_now_is_refused(
    harness: AppHarness, signer: tuple[App, Any], changes: dict[str, Any]
) -> None:
    app, key = signer
    found = await response(harness, app, request=signed(asking(app, **changes), key, "ES256"))
    assert found["error"] == "invalid_request_object"
    assert found["state"] == "some-state"


async def test_a_signature_that_is_not_the_apps_is_refused(
    harness: AppHarness, signer: tuple[App, Any]
) -> None:
    app, key = signer
    for token in (
        signed(asking(app), make_key("ES256"), "ES256"),
        signed(asking(app), app.secret or "", "HS256"),
        signed(asking(app), key, "ES256")[:-6] + "AAAAAA",
        "nonsense",
    ):
        assert (await response(harness, app, request=token))["error"] == "invalid_request_object"


async def test_another_algorithm_than_the_registered_one_is_refused(harness: AppHarness) -> None:
    await harness.person()
    key = make_key("RS256")
    app = await registered(harness, {"jwks": key_set(key), "request_object_signing_alg": "PS256"})
    for algorithm, word in (("RS256", "error"), ("PS256", "code")):
        assert word in await response(harness, app, request=signed(asking(app), key, algorithm))


async def test_by_reference_only_what_was_registered_is_fetched(open_harness: OpenHarness) -> None:
    # OpenID Connect Core §6.2, RFC 9101 §10.4
    served = Documents()
    async with open_harness(fetcher=served) as harness:
        await harness.person()
        key = make_key("ES256")
        app = await registered(harness, {"jwks": key_set(key), "request_uris": (OBJECT_URI,)})
        served.at[OBJECT_URI] = signed(asking(app), key, "ES256").encode()
        for reference in (OBJECT_URI, f"{OBJECT_URI}#fragment"):
            assert (await response(harness, app, request_uri=reference))["state"] == "inner-state"
        for reference in ("https://evil.example/x", OBJECT_URI + "/", "file:///etc/passwd"):
            found = await response(harness, app, request_uri=reference)
            assert found["error"] == "invalid_request_uri"
        assert set(served.requested) == {OBJECT_URI}
        both = await response(harness, app, request_uri=OBJECT_URI, request="x.y.z")
        assert both["error"] == "invalid_request"
        del served.at[OBJECT_URI]
        found = await response(harness, app, request_uri=OBJECT_URI)
        assert found["error"] == "invalid_request_uri"


async def test_the_object_waits_through_a_sign_in_unchanged(
    harness: AppHarness, signer: tuple[App, Any]
) -> None:
    # security.md §10
    app, key = signer
    browser = harness.browser()
    response = await harness.ask(browser, app, request=signed(asking(app), key, "ES256"))
    assert response.status_code == 303
    assert response.headers["location"].startswith("/sign-in")
    back = await harness.sign_in(browser, address=response.headers["location"])
    assert response_of(await browser.get(back)).parameters["state"] == "inner-state"


@pytest.mark.parametrize("why", ["the registration", "the type", "no OpenID Connect"])
async def test_6_3_only_the_parameters_in_the_object_count(harness: AppHarness, why: str) -> None:
    """RFC 9101 §5, §6.3, §10.7: what an attacker adds to the address changes nothing."""
    await harness.person()
    key = make_key("ES256")
    required = {"require_signed_request_object": True} if why == "the registration" else {}
    app = await registered(harness, {"jwks": key_set(key), **required})
    header = {"typ": "oauth-authz-req+jwt"} if why == "the type" else {}
    claims = asking(app, code_challenge=CHALLENGE, code_challenge_method="S256")
    inside = {name: value for name, value in claims.items() if name not in ("state", "nonce")}

    async def found(claims: dict[str, Any], **changed: str | None) -> dict[str, str]:
        outside: dict[str, str | None] = {
            "response_type": "token",
            "scope": "basic" if why == "no OpenID Connect" else "openid email",
            "nonce": "outer",
            "prompt": "none login",
            "response_mode": "carrier",
            "redirect_uri": "https://evil.example.org/",
            "resource": "https://evil.example.org/",
            "code_challenge": "outer",
            **changed,
        }
        token = signed(claims, key, "ES256", **header)
        return await response(harness, app, request=token, **outside)

    answered = await found(inside)
    assert "state" not in answered
    tokens = (await harness.redeem(app, answered["code"])).json()
    assert tokens["scope"] == "openid"
    assert "nonce" not in claims_of(tokens["id_token"])
    alone = dict.fromkeys(
        ("response_type", "scope", "state", "nonce", "redirect_uri", "code_challenge")
    )
    assert "code" in await found(claims, **alone, code_challenge_method=None)
    # The client is named in both places, and what is missing inside is missing.
    known = {"redirect_uri": CALLBACK, "response_mode": None, "state": "outer"}
    for name, error in (("client_id", "invalid_request_object"), ("response_type", None)):
        less = {other: value for other, value in claims.items() if other != name}
        refused = await found(less, **known)
        assert refused["error"] == (error or "invalid_request"), name


async def test_4_the_values_of_parameters(harness: AppHarness, signer: tuple[App, Any]) -> None:
    """RFC 9101 §4: texts are texts, and what is null is missing, as with an empty parameter."""
    app, key = signer
    without = {"state": None, "nonce": None, "max_age": None, "claims": None, "resource": None}
    found = await response(
        harness, app, request=signed(asking(app, **without), key, "ES256"), scope=None, state="o"
    )
    assert "state" not in found
    tokens = (await harness.redeem(app, found["code"], code_verifier=None)).json()
    assert "nonce" not in claims_of(tokens["id_token"])
    for wrong, error in (
        ({"scope": ["openid"]}, "invalid_scope"),
        ({"response_type": None}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"resource": 5}, "invalid_request_object"),
        ({"resource": [5]}, "invalid_request_object"),
        ({"prompt": {"login": True}}, "invalid_request"),
    ):
        token = signed(asking(app, **wrong), key, "ES256")
        found = await response(harness, app, request=token, scope=None)
        assert found["error"] == error, wrong


async def test_6_2_the_key_that_kid_names_is_the_key(harness: AppHarness) -> None:
    await harness.person()
    first, second = make_key("ES256", kid="first"), make_key("ES256", kid="second")
    app = await registered(harness, {"jwks": key_set(first, second)})
    stranger = make_key("ES256", kid="first")
    for key, kid, word in (
        (first, "first", "code"),
        (second, "second", "code"),
        (first, "second", "error"),
        (second, "first", "error"),
        (stranger, "first", "error"),
        (first, "unknown", "error"),
    ):
        found = await response(harness, app, request=signed(asking(app), key, "ES256", kid=kid))
        assert word in found, (kid, found)
        assert found.get("error") in (None, "invalid_request_object")


async def test_6_1_an_encrypted_object_is_refused(harness: AppHarness) -> None:
    """Discovery lists no algorithm of encryption, so the server cannot decrypt one."""
    await harness.person()
    app = await registered(harness, {})
    document = (await harness.browser().get("/.well-known/openid-configuration")).json()
    assert "request_object_encryption_alg_values_supported" not in document
    key = make_key("RSA-OAEP", use="enc")
    protected = {"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "oauth-authz-req+jwt"}
    registry = jwe.JWERegistry(algorithms=["RSA-OAEP", "A256GCM"])
    sealed = jwe.encrypt_compact(protected, b"an object", key, registry=registry)
    assert (await response(harness, app, request=sealed))["error"] == "invalid_request_object"
