"""Token exchange (RFC 8693) over HTTP: an API acts for a person at another API, and no confused
deputy does."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from exchange_parties import (
    ALONE,
    GATEWAY,
    INACTIVE,
    NOTES,
    OWN,
    SLEEP,
    TASKS,
    ExchangeParties,
    add_api,
    add_exchange_parties,
)

from quantimodo.app.composition.resources import resource_registry
from quantimodo.protocol.constants import ACCESS_TOKEN_URN, TOKEN_EXCHANGE
from quantimodo.protocol.resource_registration import resource_registration
from support.app import CALLBACK, ME, USERINFO, App, AppHarness, OpenHarness, form_fields
from support.dpop import DPoPKey, post_token
from support.jwt_forgery import claims_of


@pytest.fixture
async def parties(open_harness: OpenHarness) -> AsyncIterator[ExchangeParties]:
    async with open_harness(tokens__exchange="true") as harness:
        yield await add_exchange_parties(harness)


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
async def test_4_1_the_token_says_who_acts_and_ends_with_the_one_exchanged(
    open_harness: OpenHarness, token_format: str
) -> None:
    async with open_harness(tokens__exchange="true") as harness:
        parties = await add_exchange_parties(harness, token_format=token_format)
        tokens = await parties.granted()
        subject = tokens["access_token"]
        harness.advance(minutes=50)
        response = await parties.exchange(subject, scope="tasks:read")
        assert response.headers["cache-control"] == "no-store"
        body = response.json()
        token = body.pop("access_token")
        assert body == {
            "issued_token_type": ACCESS_TOKEN_URN,
            "token_type": "Bearer",
            "expires_in": 600,
            "scope": "tasks:read",
        }, "RFC 8693 §2.2.1: no refresh token, and not beyond the subject token"
        act = {"sub": parties.gateway.id, "act": {"sub": parties.app.id}}
        found = await parties.introspect(token)
        before = await harness.introspect(parties.gateway, subject)
        assert (found["active"], found["aud"], found["scope"]) == (True, TASKS, "tasks:read")
        assert (found["act"], found["client_id"]) == (act, parties.gateway.id)
        assert (found["sub"], found["exp"]) == (before["sub"], before["exp"])
        if token_format == "jwt":
            claims = claims_of(token)
            assert (claims["act"], claims["aud"]) == (act, TASKS)
            assert (claims["sub"], claims["client_id"]) == (before["sub"], parties.gateway.id)
        for path in (ME, USERINFO, "/api/v1/measurements"):
            assert (await harness.call(token, path)).status_code == 401
        for caller in (parties.app, parties.gateway):
            assert await harness.introspect(caller, token) == INACTIVE

        # RFC 7009 §2.1: the client that got it revokes it, and no other client.
        refused = await harness.revoke(parties.app, token)
        assert refused.json()["error"] == "unauthorized_client"
        other = (await parties.exchanged(subject))["access_token"]
        await harness.revoke(parties.gateway, token)
        assert await parties.introspect(token) == INACTIVE
        assert (await parties.introspect(other))["scope"] == "tasks:read tasks:write"
        await harness.revoke(parties.app, subject)
        assert await parties.introspect(other) == INACTIVE
        assert (await parties.exchange(subject)).json()["error"] == "invalid_request"


async def test_an_exchanged_token_ends_with_all_that_it_stands_on(parties: ExchangeParties) -> None:
    harness = parties.harness
    tokens = await parties.granted()
    by_person = (await parties.exchanged(tokens["access_token"]))["access_token"]
    browser = await harness.signed_in()
    csrf = form_fields((await browser.get("/account")).text)["csrf"]
    await browser.post(f"/account/apps/{parties.app.id}/revoke", data={"csrf": csrf})
    assert await parties.introspect(by_person) == INACTIVE

    tokens = await parties.granted()
    token = (await parties.exchanged(tokens["access_token"]))["access_token"]
    for client in (parties.app, parties.gateway):
        await harness.disable(client)
        assert await parties.introspect(token) == INACTIVE, client.client.name
        await harness.register_again(client, disabled_at=None)
        assert (await parties.introspect(token))["active"]
    harness.advance(hours=1)
    assert await parties.introspect(token) == INACTIVE


async def test_2_2_2_requests_that_are_not_valid(parties: ExchangeParties) -> None:
    harness = parties.harness
    subject = (await parties.granted())["access_token"]
    unlisted, dead = "https://unlisted.example.org/", subject[:-4] + "AAAA"
    await add_api(harness, NOTES, "notes", clients=frozenset({parties.gateway.id}))
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
        refused = await parties.exchange(subject, **wrong)
        assert (refused.status_code, refused.json()["error"]) == (400, error), wrong
        assert subject not in refused.text
    one_api = ({"resource": None, "audience": TASKS}, {"audience": [TASKS, TASKS]})
    for named in one_api:
        by_audience = await parties.exchanged(subject, **named)
        assert (await parties.introspect(by_audience["access_token"]))["aud"] == TASKS
    fields = {"grant_type": TOKEN_EXCHANGE, "subject_token": subject, "resource": TASKS}
    auth = parties.gateway.auth
    in_address = await harness.browser().get(
        "/api/v2/oauth2/access_token", params=fields, auth=auth or httpx.USE_CLIENT_DEFAULT
    )
    assert in_address.json()["error"] == "invalid_request", "a token in an address is not read"


async def test_confused_deputies(parties: ExchangeParties) -> None:
    """Tokens that are real, and not the caller's to exchange."""
    harness = parties.harness
    stranger = await harness.app(name="Stranger", **ALONE)
    other = await harness.app(grant_types=frozenset({*parties.app.client.grant_types}))
    clients = frozenset({parties.app.id, parties.gateway.id, stranger.id, other.id})
    registry = resource_registry(harness.context)
    api = await harness.context.stores.resources.resource(TASKS)
    assert api is not None
    changed = replace(resource_registration(api), clients=clients)
    await registry.change(api, changed, by_operator=True)
    tokens = await parties.granted()
    subject = tokens["access_token"]
    again = await harness.refresh(parties.app, tokens["refresh_token"], resource=OWN)
    for_us, refresh = again.json()["access_token"], again.json()["refresh_token"]
    for_tasks = (await harness.refresh(parties.app, refresh, resource=TASKS)).json()["access_token"]
    once = (await parties.exchanged(subject))["access_token"]
    application = (await harness.token(parties.server, grant_type="client_credentials")).json()
    foreign = (await parties.granted(other))["access_token"]
    refused: tuple[tuple[str, str, App], ...] = (
        ("a token of another application for its API", subject, stranger),
        ("a token for our API", for_us, parties.gateway),
        ("a token for the target, which is another API", for_tasks, parties.gateway),
        ("an exchanged token, once more", once, parties.gateway),
        ("the same, by the API that it is for", once, parties.server),
        ("an ID token", tokens["id_token"], parties.gateway),
        ("a refresh token", refresh, parties.gateway),
        ("an application's own token", application["access_token"], parties.gateway),
        ("a personal token", "qmp_" + "A" * 52, parties.gateway),
    )
    await harness.register_again(
        parties.server, grant_types=frozenset({"client_credentials", TOKEN_EXCHANGE})
    )
    for says, token, caller in refused:
        response = await parties.exchange(token, caller)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request"), says
    # A token of another application for the gateway's API is the gateway's to exchange.
    assert (await parties.exchange(foreign)).status_code == 200
    for unfit in (parties.app, await harness.app(public=True)):
        response = await parties.exchange(subject, unfit)
        assert response.json()["error"] == "unauthorized_client"


async def test_an_application_exchanges_its_own_token(parties: ExchangeParties) -> None:
    kinds = parties.app.client.grant_types | {TOKEN_EXCHANGE}
    await parties.harness.register_again(parties.app, grant_types=kinds)
    subject = (await parties.granted())["access_token"]
    response = await parties.exchange(subject, parties.app, scope="tasks:read")
    found = await parties.introspect(response.json()["access_token"])
    assert (found["act"], found["scope"]) == ({"sub": parties.app.id}, "tasks:read")
    # RFC 8693 §1: what was narrowed before is not widened: a token for the target keeps its scope.
    narrow = await parties.harness.token(
        parties.app,
        grant_type="refresh_token",
        refresh_token=(await parties.granted())["refresh_token"],
        resource=TASKS,
        scope="tasks:read",
    )
    wider = await parties.exchange(narrow.json()["access_token"], parties.app, scope="tasks:write")
    assert wider.json()["error"] == "invalid_scope"


async def test_restrictions_and_pairwise_subjects_are_kept(parties: ExchangeParties) -> None:
    harness = parties.harness
    tokens = await parties.granted(authorization_details=SLEEP)
    body = await parties.exchanged(tokens["access_token"])
    (detail,) = body["authorization_details"]
    assert detail["categories"] == ["Sleep"]
    found = await parties.introspect(body["access_token"])
    assert found["authorization_details"] == body["authorization_details"]
    assert claims_of(body["access_token"])["authorization_details"] == [detail]

    changed = replace(parties.app.client.metadata, subject_type="pairwise")
    await harness.register_again(parties.app, metadata=changed)
    subject = (await parties.granted())["access_token"]
    public = await harness.context.stores.users.user_by_email("ann@example.org")
    assert public is not None
    token = (await parties.exchanged(subject))["access_token"]
    seen = {
        claims_of(subject)["sub"],
        claims_of(token)["sub"],
        (await parties.introspect(token))["sub"],
    }
    assert len(seen) == 1
    assert public.subject not in seen


async def test_a_bound_token_is_exchanged_by_its_holder_only(parties: ExchangeParties) -> None:
    harness = parties.harness
    kinds = parties.app.client.grant_types | {TOKEN_EXCHANGE}
    await harness.register_again(parties.app, grant_types=kinds)
    key, attacker, now = DPoPKey(), DPoPKey(), harness.context.clock.now
    tokens = await parties.granted()
    refreshing = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "resource": GATEWAY,
    }
    bound = (await post_token(harness, parties.app, key.proof(now()), **refreshing)).json()
    fields = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": bound["access_token"],
        "subject_token_type": ACCESS_TOKEN_URN,
        "resource": TASKS,
    }
    for app in (parties.app, parties.gateway):
        for response in (
            await parties.exchange(bound["access_token"], app),
            await post_token(harness, app, attacker.proof(now()), **fields),
        ):
            assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    good = (await post_token(harness, parties.app, key.proof(now()), **fields)).json()
    assert good["token_type"] == "DPoP"
    assert (await parties.introspect(good["access_token"]))["cnf"] == {"jkt": key.thumbprint}
    # A bearer token becomes a token that is bound to the key of the client that exchanges.
    fields["subject_token"] = tokens["access_token"]
    own = (await post_token(harness, parties.gateway, attacker.proof(now()), **fields)).json()
    assert (await parties.introspect(own["access_token"]))["cnf"] == {"jkt": attacker.thumbprint}


async def test_only_where_the_operator_offers_it(harness: AppHarness) -> None:
    """RFC 8414 §2: discovery names what is offered. Applications cannot take it themselves."""
    parties = await add_exchange_parties(harness)
    subject = (await parties.granted())["access_token"]
    assert (await parties.exchange(subject)).json()["error"] == "unsupported_grant_type"
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
