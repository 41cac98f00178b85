"""Texts for people, in English, which pages and e-mails translate (`i18n/translation.py`).

A text that is defined far from where it is shown is marked by `N_` or `N_plural`. It is a string
in English, for programs and logs, and has what its translation needs.
"""

from typing import Any, Self


class Text(str):
    """An English text with the values in it. `msgid` and `plural` have `%(name)s` for a value;
    `number` selects the plural form."""

    __slots__ = ("msgid", "number", "plural", "values")

    msgid: str
    plural: str
    number: int | None
    values: dict[str, Any]

    def __new__(
        cls, msgid: str, values: dict[str, Any], plural: str = "", number: int | None = None
    ) -> Self:
        template = msgid if number is None or number == 1 else plural
        text = super().__new__(cls, template % values)
        text.msgid, text.values, text.plural, text.number = msgid, values, plural, number
        return text


def N_(msgid: str, **values: Any) -> str:
    """Mark a text for translation. With `values`, `%(name)s` in it stands for each."""
    return Text(msgid, values) if values else msgid


def N_plural(msgid: str, plural: str, number: int, **values: Any) -> str:
    """Mark a text that has a singular and a plural; `%(number)s` in it stands for the number."""
    return Text(msgid, {"number": number, **values}, plural, number)


def number_of(count: int, one: str, several: str = "") -> str:
    """As in `1 e-mail` and `3 e-mails`, in English: for logs, commands and alerts, which are not
    translated. `several` is `one` with an s, unless it is given."""
    return f"{count} {one if count == 1 else several or f'{one}s'}"
