"""`ServerStateStore`: what operators watch, of all processes together."""

import asyncio
from datetime import timedelta

from samples import NOW, Samples, webhook_endpoint

from quantimodo.model.server_state import ProviderState, TokenRequests
from quantimodo.ports.stores import Stores

MINUTE = timedelta(minutes=1)


async def test_the_newest_backup_is_recorded(stores: Stores) -> None:
    assert await stores.server_state.last_backup() is None
    await stores.server_state.record_backup(NOW)
    await stores.server_state.record_backup(NOW - MINUTE)
    assert await stores.server_state.last_backup() == NOW
    await stores.server_state.record_backup(NOW + MINUTE)
    assert await stores.server_state.last_backup() == NOW + MINUTE


async def test_mails_that_wait_are_counted_with_the_oldest(stores: Stores) -> None:
    mail, webhooks = await stores.server_state.queues(NOW)
    assert (mail.name, mail.waiting, mail.oldest_at) == ("mail", 0, None)
    assert (webhooks.name, webhooks.waiting, webhooks.oldest_at) == ("webhooks", 0, None)
    day = timedelta(days=1)
    await stores.mails.add_mail(b"expired", NOW - 2 * day, NOW - day)
    await stores.mails.add_mail(b"older", NOW - MINUTE, NOW + day)
    await stores.mails.add_mail(b"newer", NOW, NOW + day)
    await stores.mails.claim_mail(NOW, MINUTE, 10)  # a claimed one is not sent yet
    mail, _ = await stores.server_state.queues(NOW)
    assert (mail.waiting, mail.oldest_at) == (2, NOW - MINUTE)


async def test_webhooks_that_wait_are_counted_unless_their_endpoint_is_disabled(
    stores: Stores, samples: Samples
) -> None:
    endpoint = webhook_endpoint((await samples.client()).id)
    assert await stores.webhooks.add_endpoint(endpoint)
    for _ in range(3):
        await samples.grant(client_id=endpoint.client_id)
    _, webhooks = await stores.server_state.queues(NOW)
    assert (webhooks.waiting, webhooks.oldest_at) == (3, NOW)
    assert await stores.webhooks.disable_endpoint(endpoint.client_id, endpoint.id, NOW, "failing")
    _, webhooks = await stores.server_state.queues(NOW)
    assert (webhooks.waiting, webhooks.oldest_at) == (0, None)


async def test_the_database_has_a_size(stores: Stores, engine: str) -> None:
    sizes = await stores.server_state.sizes()
    assert sizes.database is not None
    assert sizes.database > 100_000
    # The tests' role owns the server; on SQLite the log is a file.
    assert (sizes.log is None) == (engine == "sqlite")


def _saw(
    *, succeeded: timedelta | None = None, failed: timedelta | None = None, failures: int = 0
) -> ProviderState:
    return ProviderState(
        provider="google",
        succeeded_at=None if succeeded is None else NOW + succeeded,
        failed_at=None if failed is None else NOW + failed,
        failures=failures,
    )


async def test_failures_count_since_the_last_success_of_any_process(stores: Stores) -> None:
    store = stores.server_state
    await store.add_provider_outcomes([_saw(failed=MINUTE, failures=2)])
    await store.add_provider_outcomes([_saw(failed=2 * MINUTE, failures=3)])
    assert await store.provider_states() == [_saw(failed=2 * MINUTE, failures=5)]
    # A success, and one failure after it.
    await store.add_provider_outcomes([_saw(succeeded=3 * MINUTE, failed=4 * MINUTE, failures=1)])
    last = _saw(succeeded=3 * MINUTE, failed=4 * MINUTE, failures=1)
    assert await store.provider_states() == [last]
    # What another process saw earlier, and reports now.
    await store.add_provider_outcomes([_saw(succeeded=MINUTE, failed=2 * MINUTE, failures=1)])
    last = _saw(succeeded=3 * MINUTE, failed=4 * MINUTE, failures=2)
    assert await store.provider_states() == [last]


async def test_no_failure_and_no_request_of_many_processes_is_lost(stores: Stores) -> None:
    store, seen = stores.server_state, _saw(failed=MINUTE, failures=1)
    other = ProviderState(provider="apple", succeeded_at=NOW, failed_at=None, failures=0)
    await asyncio.gather(
        *(store.add_provider_outcomes([seen, other]) for _ in range(10)),
        *(store.add_token_requests(NOW, TokenRequests(3, 1)) for _ in range(10)),
    )
    assert [each.failures for each in await store.provider_states()] == [0, 10]
    assert await store.token_requests(NOW, MINUTE) == TokenRequests(30, 10)


async def test_token_requests_of_a_stretch_of_time_are_summed(stores: Stores) -> None:
    store = stores.server_state
    assert await store.token_requests(NOW, MINUTE) == TokenRequests(0, 0)
    for minutes in range(5):
        await store.add_token_requests(NOW + minutes * MINUTE, TokenRequests(10, minutes))
    assert await store.token_requests(NOW + 4 * MINUTE, 2 * MINUTE) == TokenRequests(30, 9)
    assert await store.token_requests(NOW + MINUTE, 9 * MINUTE) == TokenRequests(20, 1)


async def test_minutes_are_kept_for_a_day(stores: Stores) -> None:
    store, day = stores.server_state, timedelta(days=1)
    for minutes in range(3):
        await store.add_token_requests(NOW + minutes * MINUTE, TokenRequests(1, 0))
    assert await stores.retention.delete_expired("token_minutes", NOW + day, 10) == 0
    assert await stores.retention.delete_expired("token_minutes", NOW + 2 * MINUTE + day, 10) == 2
    assert await store.token_requests(NOW + 2 * MINUTE, day) == TokenRequests(1, 0)
