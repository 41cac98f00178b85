"""The rules of consents (`protocol/consents.py`): what a choice allows, and what a later decision
changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from quantimodo.model.consent_details import ConsentDetails, DetailRule, consent_details
from quantimodo.model.consents import Consent, ConsentChoice
from quantimodo.model.tokens import Grant
from quantimodo.protocol.consent_details import to_json
from quantimodo.protocol.consents import (
    MOST_REQUESTED_NAMES,
    MOST_SCOPES,
    InvalidChoice,
    allowed_part,
    allows_grant,
    apply_choice,
    is_decided,
    is_narrower,
    merge_consents,
)

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
DAY = timedelta(days=1)
READ, WRITE = "readmeasurements", "writemeasurements"


def details(action: str, category: str | None = None, days: int | None = None) -> ConsentDetails:
    categories = None if category is None else frozenset({category})
    actions = frozenset({action})
    return consent_details([DetailRule(actions=actions, categories=categories, days=days)])  # type: ignore[arg-type]


SLEEP, MOOD, WRITE_MOOD = (
    details("read", "Sleep", 90),
    details("read", "Emotions"),
    details("write", "Emotions"),
)


def consent(*scope: str, **changes: object) -> Consent:
    given = Consent(
        user_id=1, client_id="app", scope=frozenset(scope), granted_at=NOW, updated_at=NOW
    )
    return replace(given, **changes)  # type: ignore[arg-type]


def choice(*scope: str, **changes: object) -> ConsentChoice:
    return replace(ConsentChoice(scope=frozenset(scope)), **changes)  # type: ignore[arg-type]


def test_a_choice_keeps_what_was_requested_so_that_it_is_not_asked_again() -> None:
    requested = consent("basic", "email", READ, WRITE)
    given = apply_choice(
        requested, choice("basic", READ, WRITE, details=SLEEP), frozenset({"basic"})
    )
    assert given.scope == {"basic", READ}, "no rule is about writing"
    assert given.declined_scope == {"email", WRITE}
    assert given.details == SLEEP
    assert is_decided(given, requested.scope, None)
    assert is_decided(given, frozenset({READ}), MOOD)
    assert not is_decided(given, frozenset({"phone"}), None)
    assert allowed_part(given, requested.scope, None) == ({"basic", READ}, SLEEP)
    assert allowed_part(given, frozenset({"basic", READ}), MOOD) == ({"basic"}, None)


def test_a_choice_never_exceeds_the_request() -> None:
    requested = consent(READ, details=SLEEP, requested_details=SLEEP)
    assert apply_choice(requested, choice(READ), frozenset()).details == SLEEP


@pytest.mark.parametrize(
    "invalid",
    [
        choice("basic", "email", READ),
        choice(READ),
        choice("basic", READ, expires_at=NOW),
        choice(),
    ],
)
def test_an_invalid_choice_is_refused(invalid: ConsentChoice) -> None:
    required = frozenset({"basic"}) if invalid.scope else frozenset[str]()
    with pytest.raises(InvalidChoice):
        apply_choice(consent("basic", READ), invalid, required)


def test_a_choice_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidChoice):
        apply_choice(consent(READ), choice(READ, details=WRITE_MOOD), frozenset())


@pytest.mark.parametrize("decided", [True, False])
def test_an_application_that_requests_ever_more_names_does_not_make_its_consent_grow(
    decided: bool,
) -> None:
    stored: Consent | None = None
    for number in range(40):
        names = frozenset(f"Variable {number} {each}" for each in range(50))
        requested = consent_details([DetailRule(variables=names)])
        given = consent(READ, WRITE, details=requested, requested_details=requested)
        stored = merge_consents(stored, given, decided=decided)
        assert is_decided(stored, given.scope, requested)
        assert is_decided(stored, stored.scope, stored.details)
        assert stored.requested_details is not None
        assert stored.requested_details.number_of_names <= MOST_REQUESTED_NAMES
    assert stored is not None
    assert (stored.details == requested) == decided


@pytest.mark.parametrize("decided", [True, False])
def test_an_application_that_requests_ever_more_apis_does_not_make_its_consent_grow(
    decided: bool,
) -> None:
    stored = consent("basic", READ, details=SLEEP, requested_details=SLEEP)
    for number in range(40):
        names = frozenset(f"https://tasks.example.org/#{number}:s{each}" for each in range(50))
        given = consent(*names)
        stored = merge_consents(stored, given, decided=decided)
        assert is_decided(stored, names | {"basic", READ}, SLEEP)
        assert names <= stored.scope
        assert len(stored.requested_scope) <= MOST_SCOPES
    assert stored.scope >= {"basic", READ}
    assert stored.details == SLEEP


LATER = {"granted_at": NOW + DAY, "updated_at": NOW + DAY}


@pytest.mark.parametrize(
    ("before", "given", "decided", "scope", "allowed"),
    [
        (consent("basic"), consent("email"), True, {"basic", "email"}, None),
        # A decision about an action replaces the earlier one, and no other.
        (consent(READ), consent(READ, details=SLEEP), True, {READ}, SLEEP),
        (consent(READ, details=SLEEP), consent(READ), True, {READ}, None),
        (
            consent(READ, details=SLEEP),
            consent(WRITE, details=WRITE_MOOD),
            True,
            {READ, WRITE},
            consent_details([*SLEEP.rules, *WRITE_MOOD.rules]),
        ),
        (
            consent(READ),
            consent(WRITE, details=WRITE_MOOD),
            True,
            {READ, WRITE},
            consent_details([*details("read").rules, *WRITE_MOOD.rules]),
        ),
        (
            consent(READ, WRITE),
            consent(READ, declined_scope=frozenset({WRITE})),
            True,
            {READ},
            None,
        ),
        # A client that shows no page adds only what was not requested before.
        (consent(READ, details=SLEEP), consent(READ), False, {READ}, SLEEP),
        (
            consent(READ, declined_scope=frozenset({"email"})),
            consent(READ, "email", "basic"),
            False,
            {READ, "basic"},
            None,
        ),
        # After its end an earlier consent does not count.
        (consent(READ, expires_at=NOW), consent("basic"), True, {"basic"}, None),
    ],
)
def test_a_consent_combines_with_an_earlier_one(
    before: Consent,
    given: Consent,
    decided: bool,
    scope: set[str],
    allowed: ConsentDetails | None,
) -> None:
    after = merge_consents(before, replace(given, **LATER), decided=decided)  # type: ignore[arg-type]
    assert (after.scope, after.details) == (scope, allowed)
    assert after.updated_at == NOW + DAY
    if not before.has_ended(NOW):
        assert after.granted_at == NOW
        assert after.requested_scope == before.requested_scope | given.requested_scope


def test_a_choice_of_what_is_required_and_nothing_else_is_enough() -> None:
    given = apply_choice(consent("basic", "email"), choice("basic"), frozenset({"basic"}))
    assert given.scope == {"basic"}
    assert given.declined_scope == {"email"}


def test_only_a_decision_changes_the_end() -> None:
    before = consent(READ, expires_at=NOW + 9 * DAY)
    later = replace(consent(READ), **LATER)  # type: ignore[arg-type]
    assert merge_consents(before, later, decided=False).expires_at == NOW + 9 * DAY
    assert merge_consents(before, later, decided=True).expires_at is None


@pytest.mark.parametrize(
    ("after", "before", "narrower"),
    [
        (consent(READ, details=SLEEP), consent(READ), True),
        (consent(READ), consent(READ, details=SLEEP), False),
        (consent(READ), consent(READ, WRITE), True),
        (consent(READ, WRITE), consent(READ), False),
        (consent(READ, expires_at=NOW + DAY), consent(READ), True),
        (consent(READ), consent(READ, expires_at=NOW + DAY), False),
        (consent(READ, expires_at=NOW + DAY), consent(READ, expires_at=NOW + DAY), True),
        (consent(READ, expires_at=NOW + DAY), consent(READ, expires_at=NOW + 2 * DAY), True),
        (consent(READ, expires_at=NOW + 2 * DAY), consent(READ, expires_at=NOW + DAY), False),
        (consent(READ, details=MOOD), consent(READ, details=SLEEP), False),
        (consent("basic"), consent("basic", READ, details=SLEEP), True),
    ],
)
def test_narrower_means_nothing_more_and_no_longer(
    after: Consent, before: Consent, narrower: bool
) -> None:
    assert is_narrower(after, before) == narrower


def grant_of(*scope: str, days: int = 1, details: ConsentDetails | None = None) -> Grant:
    return Grant(
        id=b"grant",
        client_id="app",
        user_id=1,
        scope=frozenset(scope),
        authenticated_at=NOW,
        created_at=NOW,
        expires_at=NOW + days * DAY,
        details=None if details is None else to_json(details),
    )


@pytest.mark.parametrize(
    ("after", "grant", "allowed"),
    [
        (consent(READ), grant_of(READ, days=400), True),
        (consent(READ), grant_of(READ, WRITE), False),
        (consent(READ, details=SLEEP), grant_of(READ, details=SLEEP), True),
        (consent(READ, details=SLEEP), grant_of(READ, details=MOOD), False),
        (consent(READ, details=SLEEP), grant_of(READ), False),
        (consent(READ, expires_at=NOW + 2 * DAY), grant_of(READ, days=2), True),
        (consent(READ, expires_at=NOW + 2 * DAY), grant_of(READ, days=3), False),
    ],
)
def test_a_grant_is_allowed_whole_and_to_its_end_or_not(
    after: Consent, grant: Grant, allowed: bool
) -> None:
    assert allows_grant(after, grant) == allowed
