"""Changes of keys: the first keys, the scheduled rotation, and the operator's command.

A new key is published before it signs, so that clients have it before they see its signatures. An
old key stays published until everything that it signed has expired.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from quantimodo.crypto.envelope import Envelope
from quantimodo.crypto.jwks import generate_key_pair
from quantimodo.keys.keyring import SEAL_PURPOSE
from quantimodo.model.keys import ALGORITHMS, Algorithm, SigningKey
from quantimodo.model.server_state import KeyState
from quantimodo.ports.background_stores import KeyStore
from quantimodo.ports.clock import Clock

_OVERDUE_AFTER: Final = timedelta(hours=1)  # servers check each minute whether a key is due


class SigningKeyInUse(Exception):
    """This key cannot be deleted yet; the text says why and what to do first."""


@dataclass(frozen=True, slots=True)
class RotationPolicy:
    """`rotate_every` counts from the time when a key began to sign. `publish_before` is how long a
    key is published before it signs. `signed_lifetime` is the longest lifetime of what it signs."""

    rotate_every: timedelta
    publish_before: timedelta
    signed_lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Rotation:
    """Makes, rotates and deletes keys. Any number of processes may do so at once: a key gets one
    successor."""

    store: KeyStore
    envelope: Envelope
    policy: RotationPolicy
    clock: Clock

    async def ensure(self) -> bool:
        """Make the keys that are missing or due; True if any was made."""
        made = [await self._ensure(algorithm) for algorithm in ALGORITHMS]
        return any(made)

    async def rotate(
        self, publish_before: timedelta, algorithms: Collection[Algorithm] = ALGORITHMS
    ) -> list[SigningKey]:
        """Add a successor of each key of these algorithms now, to sign after `publish_before`;
        those that were made."""
        made = []
        for algorithm in algorithms:
            newest = await self._newest(algorithm)
            key = self._make(algorithm, self.clock.now() + publish_before)
            if await self._add(key, newest):
                made.append(key)
        return made

    async def delete(self, kid: str) -> bool:
        """Delete a key at once, published or not: what it signed is then invalid. False if there is
        no such key. Raises `SigningKeyInUse` for the key that signs, and for one without a
        successor."""
        found = await self.store.signing_keys()
        deleted = next((key for key in found if key.kid == kid), None)
        if deleted is None:
            return False
        _check_replaced(deleted, found, self.clock.now())
        return await self.store.delete_signing_key(kid)

    async def _ensure(self, algorithm: Algorithm) -> bool:
        newest, now = await self._newest(algorithm), self.clock.now()
        if newest is None:
            return await self._add(self._make(algorithm, now), None)
        due_at = newest.active_at + self.policy.rotate_every
        if now < due_at - self.policy.publish_before:
            return False
        active_at = max(due_at, now + self.policy.publish_before)
        return await self._add(self._make(algorithm, active_at), newest)

    async def _newest(self, algorithm: Algorithm) -> SigningKey | None:
        keys = [key for key in await self.store.signing_keys() if key.algorithm == algorithm]
        return keys[-1] if keys else None

    async def _add(self, key: SigningKey, newest: SigningKey | None) -> bool:
        if not await self.store.add_signing_key(key, newest.kid if newest else None):
            return False
        if newest is not None:
            retires_at = max(key.active_at, newest.active_at) + self.policy.signed_lifetime
            await self.store.retire_signing_key(newest.kid, retires_at)
        return True

    def _make(self, algorithm: Algorithm, active_at: datetime) -> SigningKey:
        pair = generate_key_pair(algorithm)
        return SigningKey(
            kid=pair.kid,
            algorithm=algorithm,
            public_jwk=pair.public_jwk,
            sealed_private=self.envelope.seal(pair.private, SEAL_PURPOSE),
            created_at=self.clock.now(),
            active_at=active_at,
        )


def current_key(
    keys: Sequence[SigningKey], algorithm: Algorithm, now: datetime
) -> SigningKey | None:
    """The key that signs now; None if there is none. `keys` are in the order of their creation."""
    active = [key for key in keys if key.algorithm == algorithm and key.active_at <= now]
    return active[-1] if active else None


def key_states(
    keys: Sequence[SigningKey], policy: RotationPolicy, now: datetime
) -> Sequence[KeyState]:
    """Since when the key of each algorithm signs, and whether its rotation is overdue. `keys` are
    in the order of their creation."""
    found = []
    for algorithm in ALGORITHMS:
        signing = current_key(keys, algorithm, now)
        waits = any(key.algorithm == algorithm and key.active_at > now for key in keys)
        found.append(
            KeyState(
                algorithm=algorithm,
                active_at=None if signing is None else signing.active_at,
                overdue=signing is None
                or (not waits and now >= signing.active_at + policy.rotate_every + _OVERDUE_AFTER),
            )
        )
    return found


def _check_replaced(deleted: SigningKey, keys: Sequence[SigningKey], now: datetime) -> None:
    if deleted == current_key(keys, deleted.algorithm, now):
        raise SigningKeyInUse(
            "this key signs now: make others first, `quantimodo keys rotate --now`"
        )
    # The next rotation counts from the last key, and the key before it retires already.
    if deleted == [key for key in keys if key.algorithm == deleted.algorithm][-1]:
        raise SigningKeyInUse("this key signs next: make others first, `keys rotate --all`")
