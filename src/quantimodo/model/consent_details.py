"""What a consent allows of a person's health data: rules, and how they combine.

A measurement is allowed if one rule allows it. `None` instead of `ConsentDetails` means everything
that the scope allows. As JSON: `protocol/consent_details.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal, get_args

Action = Literal["read", "write"]
Names = frozenset[str]

ACTIONS: Final[frozenset[Action]] = frozenset(get_args(Action))
MOST_RULES: Final = 20
"""Of a combination. Further rules are left out, so that it allows less and never more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailRule:
    """Measurements that an application may use; all members hold together.

    `categories` and `variables` are names, None for all; never empty. `since` is the earliest start
    time, and `days` the length of a window that ends now; with both, the later start holds.
    """

    actions: frozenset[Action] = ACTIONS
    categories: Names | None = None
    variables: Names | None = None
    since: datetime | None = None
    days: int | None = None

    @property
    def number_of_names(self) -> int:
        """How many categories and variables the rule names."""
        return len(self.categories or ()) + len(self.variables or ())

    def starts_at(self, now: datetime) -> datetime | None:
        """The earliest start time of an allowed measurement; None without a limit."""
        starts = [] if self.since is None else [self.since]
        if self.days is not None:
            starts.append(_days_before(now, self.days))
        return max(starts, default=None)

    def includes(self, other: "DetailRule") -> bool:
        """Whether it allows, at any time, all that `other` allows."""
        return (
            self.actions >= other.actions
            and _has_names(self.categories, other.categories)
            and _has_names(self.variables, other.variables)
            and (self.since is None or (other.since is not None and self.since <= other.since))
            and (self.days is None or (other.days is not None and self.days >= other.days))
        )

    def common(self, other: "DetailRule") -> "DetailRule | None":
        """What both allow; None for nothing."""
        actions = self.actions & other.actions
        categories = _common_names(self.categories, other.categories)
        variables = _common_names(self.variables, other.variables)
        if not actions or categories == frozenset() or variables == frozenset():
            return None
        return DetailRule(
            actions=actions,
            categories=categories,
            variables=variables,
            since=max((each for each in (self.since, other.since) if each), default=None),
            days=min((each for each in (self.days, other.days) if each is not None), default=None),
        )

    @property
    def cells(self) -> "Iterable[DetailRule]":
        """The same in parts of one action, one category and one variable each."""
        for action in self.actions:
            for category in _each(self.categories):
                for variable in _each(self.variables):
                    yield replace(
                        self,
                        actions=frozenset({action}),
                        categories=category,
                        variables=variable,
                    )


@dataclass(frozen=True, slots=True)
class ConsentDetails:
    """Rules in one order, without those that others include. Make it by `consent_details`."""

    rules: tuple[DetailRule, ...] = ()

    @property
    def actions(self) -> frozenset[Action]:
        """The actions that it allows on any measurement."""
        return frozenset(action for rule in self.rules for action in rule.actions)

    @property
    def number_of_names(self) -> int:
        """How many categories and variables all rules name together."""
        return sum(rule.number_of_names for rule in self.rules)

    def of_actions(self, actions: frozenset[Action]) -> "ConsentDetails":
        """The part for these actions."""
        return consent_details(
            replace(rule, actions=rule.actions & actions)
            for rule in self.rules
            if rule.actions & actions
        )

    def allows(
        self, action: Action, category: str, variable: str, start: datetime, now: datetime
    ) -> bool:
        """Whether the application may do this with a measurement."""
        for rule in self.rules:
            earliest = rule.starts_at(now)
            if (
                action in rule.actions
                and (rule.categories is None or category in rule.categories)
                and (rule.variables is None or variable in rule.variables)
                and (earliest is None or start >= earliest)
            ):
                return True
        return False


Details = ConsentDetails | None
"""None: everything that the scope allows."""


def consent_details(rules: Iterable[DetailRule]) -> ConsentDetails:
    """The rules in their canonical order, merged where one rule says the same."""
    merged = list(dict.fromkeys(rules))
    for merge in (_merged_actions, _merged_categories, _merged_variables):
        merged = merge(merged)
    needed = [
        rule
        for rule in merged
        if not any(other is not rule and other.includes(rule) for other in merged)
    ]
    return ConsentDetails(tuple(sorted(needed, key=_sort_key)[:MOST_RULES]))


NOTHING: Final = ConsentDetails()
EVERYTHING: Final = ConsentDetails((DetailRule(),))


def covers(allowed: Details, requested: Details) -> bool:
    """Whether `allowed` has all of `requested`, at any time, so that no person has to be asked.

    False in doubt: a rule for a category does not cover a rule for a variable in it.
    """
    have = _whole(allowed).rules
    return all(
        any(rule.includes(each) for rule in have)
        or all(any(rule.includes(cell) for rule in have) for cell in each.cells)
        for each in _whole(requested).rules
    )


def intersection(one: Details, other: Details) -> Details:
    """What both allow."""
    if one is None or other is None:
        return one if other is None else other
    pairs = (mine.common(theirs) for mine in one.rules for theirs in other.rules)
    return consent_details(rule for rule in pairs if rule is not None)


def union(one: ConsentDetails, other: ConsentDetails) -> ConsentDetails:
    """What one of them allows."""
    return consent_details((*one.rules, *other.rules))


def within(details: Details, actions: frozenset[Action]) -> Details:
    """The details for a scope that opens these actions; None where they do not restrict it."""
    if details is None or covers(details, _everything_of(actions)):
        return None
    return details.of_actions(actions)


def explicit(details: Details, actions: frozenset[Action]) -> ConsentDetails:
    """The details for a scope that opens these actions, with rules for everything."""
    return _everything_of(actions) if details is None else details.of_actions(actions)


@lru_cache(maxsize=4)  # each subset of the actions
def _everything_of(actions: frozenset[Action]) -> ConsentDetails:
    return EVERYTHING.of_actions(actions)


def _whole(details: Details) -> ConsentDetails:
    return EVERYTHING if details is None else details


def _days_before(now: datetime, days: int) -> datetime:
    try:
        return now - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)


def _has_names(mine: Names | None, theirs: Names | None) -> bool:
    return mine is None or (theirs is not None and mine >= theirs)


def _common_names(mine: Names | None, theirs: Names | None) -> Names | None:
    if mine is None or theirs is None:
        return mine if theirs is None else theirs
    return mine & theirs


def _each(names: Names | None) -> Iterable[Names | None]:
    return [None] if names is None else [frozenset({name}) for name in names]


def _merged_actions(rules: Iterable[DetailRule]) -> list[DetailRule]:
    groups: dict[DetailRule, frozenset[Action]] = {}
    for rule in rules:
        key = replace(rule, actions=frozenset())
        groups[key] = groups.get(key, frozenset()) | rule.actions
    return [replace(key, actions=actions) for key, actions in groups.items()]


def _merged_categories(rules: Iterable[DetailRule]) -> list[DetailRule]:
    merged = _merged_names(
        rules, lambda rule: rule.categories, lambda rule: replace(rule, categories=None)
    )
    return [replace(rule, categories=names) for rule, names in merged]


def _merged_variables(rules: Iterable[DetailRule]) -> list[DetailRule]:
    merged = _merged_names(
        rules, lambda rule: rule.variables, lambda rule: replace(rule, variables=None)
    )
    return [replace(rule, variables=names) for rule, names in merged]


def _merged_names(
    rules: Iterable[DetailRule],
    names_of: Callable[[DetailRule], Names | None],
    without: Callable[[DetailRule], DetailRule],
) -> list[tuple[DetailRule, Names | None]]:
    groups: dict[DetailRule, Names | None] = {}
    for rule in rules:
        key, names = without(rule), names_of(rule)
        known = groups.get(key, frozenset())
        groups[key] = None if known is None or names is None else known | names
    return list(groups.items())


def _sort_key(rule: DetailRule) -> tuple[object, ...]:
    def sort_names(names: Names | None) -> tuple[bool, list[str]]:
        return names is not None, sorted(names or ())

    return (
        sorted(rule.actions),
        sort_names(rule.categories),
        sort_names(rule.variables),
        "" if rule.since is None else rule.since.isoformat(),
        -1 if rule.days is None else rule.days,
    )
