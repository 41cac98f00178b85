"""Slow and dead webhooks delay one another, and no others: of any number of applications."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from receiver import Receiver, hooked

from quantimodo.app.composition.webhooks import webhooks
from quantimodo.model.app_events import WebhookEndpoint
from quantimodo.ops.webhooks import ENDPOINTS_AT_ONCE, ENDPOINTS_OF_CLIENT, PROMPT
from support.app import App, AppHarness

PER_APP = 8
SLOW_APPS = 2 * ENDPOINTS_AT_ONCE // PER_APP
HEALTHY = "https://healthy.example.org/"


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not reached():
            await asyncio.sleep(0.01)


async def event(harness: AppHarness, app: App, endpoint: WebhookEndpoint) -> None:
    """Something is due to this endpoint."""
    assert await webhooks(harness.context).send_test(app.client, endpoint.id)


async def slow_ones(
    harness: AppHarness, receiver: Receiver, apps: int = SLOW_APPS
) -> list[tuple[App, WebhookEndpoint]]:
    """Twice as many endpoints as are served at once; their receivers do not respond."""
    found = []
    for number in range(apps):
        app = await harness.app()
        for hook in range(PER_APP):
            url = f"https://slow{number}.example.org/{hook}"
            receiver.slow.add(url)
            endpoint, _ = await hooked(harness, app, url)
            found.append((app, endpoint))
    return found


def waiting(receiver: Receiver) -> list[str]:
    return [each.url for each in receiver.received if each.url in receiver.slow]


async def test_more_slow_webhooks_than_places_delay_no_prompt_one(harness: AppHarness) -> None:
    receiver, app = Receiver(), await harness.app()
    healthy, _ = await hooked(harness, app, HEALTHY)
    sender = receiver.sender(harness)
    await event(harness, app, healthy)
    await sender.send_due()
    for slow_app, endpoint in await slow_ones(harness, receiver):
        await event(harness, slow_app, endpoint)
    await sender.begin_due()
    await until(lambda: len(waiting(receiver)) == ENDPOINTS_AT_ONCE)
    await event(harness, app, healthy)
    await sender.begin_due()
    await until(lambda: sum(each.url == HEALTHY for each in receiver.received) == 2)
    assert len(waiting(receiver)) == ENDPOINTS_AT_ONCE, "the others wait for a place"
    receiver.release.set()
    await sender.send_due()
    assert len(waiting(receiver)) == SLOW_APPS * PER_APP, "each was served in the end"


async def test_webhooks_that_were_slow_before_delay_no_new_one(harness: AppHarness) -> None:
    receiver, dead = Receiver(), "https://slow0.example.org/0"
    slow, sender = await slow_ones(harness, receiver), receiver.sender(harness)
    receiver.responses[dead] = 503
    for slow_app, endpoint in slow:
        await event(harness, slow_app, endpoint)
    await sender.begin_due()
    await until(lambda: len(waiting(receiver)) == ENDPOINTS_AT_ONCE)
    harness.context.clock.advance(PROMPT + timedelta(seconds=1))  # type: ignore[attr-defined]
    await sender.begin_due()
    receiver.slow, all_slow = set(), receiver.slow  # those whose turn comes later are prompt
    receiver.release.set()
    await sender.send_due()
    known = {each.url for each in receiver.received[:ENDPOINTS_AT_ONCE]}
    assert len(known) == ENDPOINTS_AT_ONCE
    receiver.release.clear()
    receiver.received.clear()
    receiver.slow = all_slow
    for slow_app, endpoint in slow:
        if endpoint.url in known:
            await event(harness, slow_app, endpoint)
    app = await harness.app()
    fresh, _ = await hooked(harness, app, HEALTHY)
    await event(harness, app, fresh)
    await sender.begin_due()
    await until(lambda: HEALTHY in [each.url for each in receiver.received])
    receiver.release.set()
    await sender.close()


async def test_one_application_has_few_of_the_places(harness: AppHarness) -> None:
    receiver = Receiver()
    slow = await slow_ones(harness, receiver, apps=1)
    sender = receiver.sender(harness)
    for app, endpoint in slow:
        await event(harness, app, endpoint)
    await sender.begin_due()
    other = await harness.app()
    healthy, _ = await hooked(harness, other, HEALTHY)
    await event(harness, other, healthy)
    await sender.begin_due()
    await until(lambda: HEALTHY in [each.url for each in receiver.received])
    await until(lambda: len(waiting(receiver)) == ENDPOINTS_OF_CLIENT)
    receiver.release.set()
    await sender.send_due()
    assert len(waiting(receiver)) == PER_APP
