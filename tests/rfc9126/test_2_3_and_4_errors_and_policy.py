"""Pushed requests: the errors (RFC 9126 §2.3), what is random (RFC 9126 §2.2), and requests whose
application was changed after they were pushed (RFC 9126 §4)."""

from typing import Any

import httpx

from quantimodo.model.client_metadata import ClientMetadata
from support.app import AUTHORIZE, CALLBACK, CHALLENGE, AppHarness, OpenHarness, response_of
from support.jwt_forgery import forge
from support.registered_clients import key_set, make_key, registered, signed

PAR = "/api/v2/oauth2/par"
WHOLE = {
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "basic",
    "state": "pushed-state",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
_FORM = {"content-type": "application/x-www-form-urlencoded"}


async def test_2_3_each_status_of_an_error(open_harness: OpenHarness) -> None:
    async with open_harness(limits__pushed_requests_per_app="9 per 15m") as harness:
        app, other, browser = await harness.app(), await harness.app(), harness.browser()

        async def push(**sent: Any) -> httpx.Response:
            return await browser.post(PAR, auth=app.auth, **sent)

        whole = {"data": WHOLE}
        for sent, status, error in (
            ({"data": {**WHOLE, "client_id": other.id}}, 400, "invalid_request"),
            ({"data": {**WHOLE, "client_secret": str(app.secret)}}, 400, "invalid_request"),
            ({"json": WHOLE}, 400, "invalid_request"),
            ({"files": {"state": "x"}}, 400, "invalid_request"),
            ({"params": WHOLE}, 400, "invalid_request"),  # nothing is read of the address
            ({"params": WHOLE, "content": "", "headers": _FORM}, 400, "invalid_request"),
            ({"data": {**WHOLE, "state": "x" * 2_000_000}}, 413, "invalid_request"),
        ):
            response = await push(**sent)
            found = response.status_code, response.json()["error"]
            assert found == (status, error), (list(sent), response.text)
            assert response.headers["cache-control"] == "no-store"
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            response = await browser.request(method, PAR, auth=app.auth)
            assert (response.status_code, response.headers["allow"]) == (405, "OPTIONS, POST")
        uris = [(await push(**whole)).json()["request_uri"] for _ in range(9)]
        # RFC 9126 §2.2: not to be guessed; 256 random bits.
        random = {uri.removeprefix("urn:ietf:params:oauth:request_uri:qmu_") for uri in uris}
        assert len(random) == 9
        assert {len(each) for each in random} == {52}
        response = await push(**whole)
        assert response.status_code == 429
        assert int(response.headers["retry-after"]) > 0


async def test_2_3_a_client_that_must_sign_pushes_request_objects_alone(
    harness: AppHarness,
) -> None:
    """RFC 9126 §2.3, §3, RFC 9101 §10.5"""
    await harness.person()
    key = make_key("ES256")
    app = await registered(harness, {"jwks": key_set(key), "require_signed_request_object": True})
    claims = {**WHOLE, "iss": app.id, "client_id": app.id}
    unnamed = {name: value for name, value in claims.items() if name != "client_id"}
    unsigned = "eyJhbGciOiJub25lIn0.e30."
    for sent, error in (
        (WHOLE, "invalid_request"),
        ({**WHOLE, "request": ""}, "invalid_request"),
        ({**WHOLE, "request": unsigned}, "invalid_request_object"),
        ({**WHOLE, "request": signed(unnamed, key, "ES256")}, "invalid_request_object"),
        (
            {**WHOLE, "request": signed(claims, make_key("ES256"), "ES256")},
            "invalid_request_object",
        ),
        ({"request": signed({**claims, "request": "x"}, key, "ES256")}, "invalid_request_object"),
        ({"request": signed({**claims, "scope": "nothing"}, key, "ES256")}, "invalid_scope"),
    ):
        refused = await harness.post(PAR, app, sent)
        assert (refused.status_code, refused.json()["error"]) == (400, error), error
    accepted = await harness.post(PAR, app, {"request": signed(claims, key, "ES256")})
    assert accepted.status_code == 201, accepted.text


async def test_4_a_pushed_request_is_checked_by_what_its_app_is_now(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()

    async def opened(
        before: dict[str, Any], after: dict[str, Any], **changes: str
    ) -> httpx.Response:
        app = await harness.app(first_party=True, **before)
        response = await harness.post(PAR, app, {**WHOLE, **changes})
        sent = {"client_id": app.id, "request_uri": response.json()["request_uri"]}
        if after:
            await harness.register_again(app, **after)
        else:
            await harness.disable(app)
        return await browser.get(AUTHORIZE, params=sent)

    for after in ({}, {"redirect_uris": ("https://app.example.org/other",)}):
        response = await opened({}, after)
        assert response.status_code == 400, "on a page: there is no address to trust"
        assert "location" not in response.headers
    implicit = frozenset({"code", "token"})
    bound = ClientMetadata(dpop_bound_access_tokens=True)
    for before, after, changes, error in (
        ({}, {"scope": frozenset({"openid"})}, {}, "invalid_scope"),
        (
            {"response_types": implicit},
            {"response_types": frozenset({"code"})},
            {"response_type": "token"},
            "unauthorized_client",
        ),
        (
            {"response_types": implicit},
            {"metadata": bound},
            {"response_type": "token"},
            "unauthorized_client",
        ),
    ):
        answered = response_of(await opened(before, after, **changes)).parameters
        assert (answered["error"], answered["state"]) == (error, "pushed-state")


async def test_7_4_an_app_that_has_to_sign_by_now(harness: AppHarness) -> None:
    """RFC 9126 §4, §7.4: what was pushed unsigned is refused, and the signed request is not."""
    await harness.person()
    key, browser = make_key("ES256"), await harness.signed_in()
    keys = {"jwks": key_set(key)}
    for algorithm in ("", "none"):
        app = await registered(harness, {**keys, "request_object_signing_alg": algorithm})
        claims = {**WHOLE, "iss": app.id, "client_id": app.id}
        unsigned = forge({"alg": "none"}, claims, lambda _: b"")
        token = unsigned if algorithm else signed(claims, key, "ES256")
        uris = [
            (await harness.post(PAR, app, sent)).json()["request_uri"]
            for sent in (WHOLE, {"request": token})
        ]
        required = ClientMetadata(**keys, require_signed_request_object=True)
        await harness.register_again(app, metadata=required)
        for uri, is_signed in zip(uris, (False, not algorithm), strict=True):
            sent = {"client_id": app.id, "request_uri": uri}
            found = response_of(await browser.get(AUTHORIZE, params=sent)).parameters
            assert ("code" in found) is is_signed, found
            assert found.get("error") == (None if is_signed else "invalid_request")
            assert found["state"] == "pushed-state"
