"""The language of the present request, and texts in it.

It is a context variable, so that a text is translated where it is made or shown, without the
language as a parameter of each function between. Outside of a request it is English.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from typing import Any, Final, NamedTuple

from quantimodo.i18n.catalogues import catalogue
from quantimodo.model.languages import ENGLISH, LANGUAGES, Language
from quantimodo.model.texts import Text


class Source(IntEnum):
    """Where a language comes from; a higher source overrides a lower one."""

    DEFAULT = 0
    BROWSER = 1
    PROFILE = 2
    REQUEST = 3
    CHOICE = 4


class _Present(NamedTuple):
    language: Language
    source: Source


_ENGLISH: Final = _Present(ENGLISH, Source.DEFAULT)
_present: Final[ContextVar[_Present]] = ContextVar("language", default=_ENGLISH)


def present_language() -> Language:
    """The language of this request."""
    return _present.get().language


def suggest(tag: str | None, source: Source) -> None:
    """Use the language `tag` for the rest of this request, unless it is not offered, or a higher
    source named one."""
    language = LANGUAGES.get(tag or "")
    if language is not None and source >= _present.get().source:
        _present.set(_Present(language, source))


@contextmanager
def in_language(language: Language, source: Source = Source.DEFAULT) -> Iterator[None]:
    """Use this language within the block."""
    token = _present.set(_Present(language, source))
    try:
        yield
    finally:
        _present.reset(token)


def gettext(msgid: str) -> str:
    """The text in the present language."""
    language = _present.get().language
    return msgid if language is ENGLISH or not msgid else catalogue(language).gettext(msgid)


def ngettext(msgid: str, plural: str, number: float) -> str:
    """The text in the present language, in the plural form for this number."""
    language = _present.get().language
    if language is ENGLISH:
        return msgid if number == 1 else plural
    # Catalogues select by whole numbers; a fraction takes the form of a number above it.
    whole = int(number) if number == int(number) else int(abs(number)) + 2
    return catalogue(language).ngettext(msgid, plural, abs(whole))


def translated(text: str) -> str:
    """A text that `N_` or `N_plural` marked, in the present language."""
    if not isinstance(text, Text):
        return gettext(text)
    if text.number is None:
        return gettext(text.msgid) % _translated_values(text.values)
    return ngettext(text.msgid, text.plural, text.number) % _translated_values(text.values)


def _translated_values(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: translated(value) if isinstance(value, Text) else value
        for name, value in values.items()
    }
