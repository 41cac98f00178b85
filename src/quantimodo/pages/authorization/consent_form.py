"""The choices of a consent as a form: fills it from a stored consent, and reads a submitted one.
Pure.

A choice is never wider than what the application requested, and has only what the form shows.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from quantimodo.model.consent_details import (
    EVERYTHING,
    ConsentDetails,
    DetailRule,
    Details,
    consent_details,
    intersection,
    union,
    within,
)
from quantimodo.model.consents import Consent, ConsentChoice
from quantimodo.model.texts import N_
from quantimodo.pages.authorization.consent_offer import ConsentOffer
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import USUAL, Form, FormLimits, FormView
from quantimodo.pages.timestamps import in_zone
from quantimodo.protocol.consents import MOST_SCOPES
from quantimodo.protocol.scopes import Scope, health_actions

CHOICES: Final = FormLimits(most_fields=USUAL.most_fields + MOST_SCOPES)
"""Of a form with choices: each scope of a consent is a field."""
DAYS: Final = 90
"""Of the window, and of the period."""
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EARLIEST: Final = date(1900, 1, 1)
_LATEST: Final = date(2200, 1, 1)
_FIELDS: Final = ("data", "from", "from_date", "until", "until_date")
_BOXES: Final = ("scope", "category", "variable", "receipt")


def without_past_end(consent: Consent | None, now: datetime) -> Consent | None:
    """The consent without an end that has passed, as the form shows it first."""
    if consent is None or not consent.has_ended(now):
        return consent
    return replace(consent, expires_at=None)


def initial_view(offer: ConsentOffer) -> FormView:
    """The first form: with the stored consent, or with everything that is required."""
    consent = offer.current
    if consent is None:
        return FormView({"data": "all", "from": "all", "until": "open"})
    chosen = frozenset(f"scope:{name}" for name in consent.scope)
    until = "open" if consent.expires_at is None else "keep"
    return _with_details(offer, FormView({"until": until}, chosen=chosen), consent)


def submitted_view(form: Form, again: FormErrors) -> FormView:
    """The form with what was entered, and its errors."""
    chosen = [f"{name}:{each}" for name in _BOXES for each in form.many(name)]
    return again.view(form, *_FIELDS, chosen=chosen)


def read_choice(form: Form, offer: ConsentOffer) -> ConsentChoice | FormErrors:
    """What the person chose, or the errors of the fields. Fields that are absent choose everything
    that is required, until it is withdrawn."""
    errors: dict[str, str] = {}
    scope = _scope(form, offer, errors)
    details = _details(form, offer, scope, errors) if health_actions(scope) else None
    expires_at = _end(form, offer, errors)
    if offer.scope and not scope:
        errors.setdefault("scope", N_("Choose something to allow, or cancel."))
    if errors:
        return FormErrors(422, errors, "the choices cannot be accepted")
    return ConsentChoice(scope=scope, details=details, expires_at=expires_at)


def _scope(form: Form, offer: ConsentOffer, errors: dict[str, str]) -> Scope:
    ticked = frozenset(form.many("scope"))
    if not ticked <= offer.scope:
        errors["scope"] = N_("The application does not ask for all of this.")
    return (offer.scope - offer.optional) | (ticked & offer.scope)


def _details(form: Form, offer: ConsentOffer, scope: Scope, errors: dict[str, str]) -> Details:
    required = offer.required.of_actions(health_actions(scope))
    rules = _rules(form, offer, errors, may_be_empty=required.actions >= health_actions(scope))
    window = _window(form, offer, errors)
    if errors:
        return None
    if window is not None:
        rules = [replace(rule, since=window.since, days=window.days) for rule in rules]
    found = intersection(offer.details, consent_details(rules))
    if found is not None:
        found = union(found, required)
    if found is not None and not found.rules:
        errors["data"] = N_("The application does not ask for this. Choose something else.")
    return within(found, health_actions(offer.scope))


def _rules(
    form: Form, offer: ConsentOffer, errors: dict[str, str], *, may_be_empty: bool
) -> Sequence[DetailRule]:
    match form.one("data") or "all":
        case "all":
            return EVERYTHING.rules
        case "keep" if offer.current is not None:
            return (offer.current.details or EVERYTHING).rules
        case "some":
            return _chosen_rules(form, offer, errors, may_be_empty=may_be_empty)
    errors["data"] = N_("Choose which data.")
    return ()


def _chosen_rules(
    form: Form, offer: ConsentOffer, errors: dict[str, str], *, may_be_empty: bool
) -> list[DetailRule]:
    """`may_be_empty`: what is required suffices."""
    categories = frozenset(form.many("category"))
    variables = frozenset(form.many("variable"))
    shown = {line.name for each in offer.categories for line in each.variables}
    if not categories <= {each.name for each in offer.categories} or not variables <= shown:
        errors["category"] = N_("Something that you chose is not available any more. Choose again.")
    elif not categories and not variables and not may_be_empty:
        errors["category"] = N_("Choose at least one, or all.")
    rules = [DetailRule(categories=categories)] if categories else []
    for each in offer.categories:
        parts = variables & {line.name for line in each.variables}
        # A whole category includes its variables.
        if parts and each.name not in categories:
            rules.append(DetailRule(categories=frozenset({each.name}), variables=parts))
    return rules


def _window(form: Form, offer: ConsentOffer, errors: dict[str, str]) -> DetailRule | None:
    """The time from which data may be used; None keeps that of the stored consent."""
    match form.one("from") or "all":
        case "all":
            return DetailRule()
        case "today":
            return DetailRule(since=_midnight(offer.today, offer.zone))
        case "days":
            return DetailRule(days=DAYS)
        case "date":
            return DetailRule(since=_first_day(form.one("from_date"), offer, errors))
        case "keep" if form.one("data") == "keep":
            return None
    errors["from"] = N_("Choose from when on.")
    return None


def _first_day(text: str, offer: ConsentOffer, errors: dict[str, str]) -> datetime | None:
    chosen = _date(text)
    if chosen is None:
        errors["from_date"] = N_("Enter a day, such as 2026-01-31.")
    elif chosen > offer.today:
        errors["from_date"] = N_("Choose a day that is not in the future.")
    return None if chosen is None else _midnight(chosen, offer.zone)


def _end(form: Form, offer: ConsentOffer, errors: dict[str, str]) -> datetime | None:
    """When the consent ends: at the end of a day."""
    match form.one("until") or "open":
        case "open":
            return None
        case "days":
            return _midnight(offer.today + timedelta(days=DAYS + 1), offer.zone)
        case "date":
            chosen = _date(form.one("until_date"))
            if chosen is None:
                errors["until_date"] = N_("Enter a day, such as 2026-12-31.")
            elif chosen < offer.today:
                errors["until_date"] = N_("Choose today or a later day.")
            return None if chosen is None else _midnight(chosen + timedelta(days=1), offer.zone)
        case "keep" if offer.current is not None:
            return offer.current.expires_at
    errors["until"] = N_("Choose until when.")
    return None


def _date(text: str) -> date | None:
    if not _DATE.fullmatch(text.strip()):
        return None
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if _EARLIEST <= found < _LATEST else None


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _with_details(offer: ConsentOffer, view: FormView, consent: Consent) -> FormView:
    """The view with the fields for the details of the consent. Details that fields cannot express
    are kept."""
    actions = health_actions(offer.scope)
    allowed = within(intersection(offer.details, consent.details), actions)
    if allowed == within(offer.details, actions):
        return replace(view, values={**view.values, "data": "all", "from": "all"})
    fields = [] if allowed is None else _fields_of(_without(allowed, offer.required), offer.zone)
    form = Form([*fields, ("until", "open")])
    # The scopes of the form are those of the consent.
    fitting = replace(offer, scope=consent.scope, optional=frozenset())
    choice = read_choice(form, fitting) if fields else None
    if not isinstance(choice, ConsentChoice) or choice.details != within(
        allowed, health_actions(consent.scope)
    ):
        return replace(view, values={**view.values, "data": "keep", "from": "keep"})
    values = {name: value for name, value in fields if name in _FIELDS}
    chosen = {f"{name}:{value}" for name, value in fields if name in _BOXES}
    return replace(view, values={**view.values, **values}, chosen=view.chosen | chosen)


def _without(details: ConsentDetails, required: ConsentDetails) -> ConsentDetails:
    """The rules that are not required."""
    return consent_details(
        rule for rule in details.rules if not any(each.includes(rule) for each in required.rules)
    )


def _fields_of(details: ConsentDetails, zone: tzinfo) -> list[tuple[str, str]]:
    """The fields for details whose rules have one window; without a meaning for others."""
    rule = details.rules[0] if details.rules else DetailRule()
    fields = [("data", "some")]
    if details.rules and all(
        each.categories is None and each.variables is None for each in details.rules
    ):
        fields = [("data", "all")]
    if rule.since is not None:
        fields += [("from", "date"), ("from_date", in_zone(rule.since, zone).date().isoformat())]
    else:
        fields.append(("from", "all" if rule.days is None else "days"))
    for each in details.rules:
        if each.variables is None:
            fields += _boxes("category", each.categories)
        else:
            fields += _boxes("variable", each.variables)
    return fields


def _boxes(name: str, values: Iterable[str] | None) -> list[tuple[str, str]]:
    return [(name, value) for value in sorted(values or ())]
