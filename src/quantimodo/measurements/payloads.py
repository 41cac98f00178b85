"""Parses the JSON in which applications send measurements.

Owns the names of members, older ones included, and the checks of each value; an error names the
set and the measurement. `drafts.py` finds the variable and the unit of a set.
"""

import math
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from quantimodo.measurements.csv_cells import is_ambiguous
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.times import parse_time, time_from_seconds
from quantimodo.model.measurements import Combination, Micros

MOST_MEASUREMENTS: Final = 10_000
_LONGEST_NAME: Final = 125
_LONGEST_NOTE: Final = 2_000
# So that the value is finite in every unit, and so are sums of many values.
_LARGEST: Final = 1e280
_ALLOWED_CONTROLS: Final = "\n\r\t"


class SentMeasurement(msgspec.Struct, rename="camel", gc=False):
    """`timestamp` is the older spelling of `startTime`."""

    start_time: int | float | str | None = None
    timestamp: int | float | str | None = None
    value: float | None = None
    note: str | None = None


class SentSet(msgspec.Struct, rename="camel", gc=False):
    """`name`, `source`, `category` and `unit` are older spellings."""

    # Not a new list by default: a million of them would delay all requests.
    measurements: list[SentMeasurement] | msgspec.UnsetType = msgspec.UNSET
    variable_name: str | None = None
    name: str | None = None
    source_name: str | None = None
    source: str | None = None
    variable_category_name: str | None = None
    category: str | None = None
    combination_operation: str | None = None
    abbreviated_unit_name: str | None = None
    unit: str | None = None

    @property
    def entries(self) -> Sequence[SentMeasurement]:
        """The measurements of the set; none if the member is absent."""
        return () if self.measurements is msgspec.UNSET else self.measurements


class Change(msgspec.Struct, rename="camel"):
    """What a PUT gives: only what is given changes."""

    start_time: int | float | str | None = None
    timestamp: int | float | str | None = None
    value: float | None = None
    note: str | None = None
    abbreviated_unit_name: str | None = None
    unit: str | None = None


_sets = msgspec.json.Decoder(list[SentSet])
_one_set = msgspec.json.Decoder(SentSet)
_change = msgspec.json.Decoder(Change)


def parse_sets(body: bytes) -> list[SentSet]:
    """The sets of a body: a JSON array, or one set. Raises `MeasurementError`, with the status 413
    for more than `MOST_MEASUREMENTS`."""
    alone = body.lstrip(b" \t\r\n")[:1] == b"{"
    found: Any = _decoded(_one_set if alone else _sets, body)
    sets: list[SentSet] = [found] if alone else found
    if not sets:
        raise MeasurementError("there is nothing to keep: send at least one set of measurements")
    if len(sets) > MOST_MEASUREMENTS or _number(sets) > MOST_MEASUREMENTS:
        raise MeasurementError(
            f"at most {MOST_MEASUREMENTS} measurements are taken at once; send the rest after",
            status=413,
        )
    return sets


def parse_change(body: bytes) -> Change:
    """The change of a body of PUT. Raises `MeasurementError`."""
    change: Change = _decoded(_change, body)
    return change


def _number(sets: Sequence[SentSet]) -> int:
    return sum(len(each.entries) for each in sets)


def _decoded(decoder: "msgspec.json.Decoder[Any]", body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _malformed(str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise MeasurementError("the body is not valid JSON") from None


def _malformed(text: str) -> MeasurementError:
    """The error for a message of msgspec, which names the place and the types, never what was sent:
    `Expected `float`, got `str` - at `$[0].measurements[3].value``."""
    _, _, place = text.partition(" - at `$")
    indices = [int(part.partition("]")[0]) for part in place.split("[")[1:] if part[0].isdigit()]
    alone = place.startswith(".measurements")
    sets, measurements = ([0], indices) if alone else (indices[:1], indices[1:])
    field = place.rstrip("`").rpartition(".")[2] if "." in place else ""
    what = f"{field} has the wrong type" if field.isidentifier() else "the JSON has another shape"
    return error_at(
        f"{what}; see the API's documentation",
        sets[0] if sets else None,
        measurements[0] if measurements else None,
    )


def error_at(
    text: str, set_index: int | None, measurement_index: int | None = None
) -> MeasurementError:
    """An error that names its set and measurement, in its text and in its attributes."""
    if measurement_index is not None:
        text = f"set {set_index}, measurement {measurement_index}: {text}"
    elif set_index is not None:
        text = f"set {set_index}: {text}"
    return MeasurementError(text, set_index=set_index, measurement_index=measurement_index)


# ------------------------------------------------------------------------------- one value each


def either(one: str | None, older: str | None) -> str | None:
    """The value of a member that has an older name too. Raises `ValueError` if both are given and
    differ."""
    if one is not None and older is not None and one != older:
        raise ValueError("two spellings of one name have different values")
    return older if one is None else one


def name_of(text: str | None, what: str) -> str:
    """A name in Unicode's form NFC. Raises `ValueError`."""
    name = unicodedata.normalize("NFC", text or "").strip()
    if not name:
        raise ValueError(f"{what} is missing")
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"{what} is longer than {_LONGEST_NAME} characters")
    if not _is_plain(name):
        raise ValueError(f"{what} has characters that are not allowed")
    return name


def note_of(text: str | None) -> str:
    """The note; empty without one. Raises `ValueError`."""
    if not text:
        return ""
    if len(text) > _LONGEST_NOTE:
        raise ValueError(f"the note is longer than {_LONGEST_NOTE} characters")
    if not _is_plain(text.translate(dict.fromkeys(map(ord, _ALLOWED_CONTROLS)))):
        raise ValueError("the note has characters that are not allowed")
    return text


def start_of(given: int | float | str | None, older: int | float | str | None) -> Micros:
    """The start time, from `startTime` or `timestamp`. Raises `ValueError`."""
    if given is not None and older is not None and given != older:
        raise ValueError("startTime and timestamp have different values")
    start = older if given is None else given
    if start is None:
        raise ValueError("startTime is missing")
    try:
        found = parse_time(start) if isinstance(start, str) else time_from_seconds(start)
    except (ValueError, OverflowError):
        raise ValueError("startTime is neither seconds since 1970 nor ISO 8601") from None
    if isinstance(start, str) and is_ambiguous(start.strip()):
        raise ValueError(
            "startTime is text that may be a spreadsheet's date; send seconds since 1970 as a"
            " number, or ISO 8601"
        )
    return found


def value_of(value: float | None) -> float:
    """A finite value that has a value in every unit. Raises `ValueError`."""
    if value is None:
        raise ValueError("value is missing")
    if not math.isfinite(value):
        raise ValueError("value is not a finite number")
    if abs(value) > _LARGEST:
        raise ValueError(f"value is beyond {_LARGEST:g}, the most that is kept")
    return value


def combination_of(text: str | None) -> Combination | None:
    """The way in which a group combines values; None if it is not given. Raises `ValueError`."""
    match (text or "").upper():
        case "":
            return None
        case "MEAN":
            return "MEAN"
        case "SUM":
            return "SUM"
    raise ValueError("combinationOperation is MEAN or SUM")


def _is_plain(text: str) -> bool:
    if text.isascii():
        return text.isprintable()
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Cn") for character in text)
