"""`WebhookStore` and `DeliveryQueue`: one delivery for each event and endpoint, one sender each."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from samples import LATER, NOW, SOON, Samples, key, webhook_endpoint

from quantimodo.model.app_events import (
    MOST_ENDPOINTS,
    TEST_KIND,
    Attempt,
    Delivery,
    WebhookEndpoint,
)
from quantimodo.ports.stores import Stores

LEASE = timedelta(minutes=1)


async def endpoint_of(stores: Stores, samples: Samples, name: str = "hook") -> WebhookEndpoint:
    endpoint = webhook_endpoint((await samples.client()).id, name)
    assert await stores.webhooks.add_endpoint(endpoint)
    return endpoint


async def happen(samples: Samples, endpoint: WebhookEndpoint, times: int = 1) -> None:
    for _ in range(times):
        await samples.grant(client_id=endpoint.client_id)


async def claimed(
    stores: Stores, endpoint: WebhookEndpoint, at: object = NOW, limit: int = 100
) -> list[Delivery]:
    found = await stores.deliveries.claim_deliveries(endpoint.id, at, LEASE, limit)  # type: ignore[arg-type]
    return [] if found is None else list(found[1])


def attempt(delivery: Delivery, **changes: object) -> Attempt:
    values: dict[str, object] = {
        "endpoint_id": delivery.endpoint_id,
        "event_id": delivery.event.id,
        "attempts": delivery.attempts,
        "at": SOON,
        "status": 200,
    }
    return Attempt(**values | changes)  # type: ignore[arg-type]


async def test_an_endpoint_comes_back(stores: Stores, samples: Samples) -> None:
    endpoint = await endpoint_of(stores, samples)
    store, client_id = stores.webhooks, endpoint.client_id
    assert await store.endpoint(client_id, endpoint.id) == endpoint
    assert await store.endpoints_of(client_id) == [endpoint]
    url, kinds = "https://app.example.org/other", frozenset({"user.deleted"})
    assert await store.change_endpoint(client_id, endpoint.id, url, kinds)
    assert await store.rotate_secret(client_id, endpoint.id, key("new"), LATER)
    found = await store.endpoint(client_id, endpoint.id)
    assert found is not None
    assert (found.url, found.kinds, found.sealed_secret) == (url, kinds, key("new"))
    assert (found.sealed_previous, found.previous_until) == (endpoint.sealed_secret, LATER)
    assert await store.delete_endpoint(client_id, endpoint.id)
    assert not await store.delete_endpoint(client_id, endpoint.id)
    assert await store.endpoints_of(client_id) == []


async def test_no_other_application_reaches_it(stores: Stores, samples: Samples) -> None:
    endpoint, other = await endpoint_of(stores, samples), (await samples.client()).id
    await happen(samples, endpoint)
    store, there = stores.webhooks, (other, endpoint.id)
    assert await store.endpoint(*there) is None
    assert not await store.change_endpoint(*there, "https://other.example.org/", frozenset())
    assert not await store.rotate_secret(*there, key("new"), LATER)
    assert not await store.disable_endpoint(*there, SOON, "owner")
    assert not await store.enable_endpoint(*there)
    assert not await store.delete_endpoint(*there)
    assert not await store.add_test_event(*there, SOON)
    assert not await store.deliveries(*there, 10)
    assert not await store.replay(*there, 1, SOON)
    assert not await store.replay_since(*there, NOW, SOON)
    assert await store.endpoint(endpoint.client_id, endpoint.id) == endpoint


async def test_endpoints_of_one_application_are_limited(stores: Stores, samples: Samples) -> None:
    client_id = (await samples.client()).id
    endpoints = [webhook_endpoint(client_id, f"hook {n}") for n in range(MOST_ENDPOINTS + 3)]
    added = await asyncio.gather(*map(stores.webhooks.add_endpoint, endpoints))
    assert added.count(True) == MOST_ENDPOINTS
    assert len(await stores.webhooks.endpoints_of(client_id)) == MOST_ENDPOINTS


async def test_each_endpoint_gets_each_event_once(stores: Stores, samples: Samples) -> None:
    first = await endpoint_of(stores, samples, "a")
    second = webhook_endpoint(first.client_id, "b", kinds=frozenset({"grant.revoked"}))
    assert await stores.webhooks.add_endpoint(second)
    grant = await samples.grant(client_id=first.client_id)
    assert await stores.tokens.revoke_grant(grant.id, NOW)
    app = first.client_id
    assert await stores.deliveries.due_endpoints(NOW, "", 10) == [("a", app), ("b", app)]
    assert await stores.deliveries.due_endpoints(NOW, "a", 10) == [("b", app)]
    kinds = [each.event.kind for each in await claimed(stores, first)]
    assert kinds == ["grant.created", "grant.revoked"]
    assert [each.event.kind for each in await claimed(stores, second)] == ["grant.revoked"]
    assert await stores.deliveries.due_endpoints(NOW, "", 10) == []
    assert await claimed(stores, first) == []


async def test_of_concurrent_senders_each_delivery_has_one(
    stores: Stores, samples: Samples
) -> None:
    endpoint = await endpoint_of(stores, samples)
    await happen(samples, endpoint, 12)
    parts = await asyncio.gather(*(claimed(stores, endpoint, limit=3) for _ in range(8)))
    numbers = [each.event.number for part in parts for each in part]
    assert sorted(numbers) == sorted(set(numbers))
    while more := await claimed(stores, endpoint, limit=3):
        numbers += [each.event.number for each in more]
    assert sorted(numbers) == list(range(1, 13))


async def test_a_lease_ends_and_the_late_sender_changes_nothing(
    stores: Stores, samples: Samples
) -> None:
    endpoint = await endpoint_of(stores, samples)
    await happen(samples, endpoint)
    (first,) = await claimed(stores, endpoint)
    assert first.attempts == 1
    (second,) = await claimed(stores, endpoint, NOW + LEASE)
    assert second.attempts == 2
    queue = stores.deliveries
    assert await queue.record_failed(attempt(first, status=500, retry_at=LATER)) is None
    await queue.record_delivered(attempt(first))
    (listed,) = await stores.webhooks.deliveries(endpoint.client_id, endpoint.id, 10)
    assert (listed.delivered_at, listed.status) == (None, 0)
    await queue.record_delivered(attempt(second))
    (listed,) = await stores.webhooks.deliveries(endpoint.client_id, endpoint.id, 10)
    assert (listed.delivered_at, listed.status, listed.due_at) == (SOON, 200, None)
    assert await claimed(stores, endpoint, LATER) == []


async def test_a_failure_is_repeated_until_it_is_given_up(stores: Stores, samples: Samples) -> None:
    endpoint = await endpoint_of(stores, samples)
    await happen(samples, endpoint)
    queue, (first,) = stores.deliveries, await claimed(stores, endpoint)
    retry = attempt(first, status=503, cause="status 503", retry_at=SOON)
    assert await queue.record_failed(retry) == SOON
    (second,) = await claimed(stores, endpoint, SOON)
    last = attempt(second, at=LATER, status=0, cause="no response")
    assert await queue.record_failed(last) == SOON, "the first failure counts"
    (listed,) = await stores.webhooks.deliveries(endpoint.client_id, endpoint.id, 10)
    assert (listed.due_at, listed.delivered_at) == (None, None)
    assert (listed.cause, listed.tried_at) == ("no response", LATER)
    await happen(samples, endpoint)
    (third,) = await claimed(stores, endpoint, LATER)
    await queue.record_delivered(attempt(third))
    found = await stores.webhooks.endpoint(endpoint.client_id, endpoint.id)
    assert found is not None
    assert found.failing_since is None


async def test_a_disabled_endpoint_gets_nothing_until_it_is_enabled(
    stores: Stores, samples: Samples
) -> None:
    endpoint = await endpoint_of(stores, samples)
    store, own = stores.webhooks, (endpoint.client_id, endpoint.id)
    await happen(samples, endpoint)
    disabled = await asyncio.gather(*(store.disable_endpoint(*own, SOON, "gone") for _ in range(4)))
    assert disabled.count(True) == 1
    await happen(samples, endpoint)
    assert await claimed(stores, endpoint, LATER) == []
    assert await stores.deliveries.due_endpoints(LATER, "", 10) == []
    assert not await store.add_test_event(*own, SOON)
    found = await store.endpoint(*own)
    assert found is not None
    assert (found.disabled_at, found.disabled_reason) == (SOON, "gone")
    assert await store.enable_endpoint(*own)
    assert not await store.enable_endpoint(*own)
    assert [each.event.number for each in await claimed(stores, endpoint)] == [1]
    # What happened meanwhile is kept, and its owner can have it replayed.
    assert await store.replay_since(*own, NOW, SOON) == 2
    assert [each.event.number for each in await claimed(stores, endpoint, SOON)] == [1, 2]


async def test_a_disabled_application_gets_nothing(stores: Stores, samples: Samples) -> None:
    endpoint = await endpoint_of(stores, samples)
    await happen(samples, endpoint)
    client = await stores.clients.client(endpoint.client_id)
    assert client is not None
    await stores.clients.replace_client(replace(client, disabled_at=NOW))
    assert await stores.deliveries.due_endpoints(LATER, "", 10) == []
    assert await claimed(stores, endpoint, LATER) == []


async def test_deliveries_are_listed_and_replayed(stores: Stores, samples: Samples) -> None:
    endpoint = await endpoint_of(stores, samples)
    store, own = stores.webhooks, (endpoint.client_id, endpoint.id)
    await happen(samples, endpoint, 3)
    assert await store.add_test_event(*own, NOW)
    for delivery in await claimed(stores, endpoint):
        await stores.deliveries.record_delivered(attempt(delivery))
    listed = await store.deliveries(*own, 2)
    assert [each.event.number for each in listed] == [4, 3]
    assert listed[0].event.kind == TEST_KIND
    rest = await store.deliveries(*own, 10, before=3)
    assert [each.event.number for each in rest] == [2, 1]
    assert await store.replay(*own, 2, LATER)
    assert not await store.replay(*own, 99, LATER)
    assert await claimed(stores, endpoint, SOON) == []
    (again,) = await claimed(stores, endpoint, LATER)
    assert (again.event.number, again.attempts) == (2, 1)
    assert await store.replay_since(*own, NOW, LATER) == 3, "a test is not repeated"
    assert await store.replay_since(*own, LATER, LATER) == 0
    tests = [each.kind for each in await stores.app_events.events_after(own[0], 0, 10)]
    assert tests == ["grant.created"] * 3, "a test is in no list of events"
