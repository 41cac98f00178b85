"""Actor tokens and chains (RFC 8693 §2.1, §4.1, §4.4): who acts is a client that the application
lists, by a token that it got for the purpose."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from exchange_parties import (
    ALONE,
    GATEWAY,
    INACTIVE,
    NOTES,
    TASKS,
    ExchangeParties,
    add_api,
    add_exchange_parties,
)

from quantimodo.app.composition.resources import resource_registry
from quantimodo.protocol.constants import ACCESS_TOKEN_URN, JWT_URN, TOKEN_EXCHANGE
from quantimodo.protocol.resource_registration import resource_registration
from support.app import App, OpenHarness, form_fields
from support.dpop import DPoPKey, post_token
from support.jwt_forgery import claims_of

OWN_TOKENS: dict[str, Any] = {**ALONE, "grant_types": frozenset({"client_credentials"})}


@dataclass(slots=True)
class Acting:
    """`worker` acts by the gateway's exchange at `TASKS`. The application lists it."""

    parties: ExchangeParties
    worker: App

    async def own_token(self, client: App | None = None, **changes: str | None) -> str:
        """A token of a client for itself, for the gateway's API."""
        fields = {"grant_type": "client_credentials", "resource": GATEWAY, "scope": "use"}
        response = await self.parties.harness.token(client or self.worker, **{**fields, **changes})
        assert response.status_code == 200, response.text
        token: str = response.json()["access_token"]
        return token

    async def exchange(self, subject: str, actor: str | None, **changes: Any) -> httpx.Response:
        fields = {"actor_token": actor, "actor_token_type": ACCESS_TOKEN_URN, **changes}
        return await self.parties.exchange(subject, **fields)

    async def list_actors(self, *clients: App) -> None:
        harness, app = self.parties.harness, self.parties.app
        found = await harness.context.stores.clients.client(app.id)
        assert found is not None
        actors = tuple(each.id for each in clients)
        metadata = replace(found.metadata, token_exchange_actors=actors)
        await harness.register_again(app, metadata=metadata)

    async def change_api(self, identifier: str, **changes: Any) -> None:
        context = self.parties.harness.context
        api = await context.stores.resources.resource(identifier)
        assert api is not None
        changed = replace(resource_registration(api), **changes)
        await resource_registry(context).change(api, changed, by_operator=True)

    async def open_to(self, identifier: str, *clients: App) -> None:
        await self.change_api(identifier, clients=frozenset(each.id for each in clients))


async def set_acting(parties: ExchangeParties) -> Acting:
    worker = await parties.harness.app(name="Worker", **OWN_TOKENS)
    acting = Acting(parties, worker)
    await acting.list_actors(worker)
    await acting.open_to(TASKS, parties.app, parties.gateway, worker)
    await acting.open_to(GATEWAY, parties.app, parties.gateway, worker)
    return acting


@pytest.fixture
async def acting(open_harness: OpenHarness) -> AsyncIterator[Acting]:
    async with open_harness(tokens__exchange="true") as harness:
        yield await set_acting(await add_exchange_parties(harness))


def act_of(*clients: App) -> dict[str, Any]:
    """The claim with these clients, the present actor first."""
    first, *before = clients
    return {"sub": first.id, **({"act": act_of(*before)} if before else {})}


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
async def test_4_1_the_actor_is_the_client_of_the_actor_token(
    open_harness: OpenHarness, token_format: str
) -> None:
    async with open_harness(tokens__exchange="true") as harness:
        acting = await set_acting(await add_exchange_parties(harness, token_format=token_format))
        parties = acting.parties
        harness.advance(minutes=10)
        actor = await acting.own_token()
        harness.advance(minutes=40)
        subject = (await parties.granted())["access_token"]
        response = await acting.exchange(subject, actor)
        assert response.status_code == 200, response.text
        token = response.json()["access_token"]
        found = await parties.introspect(token)
        assert found["act"] == act_of(acting.worker, parties.gateway, parties.app)
        assert (found["client_id"], found["aud"]) == (parties.gateway.id, TASKS)
        assert response.json()["expires_in"] == 1200, "not beyond the actor token"
        if token_format == "jwt":
            assert claims_of(token)["act"] == found["act"]
            by_type = await acting.exchange(subject, actor, actor_token_type=JWT_URN)
            assert by_type.status_code == 200
        else:
            by_type = await acting.exchange(subject, actor, actor_token_type=JWT_URN)
            assert by_type.json()["error"] == "invalid_request", "an opaque token is no JWT"
        # It ends with each client of the chain.
        for client in (acting.worker, parties.gateway, parties.app):
            await harness.disable(client)
            assert await parties.introspect(token) == INACTIVE, client.client.name
            await harness.register_again(client, disabled_at=None)
            assert (await parties.introspect(token))["active"]


async def test_4_1_the_client_itself_may_be_the_actor(acting: Acting) -> None:
    parties = acting.parties
    grants = frozenset({"client_credentials", TOKEN_EXCHANGE})
    await parties.harness.register_again(parties.gateway, grant_types=grants)
    subject = (await parties.granted())["access_token"]
    response = await acting.exchange(subject, await acting.own_token(parties.gateway))
    found = await parties.introspect(response.json()["access_token"])
    assert found["act"] == act_of(parties.gateway, parties.app), "no client twice in a row"


async def test_2_1_a_token_and_its_type_come_together(acting: Acting) -> None:
    subject = (await acting.parties.granted())["access_token"]
    actor = await acting.own_token()
    wrong: tuple[dict[str, str | None], ...] = (
        {"actor_token_type": None},
        {"actor_token": None},
        {"actor_token_type": ACCESS_TOKEN_URN.replace("access", "refresh")},
        {"actor_token_type": ACCESS_TOKEN_URN.replace("access", "id")},
        {"actor_token": "x"},
        {"actor_token": actor[:-4] + "AAAA"},
    )
    for changes in wrong:
        refused = await acting.exchange(subject, actor, **changes)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request"), changes
        assert actor not in refused.text


async def test_4_4_no_client_acts_that_the_application_does_not_list(acting: Acting) -> None:
    parties = acting.parties
    subject, actor = (await parties.granted())["access_token"], await acting.own_token()
    await acting.list_actors()
    refused = await acting.exchange(subject, actor)
    assert refused.json()["error"] == "invalid_request"
    assert (await parties.exchange(subject)).status_code == 200, "the client itself may"
    await acting.list_actors(parties.gateway)
    assert (await acting.exchange(subject, actor)).json()["error"] == "invalid_request"


async def test_confused_deputies_by_an_actor_token(acting: Acting) -> None:
    """Actor tokens that are real, and that the client was sent for another purpose."""
    parties = acting.parties
    harness = parties.harness
    both = frozenset({*parties.app.client.grant_types, "client_credentials"})
    await harness.register_again(parties.app, grant_types=both)
    listed = {"clients": frozenset({acting.worker.id})}
    await add_api(harness, NOTES, "notes", introspected_by=frozenset({parties.server.id}), **listed)
    other = await harness.app(name="Other", **OWN_TOKENS)
    await acting.open_to(GATEWAY, parties.app, acting.worker, other)
    tokens = await parties.granted()
    subject, actor = tokens["access_token"], await acting.own_token()
    refused = {
        "for this server's API": await acting.own_token(resource=None, scope="readmeasurements"),
        "for an API of another client": await acting.own_token(resource=NOTES, scope="notes"),
        "of a client that is not listed": await acting.own_token(other),
        "of a person": subject,
        "exchanged": (await parties.exchanged(subject))["access_token"],
        "an ID token": tokens["id_token"],
        "a refresh token": tokens["refresh_token"],
        "personal": "qmp_" + "A" * 52,
    }
    for says, token in refused.items():
        response = await acting.exchange(subject, token)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request"), says
    # Neither borrows the rights of the other: the API lists both, or the request is refused.
    for clients in ((parties.gateway,), (acting.worker,)):
        await acting.open_to(TASKS, parties.app, *clients)
        response = await acting.exchange(subject, actor)
        assert response.json()["error"] == "invalid_target"
    await acting.open_to(TASKS, parties.app, parties.gateway, acting.worker)
    # A worker cannot exchange by itself, and its token is no subject.
    assert (await parties.exchange(actor)).json()["error"] == "invalid_request"
    alone = await parties.exchange(subject, acting.worker)
    assert alone.json()["error"] == "unauthorized_client"
    await harness.disable(acting.worker)
    assert (await acting.exchange(subject, actor)).json()["error"] == "invalid_request"
    await harness.register_again(acting.worker, disabled_at=None)
    harness.advance(hours=2)
    later = (await parties.granted())["access_token"]
    assert (await acting.exchange(later, actor)).json()["error"] == "invalid_request"


async def test_a_bound_actor_token_is_used_by_its_holder_only(acting: Acting) -> None:
    parties = acting.parties
    harness = parties.harness
    key, attacker, now = DPoPKey(), DPoPKey(), harness.context.clock.now
    fields = {"grant_type": "client_credentials", "resource": GATEWAY, "scope": "use"}
    bound = (await post_token(harness, acting.worker, key.proof(now()), **fields)).json()
    assert bound["token_type"] == "DPoP"
    exchange = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": (await parties.granted())["access_token"],
        "subject_token_type": ACCESS_TOKEN_URN,
        "actor_token": bound["access_token"],
        "actor_token_type": ACCESS_TOKEN_URN,
        "resource": TASKS,
    }
    for proof in (None, attacker.proof(now())):
        refused = await post_token(harness, parties.gateway, proof, **exchange)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    good = (await post_token(harness, parties.gateway, key.proof(now()), **exchange)).json()
    assert (await parties.introspect(good["access_token"]))["cnf"] == {"jkt": key.thumbprint}


async def test_4_1_a_chain_is_nested_and_ends_with_each_token_of_it(acting: Acting) -> None:
    parties, (server, worker) = acting.parties, (acting.parties.server, acting.worker)
    harness = parties.harness
    exchanges = frozenset({TOKEN_EXCHANGE})
    await harness.register_again(server, grant_types=exchanges)
    await harness.register_again(worker, grant_types=exchanges)
    await acting.open_to(GATEWAY, parties.app, parties.gateway, server, worker)
    subject = (await parties.granted())["access_token"]
    first = (await parties.exchanged(subject))["access_token"]
    back = {"resource": GATEWAY}
    # By default no client exchanges again, also not the one for whose API the token is.
    refused = await parties.exchange(first, server, **back)
    assert refused.json()["error"] == "invalid_request"
    await acting.list_actors(server, parties.gateway)
    # Not the client that got the token, and no other one that does not introspect for its API.
    for client in (parties.gateway, worker):
        refused = await parties.exchange(first, client, **back)
        assert refused.json()["error"] == "invalid_request"
    response = await parties.exchange(first, server, **back)
    assert response.status_code == 200, response.text
    second = response.json()["access_token"]
    found = await harness.introspect(parties.gateway, second)
    assert found["act"] == act_of(server, parties.gateway, parties.app)
    assert (found["scope"], found["aud"]) == ("use", GATEWAY), "what the person allowed there"
    third = (await parties.exchanged(second))["access_token"]
    found = await parties.introspect(third)
    assert found["act"] == act_of(parties.gateway, server, parties.gateway, parties.app)
    longer = await parties.exchange(third, server, **back)
    assert longer.json()["error"] == "invalid_request"
    assert "at most 4" in longer.json()["error_description"]
    # An API that the person did not allow is not reached by a chain.
    await add_api(harness, NOTES, "notes", clients=frozenset({server.id}))
    refused = await parties.exchange(first, server, resource=NOTES)
    assert refused.json()["error"] == "invalid_target"

    await harness.revoke(server, second)
    assert await parties.introspect(third) == INACTIVE
    assert (await parties.introspect(first))["active"]
    again = (await parties.exchange(first, server, **back)).json()["access_token"]
    await harness.revoke(parties.app, subject)
    for token in (first, again):
        assert await harness.introspect(parties.gateway, token) == INACTIVE
        assert await parties.introspect(token) == INACTIVE


async def test_the_person_sees_who_acts_and_the_whole_chain(acting: Acting) -> None:
    parties, harness = acting.parties, acting.parties.harness
    subject, actor = (await parties.granted())["access_token"], await acting.own_token()
    for _ in range(2):
        assert (await acting.exchange(subject, actor)).status_code == 200
    await harness.context.accesses.flush()
    browser = await harness.signed_in()
    activity = (await browser.get("/account/activity")).text
    assert "Worker" in activity
    await harness.context.audit.flush()
    user = await harness.context.stores.users.user_by_email("ann@example.org")
    assert user is not None
    events = await harness.context.stores.events.events_of(user.id, 100)
    details = [each.detail for each in events if each.kind == "token.exchanged"]
    assert details == [f"{parties.app.client.name} · Gateway · Worker · Tasks"]


async def test_only_the_operator_lists_actors(open_harness: OpenHarness) -> None:
    async with open_harness(tokens__exchange="true", registration__mode="open") as harness:
        acting = await set_acting(await add_exchange_parties(harness))
        app, worker = acting.parties.app, acting.worker
        owner = await harness.person("dev@example.org")
        await harness.register_again(app, owner_id=owner.id)
        browser = await harness.signed_in("dev@example.org")
        path = f"/developers/apps/{app.id}/branding"
        form = {**form_fields((await browser.get(path)).text), "name": "Changed"}
        sent = {**form, "token_exchange_actors": app.id}
        assert (await browser.post(path, data=sent)).status_code == 303
        document = {"redirect_uris": ["https://app.example.org/cb"]}
        made = await browser.post(
            "/api/v2/oauth2/register", json={**document, "token_exchange_actors": [worker.id]}
        )
        clients = harness.context.stores.clients
        changed, added = (
            await clients.client(app.id),
            await clients.client(made.json()["client_id"]),
        )
        assert changed is not None
        assert added is not None
        assert (changed.name, changed.metadata.token_exchange_actors) == ("Changed", (worker.id,))
        assert added.metadata.token_exchange_actors == ()
