"""The store of passkeys.

The promises of `stores.py` hold here too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from quantimodo.model.passkeys import (
    NewPasskey,
    Passkey,
    PasskeyRemoval,
    PasskeyUse,
    UsedChallenge,
)
from quantimodo.model.sign_in_methods import AcceptedMethods


class PasskeyStore(Protocol):
    async def passkey(self, credential_id: bytes) -> Passkey | None:
        """The passkey with this credential id; None if no person has it."""

    async def passkeys_of(self, user_id: int) -> Sequence[Passkey]:
        """The passkeys of this person, oldest first."""

    async def add_passkey(
        self,
        passkey: NewPasskey,
        challenge: UsedChallenge,
        session: bytes,
        most: int,
        recovery_codes: Sequence[bytes] | None = None,
    ) -> bool:
        """Save it and record its challenge as used, in one transaction.

        With recovery codes (digests) it is the second factor of the person from now on, and their
        first one. False if the challenge was used before, the person has `most` passkeys,
        `session` was ended, or, with recovery codes, the person has a second factor or another
        passkey for this host. Raises `Conflict` when a person has this passkey.
        """

    async def use_passkey(
        self,
        passkey_id: int,
        challenge: UsedChallenge,
        *,
        sign_count: int,
        backed_up: bool,
        at: datetime,
    ) -> PasskeyUse:
        """Record the challenge as used, then the counter if it is higher than the stored one, or
        if both are zero (Web Authentication §6.1.1). Of concurrent calls with one challenge, or
        with one counter, one is `USED`."""

    async def rename_passkey(self, user_id: int, passkey_id: int, name: str) -> bool:
        """Rename a passkey; False if the person does not have it."""

    async def delete_passkey(
        self, user_id: int, passkey_id: int, accepted: AcceptedMethods, session: bytes
    ) -> PasskeyRemoval:
        """Delete it, unless none of the person's other `SignInMethods` is accepted, or it is their
        second factor. Holds under concurrency, also with `IdentityStore.delete_identity`."""

    async def delete_passkeys(self, user_id: int) -> int:
        """Delete all passkeys of a person. Returns their number."""
