"""The languages of pages and e-mails."""

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import NullTranslations
from typing import Final


@dataclass(frozen=True, slots=True)
class Language:
    """`name` in the language itself; `tag` is its language tag (BCP 47). `translations` are
    for a language without a catalogue of this server."""

    tag: str
    name: str
    direction: str = "ltr"
    translations: NullTranslations | None = None


ENGLISH: Final = Language("en", "English")

# Those that are offered. Each has a complete catalogue, except English: its texts are the sources.
LANGUAGES: Final[Mapping[str, Language]] = {
    each.tag: each
    for each in (ENGLISH, Language("de", "Deutsch"), Language("ar", "العربية", "rtl"))
}
