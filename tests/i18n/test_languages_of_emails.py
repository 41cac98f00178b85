"""E-mails are in the language of the person's profile, or of the request that made them."""

import re

from quantimodo.i18n.formats import isolated
from quantimodo.i18n.translation import in_language
from quantimodo.model.events import Mail
from quantimodo.model.languages import LANGUAGES
from quantimodo.ops.mail_html import html_of
from support.app import PASSWORD, AppHarness, form_fields
from support.checks import not_empty
from support.emails import ISSUER, RECEIPT, every_mail
from support.pseudo_language import BRACKETED


def test_each_text_of_each_mail_is_translated() -> None:
    with in_language(BRACKETED):
        mails = every_mail()
    assert len(mails) > 25
    for name, mail in mails.items():
        assert mail.subject.startswith("⟦"), name
        assert not mail.action or mail.action.startswith("⟦"), name
        body = mail.text.partition("-- \n")[0]
        for paragraph in filter(None, body.split("\n\n")):
            if not paragraph.startswith((ISSUER, RECEIPT)):
                assert paragraph.startswith("⟦"), f"{name}: {paragraph}"


def test_no_paragraph_of_a_mail_is_english_in_another_language() -> None:
    """A text that is not marked has no translation."""
    english = every_mail()
    data = {"", RECEIPT, f"-- \n{ISSUER}"}
    for tag in not_empty(LANGUAGES.keys() - {"en"}):
        with in_language(LANGUAGES[tag]):
            mails = every_mail()
        for name, mail in not_empty(mails.items()):
            same = {*paragraphs(mail)} & {*paragraphs(english[name])} - data
            english_texts = {text for text in same if not text.startswith(ISSUER)}
            assert english_texts == set(), f"{tag}: {name}"


def paragraphs(mail: Mail) -> list[str]:
    return [mail.subject, mail.action, *mail.text.rstrip().split("\n\n")]


def test_a_mail_names_its_language_and_has_its_values() -> None:
    with in_language(LANGUAGES["de"]):
        mail = every_mail()["account_closed"]
    assert mail.subject == "Ihr Konto ist geschlossen und wird gelöscht"
    assert "Am 29. November 2026 um 15:51 UTC wird es gelöscht" in mail.text
    assert '<html lang="de" dir="ltr">' in html_of(mail, "QuantiModo")
    assert '<html lang="en" dir="ltr">' in html_of(every_mail()["account_closed"], "QuantiModo")


def test_a_name_does_not_reorder_the_words_around_it() -> None:
    """UAX #9: only where it runs in the other direction: some readers show the characters."""
    english = every_mail()
    with in_language(LANGUAGES["ar"]):
        arabic = every_mail()
        assert (isolated("Moodline"), isolated("سعادة")) == ("\u2068Moodline\u2069", "سعادة")
    named = [name for name, mail in english.items() if "<b>" in mail.text]
    assert len(named) > 5
    for name in named:
        assert "\u2068" not in english[name].text
        assert re.search("\u2068<b>[^\u2068]*\u2069", arabic[name].text), name
        assert not re.search("(?<!\u2068)<b>", arabic[name].text), name
    assert (isolated("Moodline"), isolated("سعادة")) == ("Moodline", "\u2068سعادة\u2069")


def test_an_address_runs_from_left_to_right_in_every_language() -> None:
    with in_language(LANGUAGES["ar"]):
        arabic = html_of(every_mail()["weekly_summary"], "QuantiModo")
    links = re.findall("<a [^>]*>https", arabic)
    assert len(links) > 2
    assert all(' dir="ltr"' in link for link in links)
    assert (
        "dir=" not in html_of(every_mail()["weekly_summary"], "QuantiModo").partition("<body>")[2]
    )


async def test_the_request_or_the_profile_decides(harness: AppHarness) -> None:
    await harness.person()
    stranger, german = harness.browser(), {"accept-language": "de"}
    page = await stranger.get("/sign-up", headers=german)
    fields = {"name": "Dan", "email": "dan@example.org", "password": PASSWORD}
    await stranger.post("/sign-up", data={**form_fields(page.text), **fields}, headers=german)
    ann = await harness.signed_in()
    fields = form_fields((await ann.get("/account/profile")).text)
    await ann.post("/account/profile/details", data={**fields, "locale": "de"})
    # The page is in German too, but a notice is for the person, whatever browser caused it.
    page = await ann.get("/account/security/password")
    fields = {"current": PASSWORD, "password": "a horse of many other colours"}
    await ann.post("/account/security/password", data={**form_fields(page.text), **fields})
    # The request of an application may name another language, and a deletion has no request.
    page = await harness.ask(ann, await harness.app(), ui_locales="en")
    await harness.decide(ann, page)
    page = await ann.get("/account/delete")
    fields = {**form_fields(page.text), "current": "a horse of many other colours"}
    await ann.post("/account/delete", data=fields)
    harness.advance(days=7)
    assert await harness.context.accounts.deletion.delete_due() == 1
    subjects = [kept.mail.subject for kept in await harness.context.outbox.recent(9)]
    assert {*subjects} >= {
        "Adresse bestätigen",
        "Ihr Passwort wurde geändert",
        "Sie haben eine App erlaubt",
        "Ihr Konto ist geschlossen und wird gelöscht",
        "Ihr Konto wurde gelöscht",
    }
