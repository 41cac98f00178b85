"""E-mails about an application's first read of health data, and about its week (issue 16.5)."""

from aiosmtplib.email import flatten_message
from api_client import SLEEP, ApiClient

from quantimodo.app.background import first_reads, weekly_summaries
from quantimodo.app.composition.browser_services import email_preferences
from quantimodo.model.email_choices import EmailChoices
from quantimodo.model.events import Mail
from quantimodo.ops.smtp import smtp_policy, to_message
from support.app import ISSUER, AppHarness
from support.emails import every_mail

POLICY = smtp_policy("smtp://127.0.0.1:25", "no-reply@example.org", "QuantiModo")


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


async def test_the_header_of_an_optional_mail_turns_its_kind_off_by_one_post(
    harness: AppHarness, app: ApiClient
) -> None:
    """RFC 8058 §3: without a sign-in, a cookie or a redirect, and only by a POST."""
    await app.add(SLEEP)
    await app.values()
    (mail,) = await mails(harness)
    message = to_message(mail, POLICY, "id", harness.context.clock.now())
    sent = flatten_message(message).decode()
    assert f"\r\nList-Unsubscribe: <{mail.unsubscribe}>\r\n" in sent
    assert "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in sent
    ann = await harness.context.stores.users.user_by_email("ann@example.org")
    assert ann is not None

    async def chosen() -> bool:
        return (await email_preferences(harness.context).of(ann.id)).first_read

    stranger = harness.browser()
    assert (await stranger.get(mail.unsubscribe)).status_code == 200
    assert await chosen(), "a scanner of mails changes nothing"
    body = {"List-Unsubscribe": "One-Click"}
    for forged in (mail.unsubscribe[:-2], mail.unsubscribe + "AA", f"{ISSUER}/unsubscribe?token=é"):
        assert (await stranger.post(forged, data=body)).status_code == 410
    assert await chosen()
    mailbox = harness.browser()
    for part in ({"data": body}, {"files": {"List-Unsubscribe": (None, "One-Click")}}, {}):
        response = await mailbox.post(mail.unsubscribe, **part)
        assert response.status_code == 200
    assert not await chosen()
    optional = {name for name, mail in every_mail().items() if mail.optional}
    assert optional == {"application_allowed", "first_read", "weekly_summary"}
