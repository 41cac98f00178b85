"""The current, next and retired signing keys, as one process has them loaded.

`rotation.py` changes them. They are a few seconds old: each process reads the keys again in the
background, and at once for a `kid` that it does not know. The published set is at most one second
old, because a client that requests it may have seen a new key at another process.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from quantimodo.crypto.envelope import Envelope
from quantimodo.crypto.jwks import key_set, open_signer, open_verifier
from quantimodo.crypto.jwt import Signer, Verifier
from quantimodo.model.keys import ALGORITHMS, Algorithm, SigningKey
from quantimodo.ports.background_stores import KeyStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import Unavailable

SEAL_PURPOSE = "signing key"
_UNKNOWN_KID_EVERY = timedelta(seconds=5)
_PUBLISHED_EVERY = timedelta(seconds=1)
_PUBLISHED_FIRST: tuple[Algorithm, ...] = ("RS256", "ES256", "PS256", "EdDSA")


class ScheduledSigner(NamedTuple):
    """The signer of a key, and the time from which it signs."""

    active_at: datetime
    signer: Signer


@dataclass(frozen=True, slots=True)
class KeySnapshot:
    """The keys as read from the database at one moment. `published` are in the order of `document`,
    the JWK Set; the signers of each algorithm are from the newest key to the oldest."""

    read_at: datetime
    published: Sequence[SigningKey]
    signers: Mapping[Algorithm, tuple[ScheduledSigner, ...]]
    verifiers: Mapping[str, Verifier]
    document: bytes


@dataclass(slots=True)
class Keyring:
    """The signers and verifiers of the keys that this process has loaded. `envelope` decrypts the
    private keys."""

    store: KeyStore
    envelope: Envelope
    clock: Clock
    _snapshot: KeySnapshot | None = field(default=None, init=False)

    async def load(self) -> None:
        """Read the keys from the database; called at start, and every few seconds."""
        now = self.clock.now()
        keys = [
            key
            for key in await self.store.signing_keys()
            if key.retires_at is None or key.retires_at > now
        ]
        published = sorted(keys, key=partial(_rank, now))
        if self._snapshot is not None and self._snapshot.published == published:
            self._snapshot = replace(self._snapshot, read_at=now)
            return
        self._snapshot = KeySnapshot(
            read_at=now,
            published=published,
            signers={name: self._signers(keys, name) for name in ALGORITHMS},
            verifiers={k.kid: open_verifier(k.kid, k.algorithm, k.public_jwk) for k in keys},
            document=key_set([key.public_jwk for key in published]),
        )

    def signer(self, algorithm: Algorithm) -> Signer:
        """The signer of the newest active key of the algorithm. If none is active, because the
        clock was set back, that of the oldest key, which is published. Raises `Unavailable` when
        there is no key, and `LookupError` before `load`."""
        now = self.clock.now()
        signers = self._loaded().signers[algorithm]
        for active_at, signer in signers:
            if active_at <= now:
                return signer
        if not signers:
            raise Unavailable("there is no signing key")
        return signers[-1].signer

    async def check(self) -> None:
        """Raise `Unavailable` unless there is an active key for each algorithm."""
        try:
            self._require_signers()
        except Unavailable:
            await self.load()  # another process may have made them by now
            self._require_signers()

    def _require_signers(self) -> None:
        for algorithm in ALGORITHMS:
            self.signer(algorithm)

    async def document(self) -> bytes:
        """The current published JWK Set, or the last one if the database is unavailable."""
        snapshot, now = self._loaded(), self.clock.now()
        if now - snapshot.read_at < _PUBLISHED_EVERY:
            return snapshot.document
        # One request reads; the others use the old snapshot meanwhile.
        self._snapshot = replace(snapshot, read_at=now)
        with suppress(Unavailable):
            await self.load()
        return self._loaded().document

    async def verifier(self, kid: str) -> Verifier | None:
        """The published key with this id; None if there is none. Reads the keys again for an
        unknown id, at most every five seconds."""
        found = self._loaded().verifiers.get(kid)
        if found is None and self.clock.now() - self._loaded().read_at >= _UNKNOWN_KID_EVERY:
            await self.load()
            found = self._loaded().verifiers.get(kid)
        return found

    def _loaded(self) -> KeySnapshot:
        if self._snapshot is None:
            raise LookupError("the keys are not loaded")
        return self._snapshot

    def _signers(self, keys: list[SigningKey], algorithm: Algorithm) -> tuple[ScheduledSigner, ...]:
        newest_first = [key for key in reversed(keys) if key.algorithm == algorithm]
        return tuple(
            ScheduledSigner(key.active_at, open_signer(key.kid, algorithm, self._open(key)))
            for key in newest_first
        )

    def _open(self, key: SigningKey) -> bytes:
        return self.envelope.open(key.sealed_private, SEAL_PURPOSE)


def _rank(now: datetime, key: SigningKey) -> tuple[int, bool, float]:
    """The place of a key in the published set: RS256 first, which every client supports and the
    one that signs before the others, for clients that take the first key and ignore `kid`."""
    waits = key.active_at > now
    moment = key.active_at.timestamp()
    return _PUBLISHED_FIRST.index(key.algorithm), waits, moment if waits else -moment
