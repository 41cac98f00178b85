"""Catalogues use the words of the table in `docs/operator/languages.md`, and keep their order where
text runs from right to left."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from babel.messages.pofile import read_po

import quantimodo
from quantimodo.i18n.extraction import LOCALES
from quantimodo.model.languages import LANGUAGES

SOURCE = Path(quantimodo.__file__).parent
DOCUMENT = Path(__file__).parents[2] / "docs/operator/languages.md"
RIGHT_TO_LEFT = [tag for tag, language in LANGUAGES.items() if language.direction == "rtl"]
_MARK: Final = "\u200e"
# An element with its own direction, another tag, and a value that is filled in.
_APART: Final = re.compile(r'<(\w+) dir="ltr">.*?</\1>|<[^>]*>|%\(\w+\)s')
# After a character from right to left, the parts of each of these change their places.
_REORDERED: Final = re.compile(
    rf"(?<![{_MARK}\w:/.+-])(?:\d{{4}}-\d\d|[+-]\d|/\w|\.[a-z])"
    r"|[a-z](?:://|/|--)(?=[\s.،]|$)"
)


def translations(tag: str) -> Iterator[str]:
    path = SOURCE / LOCALES / tag / "quantimodo.po"
    for each in read_po(BytesIO(path.read_bytes()), locale=tag):
        if each.id:
            yield from (each.string,) if isinstance(each.string, str) else map(str, each.string)


def words_to_avoid() -> dict[str, list[str]]:
    """Of each language: the words in its last column."""
    found: dict[str, list[str]] = {"de": [], "ar": []}
    rows = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith("| ")]
    for row in rows[2:]:
        _, _, _, no_german, _, no_arabic, _ = (cell.strip() for cell in row.split("|"))
        found["de"] += filter(None, no_german.split(", "))
        found["ar"] += filter(None, no_arabic.split(", "))
    return found


@pytest.mark.parametrize("tag", ["de", "ar"])
def test_a_catalogue_has_one_word_for_one_thing(tag: str) -> None:
    avoided = words_to_avoid()[tag]
    assert len(avoided) > 5
    words = "|".join(map(re.escape, avoided))
    pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w|\.\w)", re.IGNORECASE)
    assert [text for text in translations(tag) if pattern.search(_APART.sub("", text))] == []


@pytest.mark.parametrize("tag", RIGHT_TO_LEFT)
def test_dates_numbers_and_paths_keep_their_order(tag: str) -> None:
    """Without a left-to-right mark, 1990-01-31 is shown as 31-01-1990 (UAX #9)."""
    found = [text for text in translations(tag) if _REORDERED.search(_APART.sub("x", text))]
    assert found == []


def test_the_order_is_really_checked() -> None:
    for fault in ("مثل 1990-01-31", "مثل +10", "من -4", "على /docs", "بـ .jsonl", "بـ https://."):
        assert _REORDERED.search(fault), fault
        assert not _REORDERED.search(re.sub(r"(?<= )(?=[\d+/.h-])|(?<=//)", _MARK, fault)), fault
