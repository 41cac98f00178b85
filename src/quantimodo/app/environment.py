"""The clock of the system and its cryptographic generator."""

import secrets
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemEntropy:
    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)
