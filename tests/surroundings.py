"""The world in which a test runs: a clock that stands still, entropy that repeats."""

from datetime import datetime, timedelta
from random import Random


class FrozenClock:
    """A clock that moves only when told to."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by


class SeededEntropy:
    """Bytes that are the same in each run of a test, and differ within one."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)
