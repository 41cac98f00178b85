"""measurements-api.md §12: a restricted query finds what it would find if the measurements that
are not allowed did not exist. Which are allowed is decided here by plain Python."""

from datetime import timedelta
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from measurement_database import MeasurementDatabase, few_examples
from test_two_people import queries

from quantimodo.measurements.errors import MeasurementError
from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.measurements.permissions import allowed_measurements
from quantimodo.measurements.queries import parse_measurement_query, parse_variable_query
from quantimodo.measurements.resolved_queries import Person
from quantimodo.measurements.views import MeasurementView
from quantimodo.model.consent_details import DetailRule, consent_details

HOUR = 3600
CATEGORIES = {"Mood": "Emotions", "Sleep": "Sleep", "100%": "Miscellaneous", "Nap": "Sleep"}
UNITS = {"Mood": "/5", "Sleep": "%", "100%": "kg", "Nap": "/5"}


class Recorded(NamedTuple):
    variable: str
    hours_ago: int
    value: float


recorded = st.lists(
    st.builds(
        Recorded,
        st.sampled_from(sorted(CATEGORIES)),
        st.integers(0, 100),
        st.integers(1, 5).map(float),
    ),
    max_size=14,
    unique_by=lambda each: each[:2],
)


class Rule(NamedTuple):
    """A rule as a test writes it down. `since` is in hours ago."""

    categories: frozenset[str] | None
    variables: frozenset[str] | None
    since: int | None
    days: int | None

    def allows(self, each: Recorded) -> bool:
        return (
            (self.categories is None or CATEGORIES[each.variable] in self.categories)
            and (self.variables is None or each.variable in self.variables)
            and (self.since is None or each.hours_ago <= self.since)
            and (self.days is None or each.hours_ago <= self.days * 24)
        )


rules = st.lists(
    st.builds(
        Rule,
        st.none() | st.frozensets(st.sampled_from(["Sleep", "Emotions", "Gone"]), min_size=1),
        st.none() | st.frozensets(st.sampled_from([*CATEGORIES, "Gone"]), min_size=1),
        st.none() | st.integers(0, 100),
        st.none() | st.integers(1, 4),
    ),
    max_size=3,
)


async def person_with(database: MeasurementDatabase, rows: list[Recorded]) -> int:
    user_id = await database.add_person()
    now = int(database.clock.now().timestamp())
    sets = [
        SentSet(
            measurements=[SentMeasurement(start_time=now - hours * HOUR, value=value)],
            variable_name=name,
            variable_category_name=CATEGORIES[name],
            source_name="App",
            abbreviated_unit_name=UNITS[name],
        )
        for name, hours, value in rows
    ]
    if sets:
        await database.service.save(user_id, sets)
    return user_id


def comparable(row: MeasurementView) -> tuple[Any, ...]:
    one = row.measurement
    return (one.variable, row.start, row.value, row.unit.id, row.source, row.number, row.category)


async def everything(database: MeasurementDatabase, person: Person, query: str) -> Any:
    """What each kind of read returns for the query, without the ids."""
    service, (user_id, allowed) = database.service, person
    variables, number = await service.variables(user_id, parse_variable_query(b""), allowed)
    found: list[Any] = [
        number,
        [
            (
                each.summary.variable.name,
                each.summary.number,
                each.summary.earliest,
                each.summary.latest,
                each.summary.last_value,
            )
            for each in variables
        ],
    ]
    for name in CATEGORIES:
        one = await service.variable(user_id, name, allowed)
        found.append(None if one is None else one.summary.number)
    try:
        parsed = parse_measurement_query(query.encode())
        rows, total = await service.page(user_id, parsed, allowed)
        found += [total, list(map(comparable, rows))]
        parts = await service.stream(user_id, parsed, allowed)
        found.append([comparable(row) async for part in parts for row in part])
    except MeasurementError as refused:
        found.append(refused.text)
    return found


@few_examples
@given(recorded, rules, queries)
async def test_measurements_that_are_not_allowed_have_no_effect_on_any_read(
    database: MeasurementDatabase, rows: list[Recorded], given_rules: list[Rule], query: str
) -> None:
    now = database.clock.now()
    details = consent_details(
        DetailRule(
            categories=rule.categories,
            variables=rule.variables,
            since=None if rule.since is None else now - timedelta(hours=rule.since),
            days=rule.days,
        )
        for rule in given_rules
    )
    catalogue = await database.references.catalogue()
    allowed = allowed_measurements(catalogue, details, "read", now)
    # By start, so that ids have the same order for both.
    rows = sorted(rows, key=lambda each: (-each.hours_ago, each.variable))
    visible = [each for each in rows if any(rule.allows(each) for rule in given_rules)]
    whole = Person(await person_with(database, rows), allowed)
    twin = Person(await person_with(database, visible))
    assert await everything(database, whole, query) == await everything(database, twin, query)

    parsed = parse_measurement_query(b"limit=200")
    other = Person(await person_with(database, rows))
    count = database.stores.measurements.count_measurements
    found, total = await database.service.page_of_people([whole, other], parsed, count)
    assert total == len(visible) + len(rows)
    assert sum(row.measurement.user_id == whole.user_id for row in found) == len(visible)
    for row in await database.export(whole.user_id, ""):
        one = await database.service.one(whole.user_id, row.measurement.id, allowed)
        hours = round((now.timestamp() * 1_000_000 - row.start) / 1_000_000 / HOUR)
        assert (one is not None) == (
            Recorded(row.measurement.variable, hours, row.value) in visible
        )
