"""Numbers for people: all significant digits, without rounding errors of binary fractions."""

from typing import Final

_BESIDE: Final = ("%", "/")  # units that begin so stand beside the number, without a space
_PLAIN: Final = ("count", "index", "ratio")  # the number alone is enough
_PLURALS: Final = frozenset(
    {"doses", "servings", "pieces", "pills", "tablets", "capsules", "drops"}
)


def number(value: float) -> str:
    """As in `72.5` and `1,234,567`; rounded to twelve significant digits."""
    return f"{value:,.12g}"


def quantity(value: float, unit: str) -> str:
    """A number with its unit as people write it: `9,254`, `72 kg`, `4/5`, `1 pill`, `$20`."""
    shown = number(value)
    if unit in _PLAIN:
        return shown
    if unit == "$":
        return f"-${shown[1:]}" if shown.startswith("-") else f"${shown}"
    if unit in ("C", "F"):
        return f"{shown} °{unit}"
    if unit == "event":
        return counted(value, unit, "events")
    if unit in _PLURALS:
        return counted(value, unit[:-1], unit)
    return f"{shown}{unit}" if unit.startswith(_BESIDE) else f"{shown} {unit}"


def counted(value: float, one: str, many: str) -> str:
    """As in `1 entry` and `9,254 entries`."""
    return f"{number(value)} {one if value == 1 else many}"
