"""Reads and writes single cells of a CSV file of measurements: numbers, times, guarded text.

This file exists twice, byte for byte, as `csv_reader.py` does; see there.
"""

from __future__ import annotations

import re
from datetime import date, time

# OWASP, CSV injection: a spreadsheet takes text that begins so for a formula. Some read the
# full-width signs of East Asian keyboards the same way.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
# In files whose separator is not a comma, numbers may have a decimal comma. These can then be read
# in two ways.
_TWO_READINGS = {
    ";": re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", re.ASCII),
    "\t": re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII),
    "|": re.compile(r"[+-]?[1-9]\d{0,2}([.,]\d{3})+", re.ASCII),
}
_SECONDS = re.compile(r"-?\d{1,12}(\.\d*)?", re.ASCII)
_ISO = re.compile(
    r"(\d{4})(-?)(\d\d)\2(\d\d)"
    r"(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,12}))?)? ?([Zz]|[+-]\d\d(?::?[0-5]\d)?)?)?",
    re.ASCII,
)
_FEWEST_SECONDS, _MOST_SECONDS = 100_000_000, 10_000_000_000  # 1973 and 2286


class BadCsv(ValueError):
    """A file that cannot be imported; the text names the line and says what to do."""


def value_of(line: int, column: str, text: str, separator: str) -> float:
    """A number of a file whose cells are divided by `separator`. Raises `BadCsv`."""
    if separator in _TWO_READINGS:
        if _TWO_READINGS[separator].fullmatch(text):
            raise BadCsv(
                f"line {line}: {column} can be read in two ways; write it without a mark between"
                " thousands, or save the file with commas between the columns"
            )
        if "." not in text:
            text = text.replace(",", ".", 1)
    try:
        return number_of(text)
    except ValueError:
        raise BadCsv(
            f"line {line}: {column} is not a number; write digits with a decimal point only"
        ) from None


def number_of(text: str) -> float:
    """ASCII digits, a decimal point, an exponent; nothing else. Raises `ValueError`."""
    text = text.strip().replace("\u2212", "-")
    value = float(text) if _NUMBER.fullmatch(text) else float("inf")
    if value in (float("inf"), float("-inf")):
        raise ValueError("this is not a number")
    return value


def time_of(text: str, where: str) -> float | str:
    """Seconds since 1970, or ISO 8601 with its zone (UTC without one). Raises `BadCsv`.

    Numbers that spreadsheets write for dates (45047, 20230501) are no seconds.
    """
    text = text.strip().replace("\u2212", "-")
    if is_ambiguous(text):
        raise BadCsv(
            f"{where}: this number may be a spreadsheet's date; write the time as"
            " 2026-11-23T12:00:00Z"
        )
    if _SECONDS.fullmatch(text):
        number = float(text)
        return int(number) if number.is_integer() else number
    if read := _ISO.fullmatch(text):
        try:
            return _iso(*read.groups())
        except ValueError:
            pass
    raise BadCsv(f"{where}: a time is 2026-11-23T12:00:00Z, or seconds since 1970")


def is_ambiguous(text: str) -> bool:
    """Whether digits that could be seconds since 1970 look like something else: before March 1973
    a spreadsheet's serial number or a date without dashes, after 2286 milliseconds."""
    if not _SECONDS.fullmatch(text):
        return False
    number = float(text)
    return 0 <= number < _FEWEST_SECONDS or abs(number) >= _MOST_SECONDS


def _iso(*parts: str | None) -> str:
    year, _, month, day, hour, minute, second, fraction, zone = parts
    whole = date(int(year or 0), int(month or 0), int(day or 0)).isoformat()
    micros = int((fraction or "")[:6].ljust(6, "0"))
    clock = time(int(hour or 0), int(minute or 0), int(second or 0), micros).isoformat()
    if not zone or zone in "Zz":
        return f"{whole}T{clock}+00:00"
    digits = zone[1:].replace(":", "").ljust(4, "0")
    if digits[:2] > "23":
        raise ValueError("there is no such offset")
    return f"{whole}T{clock}{zone[0]}{digits[:2]}:{digits[2:]}"


# ------------------------------------------------------------------------------------ the formulas


def guarded(text: str) -> str:
    """The text of a cell that a spreadsheet does not take for a formula: an apostrophe goes before
    it."""
    return f"'{text}" if _is_formula(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and _is_formula(text) else text


def _is_formula(text: str) -> bool:
    """With apostrophes before it or without, so that the added one can be distinguished."""
    return text.lstrip("'").startswith(_FORMULA)
