"""E-mails about an application's first read of health data, and about its week (issue 16.5)."""

from api_client import SLEEP, ApiClient

from quantimodo.app.background import first_reads, weekly_summaries
from quantimodo.model.email_choices import EmailChoices
from quantimodo.model.events import Mail
from support.app import AppHarness


async def mails(harness: AppHarness) -> list[Mail]:
    """Those that are queued once the background work is done."""
    await harness.context.accesses.flush()
    await first_reads(harness.context).send_due()
    queued = [kept.mail for kept in await harness.context.outbox.recent()]
    return [mail for mail in queued if mail.subject == "An application read your health data"]


async def test_the_first_read_under_a_consent_is_mailed_once(
    harness: AppHarness, app: ApiClient
) -> None:
    await app.add(SLEEP)
    assert await mails(harness) == [], "it recorded, and read nothing"
    await app.values(variableName="Sleep Quality")
    await app.values()
    (mail,) = await mails(harness)
    assert mail.to == "ann@example.org"
    assert "/account/activity?app=" in mail.text
    assert "Sleep Quality" not in mail.text
    harness.advance(minutes=30)
    await app.values()
    assert len(await mails(harness)) == 1


async def choose(harness: AppHarness, choices: EmailChoices) -> None:
    ann = await harness.context.stores.users.user_by_email("ann@example.org")
    assert ann is not None
    store = harness.context.stores.email_choices
    await store.save_email_choices(ann.id, choices, harness.context.clock.now())


async def test_a_first_read_is_not_mailed_to_a_person_who_turned_that_off(
    harness: AppHarness, app: ApiClient
) -> None:
    await app.add(SLEEP)
    await choose(harness, EmailChoices(first_read=False))
    await app.values()
    assert await mails(harness) == []


async def test_a_week_is_summed_up_once_for_those_who_chose_it(
    harness: AppHarness, app: ApiClient
) -> None:
    await app.add(SLEEP)
    await app.values()
    await harness.context.accesses.flush()

    async def summaries() -> list[str]:
        await weekly_summaries(harness.context).send_due()
        queued = [kept.mail for kept in await harness.context.outbox.recent()]
        return [mail.text for mail in queued if "this week" in mail.subject]

    assert await summaries() == [], "it is off at first"
    await choose(harness, EmailChoices(summary=True))
    (text,) = await summaries()
    assert "recorded or changed" in text
    assert " read " in text
    assert "/account/emails" in text
    assert "Sleep Quality" not in text
    assert len(await summaries()) == 1
    harness.advance(days=8)
    assert len(await summaries()) == 1, "nothing was done in the second week"
