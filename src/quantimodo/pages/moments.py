"""How a moment is told to a person. Always in UTC and said so: pages run no script."""

from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)


def day(at: datetime) -> str:
    """As in `2 November 2026`."""
    return f"{at.day} {at:%B %Y}"


def moment(at: datetime) -> str:
    """As in `2 November 2026, 03:51 UTC`."""
    return f"{day(at)}, {at:%H:%M} UTC"


def ago(at: datetime, now: datetime) -> str:
    """How long ago, as a person would say it; the date when it is more than a week."""
    passed = now - at
    if passed < _MINUTE:
        return "just now"
    if passed < _HOUR:
        return _count(passed // _MINUTE, "minute")
    if passed < timedelta(days=1):
        return _count(passed // _HOUR, "hour")
    if passed.days == 1:
        return "yesterday"
    return f"{passed.days} days ago" if passed.days < 8 else f"on {day(at)}"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'} ago"
