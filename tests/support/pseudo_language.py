"""A language that puts each translated text in brackets, to find those that are not translated."""

import re
from gettext import NullTranslations
from html.parser import HTMLParser

from quantimodo.model.languages import Language

_BRACKETED = re.compile("⟦[^⟦⟧]*⟧")
_WORD = re.compile(r"[A-Za-z]{2}")
_SAID_BY_ATTRIBUTES = ("aria-label", "alt", "title", "placeholder")
# Names, addresses, codes and times of people, and what scripts and styles have.
_DATA = frozenset({"bdi", "code", "pre", "time", "script", "style", "datalist", "textarea"})
_VOID = frozenset({"input", "meta", "link", "br", "img", "hr"})


class _Bracketed(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


BRACKETED = Language("en-x-bracketed", "⟦Bracketed⟧", translations=_Bracketed())


def untranslated(html: str, data: re.Pattern[str]) -> list[str]:
    """The texts of a page outside of all brackets, without those that match `data`."""
    count = 1
    while count:
        html, count = _BRACKETED.subn("", html)
    reader = _Reader()
    reader.feed(html)
    return [text for text in reader.found if _WORD.search(text) and not data.fullmatch(text)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            (value or "").strip() for name, value in attrs if name in _SAID_BY_ATTRIBUTES
        ]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not _DATA & {*self._open}:
            self.found.append(" ".join(data.split()))
