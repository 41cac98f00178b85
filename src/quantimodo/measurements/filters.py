"""The filter language of the contract: `(gt)5`, `a,b`, `Sleep%`, `!x`.

Owns the syntax of one value. A backslash makes the next character literal, so that a filter can
name every variable.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.times import parse_time
from quantimodo.model.measurements import Comparison, Field, Filter, Operator

_OPERATORS: Final[dict[str, Operator]] = {
    "(gt)": "above",
    "(ge)": "from",
    "(lt)": "below",
    "(le)": "until",
}
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_LARGEST: Final = 1.7976931348623157e308

Sign = tuple[str, bool]  # a character, and whether a backslash made it literal


def text_filter(field: Field, raw: str) -> Filter:
    """The filter of a text. `%` at the start or at the end matches any text there."""
    negated, items = _read(raw)
    return Filter(field, tuple(_pattern(item) for item in items), negated)


def number_filter(field: Field, raw: str) -> Filter:
    """The filter of a number, as `(gt)5` or a list. Raises `MeasurementError`."""
    negated, items = _read(raw)
    return Filter(field, tuple(_comparison(item, _number, "is") for item in items), negated)


def time_filter(field: Field, raw: str, *, bare: Operator) -> Filter:
    """The filter of a time. `bare` is the operator of a single time without one; several times are
    compared for equality."""
    negated, items = _read(raw)
    default: Operator = bare if len(items) == 1 else "is"
    return Filter(field, tuple(_comparison(item, _time, default) for item in items), negated)


def matches(comparison: Comparison, text: str) -> bool:
    """Whether a text matches a comparison of `text_filter`."""
    operand = str(comparison.operand)
    match comparison.operator:
        case "begins":
            return text.startswith(operand)
        case "ends":
            return text.endswith(operand)
        case "contains":
            return operand in text
        case _:
            return text == operand


def _read(raw: str) -> tuple[bool, list[list[Sign]]]:
    signs = list(_signs(raw))
    negated = bool(signs) and signs[0] == ("!", False)
    items: list[list[Sign]] = [[]]
    for sign in signs[1:] if negated else signs:
        if sign == (",", False):
            items.append([])
        else:
            items[-1].append(sign)
    found = [item for item in items if item]
    if not found:
        raise MeasurementError("a filter has no value; leave it out, or say what to compare with")
    return negated, found


def _signs(raw: str) -> Iterator[Sign]:
    escaped = False
    for character in raw:
        if escaped or character != "\\":
            yield character, escaped
            escaped = False
        else:
            escaped = True
    if escaped:
        yield "\\", True


def _text_of(item: list[Sign]) -> str:
    return unicodedata.normalize("NFC", "".join(character for character, _ in item))


def _pattern(item: list[Sign]) -> Comparison:
    anything = ("%", False)
    open_end = len(item) > 1 and item[-1] == anything
    open_start = item[0] == anything
    text = _text_of(item[int(open_start) : len(item) - int(open_end)])
    if open_start and open_end:
        return Comparison("contains", text)
    if open_start:
        return Comparison("ends", text)
    return Comparison("begins", text) if open_end else Comparison("is", text)


def _comparison(
    item: list[Sign], read: Callable[[str], float | int], default: Operator
) -> Comparison:
    text = _text_of(item).strip()
    operator = _OPERATORS.get(text[:4])
    if operator is None:
        return Comparison(default, read(text))
    return Comparison(operator, read(text[4:].strip()))


def _number(text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else float("inf")
    if not -_LARGEST <= value <= _LARGEST:
        raise MeasurementError("a value to compare with is not a number")
    return value


def _time(text: str) -> int:
    try:
        return parse_time(text)
    except (ValueError, OverflowError):
        raise MeasurementError(
            "a time to compare with is neither seconds since 1970 nor ISO 8601"
        ) from None
