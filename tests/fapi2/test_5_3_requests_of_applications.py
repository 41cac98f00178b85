"""The requests of an application with the FAPI 2.0 Security Profile (FAPI 2.0 §5.3, §5.4), and with
FAPI 2.0 Message Signing §5, over HTTP. The cases include those of the OpenID Foundation's suite."""

from dataclasses import replace
from typing import Any, NamedTuple

from support.app import AUTHORIZE, CALLBACK, INTROSPECT, ISSUER, ME, TOKEN, AppHarness, response_of
from support.dpop import DPoPKey, call, token_hash
from support.fapi import PAR, WHOLE, Signer, redeeming, signer
from support.jwt_forgery import claims_of, forge, header_of, unsigned, verified

RESOURCE = "/api/v1/units"


class Case(NamedTuple):
    """A changed request: parameters, and claims of its client assertion or request object."""

    section: str
    fields: dict[str, Any]
    claims: dict[str, Any]
    errors: tuple[str, ...] = ("invalid_request",)


def clients_refused(now: int) -> tuple[Case, ...]:
    """Client assertions that are refused at each endpoint, with 401."""
    return (
        Case("5.3.2.1 (8)", {}, {"aud": ISSUER + TOKEN}),
        Case("5.3.2.1 (8)", {}, {"aud": ISSUER + PAR}),
        Case("5.3.2.1 (8)", {}, {"aud": [ISSUER]}),
        Case("5.3.2.1 (8)", {}, {"aud": [ISSUER, "https://other.example.org"]}),
        Case("5.3.2.1 (8)", {}, {"aud": "https://other.example.org"}),
        Case("5.3.2.1 (13)", {}, {"iat": now + 60, "exp": now + 120}),
        Case("5.3.2.1 (13)", {}, {"nbf": now + 60, "exp": now + 120}),
        Case("RFC 7523 3", {}, {"exp": now - 300}),
        Case("RFC 7523 3", {}, {"exp": None}),
        Case("RFC 7523 3", {}, {"sub": None}),
        Case("RFC 7523 3", {}, {"iss": None}),
        Case("5.3.2.2 (4)", {"client_assertion": None, "client_assertion_type": None}, {}),
    )


PUSHES_REFUSED: tuple[Case, ...] = (
    Case(
        "5.3.2.2 (1)",
        {"response_type": "code id_token", "nonce": "some-nonce"},
        {},
        ("unsupported_response_type", "invalid_request", "unauthorized_client"),
    ),
    Case(
        "5.3.2.2 (1)",
        {"response_type": "token"},
        {},
        ("unsupported_response_type", "invalid_request", "unauthorized_client"),
    ),
    Case("5.3.2.2 (5)", {"code_challenge": None, "code_challenge_method": None}, {}),
    Case("5.3.2.2 (5)", {"code_challenge_method": "plain"}, {}),
    Case("5.3.2.2 (5)", {"code_challenge_method": None}, {}),
    Case("5.3.2.2 (6)", {"redirect_uri": None}, {}),
    Case("5.3.2.2 (6)", {"redirect_uri": None, "scope": "basic"}, {}),
    Case("RFC 9126 2.4", {"redirect_uri": CALLBACK + "/other"}, {}),
    Case("RFC 9126 2.1", {"request_uri": "urn:example:some-request"}, {}),
)


def objects_refused(now: int) -> tuple[Case, ...]:
    """Claims of request objects that are refused."""
    bad = ("invalid_request_object",)
    return (
        Case("Message Signing 5.3.1 (2)", {}, {"aud": None}, bad),
        Case("Message Signing 5.3.1 (2)", {}, {"aud": "https://other.example.org"}, bad),
        Case("Message Signing 5.3.1 (3)", {}, {"nbf": None}, bad),
        Case("Message Signing 5.3.1 (3)", {}, {"nbf": now - 4200}, bad),
        Case("Message Signing 5.3.1 (3)", {}, {"nbf": now - 4200, "exp": now - 601}, bad),
        Case("Message Signing 5.3.1 (4)", {}, {"exp": None}, bad),
        Case("Message Signing 5.3.1 (4)", {}, {"exp": now - 3600}, bad),
        Case("Message Signing 5.3.1 (4)", {}, {"exp": now + 4200}, bad),
        Case("5.3.2.1 (13)", {}, {"iat": now + 60}, bad),
        Case("5.3.2.1 (13)", {}, {"nbf": now + 60}, bad),
        Case("RFC 9126 2.1", {}, {"request_uri": "urn:example:some-request"}, bad),
        Case("5.3.2.2 (6)", {}, {"redirect_uri": None}),
    )


async def test_5_3_the_whole_flow_and_refreshes_without_rotation(harness: AppHarness) -> None:
    await harness.person()
    app = await signer(harness)
    found = await app.authorized(WHOLE)
    assert found["iss"] == ISSUER  # FAPI 2.0 §5.3.2.2 (7)
    tokens = (await app.post(TOKEN, redeeming(found["code"]), proof=True)).json()
    assert tokens["token_type"] == "DPoP"
    assert (await call(harness, app.dpop, tokens["access_token"])).status_code == 200
    assert header_of(tokens["id_token"])["alg"] == "PS256"  # FAPI 2.0 §5.4.1 (1)
    # FAPI 2.0 §5.3.2.1 (9): the refresh token stays valid, as long as the grant.
    assert tokens["refresh_token_expires_in"] == tokens["authorization_expires_in"]
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    other = await signer(harness)
    for _ in range(3):
        stolen = await other.post(TOKEN, refresh, proof=True)
        assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
        again = await app.post(TOKEN, refresh, proof=True)
        assert again.status_code == 200, again.text
        assert "refresh_token" not in again.json()
        assert again.json()["access_token"] != tokens["access_token"]
        assert (await call(harness, app.dpop, again.json()["access_token"])).status_code == 200
        harness.advance(days=20)
    # Its revocation ends the grant, and the access tokens of all refreshes.
    await app.post("/api/v2/oauth2/revoke", {"token": tokens["refresh_token"]})
    assert (await app.post(TOKEN, refresh, proof=True)).status_code == 400


async def test_5_3_2_refused_pushes(harness: AppHarness) -> None:
    app = await signer(harness)
    now = app.now()
    for case in clients_refused(now):
        refused = await app.post(PAR, {**WHOLE, **case.fields}, **case.claims)
        assert refused.status_code == 401, case
        assert refused.json()["error"] == "invalid_client", case
    for case in PUSHES_REFUSED:
        refused = await app.post(PAR, {**WHOLE, **case.fields}, **case.claims)
        assert refused.status_code == 400, case
        assert refused.json()["error"] in case.errors, case
    # RFC 9449 §10.1: `dpop_jkt` of another key than the proof's.
    other_key = {"dpop_jkt": DPoPKey().thumbprint}
    mismatched = await app.post(PAR, {**WHOLE, **other_key}, proof=True)
    assert (mismatched.status_code, mismatched.json()["error"]) == (400, "invalid_request")
    assert (await harness.browser().get(PAR, params=WHOLE)).status_code == 405
    # FAPI 2.0 §5.3.2.1 (13); RFC 6749 §3.3
    accepted: tuple[dict[str, Any], ...] = (
        {"nonce": "n" * 64},
        {"nonce": "n" * 384},
        {"state": "s" * 1000},
        {"scope": "basic openid"},
        {"nonce": None, "state": None},
    )
    for fields in accepted:
        ahead = await app.post(PAR, {**WHOLE, **fields}, iat=now + 10, nbf=now + 10)
        assert ahead.status_code == 201, fields
        assert ahead.json()["expires_in"] < 600  # FAPI 2.0 §5.3.2.2 (12)


async def test_5_3_2_2_the_request_uri(harness: AppHarness) -> None:
    await harness.person()
    app, other = await signer(harness), await signer(harness)
    # FAPI 2.0 §5.3.2.2 (3): a request that was not pushed, as parameters or as an object.
    browser = await harness.signed_in()
    for extra in ({}, {"request": app.request_object(response_mode=None)}):
        response = await harness.ask(browser, app.app, **extra)
        found = response_of(response).parameters
        assert (found["error"], found["iss"]) == ("invalid_request", ISSUER)
    # FAPI 2.0 §5.3.2.2 Note 3: opened twice before the person signs in.
    uri = await app.pushed(WHOLE)
    anonymous = harness.browser()
    for _ in range(2):
        page = await anonymous.get(AUTHORIZE, params={"client_id": app.app.id, "request_uri": uri})
        assert page.status_code == 303
        assert page.headers["location"].startswith("/sign-in")
    assert (await other.opened(uri, browser)).status_code == 400
    assert "code" in response_of(await app.opened(uri, browser)).parameters
    # RFC 9126 §7.3: once; and not after its end.
    assert (await app.opened(uri, browser)).status_code == 400
    late = await app.pushed(WHOLE)
    harness.advance(seconds=600)
    assert (await app.opened(late, browser)).status_code == 400


async def test_5_3_2_refused_token_requests(harness: AppHarness) -> None:
    await harness.person()
    app, other = await signer(harness), await signer(harness)
    code = (await app.authorized(WHOLE))["code"]
    for case in clients_refused(app.now()):
        refused = await app.post(
            TOKEN, {**redeeming(code), **case.fields}, proof=True, **case.claims
        )
        assert refused.status_code == 401, case
        assert refused.json()["error"] == "invalid_client", case
    named = await app.post(TOKEN, {**redeeming(code), "client_id": other.app.id}, proof=True)
    assert (named.status_code, named.json()["error"]) == (401, "invalid_client")
    # FAPI 2.0 §5.3.2.1 (4): without a proof, also of an application for itself.
    for fields in (redeeming(code), {"grant_type": "client_credentials", "scope": "basic"}):
        refused = await app.post(TOKEN, fields)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    grants: tuple[tuple[Signer, dict[str, Any]], ...] = (
        (app, {"code_verifier": None}),  # FAPI 2.0 §5.3.2.2 (5)
        (app, {"code_verifier": "v" * 43}),
        (other, {}),  # RFC 6749 §4.1.3
    )
    for sender, changes in grants:
        refused = await sender.post(TOKEN, {**redeeming(code), **changes}, proof=True)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant"), changes
    # RFC 9449 §10, §10.1: bound by `dpop_jkt`, or by the proof of the push, to another key.
    uri = (await app.post(PAR, WHOLE, proof=True)).json()["request_uri"]
    browser = await harness.signed_in()
    by_proof = response_of(await app.opened(uri, browser)).parameters["code"]
    by_jkt = (await app.authorized({**WHOLE, "dpop_jkt": app.dpop.thumbprint}))["code"]
    other_key = replace(app, dpop=DPoPKey())
    for bound in (by_proof, by_jkt):
        stolen = await other_key.post(TOKEN, redeeming(bound), proof=True)
        assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
        assert (await app.post(TOKEN, redeeming(bound), proof=True)).status_code == 200
    # FAPI 2.0 §5.3.2.2 (9): a code that was used; its tokens end (RFC 6749 §4.1.2).
    code = (await app.authorized(WHOLE))["code"]
    token = (await app.post(TOKEN, redeeming(code), proof=True)).json()["access_token"]
    harness.advance(seconds=11)
    again = await app.post(TOKEN, redeeming(code), proof=True)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await call(harness, app.dpop, token)).status_code == 401
    # FAPI 2.0 §5.3.2.1 (11): a code of more than 60 seconds ago.
    late = (await app.authorized(WHOLE))["code"]
    harness.advance(seconds=62)
    expired = await app.post(TOKEN, redeeming(late), proof=True)
    assert (expired.status_code, expired.json()["error"]) == (400, "invalid_grant")


async def test_5_3_4_resource_requests(harness: AppHarness) -> None:
    await harness.person()
    app = await signer(harness)
    code = (await app.authorized(WHOLE))["code"]
    token = (await app.post(TOKEN, redeeming(code), proof=True)).json()["access_token"]
    # FAPI 2.0 §5.3.4 (2): a token in an address.
    assert (await harness.browser().get(f"{ME}?access_token={token}")).status_code in (400, 401)
    now = harness.context.clock.now()

    async def status(scheme: str, *, proof: bool = True) -> int:
        made = app.dpop.proof(now, RESOURCE, "GET", ath=token_hash(token))
        headers = {"authorization": f"{scheme} {token}"} | ({"dpop": made} if proof else {})
        return (await harness.browser().get(RESOURCE, headers=headers)).status_code

    assert await status("DPoP") == 200
    assert await status("dPOP") == 200  # RFC 9110 §11.1
    assert await status("DPoP", proof=False) == 401
    assert await status("Bearer") == 401
    assert await status("Bearer", proof=False) == 401
    # FAPI 2.0 §5.3.2.1 (13), for proofs.
    for seconds in (-10, 10):
        iat = int(now.timestamp()) + seconds
        assert (await call(harness, app.dpop, token, iat=iat)).status_code == 200


async def test_5_4_1_other_algorithms_are_refused(harness: AppHarness) -> None:
    """Also those that the application did not exclude in its registration."""
    trusted = await signer(harness, algorithm="PS256")
    weak = replace(trusted, algorithm="RS256")
    assert (await trusted.post(PAR, WHOLE)).status_code == 201
    assert (await weak.post(PAR, WHOLE)).status_code == 401
    stranger = await signer(harness, algorithm="PS256")
    whole = trusted.request_object()
    objects = (
        weak.request_object(),
        forge({"alg": "none"}, claims_of(whole), unsigned),
        whole[:-8] + "AAAAAAAA",
        replace(trusted, key=stranger.key).request_object(),
    )
    for request in objects:
        refused = await trusted.post(PAR, {"request": request})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request_object")
    assert (await trusted.post(PAR, {"request": whole})).status_code == 201


async def test_message_signing_5_3_to_5_5(harness: AppHarness) -> None:
    await harness.person()
    app = await signer(harness, "fapi2_message_signing")
    now = app.now()
    for case in objects_refused(now):
        refused = await app.post(PAR, {"request": app.request_object(**case.claims)})
        assert (refused.status_code, refused.json()["error"]) == (400, case.errors[0]), case
    for mode in (None, "query"):  # FAPI 2.0 Message Signing §5.4.1
        refused = await app.post(PAR, {"request": app.request_object(response_mode=mode)})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    # FAPI 2.0 Message Signing §5.3.1 (1): an unsigned request.
    refused = await app.post(PAR, {**WHOLE, "response_mode": "jwt"})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    # What stands beside the object does not count.
    audience = [ISSUER, "https://other.example.org"]
    request = app.request_object(iat=now + 10, nbf=now + 10, aud=audience, state=None)
    found = await app.authorized({"request": request, "state": "outer", "nonce": "outer"})
    assert set(found) == {"response"}
    claims = await verified(harness, found["response"], "PS256")
    assert claims["iss"] == ISSUER
    assert "state" not in claims
    tokens = (await app.post(TOKEN, redeeming(str(claims["code"])), proof=True)).json()
    assert "nonce" not in claims_of(tokens["id_token"])
    # FAPI 2.0 Message Signing §5.5.1: signed, whatever the request accepts.
    response = await app.post(INTROSPECT, {"token": tokens["access_token"]})
    assert response.headers["content-type"] == "application/token-introspection+jwt"
    described = await verified(harness, response.text, "PS256")
    assert described["token_introspection"]["active"] is True


async def test_message_signing_of_requests_alone(harness: AppHarness) -> None:
    """FAPI 2.0 Message Signing §5.1: software can conform to signed requests without signed
    responses (RFC 9101 §10.5)."""
    await harness.person()
    app = await signer(harness, require_signed_request_object=True)
    refused = await app.post(PAR, WHOLE)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    for case in objects_refused(app.now()):
        assert (await app.post(PAR, {"request": app.request_object(**case.claims)})).is_error, case
    found = await app.authorized({"request": app.request_object(response_mode=None)})
    assert found["state"] == WHOLE["state"]
    # The same for an application without a profile, at the authorization endpoint.
    plain = await signer(harness, "legacy", require_signed_request_object=True)
    response = await harness.ask(await harness.signed_in(), plain.app)
    assert response_of(response).parameters["error"] == "invalid_request"
