"""Clock and entropy, passed in. Only their implementations read the time or draw random bits."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The current time: aware, UTC, in whole microseconds."""


class Entropy(Protocol):
    def bytes(self, count: int) -> bytes:
        """`count` bytes from the operating system's cryptographic generator."""
