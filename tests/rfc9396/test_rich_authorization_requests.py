"""RFC 9396: `authorization_details` from the request to the tokens."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from quantimodo.app.composition.browser_services import consents as consents_of
from quantimodo.crypto.jwt import unverified_claims
from quantimodo.model.consents import ConsentChoice
from quantimodo.protocol.consent_details import json_objects, parse_authorization_details
from support.app import App, AppHarness

SCOPE = "basic readmeasurements writemeasurements"
SLEEP: list[dict[str, Any]] = [
    {"actions": ["read"], "categories": ["Sleep"], "days": 90, "type": "health_measurements"}
]
MOOD = [{"actions": ["read"], "categories": ["Emotions"], "type": "health_measurements"}]
WRITE = {**SLEEP[0], "actions": ["write"]}
CONSENT = "/api/v2/consents/current"
CHOICE = ConsentChoice(
    scope=frozenset({"basic", "readmeasurements"}),
    details=parse_authorization_details(json.dumps(SLEEP)),
)


async def narrow(harness: AppHarness, app: App, **changes: Any) -> str:
    """What the person's page does; the result."""
    ann = await harness.context.stores.users.user_by_email("ann@example.org")
    client = await harness.context.stores.clients.client(app.id)
    assert ann is not None
    assert client is not None
    choice = replace(CHOICE, **changes)
    context = harness.context
    consents = consents_of(context)
    return await consents.change(ann.id, client, choice)


async def test_7_the_token_response_has_what_was_granted(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    text = json.dumps(SLEEP, separators=(" , ", " : "))
    tokens = await harness.tokens(app, scope=SCOPE, authorization_details=text)
    assert tokens["authorization_details"] == SLEEP
    assert tokens["scope"] == "basic readmeasurements"
    refreshed = (await harness.refresh(app, tokens["refresh_token"])).json()
    assert refreshed["authorization_details"] == SLEEP
    assert refreshed["scope"] == "basic readmeasurements"
    # RFC 9396 §9.2
    for token in (refreshed["access_token"], refreshed["refresh_token"]):
        found = await harness.introspect(app, token)
        assert found["authorization_details"] == SLEEP
        assert found["scope"] == "basic readmeasurements"


async def test_7_details_that_restrict_nothing_are_returned_if_they_were_requested(
    harness: AppHarness,
) -> None:
    """RFC 9396 §7: the token response MUST have the details that were granted. A request without
    the parameter gets none: the application may not know them."""
    await harness.person()
    everything = [{"type": "health_measurements", "actions": ["read", "write"]}]
    for token_format in ("opaque", "jwt"):
        app = await harness.app(token_format=token_format)
        for requested, details in ((None, None), (json.dumps(everything), everything)):
            tokens = await harness.tokens(app, scope=SCOPE, authorization_details=requested)
            refreshed = (await harness.refresh(app, tokens["refresh_token"])).json()
            for response in (tokens, refreshed):
                assert response.get("authorization_details") == details
                assert response["scope"] == SCOPE
                found = await harness.introspect(app, response["access_token"])
                assert found.get("authorization_details") == details
                called = await harness.call(response["access_token"], "/api/v1/measurements")
                assert called.status_code == 200


async def test_9_1_a_jwt_access_token_has_them(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(token_format="jwt")
    text = json.dumps(SLEEP)
    tokens = await harness.tokens(app, scope=SCOPE, authorization_details=text)
    claims = unverified_claims(tokens["access_token"])
    assert claims["authorization_details"] == SLEEP
    assert (await harness.introspect(app, tokens["access_token"]))["authorization_details"] == SLEEP


@pytest.mark.parametrize(
    ("details", "scope"),
    [
        ("[]", SCOPE),
        ("x", SCOPE),
        ('[{"type":"payment","actions":["read"]}]', SCOPE),
        (json.dumps([{**SLEEP[0], "locations": ["https://api.example.org/"]}]), SCOPE),
        (json.dumps(SLEEP), "basic"),
        (json.dumps([{**SLEEP[0], "actions": ["read", "write"]}]), "readmeasurements"),
    ],
)
async def test_5_what_cannot_be_granted_is_invalid_authorization_details(
    harness: AppHarness, details: str, scope: str
) -> None:
    await harness.person()
    app = await harness.app()
    browser = await harness.signed_in()
    response = await harness.authorize(browser, app, scope=scope, authorization_details=details)
    assert response.parameters["error"] == "invalid_authorization_details"


async def test_10_metadata_lists_the_type(harness: AppHarness) -> None:
    found = (await harness.browser().get("/.well-known/openid-configuration")).json()
    assert found["authorization_details_types_supported"] == ["health_measurements"]


async def test_a_person_is_asked_once_for_the_same_details_and_again_for_more(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    both = json.dumps([*SLEEP, *MOOD])
    for details, shown in (
        (json.dumps(SLEEP), True),
        (json.dumps(SLEEP), False),
        (both, True),
        (json.dumps(MOOD), False),
        (None, True),
        (both, False),
    ):
        page = await harness.ask(browser, app, scope=SCOPE, authorization_details=details)
        assert (page.status_code == 200) == shown, details
        if shown:
            await harness.decide(browser, page)


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_narrower_consent_holds_from_the_next_request_on(
    harness: AppHarness, token_format: str
) -> None:
    await harness.person()
    app = await harness.app(token_format=token_format)
    tokens = await harness.tokens(app, scope=SCOPE)
    token = tokens["access_token"]
    assert (await harness.call(token, CONSENT)).json()["authorizationDetails"] is None
    assert await narrow(harness, app) == "changed"
    found = (await harness.call(token, CONSENT)).json()
    assert found["authorizationDetails"] == SLEEP
    assert found["scope"] == "basic readmeasurements"
    assert found["clientId"] == app.id
    assert found["expiresAt"] is None
    described = await harness.introspect(app, token)
    assert described["authorization_details"] == SLEEP
    assert described["scope"] == "basic readmeasurements"
    post = await harness.browser().post(
        "/api/v1/measurements", json=[], headers={"authorization": f"Bearer {token}"}
    )
    assert post.status_code == 403
    refreshed = (await harness.refresh(app, tokens["refresh_token"])).json()
    assert refreshed["authorization_details"] == SLEEP
    # The request is the one that the person decided about, so that no page comes.
    again = await harness.tokens(app, await harness.signed_in(), scope=SCOPE, prompt="none")
    assert again["authorization_details"] == SLEEP


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_the_end_of_a_consent_ends_every_token(
    harness: AppHarness, token_format: str
) -> None:
    await harness.person()
    app = await harness.app(token_format=token_format)
    tokens = await harness.tokens(app, scope=SCOPE)
    browser = await harness.signed_in()
    code = (await harness.authorize(browser, app, scope=SCOPE)).code
    end = harness.context.clock.now() + timedelta(seconds=30)
    assert await narrow(harness, app, expires_at=end) == "changed"
    found = (await harness.call(tokens["access_token"], CONSENT)).json()
    assert found["expiresAt"] is not None
    exp = (await harness.introspect(app, tokens["access_token"]))["exp"]
    assert exp == int(end.timestamp())
    harness.advance(seconds=30)
    assert (await harness.call(tokens["access_token"], CONSENT)).status_code == 401
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert await harness.introspect(app, token) == {"active": False}
    refreshed = await harness.refresh(app, tokens["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"
    assert (await harness.redeem(app, code)).json()["error"] == "invalid_grant"
    # The app has to ask again; `prompt=none` shows no page.
    silent = await harness.authorize(browser, app, scope=SCOPE, prompt="none")
    assert silent.parameters["error"] == "consent_required"
    assert (await harness.ask(browser, app, scope=SCOPE)).status_code == 200


async def test_wider_needs_the_person_and_never_exceeds_the_request(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    text = json.dumps([*SLEEP, *MOOD])
    await harness.tokens(app, scope=SCOPE, authorization_details=text)
    assert await narrow(harness, app) == "changed"
    assert await narrow(harness, app) == "unchanged"
    wider = parse_authorization_details(json.dumps([*SLEEP, *MOOD]))
    assert await narrow(harness, app, details=wider) == "needs_confirmation"


async def test_an_application_token_has_no_consent(harness: AppHarness) -> None:
    app = await harness.app()
    response = (await harness.token(app, grant_type="client_credentials", scope="basic")).json()
    assert (await harness.call(response["access_token"], CONSENT)).status_code == 404
    assert (await harness.browser().get(CONSENT)).status_code == 401


async def test_the_front_channel_returns_it_too(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(response_types=frozenset({"token"}))
    browser = await harness.signed_in()
    response = await harness.authorize(
        browser,
        app,
        scope=SCOPE,
        response_type="token",
        authorization_details=json.dumps(SLEEP),
    )
    assert json.loads(response.parameters["authorization_details"]) == SLEEP
    assert response.parameters["scope"] == "basic readmeasurements"


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_6_a_token_request_restricts_its_access_token_only(
    harness: AppHarness, token_format: str
) -> None:
    await harness.person()
    app, browser = await harness.app(token_format=token_format), await harness.signed_in()
    granted = json.dumps([*SLEEP, *MOOD])
    code = (await harness.authorize(browser, app, scope=SCOPE, authorization_details=granted)).code
    # Refused requests spend neither the code nor the refresh token.
    more = json.dumps([{**SLEEP[0], "days": 91}])
    refused = await harness.redeem(app, code, authorization_details=more)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_authorization_details")
    tokens = (await harness.redeem(app, code, authorization_details=json.dumps(SLEEP))).json()
    assert tokens["authorization_details"] == SLEEP
    for wrong in (more, "x", '[{"type":"payment","actions":["read"]}]', json.dumps([WRITE])):
        refused = await harness.refresh(app, tokens["refresh_token"], authorization_details=wrong)
        assert refused.json()["error"] == "invalid_authorization_details", wrong
    held = (await harness.introspect(app, tokens["refresh_token"]))["authorization_details"]
    assert held == parsed(granted)
    token = tokens["access_token"]
    assert (await harness.introspect(app, token))["authorization_details"] == SLEEP
    assert (await harness.call(token, CONSENT)).json()["authorizationDetails"] == SLEEP
    narrower = {"authorization_details": json.dumps(MOOD)}
    mood = (await harness.refresh(app, tokens["refresh_token"], **narrower)).json()
    assert mood["authorization_details"] == MOOD
    # The successor returns the same again (v2-api.md §6), and its own refresh gives everything.
    again = (await harness.refresh(app, tokens["refresh_token"], **narrower)).json()
    assert again["authorization_details"] == MOOD
    full = (await harness.refresh(app, mood["refresh_token"])).json()
    assert full["authorization_details"] == parsed(granted)
    # A narrower consent narrows a restricted token too.
    assert await narrow(harness, app) == "changed"
    for token, left in ((tokens["access_token"], SLEEP), (mood["access_token"], [])):
        found = (await harness.call(token, CONSENT)).json()
        assert found["authorizationDetails"] == left


async def test_6_a_part_of_everything_restricts_the_scope_too(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app, scope=SCOPE)
    reading = [{"type": "health_measurements", "actions": ["read"]}]
    read = await harness.refresh(
        app, tokens["refresh_token"], authorization_details=json.dumps(reading)
    )
    assert read.json()["scope"] == "basic readmeasurements"
    assert read.json()["authorization_details"] == reading
    # RFC 6749 §6: the scope of the same request limits the details.
    narrow_scope = await harness.refresh(
        app,
        read.json()["refresh_token"],
        scope="basic",
        authorization_details=json.dumps(reading),
    )
    assert narrow_scope.json()["error"] == "invalid_authorization_details"


async def test_6_1_an_application_itself_has_no_health_details(harness: AppHarness) -> None:
    app = await harness.app()
    refused = await harness.token(
        app, grant_type="client_credentials", authorization_details=json.dumps(SLEEP)
    )
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_authorization_details")


def parsed(text: str) -> list[dict[str, Any]]:
    return json_objects(parse_authorization_details(text))


async def test_3_1_the_person_sees_scope_and_details_together(harness: AppHarness) -> None:
    """RFC 9396 §3.1: both are processed and presented in combination; RFC 9396 §12: what is in
    them is text."""
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    odd = {**SLEEP[0], "categories": ["Sleep"], "variables": ["<script>alert(1)</script>"]}
    request = {
        "scope": f"openid email {SCOPE}",
        "authorization_details": json.dumps([*MOOD, odd]),
    }
    page = (await harness.ask(browser, app, **request)).text
    assert "See your e-mail address" in page
    assert 'value="Sleep"' in page
    assert 'value="Emotions"' in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    tokens = await harness.tokens(app, browser, **request)
    assert set(tokens["scope"].split()) == {"openid", "email", "basic", "readmeasurements"}
    assert sorted(tokens["authorization_details"], key=str) == sorted([*MOOD, odd], key=str)
    userinfo = (await harness.call(tokens["access_token"], "/api/v2/oauth2/userinfo")).json()
    assert userinfo["email"] == "ann@example.org"
