"""Consents in plain words: for the consent page, the account, receipts and e-mails."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import Final

from quantimodo.model.consent_details import DetailRule, Details
from quantimodo.pages.timestamps import day, in_zone
from quantimodo.protocol.scopes import SCOPES

_ACTIONS: Final = {
    frozenset({"read"}): "Read",
    frozenset({"write"}): "Add and change",
    frozenset({"read", "write"}): "Read, add and change",
}


def scope_titles(scope: Iterable[str]) -> list[tuple[str, str]]:
    """The scopes with their titles, health data first."""
    named = frozenset(scope)
    found = [(name, text.title) for name, text in SCOPES.items() if name in named]
    return sorted(found, key=lambda each: not each[0].endswith("measurements"))


def detail_lines(details: Details, zone: tzinfo = UTC) -> list[str]:
    """One line for each rule, such as *Read: Sleep, of the last 90 days*; none for everything."""
    return [] if details is None else [_line(rule, zone) for rule in details.rules]


def end_words(expires_at: datetime | None, zone: tzinfo = UTC) -> str:
    """Until when a consent holds."""
    if expires_at is None:
        return "until you take it back"
    local = in_zone(expires_at, zone)
    return f"until {day(local)}, {local:%H:%M} {local:%Z}"


def since_words(at: datetime, now: datetime) -> str:
    """A month, with its year unless it is this one."""
    return f"{at:%B}" if at.year == now.year else f"{at:%B} {at.year}"


def _line(rule: DetailRule, zone: tzinfo) -> str:
    parts = [_names(rule)]
    if rule.days is not None:
        parts.append("of the last day" if rule.days == 1 else f"of the last {rule.days} days")
    if rule.since is not None:
        parts.append(f"from {day(in_zone(rule.since, zone))} on")
    return f"{_ACTIONS[rule.actions]}: {', '.join(parts)}"


def _names(rule: DetailRule) -> str:
    if rule.variables is not None:
        return ", ".join(sorted(rule.variables))
    if rule.categories is not None:
        return ", ".join(sorted(rule.categories))
    return "everything"
