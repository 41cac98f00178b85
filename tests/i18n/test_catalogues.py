"""Each offered language is complete: every text, with its values, its tags and its plural forms."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

import quantimodo
from quantimodo.app.settings.tree import Settings, leaf_of
from quantimodo.i18n.catalogues import compile_catalogue
from quantimodo.i18n.extraction import LOCALES, template_of, untranslated, update_catalogue
from quantimodo.i18n.formats import counted, day, moment, month, number
from quantimodo.i18n.translation import in_language, translated
from quantimodo.model.languages import LANGUAGES
from quantimodo.model.texts import N_, N_plural
from quantimodo.pages.timestamps import ago, format_duration

SOURCE = Path(quantimodo.__file__).parent
CATALOGUES = sorted((SOURCE / LOCALES).glob("*/quantimodo.po"))
OFFERED = [path for path in CATALOGUES if path.parent.name in LANGUAGES]
_VALUE = re.compile(r"%\(\w+\)s")
_TAG = re.compile(r"<[^>]*>")
NOW = datetime(2026, 11, 29, 15, 51, tzinfo=UTC)


def messages(path: Path) -> Iterator[tuple[Message, list[str], list[str]]]:
    """Each translated text with its sources and its translations."""
    for each in read_po(BytesIO(path.read_bytes()), locale=path.parent.name):
        if each.id and each.string and any(each.string):
            yield (
                each,
                [each.id] if isinstance(each.id, str) else [*each.id],
                [each.string] if isinstance(each.string, str) else [str(it) for it in each.string],
            )


def test_each_offered_language_has_a_catalogue_and_the_setting_names_it() -> None:
    assert {path.parent.name for path in OFFERED} == LANGUAGES.keys() - {"en"}
    leaf = leaf_of("default_locale")
    assert leaf is not None
    assert {*leaf.kind.__args__} == LANGUAGES.keys()
    assert Settings().default_locale == "en"


def test_each_catalogue_has_the_texts_of_the_sources() -> None:
    template = template_of(SOURCE)
    assert len(template) > 1000
    for path in CATALOGUES:
        now = path.read_bytes()
        assert update_catalogue(template, path.parent.name, now) == now, "run: scripts/translations"


@pytest.mark.parametrize("path", OFFERED, ids=lambda path: path.parent.name)
def test_an_offered_language_is_complete(path: Path) -> None:
    assert untranslated(path.read_bytes()) == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.name)
def test_a_translation_has_the_values_and_tags_of_its_source(path: Path) -> None:
    faults = []
    for message, sources, translations in messages(path):
        values = {value for source in sources for value in _VALUE.findall(source)}
        tags = [Counter(_TAG.findall(source)) for source in sources]
        for text in translations:
            found = set(_VALUE.findall(text))
            # A form for one number may say it as a word.
            optional = {"%(number)s"} if message.pluralizable else set()
            if not values - optional <= found <= values or Counter(_TAG.findall(text)) not in tags:
                faults.append(f"{sources[0]!r}: {text!r}")
            # It may stand in an attribute. Only `%(name)s` may follow a percent sign.
            if '"' in _TAG.sub("", text) or "%" in _VALUE.sub("", text).replace("%%", ""):
                faults.append(f"a quote or a percent sign: {text!r}")
        if message.pluralizable and not all(translations):
            faults.append(f"a plural form is missing: {sources[0]!r}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.name)
def test_a_catalogue_can_be_compiled(path: Path) -> None:
    assert compile_catalogue(path.read_bytes(), path.parent.name)


def test_german_dates_numbers_and_plurals() -> None:
    with in_language(LANGUAGES["de"]):
        assert day(NOW) == "29. November 2026"
        assert moment(NOW) == "29. November 2026, 15:51 UTC"
        assert (month(NOW), month(NOW, year=False)) == ("November 2026", "November")
        assert (number(1_234_567.5), number(-3)) == ("1.234.567,5", "-3")
        assert counted(1, "%(number)s entry", "%(number)s entries") == "1 Eintrag"
        assert counted(9254, "%(number)s entry", "%(number)s entries") == "9.254 Einträge"
        assert ago(NOW - timedelta(hours=2), NOW) == "vor 2 Stunden"
        assert format_duration(timedelta(days=30)) == "30 Tage"


def test_english_is_the_source() -> None:
    assert (day(NOW), moment(NOW)) == ("29 November 2026", "29 November 2026, 15:51 UTC")
    assert counted(1.5, "%(number)s entry", "%(number)s entries") == "1.5 entries"


def test_a_marked_text_is_english_until_it_is_shown() -> None:
    text = N_("Use at most %(longest)s characters.", longest=5)
    many = N_plural("%(number)s day", "%(number)s days", 3)
    assert (text, many) == ("Use at most 5 characters.", "3 days")
    with in_language(LANGUAGES["de"]):
        assert translated(text) == "Verwenden Sie höchstens 5 Zeichen."
        assert translated(many) == "3 Tage"
        assert translated("") == ""
        assert translated("a text that no catalogue has") == "a text that no catalogue has"
