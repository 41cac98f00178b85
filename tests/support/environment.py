"""What servers in tests share: a frozen clock, seeded entropy, compiled templates, and TLS without
authorities."""

from datetime import datetime, timedelta
from functools import cache
from random import Random
from ssl import PROTOCOL_TLS_CLIENT, SSLContext

from quantimodo.pages.assets import Assets
from quantimodo.pages.renderer import Renderer


@cache
def no_authorities() -> SSLContext:
    """TLS that trusts no authority, for clients of addresses without TLS: to read the certificates
    of all authorities, as each httpx client does, takes longer than most requests."""
    return SSLContext(PROTOCOL_TLS_CLIENT)


@cache
def shipped_renderer() -> Renderer:
    """One for the whole run: it keeps nothing but templates, and to compile these for each test
    would cost most of the time."""
    return Renderer(Assets.shipped())


class FrozenClock:
    """A clock that moves only on request."""

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
