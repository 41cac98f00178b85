"""What an application registered for each language (RFC 7591 §2.2) is shown in it."""

from dataclasses import replace

from quantimodo.i18n.client_texts import client_name, client_text
from quantimodo.i18n.translation import in_language
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.languages import LANGUAGES
from support.app import AppHarness

NAMES: list[tuple[dict[str, str], str, str]] = [
    ({}, "de", "Diary"),
    ({"client_name#de": "Tagebuch"}, "de", "Tagebuch"),
    ({"client_name#DE": "Tagebuch"}, "de", "Tagebuch"),
    ({"client_name#de": "Tagebuch"}, "en", "Diary"),
    ({"client_name#en-GB": "Journal"}, "en", "Journal"),
    ({"client_name#de-AT": "Heft", "client_name#de": "Tagebuch"}, "de", "Tagebuch"),
    ({"client_name#den": "Slavey"}, "de", "Diary"),
    ({"tos_uri#de": "https://app.example.org/agb"}, "de", "Diary"),
]


async def test_the_name_that_fits_the_language(harness: AppHarness) -> None:
    app = await harness.app(name="Diary")
    for localized, language, shown in NAMES:
        client = replace(app.client, metadata=ClientMetadata(localized=localized))
        with in_language(LANGUAGES[language]):
            assert client_name(client) == shown, localized
            other = client_text(client, "tos_uri", "")
        assert other == localized.get(f"tos_uri#{language}", "")


async def test_the_consent_page_has_the_name_in_the_language_of_the_person(
    harness: AppHarness,
) -> None:
    await harness.person()
    localized = {
        "client_name#de": "Schlaf <b>Tagebuch</b>",
        "tos_uri#de": "https://app.example.org/agb",
    }
    app = await harness.app(
        name="Diary",
        tos_uri="https://app.example.org/terms",
        metadata=ClientMetadata(localized=localized),
    )
    ann = await harness.signed_in()
    german = await harness.ask(ann, app, ui_locales="de", prompt="consent")
    assert "Schlaf &lt;b&gt;Tagebuch&lt;/b&gt;" in german.text
    assert ">Diary<" not in german.text
    assert 'href="https://app.example.org/agb"' in german.text
    assert 'href="https://app.example.org/terms"' not in german.text
    english = await harness.ask(ann, app, ui_locales="en", prompt="consent")
    assert "Diary" in english.text
    assert "Tagebuch" not in english.text
