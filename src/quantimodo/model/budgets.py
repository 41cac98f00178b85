"""How many bytes callers without an account may store, for each kind of row."""

from dataclasses import dataclass
from typing import Final, Literal

_MIB = 1_048_576


@dataclass(frozen=True, slots=True)
class StorageBudget:
    """Bytes of all rows of one kind: of one network address, and in total."""

    per_address: int
    total: int


@dataclass(frozen=True, slots=True)
class Charge:
    """Which budget a row counts against: a keyed digest of the network address, and its budget."""

    network: bytes
    budget: StorageBudget


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a value that is accepted once. Each group has a separate total, so that
    applications of strangers cannot use up what those of the operator need.

    `owner`: who registered the application, if that is not the operator. All applications of one
    owner get a share of what is free in their group, so that no owner uses it up.
    """

    group: Literal["provider", "operator's client", "other client"]
    name: str
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaPolicy:
    """Bytes of rows that are never deleted before they expire: a full quota refuses new rows.

    `replays_total` holds for each group of signers.
    """

    replays_per_signer: int = 32 * _MIB
    replays_total: int = 128 * _MIB
    data_deletion_requests_total: int = 64 * _MIB


DEFAULT_QUOTAS: Final = QuotaPolicy()
