"""What an application with a FAPI 2.0 profile registers and signs by, and what its tokens open
(FAPI 2.0 §5.3, §5.4), over HTTP. `test_5_profiles_of_applications.py` has the rules."""

import json
from dataclasses import replace
from typing import Any

from support.app import CALLBACK, TOKEN, AppHarness, OpenHarness
from support.dpop import call
from support.fapi import PAR, WHOLE, redeeming, signer
from support.jwt_forgery import claims_of, header_of
from support.registered_clients import BEARER, key_set, make_key, signed

REGISTER = "/api/v2/oauth2/register"
FITTING: dict[str, Any] = {
    "profile": "fapi2",
    "redirect_uris": [CALLBACK],
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks_uri": "https://app.example.org/jwks.json",
    "dpop_bound_access_tokens": True,
}
REFUSED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("5.3.2.1 (3)", {"token_endpoint_auth_method": "none"}),
    ("5.3.2.1 (5)", {"dpop_bound_access_tokens": False}),
    ("5.3.2.1 (6)", {"token_endpoint_auth_method": None}),
    ("5.3.2.1 (6)", {"token_endpoint_auth_method": "client_secret_post"}),
    ("5.3.2.1 (6)", {"token_endpoint_auth_method": "client_secret_jwt"}),
    ("5.3.2.2 (1)", {"response_types": ["code", "none"]}),
    (
        "5.3.2.2 (8)",
        {"application_type": "native", "redirect_uris": ["http://localhost/callback"]},
    ),
    ("5.4.1 (1)", {"request_object_signing_alg": "RS256"}),
    ("5.4.1 (1)", {"request_object_signing_alg": "none"}),
    ("5.4.1 (1)", {"token_endpoint_auth_signing_alg": "RS256"}),
    ("5.4.1 (1)", {"userinfo_signed_response_alg": "RS256"}),
)


async def test_5_3_a_registration_that_does_not_meet_its_profile(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(registration__mode="open") as harness:
        browser = harness.browser()
        for profile in ("fapi2", "fapi2_message_signing"):
            for section, changes in REFUSED:
                document = {**FITTING, "profile": profile, **changes}
                refused = await browser.post(REGISTER, json=document)
                assert refused.status_code == 400, section
                error = refused.json()["error"]
                assert error in ("invalid_client_metadata", "invalid_redirect_uri"), section
        made = await browser.post(REGISTER, json=FITTING)
        found = made.json()
        assert made.status_code == 201, made.text
        assert "client_secret" not in found
        assert found["require_pushed_authorization_requests"] is True
        assert found["id_token_signed_response_alg"] == "PS256"
        # RFC 7592 §2.2: nor later. Nothing changes.
        headers = {"authorization": f"Bearer {found['registration_access_token']}"}
        path = f"{REGISTER}/{found['client_id']}"
        for section, changes in REFUSED:
            document = {**FITTING, "client_id": found["client_id"], **changes}
            refused = await browser.put(path, json=document, headers=headers)
            assert refused.status_code == 400, section
        assert (await browser.get(path, headers=headers)).json() == found


async def test_5_4_3_keys_of_an_application_that_have_one_id(harness: AppHarness) -> None:
    """FAPI 2.0 §5.4.3: `kty`, `use` and `alg` choose among keys with one `kid`."""
    curve, rsa, edwards, stranger = (
        make_key(algorithm, "same") for algorithm in ("ES256", "PS256", "EdDSA", "ES256")
    )
    listed = json.loads(key_set(make_key("ES256", "same", "enc"), curve, rsa, edwards))
    listed["keys"][2]["alg"] = "PS256"
    app = await signer(harness, jwks=json.dumps(listed))
    for key, algorithm in ((curve, "ES256"), (rsa, "PS256"), (edwards, "EdDSA")):
        pushed = await replace(app, key=key, algorithm=algorithm).post(PAR, WHOLE)
        assert pushed.status_code == 201, algorithm
    refused = await replace(app, key=stranger).post(PAR, WHOLE)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


async def test_5_4_2_the_keys_and_signatures_of_this_server(harness: AppHarness) -> None:
    await harness.person()
    keys = (await harness.browser().get("/.well-known/jwks.json")).json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    assert not any({"x5u", "jku"} & key.keys() for key in keys)
    discovery = (await harness.browser().get("/.well-known/openid-configuration")).json()
    assert discovery["jwks_uri"].startswith("https://")
    for algorithm in ("PS256", "ES256", "EdDSA"):
        app = await signer(harness)
        await harness.register_again(app.app, id_token_alg=algorithm)
        code = (await app.authorized(WHOLE))["code"]
        tokens = (await app.post(TOKEN, redeeming(code), proof=True)).json()
        header = header_of(tokens["id_token"])
        assert (header["alg"], header["kid"] in {key["kid"] for key in keys}) == (algorithm, True)
        assert not {"x5u", "jku", "jwk"} & header.keys()


async def test_5_3_2_1_2_a_password_gives_no_token(harness: AppHarness) -> None:
    await harness.person()
    app = await signer(harness)
    fields = {"grant_type": "password", "username": "ann@example.org", "password": "x"}
    refused = await app.post(TOKEN, fields, proof=True)
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")


async def test_5_3_2_1_13_times_that_are_ahead(harness: AppHarness) -> None:
    """At each place that takes a JWT: 10 seconds ahead are accepted, more than 60 are not."""
    await harness.person()
    app = await signer(harness)
    now = app.now()
    for ahead, accepted in ((10, True), (61, False)):
        moments = {"iat": now + ahead, "nbf": now + ahead}
        code = (await app.authorized(WHOLE))["code"]
        asserted = await app.post(TOKEN, redeeming(code), proof=True, **moments)
        assert asserted.is_success == accepted
        code = code if not accepted else (await app.authorized(WHOLE))["code"]
        proof = app.dpop.proof(harness.context.clock.now(), TOKEN, iat=now + ahead)
        by = {"client_assertion_type": BEARER, "client_assertion": app.assertion()}
        data = {**redeeming(code), **by}
        proved = await harness.browser().post(TOKEN, data=data, headers={"dpop": proof})
        assert proved.is_success == accepted
        if not accepted:
            assert asserted.json()["error"] == "invalid_client"
            assert proved.json()["error"] == "invalid_dpop_proof"
        pushed = await app.post(PAR, {"request": app.request_object(response_mode=None, **moments)})
        assert pushed.is_success == accepted


async def test_5_3_4_a_token_that_does_not_suffice(harness: AppHarness) -> None:
    """FAPI 2.0 §5.3.4 (3), (4): the scope, the end, the revocation; the errors of RFC 6750 §3.1."""
    await harness.person()
    app = await signer(harness)
    tokens = []
    for _ in range(2):
        code = (await app.authorized({**WHOLE, "scope": "openid"}))["code"]
        tokens.append((await app.post(TOKEN, redeeming(code), proof=True)).json()["access_token"])
    live, revoked = tokens
    less = await call(harness, app.dpop, live)
    assert less.status_code == 403
    challenge = less.headers["www-authenticate"]
    assert challenge.startswith("DPoP ")
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="basic"' in challenge
    await app.post("/api/v2/oauth2/revoke", {"token": revoked})
    harness.advance(hours=1)
    for token in (live, revoked, live[:-4] + "AAAA"):
        refused = await call(harness, app.dpop, token)
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]


async def test_message_signing_5_3_1_types_of_request_objects(harness: AppHarness) -> None:
    """RFC 9101 §4: a request object may have the type `oauth-authz-req+jwt`, and needs none."""
    app = await signer(harness, "fapi2_message_signing")
    claims = claims_of(app.request_object())
    for header in ({}, {"typ": "oauth-authz-req+jwt"}, {"typ": "JWT"}):
        request = signed(claims, app.key, app.algorithm, **header)
        assert (await app.post(PAR, {"request": request})).status_code == 201, header
