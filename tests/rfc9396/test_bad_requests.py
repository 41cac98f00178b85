"""RFC 9396 §5: malformed `authorization_details`; and the tokens that read no consent."""

import json
from typing import Any

import pytest

from support.app import AUTHORIZE, CALLBACK, CHALLENGE, ISSUER, AppHarness, form_fields, response_of
from support.registered_clients import key_set, make_key, registered, signed

SCOPE = "basic readmeasurements"
DETAIL: dict[str, Any] = {"type": "health_measurements", "actions": ["read"]}
SLEEP = [{**DETAIL, "categories": ["Sleep"]}]
CONSENT = "/api/v2/consents/current"
MALFORMED = {
    "a space": " ",
    "no JSON": "x",
    "no array": json.dumps(DETAIL),
    "no objects": "[1]",
    "a deep array": "[" * 4000,
    "a member twice": '[{"type":"health_measurements","actions":["read"],"actions":["read"]}]',
    "no type": '[{"actions":["read"]}]',
    "an unknown member": json.dumps([{**DETAIL, "locations": []}]),
    "a line break in a name": json.dumps([{**DETAIL, "variables": ["a\nb"]}]),
    "a lone surrogate": json.dumps([{**DETAIL, "variables": ["\ud800"]}]),
    "over 4,096 bytes": json.dumps(SLEEP) + " " * 4096,
}


@pytest.mark.parametrize("says", MALFORMED)
async def test_5_malformed_details_go_to_the_client_and_store_nothing(
    harness: AppHarness, says: str
) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    fields = {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
        "authorization_details": MALFORMED[says],
    }
    before = harness.rows()
    for response in (
        await browser.get(AUTHORIZE, params=fields),
        await browser.post(AUTHORIZE, data=fields),
    ):
        found = response_of(response)
        assert found.location.startswith(f"{CALLBACK}?")
        assert found.parameters["error"] == "invalid_authorization_details"
        assert len(found.parameters["error_description"]) < 200
    as_json = await browser.get(AUTHORIZE, params=fields, headers={"accept": "application/json"})
    assert as_json.status_code == 400
    assert as_json.json()["error"]["code"] == "invalid_authorization_details"
    assert harness.rows() == before


async def test_a_request_object_has_them_as_json_and_overrides_the_parameter(
    harness: AppHarness,
) -> None:
    await harness.person()
    key = make_key("ES256")
    app = await registered(harness, {"jwks": key_set(key)})
    claims = {
        "iss": app.id,
        "aud": ISSUER,
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    outside = json.dumps([DETAIL])
    for inside in (SLEEP, json.dumps(SLEEP)):
        token = signed({**claims, "authorization_details": inside}, key, "ES256")
        tokens = await harness.tokens(app, request=token, authorization_details=outside)
        assert tokens["authorization_details"] == SLEEP
    for malformed in ([], {}, 5, True, "x", [DETAIL, 1], [[DETAIL]]):
        token = signed({**claims, "authorization_details": malformed}, key, "ES256")
        found = await harness.authorize(await harness.signed_in(), app, request=token)
        assert found.parameters["error"] == "invalid_authorization_details", malformed
    # A member that is null is as one that is missing.
    both = [claims, {**claims, "authorization_details": None}]
    without, null = [await harness.tokens(app, request=signed(c, key, "ES256")) for c in both]
    assert null["authorization_details"] == without["authorization_details"]


async def test_only_a_live_access_token_reads_the_consent(harness: AppHarness) -> None:
    person = await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    scope = f"{SCOPE} openid"
    live, revoked = [await harness.tokens(app, browser, scope=scope) for _ in range(2)]
    code = (await harness.authorize(browser, app, scope=scope)).code
    await harness.revoke(app, revoked["access_token"])
    tokens = {
        "a revoked token": revoked["access_token"],
        "a refresh token": live["refresh_token"],
        "an ID token": live["id_token"],
        "a code": code,
        "the secret of an app": app.secret or "",
    }
    for says, token in tokens.items():
        refused = await harness.call(token, CONSENT)
        assert refused.status_code == 401, says
        assert refused.headers["www-authenticate"].startswith("Bearer"), says
        assert refused.json().keys() == {"error", "error_description"}, says
    assert (await harness.call(live["access_token"], CONSENT)).json()["clientId"] == app.id
    csrf = form_fields((await browser.get("/account")).text)["csrf"]
    await browser.post(f"/account/apps/{app.id}/revoke", data={"csrf": csrf})
    assert (await harness.call(live["access_token"], CONSENT)).status_code == 401
    again = await harness.tokens(app, browser, scope=scope)
    await harness.context.accounts.administration.disable(person.id)
    assert (await harness.call(again["access_token"], CONSENT)).status_code == 401
