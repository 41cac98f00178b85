"""The store of requests to remove a lost second factor, one for each person.

The promises of `stores.py` hold here too. A new factor, and the removal of the factor, delete the
request in the same operation.
"""

from datetime import datetime
from typing import Protocol

from quantimodo.model.factor_recoveries import FactorRecovery


class FactorRecoveryStore(Protocol):
    async def add_factor_recovery(self, recovery: FactorRecovery) -> bool:
        """Save it. False if the person has one that has not expired, or neither a factor nor a
        passkey, or a password that was set by an e-mailed link."""

    async def factor_recovery(self, user_id: int) -> FactorRecovery | None:
        """The request of this person, expired or not."""

    async def cancel_factor_recovery(self, user_id: int) -> bool:
        """Delete it. Of this and `complete_factor_recovery` exactly one returns True."""

    async def complete_factor_recovery(self, user_id: int, at: datetime) -> bool:
        """Delete it, the second factor and all passkeys of the person. False, and nothing changes,
        before it is due, after it has expired, or with a password that was set by an e-mailed
        link."""

    async def is_password_from_link(self, user_id: int) -> bool:
        """Whether the password was set by an e-mailed link, and no sign-in with the second factor
        came since."""

    async def record_factor_use(self, user_id: int) -> bool:
        """Record a sign-in with the second factor: delete the request, and count the password as
        one that was not set by a link. Returns whether there was a request."""
