"""`AlertStore`, and the worker over it: of many processes one reports a condition, once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from samples import NOW

from quantimodo.model.alerts import Alert
from quantimodo.model.budgets import Charge
from quantimodo.model.events import Mail
from quantimodo.model.secrets import Secret
from quantimodo.ops.alert_messages import AlertMessages, AlertWebhook
from quantimodo.ops.alert_rules import AlertPolicy
from quantimodo.ops.alerts import AlertWorker
from quantimodo.ops.health_readings import SUBJECTS, HealthReading
from quantimodo.ports.stores import Stores
from quantimodo.ports.webhook_poster import WebhookMessage, WebhookResult
from support.environment import FrozenClock

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ALERT = Alert(name="backup", severity="warning", text="old", kind="raised", raised_at=NOW)
SECRET = Secret("whsec_" + "A" * 43 + "=")


async def test_an_alert_comes_back_and_of_concurrent_changes_one_wins(stores: Stores) -> None:
    store = stores.alerts
    assert await store.alerts() == []
    added = await asyncio.gather(*(store.save_alert(ALERT) for _ in range(5)))
    assert sum(added) == 1
    (found,) = await store.alerts()
    assert found == replace(ALERT, revision=1)
    changed = replace(
        found,
        severity="fault",
        text="none",
        kind="resolved",
        raised_at=NOW + MINUTE,
        resolved_at=NOW + HOUR,
        reported_at=NOW + MINUTE,
        by_mail=True,
        by_webhook=True,
    )
    assert sum(await asyncio.gather(*(store.save_alert(changed) for _ in range(5)))) == 1
    assert await store.alerts() == [replace(changed, revision=2)]
    assert not await store.save_alert(found)
    assert await store.save_alert(replace(ALERT, name="apart"))
    assert [each.name for each in await store.alerts()] == ["apart", "backup"]


@dataclass
class Site:
    """The servers over one database, and what they sent. `readings` is the state of them all."""

    stores: Stores
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(NOW))
    readings: list[HealthReading] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    posts: list[WebhookMessage] = field(default_factory=list)
    cause: str = ""
    recipients: Sequence[str] = ("ops@example.org",)

    async def send(self, mail: Mail, charge: Charge | None = None) -> None:
        await asyncio.sleep(0)
        self.mails.append(mail)

    async def post(self, message: WebhookMessage) -> WebhookResult:
        await asyncio.sleep(0)
        self.posts.append(message)
        return WebhookResult(0 if self.cause else 200, self.cause)

    def worker(self, holder: str = "one", **changes: object) -> AlertWorker:
        async def read() -> Sequence[HealthReading]:
            return self.readings

        async def recipients() -> Sequence[str]:
            return self.recipients

        policy = AlertPolicy(
            subjects=frozenset(SUBJECTS), interval=HOUR, by_mail=True, by_webhook=True
        )
        return AlertWorker(
            store=self.stores.alerts,
            leases=self.stores.leases,
            read=read,
            messages=AlertMessages(
                mailer=self,
                recipients=recipients,
                poster=self,
                webhook=AlertWebhook("https://ops.example.org/alerts", SECRET),
                clock=self.clock,
                server="https://id.example.org",
            ),
            policy=replace(policy, **changes),  # type: ignore[arg-type]
            clock=self.clock,
            holder=holder,
        )

    async def round(self, after: timedelta = MINUTE, **changes: object) -> None:
        self.clock.advance(after)
        await self.worker(**changes).round()

    def subjects(self) -> list[str]:
        """The subjects of the e-mails since the last call."""
        found, self.mails = [each.subject for each in self.mails], []
        return found

    def kinds(self) -> list[str]:
        """The kinds of the webhooks since the last call."""
        found, self.posts = [each.headers["webhook-id"] for each in self.posts], []
        return [each.rpartition(".")[2] for each in found]


def reading(state: str, subject: str = "backup", of: str = "") -> HealthReading:
    return HealthReading(subject=subject, of=of, state=state, text=f"a text of {subject}")  # type: ignore[arg-type]


BAD, GOOD = [reading("warning")], [reading("ok")]


async def test_a_condition_is_reported_once_and_once_more_when_it_is_over(stores: Stores) -> None:
    site = Site(stores, readings=GOOD)
    await site.round()
    assert (site.subjects(), site.kinds()) == ([], [])
    site.readings = BAD
    for _ in range(5):
        await site.round(DAY)
    (mail,) = site.mails
    assert mail.to == "ops@example.org"
    assert "warning backup, since 2" in mail.text
    assert "a text of backup" in mail.text
    assert "https://id.example.org" in mail.text
    assert (site.subjects(), site.kinds()) == (["warning: backup"], ["raised"])
    site.readings = GOOD
    for _ in range(3):
        await site.round()
    assert (site.subjects(), site.kinds()) == (["resolved: backup"], ["resolved"])
    site.readings = BAD
    await site.round()
    assert (site.subjects(), site.kinds()) == (["warning: backup"], ["raised"])


async def test_a_condition_that_comes_and_goes_is_reported_at_intervals(stores: Stores) -> None:
    site = Site(stores, readings=BAD)
    await site.round()
    site.readings = GOOD
    await site.round()
    assert site.subjects() == ["warning: backup", "resolved: backup"]
    for minute in range(10):
        site.readings = GOOD if minute % 2 else BAD
        await site.round()
    assert (site.subjects(), site.kinds()) == ([], ["raised", "resolved"])
    site.readings = BAD
    await site.round()
    assert site.subjects() == []
    await site.round(HOUR)  # it still holds
    assert site.subjects() == ["warning: backup"]
    site.readings = GOOD
    await site.round()
    assert site.subjects() == ["resolved: backup"]


async def test_of_many_processes_one_sends(stores: Stores) -> None:
    site = Site(stores, readings=[*BAD, reading("fault", "provider", "google")])
    await asyncio.gather(*(site.worker(f"process {number}").round() for number in range(8)))
    assert (site.subjects(), site.kinds()) == (
        ["fault: backup, provider.google"],
        ["raised", "raised"],
    )
    # The process with the lease is killed: another one goes on, and repeats nothing.
    site.clock.advance(timedelta(minutes=4))
    await asyncio.gather(*(site.worker(f"process {number}").round() for number in range(8, 16)))
    assert (site.subjects(), site.kinds()) == ([], [])


async def test_a_webhook_is_posted_again_until_it_is_accepted_or_a_day_is_over(
    stores: Stores,
) -> None:
    site = Site(stores, readings=BAD, cause="status 500")
    for _ in range(3):
        await site.round()
    assert site.kinds() == ["raised"] * 3
    assert site.subjects() == ["warning: backup"]
    site.cause = ""
    await site.round()
    await site.round()
    first, *more = site.posts
    assert (site.kinds(), more) == (["raised"], [])
    began = int((NOW + MINUTE).timestamp() * 10**6)
    assert first.headers["webhook-id"] == f"msg_backup.{began}.raised"
    site.readings, site.cause = GOOD, "no response"
    await site.round()
    await site.round(DAY)
    await site.round()
    assert site.kinds() == ["resolved"] * 2


async def test_a_condition_that_is_watched_no_more_ends_without_a_message(stores: Stores) -> None:
    site = Site(stores, readings=[reading("warning", "provider", "google")])
    await site.round()
    assert site.subjects() == ["warning: provider.google"]
    site.readings = [reading("warning", "provider", "google")]
    await site.round(subjects=frozenset({"backup"}))
    (alert,) = await stores.alerts.alerts()
    assert alert.resolved_at == site.clock.now()
    site.readings = []
    await site.round()
    assert site.subjects() == []


async def test_an_alert_without_a_recipient_is_not_repeated(stores: Stores) -> None:
    site = Site(stores, readings=BAD, recipients=())
    for _ in range(3):
        await site.round(by_webhook=False)
    assert (site.mails, site.posts) == ([], [])
    (alert,) = await stores.alerts.alerts()
    assert not alert.by_mail
