"""Durations and limits as an operator writes them: `15m`, `1h30m`, `10 per 15m`."""

import re
from datetime import timedelta

from quantimodo.accounts.limits import Limit

_DURATION = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
_LIMIT = re.compile(r"([0-9]{1,6}) +per +([0-9dhms]+)")
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def parse_duration(text: str) -> timedelta:
    """Raises `ValueError`."""
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise ValueError("not a duration")
    days, hours, minutes, seconds = (int(digits or 0) for digits in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Whole seconds, in as few words as there can be; what `parse_duration` reads."""
    left = int(duration.total_seconds())
    words = []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            words.append(f"{count}{unit}")
    return "".join(words) or "0s"


def parse_limit(text: str) -> Limit:
    """Raises `ValueError`."""
    found = _LIMIT.fullmatch(text)
    if found is None or not int(found[1]) or not parse_duration(found[2]):
        raise ValueError("not a limit")
    return Limit(int(found[1]), parse_duration(found[2]))


def format_limit(limit: Limit) -> str:
    """The limit as the settings spell it, such as `10 per 1m`."""
    return f"{limit.count} per {format_duration(limit.window)}"
