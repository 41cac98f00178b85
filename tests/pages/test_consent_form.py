"""The form of a consent: what a person can choose, and that nothing beyond is accepted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.model.consent_details import (
    DetailRule,
    Details,
    consent_details,
    covers,
    explicit,
)
from quantimodo.model.consents import Consent, ConsentChoice
from quantimodo.pages.authorization.consent_form import initial_view, read_choice, submitted_view
from quantimodo.pages.authorization.consent_offer import CategoryLine, ConsentOffer, VariableLine
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView
from quantimodo.protocol.scopes import health_actions

NOW = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")  # the 30th already
MIDNIGHT = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)  # of the 30th in Berlin
BOTH = frozenset({"readmeasurements", "writemeasurements"})
SLEEP = CategoryLine("Sleep", 214, NOW, (VariableLine("Sleep Quality", 200),))
OFFER = ConsentOffer(
    scope=BOTH | {"basic"},
    optional=frozenset({"writemeasurements"}),
    categories=(SLEEP, CategoryLine("Emotions", 3, NOW, (VariableLine("Overall Mood", 3),))),
    previewed=True,
    zone=BERLIN,
    now=NOW,
)


def choose(offer: ConsentOffer = OFFER, **fields: Any) -> ConsentChoice | FormErrors:
    pairs = [
        (name.rstrip("_"), each)
        for name, value in fields.items()
        for each in ([value] if isinstance(value, str) else value)
    ]
    return read_choice(Form(pairs), offer)


def rules(*found: DetailRule) -> Details:
    return consent_details(found)


def test_a_form_without_choices_allows_what_is_required_until_it_is_withdrawn() -> None:
    assert choose() == ConsentChoice(scope=frozenset({"basic", "readmeasurements"}))


@pytest.mark.parametrize(
    ("fields", "details"),
    [
        ({"data": "all", "from_": "all"}, None),
        ({"data": "some", "category": "Sleep"}, rules(DetailRule(categories=frozenset({"Sleep"})))),
        (
            {"data": "some", "category": "Sleep", "variable": ["Sleep Quality", "Overall Mood"]},
            rules(
                DetailRule(categories=frozenset({"Sleep"})),
                DetailRule(
                    categories=frozenset({"Emotions"}), variables=frozenset({"Overall Mood"})
                ),
            ),
        ),
        ({"from_": "days"}, rules(DetailRule(days=90))),
        ({"from_": "today"}, rules(DetailRule(since=MIDNIGHT))),
        (
            {"from_": "date", "from_date": "2026-07-01"},
            rules(DetailRule(since=datetime(2026, 6, 30, 22, 0, tzinfo=UTC))),
        ),
    ],
)
def test_data_is_chosen_by_category_variable_and_time(
    fields: dict[str, Any], details: Details
) -> None:
    found = choose(scope="writemeasurements", **fields)
    assert found == ConsentChoice(scope=BOTH | {"basic"}, details=details)


@pytest.mark.parametrize(
    ("fields", "expires_at"),
    [
        ({"until": "open"}, None),
        ({"until": "days"}, MIDNIGHT + timedelta(days=91)),
        ({"until": "date", "until_date": "2026-11-30"}, MIDNIGHT + timedelta(days=1)),
        ({"until": "date", "until_date": "2026-12-31"}, MIDNIGHT + timedelta(days=32)),
    ],
)
def test_an_end_is_the_end_of_a_day_of_the_person(
    fields: dict[str, Any], expires_at: datetime | None
) -> None:
    found = choose(**fields)
    assert isinstance(found, ConsentChoice)
    assert found.expires_at == expires_at


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scope": "email"}, "scope"),
        ({"data": "everything"}, "data"),
        ({"data": "keep"}, "data"),
        ({"data": "some"}, "category"),
        ({"data": "some", "category": "Foods"}, "category"),
        ({"data": "some", "variable": "Weight"}, "category"),
        ({"from_": "yesterday"}, "from"),
        ({"from_": "keep"}, "from"),
        ({"from_": "date"}, "from_date"),
        ({"from_": "date", "from_date": "2026-02-30"}, "from_date"),
        ({"from_": "date", "from_date": "20260101"}, "from_date"),
        ({"from_": "date", "from_date": "2026-12-01"}, "from_date"),
        ({"from_": "date", "from_date": "0001-01-01"}, "from_date"),
        ({"until": "keep"}, "until"),
        ({"until": "never"}, "until"),
        ({"until": "date", "until_date": "2026-11-29"}, "until_date"),
        ({"until": "date", "until_date": "9999-12-31"}, "until_date"),
        ({"until": "date", "until_date": "tomorrow"}, "until_date"),
    ],
)
def test_choices_that_the_form_does_not_show_are_refused_at_their_field(
    fields: dict[str, Any], field: str
) -> None:
    found = choose(**fields)
    assert isinstance(found, FormErrors)
    assert list(found.errors) == [field]
    assert found.status == 422


def test_an_application_that_needs_nothing_cannot_be_allowed_nothing() -> None:
    offer = replace(OFFER, optional=OFFER.scope)
    refused = choose(offer)
    assert isinstance(refused, FormErrors)
    assert list(refused.errors) == ["scope"]
    assert choose(replace(OFFER, scope=frozenset())) == ConsentChoice(scope=frozenset())


def test_a_refused_form_keeps_what_was_entered() -> None:
    form = Form([("data", "some"), ("category", "Sleep"), ("until", "date"), ("until_date", "x")])
    found = read_choice(form, OFFER)
    assert isinstance(found, FormErrors)
    view = submitted_view(form, found)
    assert view.value("until_date") == "x"
    assert view.error("until_date")
    assert view.chosen == {"category:Sleep"}


REQUESTS: tuple[Details, ...] = (
    None,
    rules(DetailRule(categories=frozenset({"Sleep"}))),
    rules(DetailRule(days=30)),
    rules(
        DetailRule(actions=frozenset({"read"}), categories=frozenset({"Sleep"}), days=365),
        DetailRule(variables=frozenset({"Overall Mood"})),
    ),
)
FIELDS = st.fixed_dictionaries(
    {
        "data": st.sampled_from(["", "all", "some", "keep"]),
        "from": st.sampled_from(["", "all", "today", "days", "date", "keep"]),
        "from_date": st.sampled_from(["", "2026-01-01", "1900-01-01", "2200-01-01"]),
        "until": st.sampled_from(["", "open", "days", "date", "keep"]),
        "until_date": st.sampled_from(["", "2026-11-30", "2100-01-01"]),
    }
)
BOXES = st.sets(
    st.sampled_from(
        [
            *(("scope", name) for name in sorted((*OFFER.scope, "email"))),
            *(("category", name) for name in ("Sleep", "Emotions", "Foods")),
            *(("variable", name) for name in ("Sleep Quality", "Overall Mood", "Weight")),
        ]
    )
)


def fields_of(view: FormView) -> list[tuple[str, str]]:
    boxes = [(name, value) for name, _, value in (each.partition(":") for each in view.chosen)]
    return [*view.values.items(), *boxes]


@given(fields=FIELDS, boxes=BOXES, details=st.sampled_from(REQUESTS))
def test_no_form_chooses_more_than_was_requested_and_each_choice_is_shown_again(
    fields: dict[str, str], boxes: set[tuple[str, str]], details: Details
) -> None:
    offer = replace(OFFER, details=details)
    found = read_choice(Form([*fields.items(), *boxes]), offer)
    if isinstance(found, FormErrors):
        return
    assert offer.scope - offer.optional <= found.scope <= offer.scope
    actions = health_actions(offer.scope)
    assert covers(explicit(details, actions), explicit(found.details, actions))
    assert found.expires_at is None or found.expires_at > NOW
    consent = Consent(
        user_id=1,
        client_id="some-client",
        scope=found.scope,
        granted_at=NOW,
        updated_at=NOW,
        details=found.details,
        expires_at=found.expires_at,
        requested_details=details,
    )
    current = replace(offer, current=consent)
    again = read_choice(Form(fields_of(initial_view(current))), current)
    assert isinstance(again, ConsentChoice)
    assert again.scope == found.scope
    assert again.expires_at == found.expires_at
    kept = health_actions(found.scope)
    assert explicit(again.details, kept) == explicit(found.details, kept)
