"""Times for people, with their zone, because pages need no script.

The zone is UTC, except for measurements of people whose profile names a zone.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from quantimodo.i18n.formats import counted, day
from quantimodo.i18n.translation import gettext as _

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_UNITS: tuple[tuple[timedelta, Callable[[float], str]], ...] = (
    (timedelta(days=1), lambda value: counted(value, "%(number)s day", "%(number)s days")),
    (_HOUR, lambda value: counted(value, "%(number)s hour", "%(number)s hours")),
    (_MINUTE, lambda value: counted(value, "%(number)s minute", "%(number)s minutes")),
)


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
    """How long ago, as text; the date after more than a week."""
    passed = now - at
    if passed < _MINUTE:
        return _("just now")
    if passed < _HOUR:
        return counted(passed // _MINUTE, "%(number)s minute ago", "%(number)s minutes ago")
    if passed < timedelta(days=1):
        return counted(passed // _HOUR, "%(number)s hour ago", "%(number)s hours ago")
    if passed.days == 1:
        return _("yesterday")
    if passed.days < 8:
        return counted(passed.days, "%(number)s day ago", "%(number)s days ago")
    return _("on %(day)s") % {"day": day(at)}


def format_duration(duration: timedelta) -> str:
    """In the largest unit that divides it, as in `30 days` or `36 hours`."""
    for length, words in _UNITS:
        if not duration % length:
            return words(duration // length)
    seconds = duration // timedelta(seconds=1)
    return counted(seconds, "%(number)s second", "%(number)s seconds")
