"""measurements-api.md §9: units convert exactly, in both directions, by their linear steps."""

import math
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measurement_database import MeasurementDatabase, Sample, few_examples

from quantimodo.measurements.catalogue import Catalogue
from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.measurements.units import converter, convertible, exactly
from quantimodo.model.measurements import Unit
from quantimodo.storage.migrate import shipped

exact = st.fractions(max_denominator=10**6)
sizes = st.floats(min_value=-1e280, max_value=1e280)


@pytest.fixture
async def catalogue(database: MeasurementDatabase) -> Catalogue:
    return await database.service.references.catalogue()


def pair(data: st.DataObject, catalogue: Catalogue) -> tuple[Unit, Unit]:
    """Two units that convert into each other."""
    one = data.draw(st.sampled_from([each for each in catalogue.units if each.steps is not None]))
    fitting = [each for each in catalogue.units if convertible(one, each)]
    return one, data.draw(st.sampled_from(fitting))


def within(unit: Unit) -> st.SearchStrategy[float]:
    least = -1e280 if unit.minimum is None else unit.minimum
    return st.floats(min_value=least, max_value=unit.maximum or 1e280)


@few_examples
@given(st.data(), exact)
async def test_a_conversion_and_its_inverse_give_the_same_value(
    catalogue: Catalogue, data: st.DataObject, value: Fraction
) -> None:
    one, other = pair(data, catalogue)
    assert exactly(exactly(value, one, other), other, one) == value


@few_examples
@given(st.data(), exact)
async def test_a_conversion_through_a_third_unit_gives_the_same_value(
    catalogue: Catalogue, data: st.DataObject, value: Fraction
) -> None:
    one, other = pair(data, catalogue)
    third = data.draw(st.sampled_from([e for e in catalogue.units if convertible(one, e)]))
    assert exactly(exactly(value, one, third), third, other) == exactly(value, one, other)


@few_examples
@given(st.data(), sizes)
async def test_the_result_is_the_float_nearest_to_the_exact_value(
    catalogue: Catalogue, data: st.DataObject, value: float
) -> None:
    one, other = pair(data, catalogue)
    result, expected = (
        converter(one, other)(value),
        exactly(Fraction(repr(value)), one, other),
    )
    error = abs(Fraction(result) - expected)
    for neighbour in (math.nextafter(result, -math.inf), math.nextafter(result, math.inf)):
        assert error <= abs(Fraction(neighbour) - expected)


@few_examples
@given(st.data())
async def test_numbers_of_fourteen_digits_survive_both_directions(
    catalogue: Catalogue, data: st.DataObject
) -> None:
    """Exactly, if all steps multiply; two roundings leave fourteen digits intact."""
    one, other = pair(data, catalogue)
    steps = (*(one.steps or ()), *(other.steps or ()))
    digits = data.draw(st.integers(0, 10**14))
    value = float(f"{digits}e{data.draw(st.integers(-20, 20))}")
    back = converter(other, one)(converter(one, other)(value))
    if all(step.operation == "MULTIPLY" for step in steps):
        assert float(f"{back:.14g}") == float(f"{value:.14g}")
    else:  # an added constant may be larger than the value
        most = max(abs(step.value) for step in steps) + 1
        assert abs(Fraction(back) - Fraction(value)) <= (abs(Fraction(value)) + most) / 10**12


@few_examples
@given(st.data())
async def test_the_bounds_of_units_that_convert_agree(
    catalogue: Catalogue, data: st.DataObject
) -> None:
    """A value that one unit accepts is valid in the unit of the variable."""
    one, other = pair(data, catalogue)
    result = converter(one, other)(data.draw(within(one)))
    assert other.minimum is None or result >= other.minimum
    assert other.maximum is None or result <= other.maximum


async def test_known_conversions(catalogue: Catalogue) -> None:
    for value, one, other, expected in (
        (0.1, "h", "min", 6), (90, "min", "h", 1.5), (1, "mi", "km", 1.609344),
        (98.6, "F", "C", 37), (-40, "F", "C", -40), (0, "K", "C", -273.15), (37, "C", "F", 98.6),
        (1, "lb", "kg", 0.45359237), (16, "oz", "lb", 1), (3, "/5", "%", 50), (50, "%", "/10", 5.5),
        (0, "-4 to 4", "/5", 3), (760, "torr", "hPa", 1013.25), (1, "kcal", "kJ", 4.184),
        (8, "fl oz", "cup", 1), (1, "ratio", "ppm", 1_000_000),
    ):  # fmt: skip
        convert = converter(catalogue.unit_named(one), catalogue.unit_named(other))
        assert convert(value) == expected, (value, one, other)


async def test_units_of_two_categories_do_not_convert(catalogue: Catalogue) -> None:
    kilograms, minutes, count, event = map(catalogue.unit_named, ("kg", "min", "count", "event"))
    assert not convertible(kilograms, minutes)
    assert not convertible(count, event), "units without steps do not convert"
    assert convertible(count, count)


def test_both_engines_have_the_same_units_and_categories() -> None:
    steps = {engine: shipped(engine) for engine in ("sqlite", "postgres")}
    seeds = {
        engine: [
            statement
            for step in each
            for statement in re.findall(r"^INSERT .*?;$", step.sql, re.MULTILINE | re.DOTALL)
        ]
        for engine, each in steps.items()
    }
    assert len(seeds["sqlite"]) == 3
    assert seeds["sqlite"] == seeds["postgres"]


@few_examples
@given(
    values=st.lists(st.floats(min_value=0, max_value=1e280), min_size=1, max_size=9),
    bound=st.integers(0, 600),
)
async def test_values_and_filters_are_in_the_requested_unit(
    database: MeasurementDatabase, values: list[float], bound: int
) -> None:
    user_id = await database.add_person()
    for variable, unit in (("Sleep", "h"), ("Walk", "min")):
        entries = [SentMeasurement(start_time=at, value=each) for at, each in enumerate(values)]
        one = SentSet(measurements=entries, variable_name=variable, abbreviated_unit_name=unit)
        await database.service.save(user_id, [one])
    whole, _ = await database.samples(user_id, "unit=min&limit=200")
    units = await database.service.references.catalogue()
    requested = units.unit_named("min")
    hours, minutes = (converter(units.unit_named(each), requested) for each in ("h", "min"))
    assert sorted(whole) == sorted(
        Sample(variable, "", at, convert(each))
        for variable, convert in (("Sleep", hours), ("Walk", minutes))
        for at, each in enumerate(values)
    )
    above, _ = await database.samples(user_id, f"unit=min&limit=200&value=(gt){bound}")
    assert above == [each for each in whole if each.value > bound]


@pytest.mark.parametrize("value", [1.1e280, -1.1e280, 1.7e308])
async def test_a_value_above_the_maximum_is_refused(
    database: MeasurementDatabase, value: float
) -> None:
    user_id = await database.add_person()
    one = SentSet(
        measurements=[SentMeasurement(start_time=1, value=value)],
        variable_name="Weight",
        abbreviated_unit_name="count",
    )
    with pytest.raises(MeasurementError, match="the most that is kept"):
        await database.service.save(user_id, [one])


async def test_the_largest_values_are_returned_in_every_unit_and_summed(
    database: MeasurementDatabase,
) -> None:
    user_id = await database.add_person()
    for at, unit in enumerate(("kg", "mcg", "lb")):
        entries = [SentMeasurement(start_time=60 * at + each, value=1e280) for each in range(50)]
        one = SentSet(
            measurements=entries,
            variable_name="Weight",
            abbreviated_unit_name=unit,
            combination_operation="SUM",
        )
        await database.service.save(user_id, [one])
    for unit in ("kg", "mcg"):
        assert len((await database.samples(user_id, f"unit={unit}&limit=200"))[0]) == 150
        ((whole,), number) = await database.samples(user_id, f"unit={unit}&groupingWidth=86400")
        assert number == 1
        assert math.isfinite(whole.value)
        assert whole.value > 5e281
