"""Times for people, with their zone, because pages run no script. The zone is UTC, except for
measurements of people whose profile names a zone."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from quantimodo.pages.numbers import counted

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_UNITS = ((timedelta(days=1), "day"), (_HOUR, "hour"), (_MINUTE, "minute"))


def day(at: datetime) -> str:
    """As in `2 November 2026`."""
    return f"{at.day} {at:%B %Y}"


def moment(at: datetime) -> str:
    """As in `2 November 2026, 03:51 UTC`."""
    return f"{day(at)}, {at:%H:%M} {at:%Z}"


def in_zone(at: datetime, zone: tzinfo) -> datetime:
    """The time in this zone; unchanged at the ends of the calendar."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


def zone_named(name: str) -> tzinfo:
    """The zone; UTC for an empty or unknown name."""
    try:
        return ZoneInfo(name) if name else UTC
    except (OSError, ValueError, KeyError):  # KeyError: ZoneInfoNotFoundError
        return UTC


def ago(at: datetime, now: datetime) -> str:
    """How long ago, in words; the date when it is more than a week."""
    passed = now - at
    if passed < _MINUTE:
        return "just now"
    if passed < _HOUR:
        return f"{counted(passed // _MINUTE, 'minute', 'minutes')} ago"
    if passed < timedelta(days=1):
        return f"{counted(passed // _HOUR, 'hour', 'hours')} ago"
    if passed.days == 1:
        return "yesterday"
    return f"{passed.days} days ago" if passed.days < 8 else f"on {day(at)}"


def in_words(duration: timedelta) -> str:
    """In the largest unit that divides it, as in `30 days` or `36 hours`."""
    for length, unit in _UNITS:
        if not duration % length:
            return counted(duration // length, unit, f"{unit}s")
    return counted(duration // timedelta(seconds=1), "second", "seconds")
