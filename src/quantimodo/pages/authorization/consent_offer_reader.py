"""Reads the choices that a person has for a request: scopes, categories, and the variables recorded
in them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final

from quantimodo.accounts.profiles import Profiles
from quantimodo.measurements.catalogue import Catalogue, References
from quantimodo.measurements.permissions import allowed_measurements
from quantimodo.measurements.queries import MOST_AT_ONCE, MeasurementQuery
from quantimodo.measurements.read_limits import ReadLimits
from quantimodo.measurements.service import MeasurementService
from quantimodo.measurements.times import moment_of
from quantimodo.measurements.views import VariableView
from quantimodo.model.consent_details import NOTHING, ConsentDetails, Details
from quantimodo.model.consents import Consent
from quantimodo.model.measurements import Order
from quantimodo.model.users import User
from quantimodo.pages.authorization.consent_offer import CategoryLine, ConsentOffer, VariableLine
from quantimodo.pages.authorization.resource_texts import scope_texts
from quantimodo.pages.timestamps import in_zone, zone_named
from quantimodo.ports.clock import Clock
from quantimodo.ports.resource_store import ResourceStore
from quantimodo.ports.stores import Unavailable
from quantimodo.protocol.scopes import Scope, ScopeText, health_actions

_PATIENCE: Final = 1.0
"""Seconds that a page waits for the numbers."""
_MOST_OF_CATEGORY: Final = 5
"""Variables of one category on the page."""
_MOST_VARIABLES: Final = 20
"""On one page, with 24 categories: `consent_form.CHOICES` has space for both."""


@dataclass(frozen=True, slots=True)
class ConsentOfferReader:
    measurement_service: MeasurementService
    references: References
    reads: ReadLimits
    profiles: Profiles
    resources: ResourceStore
    clock: Clock

    async def texts(self, scope: Scope) -> Mapping[str, ScopeText]:
        """The texts of scopes, including those of registered APIs."""
        return await scope_texts(self.resources, scope)

    async def of(
        self,
        user: User,
        scope: Scope,
        optional: Scope,
        details: Details = None,
        current: Consent | None = None,
        required: ConsentDetails = NOTHING,
    ) -> ConsentOffer:
        """The choices of this person for the scope and the details, with what is `required`."""
        now, zone = self.clock.now(), await self.zone_of(user)
        offer = ConsentOffer(
            scope=scope,
            optional=optional & scope,
            details=details,
            required=required.of_actions(health_actions(scope)),
            current=current,
            zone=zone,
            now=now,
        )
        if not health_actions(scope):
            return offer
        catalogue = await self.references.catalogue()
        found = await self._recorded(user, catalogue, details)
        recorded, partial = found or ((), False)
        return replace(
            offer,
            categories=_lines(catalogue, details, recorded, zone),
            previewed=found is not None,
            partial=partial,
        )

    async def zone_of(self, user: User) -> tzinfo:
        """The time zone of the person's profile, or UTC."""
        return zone_named((await self.profiles.of(user)).zoneinfo)

    async def _recorded(
        self, user: User, catalogue: Catalogue, details: Details
    ) -> tuple[Sequence[VariableView], bool] | None:
        """The variables that the request would open now, and whether there are more; None if the
        database takes too long."""
        allowed = allowed_measurements(catalogue, details, "read", self.clock.now())
        query = MeasurementQuery(order=Order("variable"), limit=MOST_AT_ONCE)
        try:
            async with asyncio.timeout(_PATIENCE), self.reads.place(user.id):
                found, total = await self.measurement_service.variables(user.id, query, allowed)
        except (TimeoutError, Unavailable):
            return None
        return found, total > len(found)


def _lines(
    catalogue: Catalogue, details: Details, recorded: Sequence[VariableView], zone: tzinfo
) -> Sequence[CategoryLine]:
    """The categories, those with most measurements first."""
    of_category: dict[str, list[VariableView]] = {}
    names = []
    for view in sorted(recorded, key=lambda each: -each.summary.number):
        if view.summary.number:
            views = of_category.setdefault(view.category, [])
            views.append(view)
            if len(views) <= _MOST_OF_CATEGORY:
                names.append(view.summary.variable.name)
    listed = frozenset(names[:_MOST_VARIABLES])
    lines = [
        _line(each.name, of_category.get(each.name, []), listed, zone)
        for each in catalogue.variable_categories
        if _offers(details, each.name)
    ]
    return sorted(lines, key=lambda line: (-line.number, line.name))


def _line(
    name: str, views: Sequence[VariableView], listed: frozenset[str], zone: tzinfo
) -> CategoryLine:
    earliest = min(
        (v.summary.earliest for v in views if v.summary.earliest is not None), default=None
    )
    return CategoryLine(
        name,
        sum(view.summary.number for view in views),
        None if earliest is None else in_zone(moment_of(earliest), zone),
        [
            VariableLine(view.summary.variable.name, view.summary.number)
            for view in views
            if view.summary.variable.name in listed
        ],
    )


def _offers(details: Details, category: str) -> bool:
    return details is None or any(
        rule.categories is None or category in rule.categories for rule in details.rules
    )
