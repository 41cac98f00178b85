"""The e-mail about an application's first read of health data under a consent (issue 16.5)."""

from api_client import SLEEP, ApiClient

from quantimodo.app.background import first_reads
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
