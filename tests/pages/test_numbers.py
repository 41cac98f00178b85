"""Numbers and quantities as people write them."""

import pytest

from quantimodo.i18n.formats import counted, number
from quantimodo.pages.numbers import quantity

ONE, MANY = "%(number)s entry", "%(number)s entries"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (9254, "count", "9,254"),
        (72.5, "kg", "72.5 kg"),
        (4, "/5", "4/5"),
        (45, "%", "45%"),
        (1, "pills", "1 pill"),
        (2, "pills", "2 pills"),
        (1, "event", "1 event"),
        (-3.5, "$", "-$3.5"),
        (1234.5, "$", "$1,234.5"),
        (36.6, "C", "36.6 °C"),
        (0.1 + 0.2, "h", "0.3 h"),
    ],
)
def test_a_quantity_is_written_as_people_do(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


def test_numbers_have_separators_and_one_is_singular() -> None:
    assert number(1_234_567) == "1,234,567"
    assert counted(1, ONE, MANY) == "1 entry"
    assert counted(9_254, ONE, MANY) == "9,254 entries"
    assert counted(0, ONE, MANY) == "0 entries"
