"""Encrypts the secrets of authenticator apps under the newest secret key, in the background.

One pass over all apps after a start is enough: the keys change only when the server starts again.
"""

from dataclasses import dataclass, field
from typing import Final

from quantimodo.accounts.second_factors.authenticator_apps import reseal_secret
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.ports.second_factor_store import SecondFactorStore

_PAGE: Final = 100
_PAGES: Final = 10  # in one round


@dataclass(slots=True, kw_only=True)
class SecretResealing:
    """Several processes may run it at the same time: each secret is replaced by compare-and-set.
    `after` is the last app of the pass so far; None when the pass is finished."""

    store: SecondFactorStore
    envelope: Envelope = field(repr=False)
    after: int | None = 0

    async def round(self) -> int:
        """Process at most the next thousand apps. Returns how many were encrypted again."""
        resealed = 0
        for _ in range(_PAGES):
            if self.after is None:
                break
            resealed += await self._page(self.after)
        return resealed

    async def _page(self, after: int) -> int:
        factors = await self.store.totp_factors(after=after, limit=_PAGE)
        self.after = factors[-1].user_id if len(factors) == _PAGE else None
        resealed = 0
        for factor in factors:
            try:
                fresh = reseal_secret(self.envelope, factor)
            except DecryptionFailed:  # the operator removed the key that encrypted it
                continue
            if fresh is not None:
                resealed += await self.store.reseal_totp(factor, fresh)
        return resealed


@dataclass(frozen=True, slots=True)
class SecretKeysInUse:
    """How many authenticator apps are encrypted under a secret key that is not the first one, and
    how many under none of them."""

    older: int
    lost: int


async def secret_keys_in_use(store: SecondFactorStore, envelope: Envelope) -> SecretKeysInUse:
    """Read all apps, and count. For the operator's command."""
    older = lost = after = 0
    while factors := await store.totp_factors(after=after, limit=_PAGE):
        after = factors[-1].user_id
        for factor in factors:
            try:
                older += reseal_secret(envelope, factor) is not None
            except DecryptionFailed:
                lost += 1
    return SecretKeysInUse(older, lost)
