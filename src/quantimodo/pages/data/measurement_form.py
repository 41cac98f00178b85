"""Reads the forms that add and edit a measurement, and collects the faults of all fields."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from quantimodo.measurements.csv_cells import number_of
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.payloads import (
    Change,
    SentMeasurement,
    SentSet,
    name_of,
    note_of,
    start_of,
)
from quantimodo.model.texts import N_
from quantimodo.pages.data.messages import translate_message
from quantimodo.pages.forms import Form

_THOUSANDS: Final = re.compile(r"[+\u2212-]?[1-9]\d{0,2}(,\d{3})+")


def parse_measurement(form: Form, zone: tzinfo) -> tuple[SentSet, dict[str, str]]:
    """The measurement and the faults of all fields of the form."""
    errors: dict[str, str] = {}
    value, start = 0.0, _placed(form.one("when").strip(), zone)
    if not form.one("variable").strip():
        errors["variable"] = N_("Enter what you measured.")
    try:
        value = _number(form.one("value").strip())
    except ValueError as fault:
        errors["value"] = fault.args[0]
    if not start:
        errors["when"] = N_("Enter when it was.")
    for field, check in (
        (
            "variable",
            lambda: form.one("variable").strip() and name_of(form.one("variable"), "it"),
        ),
        ("when", lambda: start and start_of(start, None)),
        ("note", lambda: note_of(form.one("note"))),
    ):
        try:
            check()
        except ValueError as fault:
            errors[field] = translate_message(MeasurementError(fault.args[0]))
    one = SentMeasurement(start_time=start, value=value, note=form.one("note") or None)
    sent = SentSet(
        measurements=[one],
        variable_name=unicodedata.normalize("NFC", form.one("variable")).strip(),
        variable_category_name=form.one("category") or None,
        abbreviated_unit_name=form.one("unit") or None,
    )
    return sent, errors


def parse_change(form: Form, zone: tzinfo, was: Mapping[str, str]) -> tuple[Change, dict[str, str]]:
    """What the form changes, and the faults of all its fields. `was`: the texts that it had; a
    field with the same text changes nothing."""
    errors: dict[str, str] = {}
    given = {name: form.one(name).strip() for name in ("value", "unit", "when")}
    note = form.one("note").replace("\r\n", "\n")
    change = Change(
        note=None if note == was["note"].replace("\r\n", "\n") else note,
        abbreviated_unit_name=given["unit"] or None,
    )
    if given["value"] != was["value"]:
        try:
            change.value = _number(given["value"])
        except ValueError as fault:
            errors["value"] = fault.args[0]
    if given["when"] != was["when"]:
        change.start_time = _placed(given["when"], zone)
    if not given["when"]:
        errors["when"] = N_("Enter when it was.")
    for field, check in (
        ("when", lambda: change.start_time and start_of(change.start_time, None)),
        ("note", lambda: note_of(change.note)),
    ):
        try:
            check()
        except ValueError as fault:
            errors[field] = translate_message(MeasurementError(fault.args[0]))
    return change, errors


def _number(text: str) -> float:
    """Raises `ValueError` with the sentence to show."""
    if _THOUSANDS.fullmatch(text):  # ambiguous: a thousands separator or a decimal comma
        raise ValueError(N_("Write it without a comma: as 1234, or as 1.234."))
    try:
        return number_of(text.replace(",", ".", 1))
    except ValueError:
        raise ValueError(N_("Enter a number.")) from None


def _placed(when: str, zone: tzinfo) -> str:
    """A local time, as a browser sends it, with its offset added; other text unchanged."""
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        return when
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()
