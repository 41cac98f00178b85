"""The clock of the system and its cryptographic generator."""

import os
from datetime import UTC, datetime


class SystemClock:
    """Implements `Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemEntropy:
    """Implements `Entropy`."""

    def bytes(self, count: int) -> bytes:
        return os.urandom(count)
