"""Consents as texts for people: for the consent page, the account and receipts."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Final

from quantimodo.i18n.formats import counted, day, moment, month
from quantimodo.i18n.translation import gettext as _
from quantimodo.i18n.translation import translated
from quantimodo.model.consent_details import DetailRule, Details
from quantimodo.model.texts import N_
from quantimodo.pages.timestamps import in_zone
from quantimodo.protocol.scopes import SCOPES, ScopeText

_ACTIONS: Final = {
    frozenset({"read"}): N_("Read"),
    frozenset({"write"}): N_("Add and change"),
    frozenset({"read", "write"}): N_("Read, add and change"),
}


def scope_titles(
    scope: Iterable[str], texts: Mapping[str, ScopeText] = SCOPES
) -> list[tuple[str, str]]:
    """The scopes with their titles, health data first."""
    named = frozenset(scope)
    found = [(name, translated(text.title)) for name, text in texts.items() if name in named]
    return sorted(found, key=lambda each: not each[0].endswith("measurements"))


def detail_lines(details: Details, zone: tzinfo = UTC) -> list[str]:
    """One line for each rule, such as *Read: Sleep, of the last 90 days*; none for everything."""
    return [] if details is None else [_line(rule, zone) for rule in details.rules]


def end_text(expires_at: datetime | None, zone: tzinfo = UTC) -> str:
    """When a consent ends, as text."""
    if expires_at is None:
        return _("until you take it back")
    return _("until %(moment)s") % {"moment": moment(in_zone(expires_at, zone))}


def since_text(at: datetime, now: datetime) -> str:
    """A month, with its year unless it is this one."""
    return month(at, year=at.year != now.year)


def _line(rule: DetailRule, zone: tzinfo) -> str:
    parts = [_names(rule)]
    if rule.days is not None:
        parts.append(counted(rule.days, "of the last day", "of the last %(number)s days"))
    if rule.since is not None:
        parts.append(_("from %(day)s on") % {"day": day(in_zone(rule.since, zone))})
    return f"{translated(_ACTIONS[rule.actions])}: {_(', ').join(parts)}"


def _names(rule: DetailRule) -> str:
    if rule.variables is not None:
        return _(", ").join(sorted(rule.variables))
    if rule.categories is not None:
        return _(", ").join(sorted(map(translated, rule.categories)))
    return _("everything")
