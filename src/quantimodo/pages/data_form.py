"""The form that adds a measurement: its fields as a set to save, with all faults together."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from quantimodo.measurements.csv_cells import number_of
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.payloads import SentMeasurement, SentSet, name_of, note_of, start_of
from quantimodo.pages.forms import Form

_THOUSANDS: Final = re.compile(r"[+\u2212-]?[1-9]\d{0,2}(,\d{3})+")


def read_measurement(form: Form, zone: tzinfo) -> tuple[SentSet, dict[str, str]]:
    """The measurement and the faults of all fields of the form."""
    errors: dict[str, str] = {}
    value, start = 0.0, _placed(form.one("when").strip(), zone)
    if not form.one("variable").strip():
        errors["variable"] = "Say what you measured."
    try:
        value = _number(form.one("value").strip())
    except ValueError as fault:
        errors["value"] = str(fault)
    if not start:
        errors["when"] = "Say when it was."
    for field, check in (
        ("variable", lambda: form.one("variable").strip() and name_of(form.one("variable"), "it")),
        ("when", lambda: start and start_of(start, None)),
        ("note", lambda: note_of(form.one("note"))),
    ):
        try:
            check()
        except ValueError as fault:
            errors[field] = words(MeasurementError(str(fault)))
    one = SentMeasurement(start_time=start, value=value, note=form.one("note") or None)
    sent = SentSet(
        measurements=[one],
        variable_name=unicodedata.normalize("NFC", form.one("variable")).strip(),
        variable_category_name=form.one("category") or None,
        abbreviated_unit_name=form.one("unit") or None,
    )
    return sent, errors


def _number(text: str) -> float:
    """Raises `ValueError` with the sentence to show."""
    if _THOUSANDS.fullmatch(text):  # ambiguous: a thousands separator or a decimal comma
        raise ValueError("Write it without a comma: as 1234, or as 1.234.")
    try:
        return number_of(text.replace(",", ".", 1))
    except ValueError:
        raise ValueError("Enter a number.") from None


def _placed(when: str, zone: tzinfo) -> str:
    """A local time, as a browser sends it, with its offset added; other text unchanged."""
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        return when
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()


def words(refused: MeasurementError) -> str:
    """The message for a person: without the position in a request, which they do not see."""
    text = refused.text
    if refused.set_index is not None:
        text = text.partition(": ")[2]
    known: Mapping[str, str] = {
        "the unit is of another category than the variable's": "What you measured before has a"
        " unit of another kind; choose one that fits.",
        "startTime is text that may be a spreadsheet's date; send seconds since 1970 as a"
        " number, or ISO 8601": "This may be a spreadsheet's date; write the time as"
        " 2026-11-23T07:30.",
        "startTime is neither seconds since 1970 nor ISO 8601": "The time cannot be read; write it"
        " as 2026-11-23T07:30.",
    }
    return known.get(text, f"{text[:1].upper()}{text[1:]}.")
