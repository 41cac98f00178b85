"""Settings that `quantimodo apply` stored in the database."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSettings:
    """All stored settings. `document` is JSON without secrets; `sealed_secrets` are those of
    providers, encrypted. `revision` counts the changes."""

    document: str
    sealed_secrets: bytes | None
    changed_at: datetime
    revision: int = 0
