"""Time and chance, handed in. Nobody else reads the clock or draws random bits."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment: aware, UTC, in whole microseconds."""


class Entropy(Protocol):
    def bytes(self, count: int) -> bytes:
        """`count` bytes from the operating system's cryptographic generator."""
