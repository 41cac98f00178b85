"""Actor tokens and chains (RFC 8693 §2.1, §4.1, §4.4): who acts is a client that the application
lists, by a token that it got for the purpose."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from exchange_scene import (
    ALONE,
    GATEWAY,
    INACTIVE,
    NOTES,
    TASKS,
    Scene,
    add_api,
    set_scene,
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

    scene: Scene
    worker: App

    async def own_token(self, client: App | None = None, **changes: str | None) -> str:
        """A token of a client for itself, for the gateway's API."""
        fields = {"grant_type": "client_credentials", "resource": GATEWAY, "scope": "use"}
        response = await self.scene.harness.token(client or self.worker, **{**fields, **changes})
        assert response.status_code == 200, response.text
        token: str = response.json()["access_token"]
        return token

    async def exchange(self, subject: str, actor: str | None, **changes: Any) -> httpx.Response:
        fields = {"actor_token": actor, "actor_token_type": ACCESS_TOKEN_URN, **changes}
        return await self.scene.exchange(subject, **fields)

    async def list_actors(self, *clients: App) -> None:
        harness, app = self.scene.harness, self.scene.app
        found = await harness.context.stores.clients.client(app.id)
        assert found is not None
        actors = tuple(each.id for each in clients)
        metadata = replace(found.metadata, token_exchange_actors=actors)
        await harness.register_again(app, metadata=metadata)

    async def change_api(self, identifier: str, **changes: Any) -> None:
        context = self.scene.harness.context
        api = await context.stores.resources.resource(identifier)
        assert api is not None
        changed = replace(resource_registration(api), **changes)
        await resource_registry(context).change(api, changed, by_operator=True)

    async def open_to(self, identifier: str, *clients: App) -> None:
        await self.change_api(identifier, clients=frozenset(each.id for each in clients))


async def set_acting(scene: Scene) -> Acting:
    worker = await scene.harness.app(name="Worker", **OWN_TOKENS)
    acting = Acting(scene, worker)
    await acting.list_actors(worker)
    await acting.open_to(TASKS, scene.app, scene.gateway, worker)
    await acting.open_to(GATEWAY, scene.app, scene.gateway, worker)
    return acting


@pytest.fixture
async def acting(open_harness: OpenHarness) -> AsyncIterator[Acting]:
    async with open_harness(tokens__exchange="true") as harness:
        yield await set_acting(await set_scene(harness))


def act_of(*clients: App) -> dict[str, Any]:
    """The claim with these clients, the present actor first."""
    first, *before = clients
    return {"sub": first.id, **({"act": act_of(*before)} if before else {})}


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
async def test_4_1_the_actor_is_the_client_of_the_actor_token(
    open_harness: OpenHarness, token_format: str
) -> None:
    async with open_harness(tokens__exchange="true") as harness:
        acting = await set_acting(await set_scene(harness, token_format=token_format))
        scene = acting.scene
        harness.advance(minutes=10)
        actor = await acting.own_token()
        harness.advance(minutes=40)
        subject = (await scene.granted())["access_token"]
        response = await acting.exchange(subject, actor)
        assert response.status_code == 200, response.text
        token = response.json()["access_token"]
        found = await scene.introspect(token)
        assert found["act"] == act_of(acting.worker, scene.gateway, scene.app)
        assert (found["client_id"], found["aud"]) == (scene.gateway.id, TASKS)
        assert response.json()["expires_in"] == 1200, "not beyond the actor token"
        if token_format == "jwt":
            assert claims_of(token)["act"] == found["act"]
            by_type = await acting.exchange(subject, actor, actor_token_type=JWT_URN)
            assert by_type.status_code == 200
        else:
            by_type = await acting.exchange(subject, actor, actor_token_type=JWT_URN)
            assert by_type.json()["error"] == "invalid_request", "an opaque token is no JWT"
        # It ends with each client of the chain.
        for client in (acting.worker, scene.gateway, scene.app):
            await harness.disable(client)
            assert await scene.introspect(token) == INACTIVE, client.client.name
            await harness.register_again(client, disabled_at=None)
            assert (await scene.introspect(token))["active"]


async def test_4_1_the_client_itself_may_be_the_actor(acting: Acting) -> None:
    scene = acting.scene
    grants = frozenset({"client_credentials", TOKEN_EXCHANGE})
    await scene.harness.register_again(scene.gateway, grant_types=grants)
    subject = (await scene.granted())["access_token"]
    response = await acting.exchange(subject, await acting.own_token(scene.gateway))
    found = await scene.introspect(response.json()["access_token"])
    assert found["act"] == act_of(scene.gateway, scene.app), "no client twice in a row"


async def test_2_1_a_token_and_its_type_come_together(acting: Acting) -> None:
    subject = (await acting.scene.granted())["access_token"]
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
    scene = acting.scene
    subject, actor = (await scene.granted())["access_token"], await acting.own_token()
    await acting.list_actors()
    refused = await acting.exchange(subject, actor)
    assert refused.json()["error"] == "invalid_request"
    assert (await scene.exchange(subject)).status_code == 200, "the client itself may"
    await acting.list_actors(scene.gateway)
    assert (await acting.exchange(subject, actor)).json()["error"] == "invalid_request"


async def test_confused_deputies_by_an_actor_token(acting: Acting) -> None:
    """Actor tokens that are real, and that the client was sent for another purpose."""
    scene = acting.scene
    harness = scene.harness
    both = frozenset({*scene.app.client.grant_types, "client_credentials"})
    await harness.register_again(scene.app, grant_types=both)
    listed = {"clients": frozenset({acting.worker.id})}
    await add_api(harness, NOTES, "notes", introspected_by=frozenset({scene.server.id}), **listed)
    other = await harness.app(name="Other", **OWN_TOKENS)
    await acting.open_to(GATEWAY, scene.app, acting.worker, other)
    tokens = await scene.granted()
    subject, actor = tokens["access_token"], await acting.own_token()
    refused = {
        "for this server's API": await acting.own_token(resource=None, scope="readmeasurements"),
        "for an API of another client": await acting.own_token(resource=NOTES, scope="notes"),
        "of a client that is not listed": await acting.own_token(other),
        "of a person": subject,
        "exchanged": (await scene.exchanged(subject))["access_token"],
        "an ID token": tokens["id_token"],
        "a refresh token": tokens["refresh_token"],
        "personal": "qmp_" + "A" * 52,
    }
    for says, token in refused.items():
        response = await acting.exchange(subject, token)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request"), says
    # Neither borrows the rights of the other: the API lists both, or the request is refused.
    for clients in ((scene.gateway,), (acting.worker,)):
        await acting.open_to(TASKS, scene.app, *clients)
        response = await acting.exchange(subject, actor)
        assert response.json()["error"] == "invalid_target"
    await acting.open_to(TASKS, scene.app, scene.gateway, acting.worker)
    # A worker cannot exchange by itself, and its token is no subject.
    assert (await scene.exchange(actor)).json()["error"] == "invalid_request"
    alone = await scene.exchange(subject, acting.worker)
    assert alone.json()["error"] == "unauthorized_client"
    await harness.disable(acting.worker)
    assert (await acting.exchange(subject, actor)).json()["error"] == "invalid_request"
    await harness.register_again(acting.worker, disabled_at=None)
    harness.advance(hours=2)
    later = (await scene.granted())["access_token"]
    assert (await acting.exchange(later, actor)).json()["error"] == "invalid_request"


async def test_a_bound_actor_token_is_used_by_its_holder_only(acting: Acting) -> None:
    scene = acting.scene
    harness = scene.harness
    key, attacker, now = DPoPKey(), DPoPKey(), harness.context.clock.now
    fields = {"grant_type": "client_credentials", "resource": GATEWAY, "scope": "use"}
    bound = (await post_token(harness, acting.worker, key.proof(now()), **fields)).json()
    assert bound["token_type"] == "DPoP"
    exchange = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": (await scene.granted())["access_token"],
        "subject_token_type": ACCESS_TOKEN_URN,
        "actor_token": bound["access_token"],
        "actor_token_type": ACCESS_TOKEN_URN,
        "resource": TASKS,
    }
    for proof in (None, attacker.proof(now())):
        refused = await post_token(harness, scene.gateway, proof, **exchange)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    good = (await post_token(harness, scene.gateway, key.proof(now()), **exchange)).json()
    assert (await scene.introspect(good["access_token"]))["cnf"] == {"jkt": key.thumbprint}


async def test_4_1_a_chain_is_nested_and_ends_with_each_token_of_it(acting: Acting) -> None:
    scene, (server, worker) = acting.scene, (acting.scene.server, acting.worker)
    harness = scene.harness
    exchanges = frozenset({TOKEN_EXCHANGE})
    await harness.register_again(server, grant_types=exchanges)
    await harness.register_again(worker, grant_types=exchanges)
    await acting.open_to(GATEWAY, scene.app, scene.gateway, server, worker)
    subject = (await scene.granted())["access_token"]
    first = (await scene.exchanged(subject))["access_token"]
    back = {"resource": GATEWAY}
    # By default no client exchanges again, also not the one for whose API the token is.
    refused = await scene.exchange(first, server, **back)
    assert refused.json()["error"] == "invalid_request"
    await acting.list_actors(server, scene.gateway)
    # Not the client that got the token, and no other one that does not introspect for its API.
    for client in (scene.gateway, worker):
        refused = await scene.exchange(first, client, **back)
        assert refused.json()["error"] == "invalid_request"
    response = await scene.exchange(first, server, **back)
    assert response.status_code == 200, response.text
    second = response.json()["access_token"]
    found = await harness.introspect(scene.gateway, second)
    assert found["act"] == act_of(server, scene.gateway, scene.app)
    assert (found["scope"], found["aud"]) == ("use", GATEWAY), "what the person allowed there"
    third = (await scene.exchanged(second))["access_token"]
    found = await scene.introspect(third)
    assert found["act"] == act_of(scene.gateway, server, scene.gateway, scene.app)
    longer = await scene.exchange(third, server, **back)
    assert longer.json()["error"] == "invalid_request"
    assert "at most 4" in longer.json()["error_description"]
    # An API that the person did not allow is not reached by a chain.
    await add_api(harness, NOTES, "notes", clients=frozenset({server.id}))
    refused = await scene.exchange(first, server, resource=NOTES)
    assert refused.json()["error"] == "invalid_target"

    await harness.revoke(server, second)
    assert await scene.introspect(third) == INACTIVE
    assert (await scene.introspect(first))["active"]
    again = (await scene.exchange(first, server, **back)).json()["access_token"]
    await harness.revoke(scene.app, subject)
    for token in (first, again):
        assert await harness.introspect(scene.gateway, token) == INACTIVE
        assert await scene.introspect(token) == INACTIVE


async def test_the_person_sees_who_acts_and_the_whole_chain(acting: Acting) -> None:
    scene, harness = acting.scene, acting.scene.harness
    subject, actor = (await scene.granted())["access_token"], await acting.own_token()
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
    assert details == [f"{scene.app.client.name} · Gateway · Worker · Tasks"]


async def test_only_the_operator_lists_actors(open_harness: OpenHarness) -> None:
    async with open_harness(tokens__exchange="true", registration__mode="open") as harness:
        acting = await set_acting(await set_scene(harness))
        app, worker = acting.scene.app, acting.worker
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
