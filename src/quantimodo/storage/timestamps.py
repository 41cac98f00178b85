"""Converts times to and from their stored form: whole microseconds since 1970, UTC, in a 64-bit
integer."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """The time as whole microseconds since 1970, rounded down."""
    return (moment - _EPOCH) // _MICROSECOND


def to_micros_or_none(moment: datetime | None) -> int | None:
    """The time as whole microseconds since 1970; None for None."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The time of these microseconds since 1970, in UTC."""
    return _EPOCH + micros * _MICROSECOND


def from_micros_or_none(micros: int | None) -> datetime | None:
    """The time of these microseconds since 1970, in UTC; None for None."""
    return None if micros is None else _EPOCH + micros * _MICROSECOND
