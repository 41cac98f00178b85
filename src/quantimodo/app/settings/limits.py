"""The settings of storage budgets. `accounts/limits.py` has the rate limits, which are settings
too."""

from dataclasses import dataclass
from typing import Any

from quantimodo.accounts.limits import BudgetPolicy
from quantimodo.model.setting_declarations import setting as _setting


def _quota(mebibytes: int, description: str) -> Any:
    return _setting(mebibytes * 1_048_576, description, least=4_096, most=1_099_511_627_776)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSettings(BudgetPolicy):
    """The fields of `BudgetPolicy`, and those of `QuotaPolicy`."""

    replays_per_signer: int = _quota(
        32,
        "Bytes of records of used assertions, proofs and tokens, of one application or provider. A"
        " full quota refuses; no record is deleted before it expires.",
    )
    replays_total: int = _quota(
        128,
        "Bytes of records of used assertions, proofs and tokens, of all providers, of all"
        " applications of the operator, and of all other applications, counted apart. All other"
        " applications of one owner get a sixty-fourth of what is free.",
    )
    data_deletion_requests_total: int = _quota(
        64, "Bytes of all data deletion requests of providers. A full quota refuses."
    )
