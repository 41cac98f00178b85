"""How many bytes callers without an account may store, for each kind of row."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetPolicy:
    """One budget for each kind of row that a caller without an account can store."""

    authorization_requests: StorageBudget = StorageBudget(8 * _MIB, 256 * _MIB)
    upstream_logins: StorageBudget = StorageBudget(1 * _MIB, 64 * _MIB)
    login_codes: StorageBudget = StorageBudget(1 * _MIB, 64 * _MIB)
    email_tokens: StorageBudget = StorageBudget(1 * _MIB, 64 * _MIB)
    mails: StorageBudget = StorageBudget(1 * _MIB, 64 * _MIB)
    refused_sign_ins: StorageBudget = StorageBudget(1 * _MIB, 64 * _MIB)
    registrations: StorageBudget = StorageBudget(8 * _MIB, 256 * _MIB)
