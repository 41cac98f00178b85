"""Token exchange (RFC 8693) over HTTP: an API acts for a person at another API, and no confused
deputy does."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from exchange_scene import (
    ALONE,
    GATEWAY,
    INACTIVE,
    NOTES,
    OWN,
    SLEEP,
    TASKS,
    Scene,
    add_api,
    set_scene,
)

from quantimodo.app.composition.resources import resource_registry
from quantimodo.protocol.constants import ACCESS_TOKEN_URN, TOKEN_EXCHANGE
from quantimodo.protocol.resource_registration import resource_registration
from support.app import CALLBACK, ME, USERINFO, App, AppHarness, OpenHarness, form_fields
from support.dpop import DPoPKey, post_token
from support.jwt_forgery import claims_of


@pytest.fixture
async def scene(open_harness: OpenHarness) -> AsyncIterator[Scene]:
    async with open_harness(tokens__exchange="true") as harness:
        yield await set_scene(harness)


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
async def test_4_1_the_token_says_who_acts_and_ends_with_the_one_exchanged(
    open_harness: OpenHarness, token_format: str
) -> None:
    async with open_harness(tokens__exchange="true") as harness:
        scene = await set_scene(harness, token_format=token_format)
        tokens = await scene.granted()
        subject = tokens["access_token"]
        harness.advance(minutes=50)
        response = await scene.exchange(subject, scope="tasks:read")
        assert response.headers["cache-control"] == "no-store"
        body = response.json()
        token = body.pop("access_token")
        assert body == {
            "issued_token_type": ACCESS_TOKEN_URN,
            "token_type": "Bearer",
            "expires_in": 600,
            "scope": "tasks:read",
        }, "RFC 8693 §2.2.1: no refresh token, and not beyond the subject token"
        act = {"sub": scene.gateway.id, "act": {"sub": scene.app.id}}
        found = await scene.introspect(token)
        before = await harness.introspect(scene.gateway, subject)
        assert (found["active"], found["aud"], found["scope"]) == (True, TASKS, "tasks:read")
        assert (found["act"], found["client_id"]) == (act, scene.gateway.id)
        assert (found["sub"], found["exp"]) == (before["sub"], before["exp"])
        if token_format == "jwt":
            claims = claims_of(token)
            assert (claims["act"], claims["aud"]) == (act, TASKS)
            assert (claims["sub"], claims["client_id"]) == (before["sub"], scene.gateway.id)
        for path in (ME, USERINFO, "/api/v1/measurements"):
            assert (await harness.call(token, path)).status_code == 401
        for caller in (scene.app, scene.gateway):
            assert await harness.introspect(caller, token) == INACTIVE

        # RFC 7009 §2.1: the client that got it revokes it, and no other client.
        refused = await harness.revoke(scene.app, token)
        assert refused.json()["error"] == "unauthorized_client"
        other = (await scene.exchanged(subject))["access_token"]
        await harness.revoke(scene.gateway, token)
        assert await scene.introspect(token) == INACTIVE
        assert (await scene.introspect(other))["scope"] == "tasks:read tasks:write"
        await harness.revoke(scene.app, subject)
        assert await scene.introspect(other) == INACTIVE
        assert (await scene.exchange(subject)).json()["error"] == "invalid_request"


async def test_an_exchanged_token_ends_with_all_that_it_stands_on(scene: Scene) -> None:
    harness = scene.harness
    tokens = await scene.granted()
    by_person = (await scene.exchanged(tokens["access_token"]))["access_token"]
    browser = await harness.signed_in()
    csrf = form_fields((await browser.get("/account")).text)["csrf"]
    await browser.post(f"/account/apps/{scene.app.id}/revoke", data={"csrf": csrf})
    assert await scene.introspect(by_person) == INACTIVE

    tokens = await scene.granted()
    token = (await scene.exchanged(tokens["access_token"]))["access_token"]
    for client in (scene.app, scene.gateway):
        await harness.disable(client)
        assert await scene.introspect(token) == INACTIVE, client.client.name
        await harness.register_again(client, disabled_at=None)
        assert (await scene.introspect(token))["active"]
    harness.advance(hours=1)
    assert await scene.introspect(token) == INACTIVE


async def test_2_2_2_requests_that_are_not_valid(scene: Scene) -> None:
    harness = scene.harness
    subject = (await scene.granted())["access_token"]
    unlisted, dead = "https://unlisted.example.org/", subject[:-4] + "AAAA"
    await add_api(harness, NOTES, "notes", clients=frozenset({scene.gateway.id}))
    await add_api(harness, unlisted, "any")
    wrongs: tuple[tuple[str, dict[str, str | list[str] | None]], ...] = (
        ("invalid_request", {"subject_token": None}),
        ("invalid_request", {"subject_token": dead}),
        ("invalid_request", {"subject_token": "x"}),
        ("invalid_request", {"subject_token_type": None}),
        ("invalid_request", {"subject_token_type": ACCESS_TOKEN_URN.replace("access", "id")}),
        (
            "invalid_request",
            {"requested_token_type": ACCESS_TOKEN_URN.replace("access", "refresh")},
        ),
        ("invalid_request", {"actor_token": subject, "actor_token_type": ACCESS_TOKEN_URN}),
        ("invalid_target", {"resource": None}),
        ("invalid_target", {"audience": NOTES}),
        # RFC 8693 §2.1: each may be repeated; one token is for one API.
        ("invalid_target", {"audience": [TASKS, NOTES]}),
        ("invalid_target", {"resource": [TASKS, NOTES]}),
        ("invalid_request", {"audience": [TASKS] * 11}),
        ("invalid_target", {"resource": OWN}),
        ("invalid_target", {"resource": NOTES}),  # the person did not grant it
        ("invalid_target", {"resource": unlisted}),  # open to all, but it lists no deputy
        ("invalid_target", {"resource": "https://unknown.example.org/"}),
        ("invalid_target", {"resource": f"{TASKS}#a"}),
        ("invalid_scope", {"scope": "tasks:read use"}),
        ("invalid_scope", {"scope": "readmeasurements"}),
        ("invalid_authorization_details", {"authorization_details": SLEEP}),
    )
    for error, wrong in wrongs:
        refused = await scene.exchange(subject, **wrong)
        assert (refused.status_code, refused.json()["error"]) == (400, error), wrong
        assert subject not in refused.text
    one_api = ({"resource": None, "audience": TASKS}, {"audience": [TASKS, TASKS]})
    for named in one_api:
        by_audience = await scene.exchanged(subject, **named)
        assert (await scene.introspect(by_audience["access_token"]))["aud"] == TASKS
    fields = {"grant_type": TOKEN_EXCHANGE, "subject_token": subject, "resource": TASKS}
    auth = scene.gateway.auth
    in_address = await harness.browser().get(
        "/api/v2/oauth2/access_token", params=fields, auth=auth or httpx.USE_CLIENT_DEFAULT
    )
    assert in_address.json()["error"] == "invalid_request", "a token in an address is not read"


async def test_confused_deputies(scene: Scene) -> None:
    """Tokens that are real, and not the caller's to exchange."""
    harness = scene.harness
    stranger = await harness.app(name="Stranger", **ALONE)
    other = await harness.app(grant_types=frozenset({*scene.app.client.grant_types}))
    clients = frozenset({scene.app.id, scene.gateway.id, stranger.id, other.id})
    registry = resource_registry(harness.context)
    api = await harness.context.stores.resources.resource(TASKS)
    assert api is not None
    changed = replace(resource_registration(api), clients=clients)
    await registry.change(api, changed, by_operator=True)
    tokens = await scene.granted()
    subject = tokens["access_token"]
    again = await harness.refresh(scene.app, tokens["refresh_token"], resource=OWN)
    for_us, refresh = again.json()["access_token"], again.json()["refresh_token"]
    for_tasks = (await harness.refresh(scene.app, refresh, resource=TASKS)).json()["access_token"]
    once = (await scene.exchanged(subject))["access_token"]
    application = (await harness.token(scene.server, grant_type="client_credentials")).json()
    foreign = (await scene.granted(other))["access_token"]
    refused: tuple[tuple[str, str, App], ...] = (
        ("a token of another application for its API", subject, stranger),
        ("a token for our API", for_us, scene.gateway),
        ("a token for the target, which is another API", for_tasks, scene.gateway),
        ("an exchanged token, once more", once, scene.gateway),
        ("the same, by the API that it is for", once, scene.server),
        ("an ID token", tokens["id_token"], scene.gateway),
        ("a refresh token", refresh, scene.gateway),
        ("an application's own token", application["access_token"], scene.gateway),
        ("a personal token", "qmp_" + "A" * 52, scene.gateway),
    )
    await harness.register_again(
        scene.server, grant_types=frozenset({"client_credentials", TOKEN_EXCHANGE})
    )
    for says, token, caller in refused:
        response = await scene.exchange(token, caller)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request"), says
    # A token of another application for the gateway's API is the gateway's to exchange.
    assert (await scene.exchange(foreign)).status_code == 200
    for unfit in (scene.app, await harness.app(public=True)):
        response = await scene.exchange(subject, unfit)
        assert response.json()["error"] == "unauthorized_client"


async def test_an_application_exchanges_its_own_token(scene: Scene) -> None:
    kinds = scene.app.client.grant_types | {TOKEN_EXCHANGE}
    await scene.harness.register_again(scene.app, grant_types=kinds)
    subject = (await scene.granted())["access_token"]
    response = await scene.exchange(subject, scene.app, scope="tasks:read")
    found = await scene.introspect(response.json()["access_token"])
    assert (found["act"], found["scope"]) == ({"sub": scene.app.id}, "tasks:read")
    # RFC 8693 §1: what was narrowed before is not widened: a token for the target keeps its scope.
    narrow = await scene.harness.token(
        scene.app,
        grant_type="refresh_token",
        refresh_token=(await scene.granted())["refresh_token"],
        resource=TASKS,
        scope="tasks:read",
    )
    wider = await scene.exchange(narrow.json()["access_token"], scene.app, scope="tasks:write")
    assert wider.json()["error"] == "invalid_scope"


async def test_restrictions_and_pairwise_subjects_are_kept(scene: Scene) -> None:
    harness = scene.harness
    tokens = await scene.granted(authorization_details=SLEEP)
    body = await scene.exchanged(tokens["access_token"])
    (detail,) = body["authorization_details"]
    assert detail["categories"] == ["Sleep"]
    found = await scene.introspect(body["access_token"])
    assert found["authorization_details"] == body["authorization_details"]
    assert claims_of(body["access_token"])["authorization_details"] == [detail]

    changed = replace(scene.app.client.metadata, subject_type="pairwise")
    await harness.register_again(scene.app, metadata=changed)
    subject = (await scene.granted())["access_token"]
    public = await harness.context.stores.users.user_by_email("ann@example.org")
    assert public is not None
    token = (await scene.exchanged(subject))["access_token"]
    seen = {
        claims_of(subject)["sub"],
        claims_of(token)["sub"],
        (await scene.introspect(token))["sub"],
    }
    assert len(seen) == 1
    assert public.subject not in seen


async def test_a_bound_token_is_exchanged_by_its_holder_only(scene: Scene) -> None:
    harness = scene.harness
    kinds = scene.app.client.grant_types | {TOKEN_EXCHANGE}
    await harness.register_again(scene.app, grant_types=kinds)
    key, attacker, now = DPoPKey(), DPoPKey(), harness.context.clock.now
    tokens = await scene.granted()
    refreshing = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "resource": GATEWAY,
    }
    bound = (await post_token(harness, scene.app, key.proof(now()), **refreshing)).json()
    fields = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": bound["access_token"],
        "subject_token_type": ACCESS_TOKEN_URN,
        "resource": TASKS,
    }
    for app in (scene.app, scene.gateway):
        for response in (
            await scene.exchange(bound["access_token"], app),
            await post_token(harness, app, attacker.proof(now()), **fields),
        ):
            assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    good = (await post_token(harness, scene.app, key.proof(now()), **fields)).json()
    assert good["token_type"] == "DPoP"
    assert (await scene.introspect(good["access_token"]))["cnf"] == {"jkt": key.thumbprint}
    # A bearer token becomes a token that is bound to the key of the client that exchanges.
    fields["subject_token"] = tokens["access_token"]
    own = (await post_token(harness, scene.gateway, attacker.proof(now()), **fields)).json()
    assert (await scene.introspect(own["access_token"]))["cnf"] == {"jkt": attacker.thumbprint}


async def test_only_where_the_operator_offers_it(harness: AppHarness) -> None:
    """RFC 8414 §2: discovery names what is offered. Applications cannot take it themselves."""
    scene = await set_scene(harness)
    subject = (await scene.granted())["access_token"]
    assert (await scene.exchange(subject)).json()["error"] == "unsupported_grant_type"
    document = (await harness.browser().get("/.well-known/oauth-authorization-server")).json()
    assert TOKEN_EXCHANGE not in document["grant_types_supported"]


async def test_discovery_and_registration(open_harness: OpenHarness) -> None:
    async with open_harness(tokens__exchange="true", registration__mode="open") as harness:
        browser = harness.browser()
        document = (await browser.get("/.well-known/oauth-authorization-server")).json()
        assert TOKEN_EXCHANGE in document["grant_types_supported"]
        requested = {
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", TOKEN_EXCHANGE],
        }
        refused = await browser.post("/api/v2/oauth2/register", json=requested)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")
