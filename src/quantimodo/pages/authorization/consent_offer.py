"""What a person can choose of what an application requests. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from quantimodo.model.consent_details import (
    NOTHING,
    ConsentDetails,
    DetailRule,
    Details,
    covers,
    explicit,
    intersection,
)
from quantimodo.model.consents import Consent
from quantimodo.pages.timestamps import in_zone
from quantimodo.protocol.scopes import Scope, health_actions


@dataclass(frozen=True, slots=True)
class VariableLine:
    """A variable that can be chosen, with the number of its measurements."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class CategoryLine:
    """A category that can be chosen. `number` and `since` are of its measurements, 0 and None where
    there are none; `variables` are some of it, to be chosen one by one."""

    name: str
    number: int = 0
    since: datetime | None = None
    variables: Sequence[VariableLine] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentOffer:
    """What can be chosen of a request. `optional` are the scopes that can be declined, `required`
    is the health data that cannot be left out. `current` is the stored consent. `previewed`: the
    numbers of measurements are known; `partial`: there are more. Days are days of `zone`."""

    scope: Scope
    optional: Scope = frozenset()
    details: Details = None
    required: ConsentDetails = NOTHING
    categories: Sequence[CategoryLine] = ()
    previewed: bool = False
    partial: bool = False
    current: Consent | None = None
    zone: tzinfo = UTC
    now: datetime

    @property
    def is_fixed(self) -> bool:
        """Whether all requested health data is required."""
        actions = health_actions(self.scope)
        return covers(self.required.of_actions(actions), explicit(self.details, actions))

    def requires(self, category: str) -> bool:
        """Whether all that is requested of this category is required."""
        whole = ConsentDetails((DetailRule(categories=frozenset({category})),))
        requested = explicit(self.details, health_actions(self.scope))
        return covers(self.required, intersection(requested, whole))

    @property
    def with_data(self) -> Sequence[CategoryLine]:
        """The categories in which the person recorded something."""
        return [each for each in self.categories if each.number]

    @property
    def without_data(self) -> Sequence[CategoryLine]:
        """The categories in which the person recorded nothing."""
        return [each for each in self.categories if not each.number]

    @property
    def reads(self) -> bool:
        """Whether the request opens health data for reading."""
        return "read" in health_actions(self.scope)

    @property
    def about_health(self) -> bool:
        """Whether the scope opens health data."""
        return bool(health_actions(self.scope))

    @property
    def today(self) -> date:
        """The day in the time zone of the person."""
        return in_zone(self.now, self.zone).date()
