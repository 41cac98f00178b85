"""The e-mail about an application that a person allowed (issue 16.5)."""

from quantimodo.model.events import Mail
from support.app import AppHarness


async def mails(harness: AppHarness) -> list[Mail]:
    return [kept.mail for kept in await harness.context.outbox.recent()]


async def test_the_first_consent_is_mailed(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(name="Mood & Sleep")
    browser = await harness.signed_in()
    await harness.decide(browser, await harness.ask(browser, app, scope="basic"))
    (mail,) = await mails(harness)
    assert mail.to == "ann@example.org"
    assert "“Mood & Sleep”" in mail.text
    assert "– See who you are\n" in mail.text
    assert "Read your measurements" not in mail.text
    assert f"/account/apps/{app.id}\n" in mail.text
    # The same again is no news; more is.
    page = await harness.ask(browser, app, scope="basic", prompt="consent")
    await harness.decide(browser, page)
    assert len(await mails(harness)) == 1
    await harness.decide(browser, await harness.ask(browser, app, scope="basic readmeasurements"))
    newest, _ = await mails(harness)
    assert "– Read your measurements\n" in newest.text


async def test_a_denied_request_is_not_mailed(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    await harness.decide(browser, await harness.ask(browser, await harness.app()), "deny")
    assert await mails(harness) == []


async def test_many_applications_send_few_emails(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    for number in range(7):
        page = await harness.ask(browser, await harness.app(name=f"App number {number}"))
        assert (await harness.decide(browser, page)).status_code == 303
    assert len(await mails(harness)) == 5
