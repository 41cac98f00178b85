"""The store of second factors: who has one, authenticator apps, and recovery codes.

The promises of `stores.py` hold here too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from quantimodo.model.second_factors import TotpEnrolment, TotpFactor


class SecondFactorStore(Protocol):
    async def second_factor_set_up_at(self, user_id: int) -> datetime | None:
        """When the person last set up a second factor, an app or a passkey; None without one."""

    async def totp_factor(self, user_id: int) -> TotpFactor | None:
        """The authenticator app of the person; None without one."""

    async def totp_enrolment(self, user_id: int) -> TotpEnrolment | None:
        """The enrolment of this person, expired or not."""

    async def save_totp_enrolment(self, enrolment: TotpEnrolment) -> None:
        """Save it in place of an earlier one. Raises `Conflict` when the person was deleted."""

    async def confirm_totp_enrolment(
        self,
        factor: TotpFactor,
        recovery_codes: Sequence[bytes],
        session: bytes | None,
        *,
        first_at: str | None = None,
    ) -> bool:
        """Make the enrolment with the secret of `factor` the person's app, with these recovery
        codes (digests) in place of all earlier ones.

        False, and nothing changes, if that enrolment is no longer there, or if `session` was
        ended; with the host `first_at` also if the person has a second factor, or a passkey for
        this host. Of concurrent calls one wins.
        """

    async def set_up_passkey_factor(
        self, user_id: int, host: str, recovery_codes: Sequence[bytes], session: bytes, at: datetime
    ) -> bool:
        """Make the passkeys of the person for this host their second factor, which they need from
        now on, with these recovery codes (digests).

        False if they have no such passkey, have a second factor already, or `session` was ended.
        """

    async def totp_factors(self, *, after: int = 0, limit: int = 100) -> Sequence[TotpFactor]:
        """At most `limit` authenticator apps by the id of the person, ascending, after `after`."""

    async def reseal_totp(self, factor: TotpFactor, sealed_secret: bytes) -> bool:
        """Store the same secret, encrypted under another key. False if the stored one is no longer
        that of `factor`."""

    async def use_totp_step(
        self, factor: TotpFactor, step: int, sealed_secret: bytes | None = None
    ) -> bool:
        """Record a code of this time step as used, and store the same secret as `sealed_secret`,
        encrypted under another key, if one is given. False unless the step is later than the last
        one and the secret is still that of `factor`; of concurrent calls one wins."""

    async def count_recovery_codes(self, user_id: int) -> int:
        """The number of recovery codes that are not used yet."""

    async def replace_recovery_codes(
        self, user_id: int, recovery_codes: Sequence[bytes], session: bytes
    ) -> bool:
        """Replace all recovery codes (digests). False without a factor, or if `session` was
        ended."""

    async def use_recovery_code(self, user_id: int, digest: bytes) -> bool:
        """Delete this code; of concurrent calls exactly one returns True."""

    async def delete_second_factors(self, user_id: int, session: bytes | None = None) -> bool:
        """Delete the app, the recovery codes and an enrolment; passkeys stay. False if there was no
        second factor, or if `session` was ended."""
