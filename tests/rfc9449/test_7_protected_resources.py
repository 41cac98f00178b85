"""How a bound token is presented, and what a refusal says (RFC 9449 §7.1, §7.2, §8.2)."""

import httpx

from support.app import CALLBACK, ISSUER, ME, USERINFO, VERIFIER, AppHarness
from support.dpop import DPoPKey, call, post_token, token_hash

ALGS = 'DPoP algs="ES256 PS256 EdDSA Ed25519"'
UNITS = "/api/v1/units"
READABLE = (
    *(UNITS, "/api/v1/unitCategories", "/api/v1/variables", "/api/v1/variableCategories"),
    *("/api/v1/measurements", "/api/v2/consents/current", ME, USERINFO),
)
ABSENT = "/api/v1/variables/a%20b%2Fc%C3%A9"
METADATA = f"{ISSUER}/.well-known/oauth-protected-resource/api"


async def bound(harness: AppHarness, key: DPoPKey) -> str:
    """A person's token for the whole API, bound to this key."""
    await harness.person()
    app = await harness.app(first_party=True)
    scope = "openid basic readmeasurements writemeasurements"
    code = (await harness.authorize(await harness.signed_in(), app, scope=scope)).code
    redeeming = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    response = await post_token(harness, app, key.proof(harness.context.clock.now()), **redeeming)
    token: str = response.json()["access_token"]
    return token


async def test_8_2_no_response_with_a_nonce_is_stored_by_a_cache(harness: AppHarness) -> None:
    key = DPoPKey()
    token = await bound(harness, key)
    now, browser = harness.context.clock.now(), harness.browser()
    for path in (*READABLE, ABSENT):
        response = await call(harness, key, token, path)
        assert response.status_code == (404 if path == ABSENT else 200), response.text
        for each in (response, await call(harness, DPoPKey(), token, path)):
            assert len(each.headers.get_list("dpop-nonce")) == 1, path
            assert each.headers["cache-control"] == "no-store", path
        assert each.status_code == 401

    async def sent(method: str, path: str, of: str = "", **more: object) -> httpx.Response:
        proof = key.proof(now, path, of or method, ath=token_hash(token))
        headers = {"authorization": f"DPoP {token}", "dpop": proof}
        return await browser.request(method, path, headers=headers, **more)  # type: ignore[arg-type]

    # Of other methods; a proof for another method is refused at each of them (RFC 9449 §4.3).
    measurement = {"variableName": "Sleep", "value": 1, "unitAbbreviatedName": "h"}
    written = [{**measurement, "timestamp": int(now.timestamp())}]
    for method, path, body in (
        ("POST", USERINFO, None),
        ("POST", "/api/v1/measurements", written),
        ("DELETE", "/api/v2/measurements/1", None),
    ):
        wrong = await sent(method, path, "GET", json=body)
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_dpop_proof"), path
        good = await sent(method, path, json=body)
        assert good.status_code not in (401, 403), good.text
        assert len(good.headers.get_list("dpop-nonce")) == 1
        assert good.headers["cache-control"] == "no-store"


async def test_7_1_and_7_2_challenges(harness: AppHarness) -> None:
    key = DPoPKey()
    token = await bound(harness, key)
    now = harness.context.clock.now()

    async def sent(*headers: tuple[str, str], proof: bool = True) -> httpx.Response:
        shown = ("dpop", key.proof(now, UNITS, "GET", ath=token_hash(token)))
        return await harness.browser().get(
            UNITS, headers=[*headers, *([shown] if proof else []), ("origin", "https://a.example")]
        )

    # RFC 9110 §11.1: the name of a scheme has no case.
    for scheme in ("DPoP", "dpop", "DPOP"):
        assert (await sent(("authorization", f"{scheme} {token}"))).status_code == 200
    none = f'Bearer resource_metadata="{METADATA}", {ALGS}'
    for header in ([], [("authorization", "DPoP")], [("authorization", "Basic YTpi")]):
        for proof in (True, False):
            response = await sent(*header, proof=proof)
            # RFC 9449 §7.2: without a token both schemes, and no error.
            assert (response.status_code, response.headers["www-authenticate"]) == (401, none)
            assert "WWW-Authenticate" in response.headers["access-control-expose-headers"]
    # RFC 9449 §7.2: by the scheme that was used, and a bound token is no bearer token.
    for header, start in (
        (("authorization", f"Bearer {token}"), 'Bearer error="invalid_token"'),
        (("authorization", "Bearer unknown"), 'Bearer error="invalid_token"'),
        (("authorization", "DPoP unknown"), 'DPoP error="invalid_token"'),
        (("authorization", f"DPoP {token} {token}"), 'DPoP error="invalid_token"'),
        (("authorization", f"DPoP token={token}"), 'DPoP error="invalid_token"'),
    ):
        response = await sent(header)
        assert response.status_code == 401
        challenge = response.headers["www-authenticate"]
        assert challenge.startswith(start), header
        assert token not in challenge
        if start.startswith("DPoP"):
            assert ALGS.partition(" ")[2] in challenge
    # RFC 9449 §7.2: two ways at once (Figure 19), in each order.
    bearer, dpop = (("authorization", f"{scheme} {token}") for scheme in ("Bearer", "DPoP"))
    for twice in ((bearer, dpop), (dpop, bearer), (dpop, dpop)):
        response = await sent(*twice)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    query = {"access_token": token}
    proof = key.proof(now, UNITS, "GET", ath=token_hash(token))
    headers = {"authorization": f"DPoP {token}", "dpop": proof}
    response = await harness.browser().get(UNITS, params=query, headers=headers)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
