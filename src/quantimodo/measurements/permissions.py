"""What a consent allows of measurements, as rules that the store can apply: categories by the ids
of this database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from quantimodo.measurements.catalogue import Catalogue
from quantimodo.model.consent_details import Action, DetailRule, Details
from quantimodo.model.measurements import AllowedMeasurements, AllowedRule, Micros

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final[Micros] = 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Permissions:
    """What an application may do with a person's measurements; None for everything."""

    read: AllowedMeasurements | None = None
    write: AllowedMeasurements | None = None


EVERYTHING: Final = Permissions()
"""For the person's own pages, and for applications without a restriction."""


def allowed_measurements(
    catalogue: Catalogue, details: Details, action: Action, now: datetime
) -> AllowedMeasurements | None:
    """What the details allow of an action; None for everything."""
    if details is None:
        return None
    rules = tuple(
        rule
        for each in details.rules
        if action in each.actions and (rule := _rule(catalogue, each)) is not None
    )
    if AllowedRule() in rules:
        return None
    return AllowedMeasurements(rules, _micros(now))


def _rule(catalogue: Catalogue, rule: DetailRule) -> AllowedRule | None:
    """None for a rule whose categories do not exist."""
    category_ids = None
    if rule.categories is not None:
        category_ids = tuple(
            each.id for each in catalogue.variable_categories if each.name in rule.categories
        )
        if not category_ids:
            return None
    return AllowedRule(
        category_ids=category_ids,
        variables=None if rule.variables is None else tuple(sorted(rule.variables)),
        since=None if rule.since is None else _micros(rule.since),
        window=None if rule.days is None else rule.days * _DAY,
    )


def _micros(moment: datetime) -> Micros:
    return (moment - _EPOCH) // _MICROSECOND
