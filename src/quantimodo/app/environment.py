"""The clock of the system and its cryptographic generator."""

import secrets
from datetime import UTC, datetime


class SystemClock:
    """Implements `Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemEntropy:
    """Implements `Entropy`."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)
