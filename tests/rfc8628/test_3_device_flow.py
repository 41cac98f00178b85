"""RFC 8628 §3: the device authorization request, the person's pages, and the polls."""

import json
from dataclasses import replace
from typing import Any

from quantimodo.app.composition.resources import resource_registry
from quantimodo.model.resources import ResourceScope
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.app import ISSUER, AppHarness, OpenHarness
from support.devices import (
    AGENT,
    DEVICE,
    GRANT,
    approve,
    confirm,
    decide,
    device_app,
    enter,
    entered,
    poll,
    polled,
    start,
    started,
)
from support.fapi import signer
from support.jwt_forgery import claims_of

TASKS = "https://tasks.example.org/"
SLEEP: list[dict[str, Any]] = [
    {"actions": ["read"], "categories": ["Sleep"], "days": 90, "type": "health_measurements"}
]


async def test_3_1_to_3_5_a_device_gets_tokens(harness: AppHarness) -> None:
    await harness.person()
    confidential = await device_app(harness, public=False)
    for app in (await device_app(harness), confidential):
        response = await start(harness, app)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        found = response.json()
        page = f"{ISSUER}/device"
        assert found["verification_uri"] == page
        assert found["verification_uri_complete"] == f"{page}?user_code={found['user_code']}"
        assert (found["expires_in"], found["interval"]) == (900, 5)
        stored = str(harness.rows())
        assert found["device_code"] not in stored
        assert found["user_code"].replace("-", "") not in stored
        assert await polled(harness, app, found["device_code"]) == "authorization_pending"
        await approve(await harness.signed_in(), found["user_code"])
        tokens = await poll(harness, app, found["device_code"])
        assert tokens.status_code == 200, tokens.text
        assert tokens.json()["scope"] == "basic"
        assert (await harness.call(tokens.json()["access_token"])).status_code == 200
        refreshed = await harness.refresh(app, tokens.json()["refresh_token"])
        assert refreshed.status_code == 200


async def test_3_1_refused_requests(harness: AppHarness) -> None:
    app, other = await device_app(harness), await harness.app(public=True)
    before = harness.rows()["device_authorizations"]
    cases = [
        (other, {}, "unauthorized_client"),
        (app, {"scope": "unknown"}, "invalid_scope"),
        (app, {"resource": "https://unknown.example.org/"}, "invalid_target"),
        (app, {"authorization_details": "{"}, "invalid_authorization_details"),
        (app, {"client_id": "unknown"}, "invalid_client"),
    ]
    for who, fields, error in cases:
        response = await start(harness, who, **fields)
        assert response.json()["error"] == error, response.text
    assert harness.rows()["device_authorizations"] == before


async def test_3_1_a_client_assertion_authenticates_and_fapi2_refuses_the_grant(
    harness: AppHarness,
) -> None:
    for profile, status in (("oauth21", 200), ("fapi2", 400)):
        app = await signer(harness, profile)
        await harness.register_again(app.app, grant_types=frozenset({GRANT}))
        response = await app.post(DEVICE, {"scope": "basic"}, proof=True)
        assert response.status_code == status, response.text
    assert response.json()["error"] == "unauthorized_client"


async def test_3_1_resources_details_and_clients_are_those_of_other_grants(
    harness: AppHarness,
) -> None:
    await harness.person()
    api = ResourceRegistration(name="Task Board", scopes=(ResourceScope("tasks:read", "Read"),))
    await resource_registry(harness.context).register(TASKS, api, owner_id=None, by_operator=True)
    app = await device_app(harness, public=False)
    found = await started(
        harness,
        app,
        scope="basic readmeasurements tasks:read",
        resource=[f"{ISSUER}/api", TASKS],
        authorization_details=json.dumps(SLEEP),
    )
    stranger = replace(app, secret="qms_wrong")
    for response in (
        await start(harness, stranger),
        await poll(harness, stranger, found["device_code"]),
    ):
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    browser = await harness.signed_in()
    consent = await confirm(browser, await entered(browser, found["user_code"]))
    assert "Task Board" in consent.text
    await decide(browser, consent)
    for_tasks = (await poll(harness, app, found["device_code"], resource=TASKS)).json()
    assert claims_of(for_tasks["access_token"])["aud"] == TASKS
    # RFC 8707 §2.2: a repeated poll may name another resource of the grant.
    own = (await poll(harness, app, found["device_code"], resource=f"{ISSUER}/api")).json()
    assert own["refresh_token"] == for_tasks["refresh_token"]
    assert own["authorization_details"] == SLEEP
    assert (await harness.call(own["access_token"])).status_code == 200


async def test_3_3_the_page_shows_who_asks_and_the_code(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await device_app(harness), await harness.signed_in()
    found = await started(harness, app)
    # RFC 8628 §3.3.1: the code in the address is only filled in.
    page = await browser.get("/device", params={"user_code": found["user_code"]})
    assert found["user_code"] in page.text
    typed = f" {found['user_code'].replace('-', ' ').lower()} "
    page = await entered(browser, typed)
    for shown in (app.client.name, found["user_code"], AGENT, "192.0.2.7", "just now"):
        assert shown in page.text
    refused = await confirm(browser, page, "refuse")
    assert "not connected" in refused.text
    assert await polled(harness, app, found["device_code"]) == "access_denied"
    assert (await enter(browser, found["user_code"])).status_code == 400


async def test_3_3_a_person_who_is_not_signed_in_signs_in_first(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await device_app(harness), harness.browser()
    found = await started(harness, app)
    response = await enter(browser, found["user_code"])
    response = await browser.get(response.headers["location"])
    sign_in = response.headers["location"]
    assert sign_in.startswith("/sign-in?return_to=")
    where = await harness.sign_in(browser, address=sign_in)
    confirmation = await browser.get(where)
    assert confirmation.headers["location"].startswith("/device/confirm")
    page = await browser.get(confirmation.headers["location"])
    consent = await confirm(browser, page)
    denied = await decide(browser, consent, "deny")
    assert denied.headers["location"] == "/device/done?error=access_denied"
    assert await polled(harness, app, found["device_code"]) == "access_denied"


async def test_3_5_slow_down_lengthens_the_interval(harness: AppHarness) -> None:
    app = await device_app(harness)
    code = (await started(harness, app))["device_code"]
    assert await polled(harness, app, code) == "authorization_pending"
    harness.advance(seconds=2)
    assert await polled(harness, app, code) == "slow_down"
    harness.advance(seconds=6)  # 8 seconds after the poll in time; now it is 10
    assert await polled(harness, app, code) == "slow_down"
    harness.advance(seconds=15)
    assert await polled(harness, app, code) == "authorization_pending"
    for _ in range(12):
        assert await polled(harness, app, code) == "slow_down"
    before = harness.rows()["device_authorizations"]
    assert await polled(harness, app, code) == "slow_down"
    assert harness.rows()["device_authorizations"] == before, "a fast poll writes nothing"


async def test_3_5_an_expired_code(open_harness: OpenHarness) -> None:
    async with open_harness(tokens__device_code_lifetime="2m") as harness:
        await harness.person()
        app, browser = await device_app(harness), await harness.signed_in()
        found = await started(harness, app)
        assert found["expires_in"] == 120
        page = await entered(browser, found["user_code"])
        harness.advance(minutes=2)
        assert await polled(harness, app, found["device_code"]) == "expired_token"
        assert (await confirm(browser, page)).status_code == 400
        assert (await enter(browser, found["user_code"])).status_code == 400


async def test_4_discovery_and_registration(open_harness: OpenHarness) -> None:
    async with open_harness(registration__mode="open") as harness:
        metadata = (await harness.browser().get("/.well-known/openid-configuration")).json()
        assert metadata["device_authorization_endpoint"].startswith(ISSUER)
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        assert grant in metadata["grant_types_supported"]
        document = {"grant_types": [grant, "refresh_token"], "token_endpoint_auth_method": "none"}
        response = await harness.browser().post("/api/v2/oauth2/register", json=document)
        assert response.status_code == 201, response.text
        assert set(response.json()["grant_types"]) == {grant, "refresh_token"}


async def test_3_1_parameters_and_methods(harness: AppHarness) -> None:
    """RFC 8628 §3.1: empty parameters are omitted, unknown ones ignored, none is sent twice."""
    app = await device_app(harness)
    browser, form = harness.browser(), {"content-type": "application/x-www-form-urlencoded"}
    own = f"client_id={app.id}"
    for body, error in (
        (own, None),
        (f"{own}&scope=&resource=&unknown=1&unknown=2", None),
        (f"{own}&scope=basic&scope=basic", "invalid_request"),
        (f"{own}&{own}", "invalid_request"),
        (f"{own}&scope=%00", "invalid_request"),
        ("scope=basic", "invalid_client"),
        ("", "invalid_client"),
    ):
        response = await browser.post(DEVICE, content=body, headers=form)
        assert response.json().get("error") == error, body
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-type"] == "application/json"
    for sent in ({"json": {"client_id": app.id}}, {"params": {"client_id": app.id}}):
        response = await browser.post(DEVICE, **sent)  # type: ignore[arg-type]
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    for method in ("GET", "PUT"):
        assert (await browser.request(method, DEVICE)).status_code == 405
    assert len(harness.rows()["device_authorizations"]) == 2


async def test_3_4_and_3_5_requests_that_name_no_device(harness: AppHarness) -> None:
    app, other = await device_app(harness), await harness.app(public=True)
    code = (await started(harness, app))["device_code"]
    for who, fields, status, error in (
        (app, {}, 400, "invalid_request"),
        (app, {"device_code": ""}, 400, "invalid_request"),
        (app, {"device_code": "unknown"}, 400, "invalid_grant"),
        (app, {"device_code": "qmd_" + "A" * 52}, 400, "invalid_grant"),
        (app, {"device_code": code + "A"}, 400, "invalid_grant"),
        (app, {"device_code": ["a", "b"]}, 400, "invalid_request"),
        (other, {"device_code": code}, 400, "unauthorized_client"),
        (app, {"device_code": code, "client_id": "unknown"}, 401, "invalid_client"),
        # The one that waits was slowed down by none of these (RFC 8628 §3.5).
        (app, {"device_code": code}, 400, "authorization_pending"),
        (app, {"device_code": code}, 400, "slow_down"),
    ):
        response = await harness.token(who, grant_type=GRANT, **fields)
        assert (response.status_code, response.json()["error"]) == (status, error), fields
        assert response.headers["cache-control"] == "no-store"
    # An app that is disabled meanwhile polls in vain.
    await harness.disable(app)
    assert (await poll(harness, app, code)).status_code == 401


async def test_3_5_the_interval_grows_by_five_seconds_for_all_later_polls(
    harness: AppHarness,
) -> None:
    app = await device_app(harness)
    code = (await started(harness, app))["device_code"]
    assert await polled(harness, app, code) == "authorization_pending"
    # A client that uses the new interval is not slowed down.
    interval = 5
    for _ in range(3):
        harness.advance(seconds=interval - 2)
        assert await polled(harness, app, code) == "slow_down"
        interval += 5
        for _ in range(2):
            harness.advance(seconds=interval)
            assert await polled(harness, app, code) == "authorization_pending"
    # RFC 8628 §3.5: the new interval is for all later polls.
    harness.advance(seconds=interval - 2)
    assert await polled(harness, app, code) == "slow_down"
