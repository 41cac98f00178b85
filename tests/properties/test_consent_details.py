"""Consent details (RFC 9396 §2): the text and the value are one, and combining never adds
anything."""

import json
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.model.consent_details import (
    EVERYTHING,
    NOTHING,
    ConsentDetails,
    DetailRule,
    Details,
    consent_details,
    covers,
    explicit,
    intersection,
    union,
    within,
)
from quantimodo.protocol.consent_details import (
    LONGEST_TEXT,
    MOST_NAMES,
    MOST_OBJECTS,
    from_json,
    parse_authorization_details,
    to_json,
)
from quantimodo.protocol.errors import InvalidAuthorizationDetails
from quantimodo.protocol.scopes import effective

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CATEGORIES, VARIABLES = ("Sleep", "Emotions", "Vital Signs"), ("Mood", "Sleep Quality", "Café")

names = st.text(st.characters(codec="utf-8", categories=["L", "Nd"]), min_size=1, max_size=9)


def some(values: tuple[str, ...]) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.frozensets(st.sampled_from(values), min_size=1)


rules = st.builds(
    DetailRule,
    actions=st.frozensets(st.sampled_from(("read", "write")), min_size=1),
    categories=some(CATEGORIES),
    variables=some(VARIABLES),
    since=st.none() | st.integers(0, 9).map(lambda days: NOW - days * DAY),
    days=st.none() | st.integers(1, 9),
)
details = st.lists(rules, max_size=4).map(consent_details)
wholes = st.none() | details
uses = st.tuples(
    st.sampled_from(("read", "write")),
    st.sampled_from(CATEGORIES),
    st.sampled_from(VARIABLES),
    st.integers(0, 20).map(lambda days: NOW - days * DAY + timedelta(hours=1)),
)
Use = tuple[str, str, str, datetime]


def allows(value: Details, use: Use, now: datetime = NOW) -> bool:
    action, category, variable, start = use
    return value is None or value.allows(action, category, variable, start, now)  # type: ignore[arg-type]


@given(details)
def test_a_text_gives_the_same_details_again(value: ConsentDetails) -> None:
    text = to_json(value)
    assert from_json(text) == value
    assert to_json(from_json(text)) == text
    if value.rules:
        assert parse_authorization_details(text) == value


@given(st.lists(rules, max_size=4), uses)
def test_the_canonical_form_allows_the_same(given_rules: list[DetailRule], use: Use) -> None:
    canonical = consent_details(given_rules)
    assert allows(canonical, use) == any(
        allows(ConsentDetails((rule,)), use) for rule in given_rules
    )
    assert consent_details(canonical.rules) == canonical


@given(wholes, wholes, uses)
def test_an_intersection_allows_what_both_allow(one: Details, other: Details, use: Use) -> None:
    assert allows(intersection(one, other), use) == (allows(one, use) and allows(other, use))


@given(details, details, uses)
def test_a_union_allows_what_one_of_them_allows(
    one: ConsentDetails, other: ConsentDetails, use: Use
) -> None:
    assert allows(union(one, other), use) == (allows(one, use) or allows(other, use))


@given(wholes, wholes, uses, st.integers(0, 40))
def test_details_that_cover_a_request_allow_all_of_it_at_any_time(
    allowed: Details, requested: Details, use: Use, later: int
) -> None:
    covered = covers(allowed, requested) and allows(requested, use, NOW + later * DAY)
    assert allows(allowed, use, NOW + later * DAY) or not covered


@given(wholes, wholes)
def test_a_person_is_not_asked_again_for_what_they_narrowed(one: Details, other: Details) -> None:
    assert covers(one, one)
    assert covers(one, intersection(one, other))
    assert covers(one, NOTHING)
    assert covers(None, one)


@given(wholes, st.frozensets(st.sampled_from(("read", "write"))), uses)
def test_details_for_a_scope_say_nothing_about_other_actions(
    value: Details, actions: frozenset[str], use: Use
) -> None:
    part = within(value, actions)  # type: ignore[arg-type]
    whole = explicit(value, actions)  # type: ignore[arg-type]
    if use[0] in actions:
        assert allows(part, use) == allows(value, use) == allows(whole, use)
    else:
        assert not allows(whole, use)


def test_a_scope_without_a_rule_is_not_granted() -> None:
    sleep = consent_details(
        [DetailRule(actions=frozenset({"read"}), categories=frozenset({"Sleep"}))]
    )
    both = frozenset({"basic", "readmeasurements", "writemeasurements"})
    assert effective(both, sleep) == (frozenset({"basic", "readmeasurements"}), sleep)
    assert effective(both, EVERYTHING) == (both, None)
    assert effective(both, None) == (both, None)
    assert effective(both, NOTHING)[0] == frozenset({"basic"})


def one(**members: object) -> str:
    return json.dumps([{"type": "health_measurements", "actions": ["read"]} | members])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "[1]",
        "null",
        '[{"actions":["read"]}]',
        '[{"type":"account_information","actions":["read"]}]',
        '[{"type":"health_measurements"}]',
        '[{"type":"health_measurements","type":"health_measurements","actions":["read"]}]',
        one(actions=[]),
        one(actions=["delete"]),
        one(actions=[["read"]]),
        one(actions="read"),
        one(locations=["https://api.example.org/"]),
        one(categories=[]),
        one(categories=[""]),
        one(categories=[" Sleep"]),
        one(categories=["Sle\x00ep"]),
        one(categories=["x" * 126]),
        one(categories="Sleep"),
        one(variables=[1]),
        one(variables=["\ud800"]),
        one(since="2026-01-01"),
        one(since="2026-01-01T00:00:00+01:00"),
        one(since="2026-13-01T00:00:00Z"),
        one(since=1439389320),
        one(days=0),
        one(days=True),
        one(days=1.5),
        one(days=10**9),
        one(variables=[str(number) for number in range(MOST_NAMES + 1)]),
        one(variables=["x" * 120 + f"{number:04}" for number in range(40)]),
        json.dumps(json.loads(one()) * (MOST_OBJECTS + 1)),
        "[" * 2000,
        "[NaN]",
    ],
)
def test_malformed_details_are_refused_without_an_echo(text: str) -> None:
    with pytest.raises(InvalidAuthorizationDetails) as refused:
        parse_authorization_details(text)
    assert refused.value.code == "invalid_authorization_details"
    assert "delete" not in refused.value.description
    assert len(refused.value.description) < 200


def test_the_longest_text_is_read() -> None:
    names_of = [f"{number:02}" + "x" * 70 for number in range(MOST_NAMES)]
    text = one(variables=names_of)
    assert len(text) < LONGEST_TEXT
    assert parse_authorization_details(text).rules[0].variables == frozenset(names_of)


@given(st.lists(names, min_size=1, max_size=5, unique=True), st.datetimes(timezones=st.just(UTC)))
def test_names_and_instants_of_all_kinds_keep_their_text(
    variables: list[str], since: datetime
) -> None:
    normal = frozenset(unicodedata.normalize("NFC", name) for name in variables)
    value = consent_details([DetailRule(variables=normal, since=since)])
    assert parse_authorization_details(to_json(value)) == value
