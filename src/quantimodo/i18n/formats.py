"""Dates, times and numbers in the present language.

English needs no Babel, which is imported with the first date in another language: that takes 40 ms
and 2 MB, and each language 30 ms and 5 MB.
"""

from datetime import date, datetime
from functools import cache
from importlib import import_module
from types import ModuleType
from unicodedata import bidirectional

from quantimodo.i18n.translation import gettext, ngettext, present_language


def number(value: float) -> str:
    """As in `72.5` and `1,234,567`; rounded to twelve significant digits."""
    text = f"{value:,.12g}"
    tag = present_language().tag
    return text if _is_english(tag) or not text[-1].isdigit() else text.translate(_separators(tag))


def counted(value: float, one: str, many: str) -> str:
    """As in `1 entry` and `9,254 entries`: `one` and `many` contain `%(number)s`."""
    return ngettext(one, many, value) % {"number": number(value)}


def isolated(name: str) -> str:
    """A name for a text without markup. Where it has characters of the direction that the present
    language does not have, it is in an isolate (UAX #9), as by `<bdi>`: the words around it stay in
    their order."""
    others = {"L"} if present_language().direction == "rtl" else {"R", "AL"}
    differs = any(bidirectional(character) in others for character in name)
    return f"\u2068{name}\u2069" if differs else name


def day(at: date) -> str:
    """As in `2 November 2026`."""
    tag = present_language().tag
    if _is_english(tag):
        return f"{at.day} {at:%B %Y}"
    return _dates().format_date(at, "long", locale=tag)  # type: ignore[no-any-return]


def short_day(at: date, *, year: bool) -> str:
    """As in `2 Nov 2026`, or `2 Nov`."""
    tag = present_language().tag
    if _is_english(tag):
        return f"{at.day} {at:%b %Y}" if year else f"{at.day} {at:%b}"
    skeleton = "yMMMd" if year else "MMMd"
    return _dates().format_skeleton(skeleton, at, locale=tag)  # type: ignore[no-any-return]


def month(at: date, *, year: bool = True) -> str:
    """As in `November 2026`, or `November`."""
    tag = present_language().tag
    if _is_english(tag):
        return f"{at:%B %Y}" if year else f"{at:%B}"
    if year:
        return _dates().format_skeleton("yMMMM", at, locale=tag)  # type: ignore[no-any-return]
    return _dates().format_date(at, "LLLL", locale=tag)  # type: ignore[no-any-return]


def moment(at: datetime) -> str:
    """As in `2 November 2026, 03:51 UTC`."""
    return gettext("%(day)s, %(time)s %(zone)s") % {
        "day": day(at),
        "time": f"{at:%H:%M}",
        "zone": f"{at:%Z}",
    }


def _is_english(tag: str) -> bool:
    return tag.partition("-")[0] == "en"


@cache
def _dates() -> ModuleType:
    return import_module("babel.dates")


@cache
def _separators(tag: str) -> dict[int, str]:
    symbols = import_module("babel").Locale.parse(tag).number_symbols
    symbols = symbols.get("latn", symbols)
    return {
        ord(","): symbols["group"],
        ord("."): symbols["decimal"],
        ord("-"): symbols["minusSign"],
    }
