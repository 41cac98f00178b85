"""Numbers for people: all significant digits, without rounding errors of binary fractions."""

from collections.abc import Callable, Mapping
from typing import Final

from quantimodo.i18n.formats import counted, number

_BESIDE: Final = ("%", "/")  # units that begin so follow the number without a space
_PLAIN: Final = ("count", "index", "ratio")  # units that are not shown
_COUNTED: Final[Mapping[str, Callable[[float], str]]] = {
    "event": lambda value: counted(value, "%(number)s event", "%(number)s events"),
    "doses": lambda value: counted(value, "%(number)s dose", "%(number)s doses"),
    "servings": lambda value: counted(value, "%(number)s serving", "%(number)s servings"),
    "pieces": lambda value: counted(value, "%(number)s piece", "%(number)s pieces"),
    "pills": lambda value: counted(value, "%(number)s pill", "%(number)s pills"),
    "tablets": lambda value: counted(value, "%(number)s tablet", "%(number)s tablets"),
    "capsules": lambda value: counted(value, "%(number)s capsule", "%(number)s capsules"),
    "drops": lambda value: counted(value, "%(number)s drop", "%(number)s drops"),
}


def quantity(value: float, unit: str) -> str:
    """A number with its unit as people write it: `9,254`, `72 kg`, `4/5`, `1 pill`, `$20`."""
    if unit in _COUNTED:
        return _COUNTED[unit](value)
    shown = number(value)
    if unit in _PLAIN:
        return shown
    if unit == "$":
        return f"-${shown[1:]}" if value < 0 else f"${shown}"
    if unit in ("C", "F"):
        return f"{shown} °{unit}"
    return f"{shown}{unit}" if unit.startswith(_BESIDE) else f"{shown} {unit}"
