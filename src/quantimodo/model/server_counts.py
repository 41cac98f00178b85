"""What a server counts by hour and by day, and the stretches of time that are shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

Unit = Literal["hour", "day"]
CountName = Literal["durations", "tokens", "refusals", "app-refusals"]
Counted = Mapping[tuple[CountName, str], int]
"""Numbers to add, by name and label."""


class PeriodCount(NamedTuple):
    """The number of one label in the hour or day that begins `at` (UTC)."""

    at: datetime
    label: str
    number: int
