"""Converts times of the API, seconds since 1970 or ISO 8601, to and from microseconds."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from quantimodo.model.measurements import Micros

SECOND: Final = 1_000_000
FIRST_SECOND: Final = -62_135_596_800  # of the year 1
LAST_SECOND: Final = 253_402_300_799  # of the year 9999
FIRST: Final[Micros] = FIRST_SECOND * SECOND
LAST: Final[Micros] = LAST_SECOND * SECOND + SECOND - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # `isoformat` adds no offset to it
_MICROSECOND: Final = timedelta(microseconds=1)
_SECONDS: Final = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,6})\d*)?", re.ASCII)
_ISO: Final = re.compile(r"[\d:.,TtWZz +-]{8,40}", re.ASCII)


def time_from_seconds(seconds: int | float) -> Micros:
    """The time of these seconds since 1970. Raises `ValueError` outside the years 1 to 9999."""
    if not FIRST_SECOND <= seconds < LAST_SECOND + 1:
        raise ValueError("out of range")
    return seconds * SECOND if isinstance(seconds, int) else round(seconds * SECOND)


def parse_time(text: str) -> Micros:
    """Seconds since 1970 or ISO 8601, in UTC unless it says otherwise. Raises `ValueError`."""
    text = text.strip()
    if match := _SECONDS.fullmatch(text):
        sign, seconds, rest = match.groups()
        micros = int(seconds) * SECOND + int((rest or "").ljust(6, "0"))
        return _in_range(-micros if sign else micros)
    if not _ISO.fullmatch(text):
        raise ValueError("neither seconds nor ISO 8601")
    moment = datetime.fromisoformat(_with_plus(text.upper()))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _in_range((moment - _EPOCH) // _MICROSECOND)


def _with_plus(text: str) -> str:
    """Restore the plus sign of an offset, which arrives as a space if it was not encoded. A space
    between date and time stays."""
    date = len("2015-08-12")
    if "T" in text or text[date : date + 1] != " ":
        return text.replace(" ", "+")
    return text[: date + 1] + text[date + 1 :].replace(" ", "+")


def _in_range(micros: Micros) -> Micros:
    if not FIRST <= micros <= LAST:
        raise ValueError("out of range")
    return micros


def seconds_of(micros: Micros) -> int | float:
    """The seconds since 1970, an integer for whole seconds."""
    whole, rest = divmod(micros, SECOND)
    return micros / SECOND if rest else whole


def moment_of(micros: Micros) -> datetime:
    """The time of these microseconds since 1970, in UTC."""
    return _EPOCH + micros * _MICROSECOND


def format_time(micros: Micros) -> str:
    """The time in ISO 8601, in UTC."""
    return (_NAIVE_EPOCH + micros * _MICROSECOND).isoformat() + "Z"
