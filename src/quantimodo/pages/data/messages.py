"""Translates the messages of the measurement service and of the CSV reader.

Both write messages for the API, in English. This module recognises a message by its text, so that
they need no translations. A message that is not listed stays in English.
"""

import re
from typing import Final

from quantimodo.i18n.translation import gettext
from quantimodo.measurements.errors import MeasurementError
from quantimodo.model.texts import N_

# The label in the form, for a message that names a member of a request.
_FOR_PEOPLE: Final = {
    "the unit is of another category than the variable's": N_(
        "What you measured before has a unit of another kind; choose one that fits."
    ),
    "startTime is text that may be a spreadsheet's date; send seconds since 1970 as a"
    " number, or ISO 8601": N_(
        "This may be a spreadsheet's date; write the time as 2026-11-23T07:30."
    ),
    "startTime is neither seconds since 1970 nor ISO 8601": N_(
        "The time cannot be read; write it as 2026-11-23T07:30."
    ),
}
_MESSAGES: Final = (
    N_("there is another measurement of this variable, source and start time"),
    N_("it is longer than %(longest)s characters"),
    N_("it has characters that are not allowed"),
    N_("the note is longer than %(longest)s characters"),
    N_("the note has characters that are not allowed"),
    N_("value is above %(most)s, the most of its unit"),
    N_("value is below %(least)s, the least of its unit"),
    N_("value is beyond %(most)s, the most that is kept"),
    N_("value is not a finite number"),
    N_("the file has more than %(most)s measurements; split it"),
    N_(
        "line %(line)s: %(column)s can be read in two ways; write it without a mark between"
        " thousands, or save the file with commas between the columns"
    ),
    N_("line %(line)s: %(column)s is not a number; write digits with a decimal point only"),
    N_(
        "line %(line)s: this number may be a spreadsheet's date; write the time as"
        " 2026-11-23T12:00:00Z"
    ),
    N_("line %(line)s: a time is 2026-11-23T12:00:00Z, or seconds since 1970"),
    N_("line %(line)s: this is not text in UTF-8; save the file as CSV in UTF-8"),
    N_(
        "line %(line)s: this is not CSV: a quote is left open, text follows a closing quote, or a"
        " cell is too long; a quote within quotes is written twice"
    ),
    N_(
        "line %(line)s: Combination Operation differs from line %(first)s, which is of the same"
        " variable"
    ),
    N_(
        "line %(line)s must name the column %(column)s; separate columns by commas, semicolons or"
        " tabs"
    ),
    N_("line %(line)s names a column twice; remove or rename one of the two"),
    N_(
        "line %(line)s has more cells than there are named columns; put text that contains the"
        " separator in quotes, and write decimals with a point"
    ),
    N_("line %(line)s has no %(column)s"),
    N_("line %(line)s: Combination Operation is MEAN or SUM"),
    N_("line %(line)s has one of Stored Value and Stored Unit; both or none are needed"),
    N_(
        "line %(line)s: Value and Stored Value are not the same quantity; to change Value, empty"
        " Stored Value and Stored Unit"
    ),
)


def _pattern(msgid: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", msgid)
    return re.compile(
        "".join(f"(?P<{part}>.+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    )


_PATTERNS: Final = [(_pattern(msgid), msgid) for msgid in _MESSAGES]


def translate_message(refused: MeasurementError) -> str:
    """The message for a person, without the position in a request."""
    text = refused.text
    if refused.set_index is not None:
        text = text.partition(": ")[2]
    if text in _FOR_PEOPLE:
        return gettext(_FOR_PEOPLE[text])
    shown = _translated(text)
    return f"{shown[:1].upper()}{shown[1:]}."


def _translated(text: str) -> str:
    for pattern, msgid in _PATTERNS:
        if match := pattern.fullmatch(text):
            return gettext(msgid) % match.groupdict()
    return text
