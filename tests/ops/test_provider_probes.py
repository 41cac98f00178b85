"""docs/operator/monitoring.md: keys of providers are fetched between sign-ins, by one process."""

from dataclasses import replace
from datetime import timedelta

from quantimodo.app.background import provider_probes
from quantimodo.app.composition.policies import alert_thresholds
from quantimodo.app.composition.services import AppContext
from quantimodo.app.server_state import watch
from quantimodo.ops.health_readings import readings
from quantimodo.ops.provider_probes import ProviderProbes
from support.app import OpenHarness
from support.environment import FrozenClock
from support.loopback_server import loopback_server

DOWN = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
MINUTE = timedelta(minutes=1)


async def test_a_provider_that_is_down_is_known_without_a_sign_in(
    open_harness: OpenHarness, clock: FrozenClock
) -> None:
    async with loopback_server(DOWN) as there:
        settings = {
            "providers__test__kind": "oidc",
            "providers__test__client_id": "id",
            "providers__test__issuer": f"http://{there.host_and_port}",
            "providers__github__client_id": "id",
            "providers__github__client_secret": "secret",
            "insecure_private_hosts": there.host_and_port,
        }
        async with open_harness(**settings) as harness:
            context = harness.context
            probes = provider_probes(context, "one")
            assert len(probes.probes) == 1, "one with OAuth 2 alone has nothing to fetch"
            for _ in range(40):
                await probes.round()
                clock.advance(MINUTE)
            # Every five minutes, more or less: six to nine times.
            await watch(context)
            assert context.metrics.state is not None
            (state,) = context.metrics.state.providers
            assert 6 <= state.failures <= 9
            found = readings(context.metrics.state, alert_thresholds(context.settings))
            (reading,) = [each for each in found if each.subject == "provider"]
            assert (reading.of, reading.state) == ("test", "warning")


def counting(
    context: AppContext, clock: FrozenClock, holder: str
) -> tuple[ProviderProbes, list[str]]:
    calls: list[str] = []

    async def probe() -> None:
        calls.append(holder)

    probes = provider_probes(replace(context, clock=clock), holder)
    probes.probes = [probe]
    return probes, calls


async def test_one_process_asks_and_another_one_follows_it(
    open_harness: OpenHarness, clock: FrozenClock
) -> None:
    async with open_harness() as harness:
        first, requested = counting(harness.context, clock, "first")
        second, also_requested = counting(harness.context, clock, "second")
        for _ in range(20):
            await first.round()
            await second.round()
            clock.advance(MINUTE)
        assert 2 <= len(requested) <= 5
        assert also_requested == []
        for _ in range(20):  # the first one has ended
            await second.round()
            clock.advance(MINUTE)
        assert 2 <= len(also_requested) <= 5
