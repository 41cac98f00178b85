"""DPoP-bound tokens (RFC 9449 §5 to §7, §10) over HTTP."""

import httpx

from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    ME,
    USERINFO,
    AppHarness,
    response_of,
)
from support.dpop import DPoPKey, call, post_token, token_hash
from support.fapi import redeeming
from support.jwt_forgery import claims_of
from support.registered_clients import registered

OWN = {"grant_type": "client_credentials"}
ALGS = 'algs="ES256 PS256 EdDSA Ed25519"'


def refreshing(token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token}


async def test_5_a_token_of_each_grant_type_is_bound_and_opens_resources_by_its_key(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, key, attacker = await harness.app(), DPoPKey(), DPoPKey()
    now = harness.context.clock.now
    own = await post_token(harness, app, key.proof(now()), **OWN)
    assert own.json()["token_type"] == "DPoP"
    code = (await harness.authorize(await harness.signed_in(), app, scope="openid basic")).code
    first = (await post_token(harness, app, key.proof(now()), **redeeming(code))).json()
    second = await post_token(harness, app, key.proof(now()), **refreshing(first["refresh_token"]))
    assert (first["token_type"], second.json()["token_type"]) == ("DPoP", "DPoP")
    for token in (first["access_token"], second.json()["access_token"]):
        # RFC 9449 §6.2
        found = await harness.introspect(app, token)
        assert found["cnf"] == {"jkt": key.thumbprint}
        assert found["token_type"] == "DPoP"
        for path in (ME, USERINFO, "/api/v2/consents/current", "/api/v1/units"):
            response = await call(harness, key, token, path)
            assert response.status_code == 200, response.text
            assert "dpop-nonce" in response.headers, "RFC 9449 §8.2"
    # RFC 9449 §7.1, §7.2: another key, another token, no proof, a bearer token.
    token = first["access_token"]
    foreign = await call(harness, attacker, token)
    assert foreign.status_code == 401
    assert foreign.headers["www-authenticate"].startswith('DPoP error="invalid_token"')
    assert ALGS in foreign.headers["www-authenticate"]
    other = await call(harness, key, token, ath=token_hash("another"))
    assert other.json()["error"] == "invalid_dpop_proof"
    headers = {"authorization": f"DPoP {token}"}
    bare = await harness.browser().get(ME, headers=headers)
    assert (bare.status_code, bare.json()["error"]) == (401, "invalid_dpop_proof")
    for response in (
        await harness.call(token),
        await harness.browser().get(ME, params={"access_token": token}),
    ):
        assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
        assert f"DPoP {ALGS}" in response.headers["www-authenticate"]
    plain = (await harness.tokens(app))["access_token"]
    assert (await harness.call(plain)).status_code == 200
    downgraded = await call(harness, key, plain)
    assert (downgraded.status_code, downgraded.json()["error"]) == (401, "invalid_token")
    for dead in ("qma_" + "A" * 52, "qma_" + "A" * 5000, "qma_!"):
        unknown = await call(harness, key, dead)
        assert unknown.status_code == 401
        assert unknown.headers["www-authenticate"].startswith('DPoP error="invalid_token"')
    # RFC 9449 §7.1: the challenge of a request without a token has both schemes.
    challenge = (await harness.browser().get(ME)).headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert challenge.endswith(f", DPoP {ALGS}")
    narrow = await call(harness, key, own.json()["access_token"], USERINFO)
    assert narrow.status_code == 403
    assert narrow.headers["www-authenticate"].startswith('DPoP error="insufficient_scope"')


async def test_4_3_a_proof_is_used_once_and_a_refused_request_uses_none(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, key = await harness.app(), DPoPKey()
    now = harness.context.clock.now()
    once = key.proof(now)
    unknown = await post_token(harness, app, once, **redeeming("qmc_" + "A" * 52))
    assert unknown.json()["error"] == "invalid_grant"
    response = await post_token(harness, app, once, **OWN)
    assert response.status_code == 200
    again = await post_token(harness, app, once, **OWN)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_dpop_proof")
    other_key = DPoPKey().proof(now, jti=claims_of(once)["jti"])
    assert (await post_token(harness, app, other_key, **OWN)).status_code == 200
    # At resources, too.
    token = response.json()["access_token"]
    path = "/api/v1/units"
    proof = key.proof(now, path, "GET", ath=token_hash(token))
    headers = {"authorization": f"DPoP {token}", "dpop": proof}
    statuses = [(await harness.browser().get(path, headers=headers)).status_code for _ in "12"]
    assert statuses == [200, 401]
    # RFC 9449 §4.3: not more than one header; at another endpoint, method or origin it is no proof.
    twice = [("authorization", f"DPoP {token}"), *[("dpop", key.proof(now))] * 2]
    assert (await harness.browser().get(path, headers=twice)).status_code == 401
    for changes in ({"htm": "GET"}, {"htu": "https://api.example.org/x"}, {"iat": 5}):
        wrong = await post_token(harness, app, key.proof(now, **changes), **OWN)
        assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_dpop_proof")
    head = key.proof(now, path, "HEAD", ath=token_hash(token))
    headers = {"authorization": f"DPoP {token}", "dpop": head}
    assert (await harness.browser().head(path, headers=headers)).status_code == 200


async def test_5_refresh_tokens_of_public_clients_are_bound_to_the_key(
    harness: AppHarness,
) -> None:
    await harness.person()
    key, attacker, now = DPoPKey(), DPoPKey(), harness.context.clock.now
    public, confidential = await harness.app(public=True), await harness.app()
    browser = await harness.signed_in()
    tokens = {}
    for app in (public, confidential):
        code = (await harness.authorize(browser, app)).code
        response = await post_token(harness, app, key.proof(now()), **redeeming(code))
        tokens[app.id] = response.json()["refresh_token"]
    stolen = refreshing(tokens[public.id])
    for proof in (None, attacker.proof(now())):
        refused = await post_token(harness, public, proof, **stolen)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    good = await post_token(harness, public, key.proof(now()), **stolen)
    # A spent token without the key ends nothing, after its successor was used and the grace too.
    successor = refreshing(good.json()["refresh_token"])
    last = (await post_token(harness, public, key.proof(now()), **successor)).json()
    harness.advance(minutes=5)
    assert (await post_token(harness, public, attacker.proof(now()), **stolen)).status_code == 400
    assert (await call(harness, key, last["access_token"])).status_code == 200
    ended = await post_token(harness, public, key.proof(now()), **stolen)
    assert ended.json()["error"] == "invalid_grant"
    assert (await call(harness, key, last["access_token"])).status_code == 401
    # A confidential client's token is bound to the client; the new token to the key of the proof.
    used = refreshing(tokens[confidential.id])
    new = await post_token(harness, confidential, attacker.proof(now()), **used)
    assert (await call(harness, attacker, new.json()["access_token"])).status_code == 200
    found = await harness.introspect(confidential, new.json()["refresh_token"])
    assert "cnf" not in found
    # The repeat of a lost response has a token for the key that is shown now.
    again = await post_token(harness, confidential, key.proof(now()), **used)
    assert again.json()["refresh_token"] == new.json()["refresh_token"]
    assert (await call(harness, key, again.json()["access_token"])).status_code == 200
    assert (await call(harness, attacker, new.json()["access_token"])).status_code == 200


async def test_5_2_a_client_that_registered_bound_tokens_gets_no_others(
    harness: AppHarness,
) -> None:
    await harness.person()
    app = await registered(
        harness,
        {"dpop_bound_access_tokens": True},
        response_types=frozenset({"code", "token", "code token"}),
    )
    key = DPoPKey()
    refused = await post_token(harness, app, None, **OWN)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    proof = key.proof(harness.context.clock.now())
    assert (await post_token(harness, app, proof, **OWN)).json()["token_type"] == "DPoP"
    browser = await harness.signed_in()
    for words in ("token", "code token"):
        response = await harness.authorize(browser, app, response_type=words)
        assert response.parameters["error"] == "unauthorized_client"


async def test_6_1_a_jwt_access_token_has_its_key(harness: AppHarness) -> None:
    app, key = await harness.app(token_format="jwt"), DPoPKey()
    proof = key.proof(harness.context.clock.now())
    token = (await post_token(harness, app, proof, **OWN)).json()["access_token"]
    assert claims_of(token)["cnf"] == {"jkt": key.thumbprint}
    assert (await call(harness, key, token, "/api/v1/units")).status_code == 200
    assert (await call(harness, DPoPKey(), token, "/api/v1/units")).status_code == 401
    assert (await harness.call(token, "/api/v1/units")).status_code == 401
    assert (await harness.introspect(app, token))["cnf"] == {"jkt": key.thumbprint}


async def test_10_a_code_is_bound_to_the_key_of_its_request(harness: AppHarness) -> None:
    await harness.person()
    app, key, now = await harness.app(), DPoPKey(), harness.context.clock.now()
    browser = await harness.signed_in()
    code = (await harness.authorize(browser, app, dpop_jkt=key.thumbprint)).code
    for proof in (None, DPoPKey().proof(now)):
        refused = await post_token(harness, app, proof, **redeeming(code))
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    good = await post_token(harness, app, key.proof(now), **redeeming(code))
    assert good.json()["token_type"] == "DPoP"
    # Its holder alone can end the grant by a second use.
    assert (await post_token(harness, app, None, **redeeming(code))).status_code == 400
    assert (await call(harness, key, good.json()["access_token"])).status_code == 200
    for bad in ("x", key.thumbprint + "A", "é" * 43):
        response = await harness.authorize(browser, app, dpop_jkt=bad)
        assert response.parameters["error"] == "invalid_request"


async def test_10_1_a_pushed_request_is_bound_to_the_key_of_its_proof(harness: AppHarness) -> None:
    await harness.person()
    app, key, now = await harness.app(), DPoPKey(), harness.context.clock.now()
    browser, path = await harness.signed_in(), "/api/v2/oauth2/par"
    requested = {
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }

    async def push(proof: str, **more: str) -> httpx.Response:
        data, headers = {**requested, **more}, {"dpop": proof}
        return await harness.browser().post(path, data=data, auth=app.auth, headers=headers)

    other = await push(key.proof(now, path), dpop_jkt=DPoPKey().thumbprint)
    assert (other.status_code, other.json()["error"]) == (400, "invalid_request")
    once = key.proof(now, path)
    pushed = await push(once, dpop_jkt=key.thumbprint)
    assert pushed.status_code == 201, pushed.text
    assert "dpop-nonce" in pushed.headers
    for bad in (once, key.proof(now), key.proof(now, path, "GET")):
        assert (await push(bad)).json()["error"] == "invalid_dpop_proof"
    sent = {
        "client_id": app.id,
        "request_uri": (await push(key.proof(now, path))).json()["request_uri"],
    }
    page = await harness.decide(browser, await browser.get(AUTHORIZE, params=sent))
    code = response_of(page).code
    stolen = await post_token(harness, app, DPoPKey().proof(now), **redeeming(code))
    assert stolen.json()["error"] == "invalid_grant"
    good = await post_token(harness, app, key.proof(now), **redeeming(code))
    assert good.json()["token_type"] == "DPoP"


async def test_5_1_discovery_and_scripts_of_other_origins(harness: AppHarness) -> None:
    document = (await harness.browser().get("/.well-known/openid-configuration")).json()
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA", "Ed25519"]
    requested = {"origin": "https://app.example.org", "access-control-request-method": "GET"}
    response = await harness.browser().options(ME, headers=requested)
    assert "DPoP" in response.headers["access-control-allow-headers"]


async def test_6_2_introspection_needs_no_proof(harness: AppHarness) -> None:
    # RFC 9449 §6.2: the resource server checks the proof.
    app, attacker, key = await harness.app(), await harness.app(), DPoPKey()
    proof = key.proof(harness.context.clock.now())
    token = (await post_token(harness, app, proof, **OWN)).json()["access_token"]
    assert (await harness.introspect(app, token))["active"] is True
    assert (await harness.introspect(attacker, token)) == {"active": False}
