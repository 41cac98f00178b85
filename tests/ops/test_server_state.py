"""docs/operator/monitoring.md: the gauges, measured in the background and never for a request."""

import re
from contextlib import suppress
from datetime import timedelta

import httpx
import pytest

from quantimodo.app.server_state import measure, watch
from quantimodo.federation.provider_examination import examine_provider
from quantimodo.model.events import Mail
from quantimodo.model.keys import ALGORITHMS
from quantimodo.model.server_state import ProviderState, TokenRequests
from quantimodo.ops.provider_outcomes import ProviderOutcomes
from quantimodo.outbound.errors import ProviderFault
from quantimodo.ports.stores import Unavailable
from support.app import CALLBACK, AppHarness, OpenHarness
from support.environment import FrozenClock

GOOGLE = {
    "providers__google__kind": "google",
    "providers__google__client_id": "fake-id",
    "providers__google__client_secret": "fake-secret",
}


def gauges(page: str) -> dict[str, float]:
    """The series of the state, by name and labels."""
    found = re.findall(r"^(quantimodo_\S+?) (\S+)$", page, re.MULTILINE)
    return {name: float(value) for name, value in found if "_total" not in name}


async def test_gauges_have_what_was_measured_last(harness: AppHarness) -> None:
    context = harness.context
    assert gauges(await harness.metrics()) == {}  # a request measures nothing
    now = context.clock.now()
    await context.outbox.send(Mail(to="ann@example.org", subject="s", text="t"))
    await context.stores.server_state.record_backup(now - timedelta(hours=3))
    harness.advance(minutes=5)
    await watch(context)
    shown = gauges(await harness.metrics())
    assert shown["quantimodo_state_timestamp_seconds"] == now.timestamp() + 300
    assert shown["quantimodo_backup_timestamp_seconds"] == now.timestamp() - 3 * 3600
    assert shown['quantimodo_queue_entries{queue="mail"}'] == 1
    assert shown['quantimodo_queue_oldest_age_seconds{queue="mail"}'] == 300
    assert shown['quantimodo_queue_entries{queue="webhooks"}'] == 0
    assert shown['quantimodo_queue_oldest_age_seconds{queue="webhooks"}'] == 0
    assert shown["quantimodo_database_size_bytes"] == harness.database.stat().st_size
    log = harness.database.with_name(f"{harness.database.name}-wal")
    assert shown["quantimodo_database_log_size_bytes"] == log.stat().st_size
    assert 0 < shown["quantimodo_disk_free_bytes"] < shown["quantimodo_disk_size_bytes"]
    for algorithm in ALGORITHMS:
        labels = f'{{algorithm="{algorithm}"}}'
        assert shown[f"quantimodo_signing_key_overdue{labels}"] == 0
        assert shown[f"quantimodo_signing_key_active_timestamp_seconds{labels}"] <= now.timestamp()
    harness.advance(minutes=5)
    assert gauges(await harness.metrics()) == shown


async def test_a_rotation_is_overdue_until_a_successor_waits(harness: AppHarness) -> None:
    context = harness.context

    async def overdue() -> set[str]:
        return {key.algorithm for key in (await measure(context)).keys if key.overdue}

    harness.advance(days=90, minutes=59)
    assert await overdue() == set()
    harness.advance(minutes=2)
    assert await overdue() == set(ALGORITHMS)
    await context.rotation.ensure()
    assert await overdue() == set()


async def test_token_requests_of_each_process_are_stored_once(harness: AppHarness) -> None:
    app = await harness.app()
    assert (await harness.token(app, grant_type="client_credentials")).status_code == 200
    for _ in range(2):
        assert (await harness.token(app, grant_type="refresh_token")).status_code == 400
    await watch(harness.context)
    await watch(harness.context)
    assert (await measure(harness.context)).token_requests == TokenRequests(3, 2)
    harness.advance(minutes=16)
    assert (await measure(harness.context)).token_requests == TokenRequests(0, 0)


async def test_requests_to_a_provider_are_counted_by_their_outcome(
    open_harness: OpenHarness,
) -> None:
    statuses = [200]

    def respond(request: httpx.Request) -> httpx.Response:
        body = httpx.ByteStream(b'{"keys": []}')
        return httpx.Response(
            statuses[0], headers={"content-type": "application/json"}, stream=body
        )

    transport = httpx.MockTransport(respond)
    async with open_harness(internet=transport, **GOOGLE) as harness:
        context, provider = harness.context, harness.context.providers["google"]

        async def request(status: int) -> None:
            statuses[:] = [status]
            harness.advance(days=2)  # nothing is cached for that long
            with suppress(ProviderFault):
                await examine_provider(provider, CALLBACK)

        for status in (503, 429, 503):
            await request(status)
        await watch(context)
        failed_at = context.clock.now()
        state = await measure(context)
        assert [(each.provider, each.failures) for each in state.providers] == [("google", 3)]
        assert (state.providers[0].succeeded_at, state.providers[0].failed_at) == (None, failed_at)
        page = await harness.metrics()
        failures = 'quantimodo_provider_requests_total{outcome="failure",provider="google"} 3.0'
        assert failures in page
        assert gauges(page)['quantimodo_provider_failures{provider="google"}'] == 3
        assert 'success_timestamp_seconds{provider="google"}' not in page
        await request(302)
        await request(200)
        await watch(context)
        (seen,) = (await measure(context)).providers
        assert (seen.succeeded_at, seen.failures) == (context.clock.now(), 0)


async def test_callers_cannot_make_a_provider_look_unavailable(open_harness: OpenHarness) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    async with open_harness(internet=httpx.MockTransport(respond), **GOOGLE) as harness:
        path = "/api/v2/auth/social/callback/google?error=temporarily_unavailable&state=x"
        await harness.browser().get(path)
        form = {"provider": "google", "accessToken": "fake-token"}
        await harness.browser().post("/api/v2/auth/social/authorizeToken", data=form)
        await watch(harness.context)
        assert [each.failures for each in (await measure(harness.context)).providers] in ([], [0])


class _Refusing:
    """A store whose database does not respond, until it does."""

    def __init__(self) -> None:
        self.responds = False
        self.kept: list[ProviderState] = []

    async def add_provider_outcomes(self, outcomes: list[ProviderState]) -> None:
        if not self.responds:
            raise Unavailable("no database")
        self.kept += outcomes


async def test_outcomes_wait_for_a_database_that_does_not_respond(clock: FrozenClock) -> None:
    store = _Refusing()
    outcomes = ProviderOutcomes(store, clock, lambda provider, outcome: None)  # type: ignore[arg-type]
    start = clock.now()
    outcomes.record("google", True)
    outcomes.record("google", False)
    with pytest.raises(Unavailable):
        await outcomes.flush()
    clock.advance(timedelta(minutes=1))
    outcomes.record("google", False)
    with pytest.raises(Unavailable):
        await outcomes.flush()
    store.responds = True
    await outcomes.flush()
    await outcomes.flush()
    assert store.kept == [
        ProviderState(provider="google", succeeded_at=start, failed_at=clock.now(), failures=2)
    ]


async def test_a_provider_that_is_not_configured_any_more_is_not_shown(
    harness: AppHarness,
) -> None:
    gone = ProviderState(
        provider="gone", succeeded_at=None, failed_at=harness.context.clock.now(), failures=9
    )
    await harness.context.stores.server_state.add_provider_outcomes([gone])
    assert (await measure(harness.context)).providers == []
