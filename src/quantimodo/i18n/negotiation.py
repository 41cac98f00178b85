"""Which of the offered languages fits best: for `Accept-Language` and for `ui_locales`."""

import re
from collections.abc import Iterable
from typing import Final

from quantimodo.model.languages import LANGUAGES

_QUALITY: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_MOST: Final = 32  # ranges that are read
_LONGEST: Final = 35  # characters of a tag that are read (RFC 5646 §4.4.1)


def lookup(tags: Iterable[str]) -> str | None:
    """The first of these language tags, by preference, that is offered (RFC 4647 §3.4), or None."""
    for tag in tags:
        subtags = tag.strip()[:_LONGEST].lower().split("-")
        while subtags:
            found = "-".join(subtags)
            if found in LANGUAGES:
                return found
            subtags.pop()
            if subtags and len(subtags[-1]) == 1:  # RFC 4647 §3.4: with what follows a singleton
                subtags.pop()
    return None


def match_ui_locales(text: str) -> str | None:
    """The offered language that an OpenID request prefers: `text` has space-separated tags in order
    of preference. Unknown ones are no error (OpenID Connect Core §3.1.2.1)."""
    return lookup(text.split(" ")[:_MOST])


def match_accept_language(text: str) -> str | None:
    """The offered language that a browser prefers (RFC 9110 §12.5.4). A malformed element is
    ignored."""
    ranges = []
    for element in text.split(",")[:_MOST]:
        tag, _, parameter = element.partition(";")
        name, _, value = parameter.partition("=")
        weight = value.strip() if name.strip().lower() == "q" else "1" if not parameter else ""
        if _QUALITY.fullmatch(weight) and float(weight) > 0:
            ranges.append((float(weight), tag))
    ranges.sort(key=lambda each: -each[0])  # stable: equal ones stay in their order
    return lookup(tag for _, tag in ranges if tag.strip() != "*")
