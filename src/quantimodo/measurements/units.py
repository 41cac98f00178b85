"""Converts values between units by the linear steps of each unit, exactly, and rounds once."""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from quantimodo.measurements.errors import MeasurementError
from quantimodo.model.measurements import Unit


class _Linear(NamedTuple):
    """A conversion: the value times the factor, plus the offset."""

    factor: Fraction
    offset: Fraction


def convertible(source: Unit, target: Unit) -> bool:
    """Whether one unit converts into the other."""
    if source.id == target.id:
        return True
    known = source.steps is not None and target.steps is not None
    return known and source.category == target.category


def exactly(value: Fraction, source: Unit, target: Unit) -> Fraction:
    """The same quantity in `target`; the two are `convertible`."""
    factor, offset = _conversion(source, target)
    return value * factor + offset


def converter(source: Unit, target: Unit) -> Callable[[float], float]:
    """A function that converts values of `source` to `target`, to the float nearest to the exact
    result.

    It reads a value as the shortest decimal number that has this float. It raises
    `MeasurementError` if the result is too large for a float.
    """
    if source.id == target.id:
        return _identity
    factor, offset = _conversion(source, target)

    def convert(value: float) -> float:
        try:
            return float(Fraction(repr(value)) * factor + offset)
        except OverflowError:
            raise MeasurementError("the value is too large in the variable's unit") from None

    return convert


def _identity(value: float) -> float:
    return value


def _conversion(source: Unit, target: Unit) -> _Linear:
    if source.id == target.id:
        return _Linear(Fraction(1), Fraction(0))
    factor, offset = _to_category_unit(source)
    factor_back, offset_back = _to_category_unit(target)
    return _Linear(factor / factor_back, (offset - offset_back) / factor_back)


def _to_category_unit(unit: Unit) -> _Linear:
    factor, offset = Fraction(1), Fraction(0)
    for step in unit.steps or ():
        if step.operation == "MULTIPLY":
            factor, offset = factor * step.value, offset * step.value
        else:
            offset += step.value
    return _Linear(factor, offset)
