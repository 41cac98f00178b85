"""docs/operator/monitoring.md: alerts of a server, from its settings to the receiver."""

from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook

from quantimodo.app.composition.alerts import alert_messages, alert_worker
from quantimodo.app.composition.services import AppContext
from quantimodo.app.settings.reading import BadSettings, load_settings
from quantimodo.model.events import Mail
from quantimodo.outbound.http_client import GuardedHttpClient
from support.administrators import administrator
from support.app import OpenHarness
from support.environment import FrozenClock

SECRET = "whsec_" + "B" * 43 + "="
ALERTS = {
    "alerts__email": "ops@example.org",
    "alerts__administrators": "true",
    "alerts__webhook": "https://ops.example.org/alerts",
    "alerts__webhook_secret": SECRET,
    "alerts__disk_free": "1",
}


async def mails(context: AppContext) -> list[Mail]:
    return [each.mail for each in reversed(await context.outbox.recent())]


async def test_alerts_reach_addresses_administrators_and_the_webhook(
    open_harness: OpenHarness,
) -> None:
    received: list[httpx.Request] = []

    def receive(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return httpx.Response(204)

    async with open_harness(**ALERTS) as harness:
        # The receiver's library compares with the time of day.
        clock = FrozenClock(datetime.now(UTC))
        client = GuardedHttpClient(transport=httpx.MockTransport(receive))
        context = replace(harness.context, operator_http_client=client, clock=clock)
        await administrator(harness)
        await alert_worker(context).round()
        found = [each for each in await mails(context) if "backup" in each.subject]
        assert {each.to for each in found} == {"ops@example.org", "root@example.org"}
        assert "no backup is recorded" in found[0].text
        assert "quantimodo backup FILE" in found[0].text
        (posted,) = [each for each in received if b'"backup"' in each.content]
        assert str(posted.url) == "https://ops.example.org/alerts"
        payload = Webhook(SECRET).verify(posted.content, dict(posted.headers))
        assert payload["type"] == "alert.raised"
        assert payload["data"]["server"] == "https://id.example.org"
        assert payload["data"]["condition"] == "backup"
        assert payload["data"]["resolved_at"] is None
        assert SECRET.encode() not in posted.content
        received.clear()
        await context.stores.server_state.record_backup(clock.now())
        await alert_worker(context).round()  # the lease is another worker's
        assert received == []
        assert await alert_messages(context).test_webhook() == ""
        assert Webhook(SECRET).verify(received[0].content, dict(received[0].headers))


async def test_an_address_that_is_not_verified_gets_no_alert(open_harness: OpenHarness) -> None:
    """The state of the server is for the administrator, not for who has a mistyped address."""
    async with open_harness(alerts__administrators="true", alerts__disk_free="1") as harness:
        context = harness.context
        await administrator(harness)
        mistyped = await context.accounts.administration.create(
            email="rot@example.org", name="Root Example", password=None
        )
        await context.stores.users.set_administrator(mistyped.id, True)
        await alert_worker(context).round()
        assert {each.to for each in await mails(context)} == {"root@example.org"}


async def test_a_server_reports_its_own_recovery(open_harness: OpenHarness) -> None:
    async with open_harness(alerts__email="ops@example.org", alerts__disk_free="1") as harness:
        context = harness.context
        worker = alert_worker(context)
        await worker.round()
        await context.stores.server_state.record_backup(context.clock.now())
        await worker.round()
        assert [each.subject for each in await mails(context)] == [
            "warning: backup",
            "resolved: backup",
        ]
        harness.advance(days=91)
        await worker.round()
        assert "fault: " in (await mails(context))[-1].subject
        assert "keys.RS256" in (await mails(context))[-1].subject


REFUSED = [
    ({"alerts__email": "ops@example.org, nonsense"}, "alerts.email"),
    ({"alerts__conditions": "backup, weather"}, "alerts.conditions"),
    ({"alerts__webhook": "http://ops.example.org/"}, "alerts.webhook"),
    ({"alerts__webhook": "nonsense"}, "alerts.webhook"),
    ({"alerts__webhook_secret": ""}, "alerts.webhook_secret"),
    ({"alerts__webhook_secret": "B" * 44}, "alerts.webhook_secret"),
    ({"alerts__webhook_secret": "whsec_" + "B" * 28}, "alerts.webhook_secret"),
    ({"alerts__webhook_secret": "whsec_%%%"}, "alerts.webhook_secret"),
    ({"alerts__interval": "1s"}, "alerts.interval"),
]


@pytest.mark.parametrize(("changes", "name"), REFUSED, ids=str)
def test_settings_that_cannot_work_are_refused(changes: dict[str, str], name: str) -> None:
    given = {**ALERTS, **changes, "issuer": "https://id.example.org"}
    environment = {f"QUANTIMODO_{key.upper()}": value for key, value in given.items()}
    with pytest.raises(BadSettings) as refusal:
        load_settings(environment)
    variable = f"QUANTIMODO_{name.upper().replace('.', '__')}"
    assert any(variable in fault for fault in refusal.value.faults)
    assert SECRET not in str(refusal.value.faults)
