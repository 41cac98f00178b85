"""Pushed authorization requests (RFC 9126), through the wire."""

import asyncio
from typing import Any

import httpx
import pytest

from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    ISSUER,
    VERIFIER,
    App,
    AppHarness,
    OpenHarness,
    response_of,
)
from support.registered_clients import BEARER, key_set, make_key, registered, signed

PAR = "/api/v2/oauth2/par"
URN = "urn:ietf:params:oauth:request_uri:"
WHOLE = {
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "basic",
    "state": "pushed-state",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


async def push(harness: AppHarness, app: App, **changes: str | None) -> httpx.Response:
    sent = {name: text for name, text in {**WHOLE, **changes}.items() if text is not None}
    if app.secret is None:
        sent.setdefault("client_id", app.id)
    return await harness.post(PAR, app, sent)


async def pushed(harness: AppHarness, app: App, **changes: str | None) -> str:
    response = await push(harness, app, **changes)
    assert response.status_code == 201, response.text
    uri: str = response.json()["request_uri"]
    return uri


async def ask(browser: httpx.AsyncClient, app: App, uri: str, **more: str) -> httpx.Response:
    return await browser.get(AUTHORIZE, params={"client_id": app.id, "request_uri": uri, **more})


def is_refused(response: httpx.Response) -> bool:
    """By a page: nothing goes to the app, for whose address is not known."""
    return response.status_code == 400 and "location" not in response.headers


async def test_2_the_response_and_the_flow_behind_it(harness: AppHarness) -> None:
    await harness.person()
    for app in (await harness.app(), await harness.app(public=True)):
        response = await push(harness, app)
        assert response.status_code == 201
        assert response.headers["cache-control"] == "no-store"
        body = response.json()
        assert set(body) == {"request_uri", "expires_in"}
        assert body["expires_in"] == 90
        assert body["request_uri"].startswith(URN)
        browser = await harness.signed_in()
        # RFC 9126 §4: what stands beside the two parameters is ignored, a repeated one too.
        page = await browser.get(
            f"{AUTHORIZE}?client_id={app.id}&request_uri={body['request_uri']}"
            "&state=outer&scope=email&redirect_uri=https://evil.example.org/&scope=openid"
            "&redirect_uri=x&client_secret=wrong&token=nothing&nonce=%ff"
        )
        if app.client.public:
            assert 'id="allow"' in page.text
        found = response_of(await harness.decide(browser, page))
        assert found.location.startswith(CALLBACK)
        assert found.parameters["state"] == "pushed-state"
        assert found.parameters["iss"] == ISSUER
        tokens = await harness.redeem(app, found.code)
        assert tokens.json()["scope"] == "basic"


async def test_2_1_the_client_authenticates_as_at_the_token_endpoint(harness: AppHarness) -> None:
    app, other = await harness.app(), await harness.app()
    public = await harness.app(public=True)
    key = make_key("ES256")
    signer = await registered(
        harness, {"jwks": key_set(key), "token_endpoint_auth_method": "private_key_jwt"}
    )
    anonymous = harness.browser()
    for sent, auth in (
        ({**WHOLE}, None),
        ({**WHOLE, "client_id": app.id}, None),
        ({**WHOLE, "client_id": app.id, "client_secret": "wrong"}, None),
        ({**WHOLE, "client_id": "unknown"}, None),
        ({**WHOLE}, httpx.BasicAuth(app.id, str(other.secret))),
        ({**WHOLE, "client_id": public.id, "client_secret": str(app.secret)}, None),
        ({**WHOLE, "client_id": signer.id, "client_secret": str(signer.secret)}, None),
    ):
        refused = await anonymous.post(PAR, data=sent, auth=auth)
        assert refused.status_code == 401, sent
        assert refused.json()["error"] == "invalid_client"
    # RFC 9126 §2: the audience is the issuer, the token endpoint or this endpoint.
    now = int(harness.context.clock.now().timestamp())
    for number, audience in enumerate(
        (ISSUER, f"{ISSUER}/api/v2/oauth2/access_token", ISSUER + PAR)
    ):
        claims = {"iss": signer.id, "sub": signer.id, "aud": audience, "exp": now + 60}
        assertion = signed({**claims, "jti": f"push {number}"}, key, "ES256")
        sent = {**WHOLE, "client_assertion": assertion, "client_assertion_type": BEARER}
        accepted = await anonymous.post(PAR, data=sent)
        assert accepted.status_code == 201, accepted.text
        assert (await anonymous.post(PAR, data=sent)).status_code == 401, "used once"


REFUSED: tuple[tuple[dict[str, str | None], str], ...] = (
    ({"request_uri": URN + "qmu_x"}, "invalid_request"),  # RFC 9126 §2.1
    ({"request_uri": "https://app.example.org/request.jwt"}, "invalid_request"),
    ({"redirect_uri": "https://evil.example.org/"}, "invalid_request"),
    ({"redirect_uri": CALLBACK + "/"}, "invalid_request"),
    ({"redirect_uri": None, "scope": "openid"}, "invalid_request"),
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unauthorized_client"),
    ({"response_type": "nothing"}, "unsupported_response_type"),
    ({"response_mode": "carrier"}, "invalid_request"),
    ({"scope": "nothing"}, "invalid_scope"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"authorization_details": "[]x"}, "invalid_authorization_details"),
    ({"request": "no object"}, "invalid_request_object"),
    ({"state": "a" * 5000, "nonce": "a" * 8000, "login_hint": "a" * 8000}, "invalid_request"),
)


async def test_2_3_what_authorize_would_refuse_is_refused_at_once(harness: AppHarness) -> None:
    app = await harness.app()
    before = harness.rows()["authorization_requests"]
    for changes, error in REFUSED:
        response = await push(harness, app, **changes)
        assert response.status_code == 400, changes
        assert response.json()["error"] == error, changes
        assert response.headers["cache-control"] == "no-store"
    doubled = await harness.browser().post(
        PAR,
        content="state=a&state=b&response_type=code",
        headers={"content-type": "application/x-www-form-urlencoded"},
        auth=app.auth,
    )
    assert (doubled.status_code, doubled.json()["error"]) == (400, "invalid_request")
    assert (await harness.browser().get(PAR)).status_code == 405
    assert harness.rows()["authorization_requests"] == before


async def test_3_of_a_request_object_only_what_is_in_it_counts(harness: AppHarness) -> None:
    await harness.person()
    key = make_key("ES256")
    app = await registered(harness, {"jwks": key_set(key), "request_object_signing_alg": "ES256"})
    claims: dict[str, Any] = {**WHOLE, "iss": app.id, "aud": ISSUER, "client_id": app.id}
    uri = await pushed(
        harness, app, request=signed(claims, key, "ES256"), state="outer", nonce="outer"
    )
    found = response_of(await ask(await harness.signed_in(), app, uri))
    assert found.parameters["state"] == "pushed-state"
    less = {name: text for name, text in claims.items() if name not in ("state", "scope")}
    uri = await pushed(
        harness, app, request=signed(less, key, "ES256"), state="outer", scope="email"
    )
    found = response_of(await ask(await harness.signed_in(), app, uri))
    assert "state" not in found.parameters
    assert (await harness.redeem(app, found.code)).json()["scope"] == "basic"
    for wrong in ({"client_id": "another"}, {"aud": "https://other.example.org"}, {"iss": "x"}):
        token = signed({**claims, **wrong}, key, "ES256")
        refused = await push(harness, app, request=token)
        assert refused.json()["error"] == "invalid_request_object"


async def test_7_3_a_request_uri_gives_one_response(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    uri = await pushed(harness, app)
    browser, second = await harness.signed_in(), await harness.signed_in()
    # A page may be loaded again; nothing is used before the response.
    pages = [
        await ask(browser, app, uri),
        await ask(browser, app, uri),
        await ask(second, app, uri),
    ]
    assert (
        await browser.head(AUTHORIZE, params={"client_id": app.id, "request_uri": uri})
    ).is_success
    decided = [await harness.decide(browser, pages[1]), await harness.decide(second, pages[2])]
    assert "code" in response_of(decided[0]).parameters
    assert decided[1].status_code in (303, 400)
    codes = {str(each.headers.get("location")) for each in decided if each.status_code == 303}
    assert len(codes) == 1, "two windows of one person get one response"
    for again in (browser, second, harness.browser()):
        assert is_refused(await ask(again, app, uri))
    # Without a page too, and of many at once.
    uri = await pushed(harness, app)
    browsers = [await harness.signed_in() for _ in range(6)]
    responses = await asyncio.gather(*(ask(each, app, uri) for each in browsers))
    issued = {r.headers["location"] for r in responses if "code=" in r.headers.get("location", "")}
    assert len(issued) == 1
    assert len(harness.rows()["codes"]) == 2


async def test_7_3_an_error_response_is_the_one_response_too(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    uri = await pushed(harness, app, prompt="none")
    stranger = harness.browser()
    assert response_of(await ask(stranger, app, uri)).parameters["error"] == "login_required"
    assert is_refused(await ask(await harness.signed_in(), app, uri))
    uri = await pushed(harness, app)
    browser = await harness.signed_in()
    denied = await harness.decide(browser, await ask(browser, app, uri), "deny")
    assert response_of(denied).parameters["error"] == "access_denied"
    assert is_refused(await ask(browser, app, uri))


async def test_2_2_it_is_its_apps_and_ends_soon(harness: AppHarness) -> None:
    """Another app's, an expired, an invented one, and the id of a stored request: a page each."""
    await harness.person()
    app, other = await harness.app(), await harness.app()
    uri = await pushed(harness, app)
    browser = await harness.signed_in()
    assert is_refused(await ask(browser, other, uri))
    page = await harness.ask(browser, app)
    plain = page.text.partition('name="request" value="')[2].partition('"')[0]
    assert plain.startswith("qmq_")
    for invented in (plain, "qmu_" + plain[4:], "", "qmu_" + "A" * 52, "x" * 5000):
        assert is_refused(await ask(browser, app, URN + invented))
    doubled = f"{AUTHORIZE}?client_id={app.id}&request_uri={uri}&request_uri={uri}"
    assert response_of(await browser.get(doubled)).parameters["error"] == "invalid_request"
    held = await ask(browser, app, uri)
    harness.advance(seconds=91)
    assert is_refused(await ask(browser, app, uri))
    # A request that came in time has the usual time to sign in and to decide.
    assert "code" in response_of(await harness.decide(browser, held)).parameters
    assert not harness.rows()["authorization_requests"] or all(
        uri.removeprefix(URN) not in str(row) for row in harness.rows()["authorization_requests"]
    ), "the database has only a hash of it"


async def test_2_the_json_caller_uses_it_once(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    await harness.tokens(app)  # the person's consent is on record
    uri = await pushed(harness, app)
    stranger = harness.browser()
    headers = {"accept": "application/json"}
    query = {"client_id": app.id, "request_uri": uri}
    refused = await stranger.get(AUTHORIZE, params=query, headers=headers)
    assert refused.status_code == 401
    assert "pushed-state" not in refused.text
    assert "request_uri=" in refused.text, "the address for a browser has no parameters either"
    browser = await harness.signed_in()
    assert "code" in response_of(await ask(browser, app, uri)).parameters


@pytest.mark.parametrize("by", ["the app", "the server"])
async def test_5_and_6_a_plain_request_is_refused_where_pushing_is_required(
    open_harness: OpenHarness, by: str
) -> None:
    settings = {"tokens__require_pushed_requests": "true"} if by == "the server" else {}
    async with open_harness(**settings) as harness:
        await harness.person()
        metadata = {"require_pushed_authorization_requests": True} if by == "the app" else {}
        app = await registered(harness, metadata)
        browser = await harness.signed_in()
        refused = response_of(await harness.ask(browser, app))
        assert refused.parameters["error"] == "invalid_request"
        assert "push" in refused.parameters["error_description"]
        uri = await pushed(harness, app)
        found = response_of(await ask(browser, app, uri))
        redeemed = await harness.redeem(app, found.code, code_verifier=VERIFIER)
        assert redeemed.status_code == 200
        document = (await browser.get("/.well-known/oauth-authorization-server")).json()
        assert document["pushed_authorization_request_endpoint"] == ISSUER + PAR
        assert document["require_pushed_authorization_requests"] is (by == "the server")


async def test_7_1_the_requests_of_one_app_are_limited(open_harness: OpenHarness) -> None:
    limits = {"limits__pushed_requests_per_app": "3 per 15m"}
    async with open_harness(**limits) as harness:
        app, other = await harness.app(), await harness.app()
        assert [(await push(harness, app)).status_code for _ in range(4)] == [201, 201, 201, 429]
        assert (await push(harness, other)).status_code == 201
