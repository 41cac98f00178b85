"""The keys of this moment: current, next and retired ones, as one process knows them.

Owns the view; `rotation.py` owns the change. A view is at most a minute old: every process reads
the keys again in the background, and at once when it meets a `kid` that it does not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from quantimodo.crypto.envelope import Envelope
from quantimodo.crypto.jwks import key_set, open_signer, open_verifier
from quantimodo.crypto.jwt import Signer, Verifier
from quantimodo.model.keys import ALGORITHMS, Algorithm, SigningKey
from quantimodo.ports.clock import Clock
from quantimodo.ports.stores import KeyStore

SEAL_PURPOSE = "signing key"
_UNKNOWN_KID_EVERY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class View:
    """The keys as read at one moment; `document` is the published JWK Set."""

    read_at: datetime
    signers: Mapping[Algorithm, tuple[tuple[datetime, Signer], ...]]
    verifiers: Mapping[str, Verifier]
    document: bytes


@dataclass(slots=True)
class Keyring:
    store: KeyStore
    envelope: Envelope
    clock: Clock
    _view: View | None = field(default=None, init=False)

    async def load(self) -> None:
        """Read the keys anew. Call at start, and once a minute."""
        now = self.clock.now()
        keys = [
            key
            for key in await self.store.signing_keys()
            if key.retires_at is None or key.retires_at > now
        ]
        self._view = View(
            read_at=now,
            signers={name: self._signers(keys, name) for name in ALGORITHMS},
            verifiers={k.kid: open_verifier(k.kid, k.algorithm, k.public_jwk) for k in keys},
            document=key_set([key.public_jwk for key in keys]),
        )

    def signer(self, algorithm: Algorithm) -> Signer:
        """The newest key that is active. Raises `LookupError` before `load`."""
        now = self.clock.now()
        for active_at, signer in self._loaded().signers[algorithm]:
            if active_at <= now:
                return signer
        raise LookupError("no signing key is active")

    @property
    def document(self) -> bytes:
        return self._loaded().document

    async def verifier(self, kid: str) -> Verifier | None:
        """The published key with this id; reads the keys again, now and then, if it is unknown."""
        found = self._loaded().verifiers.get(kid)
        if found is None and self.clock.now() - self._loaded().read_at >= _UNKNOWN_KID_EVERY:
            await self.load()
            found = self._loaded().verifiers.get(kid)
        return found

    def _loaded(self) -> View:
        if self._view is None:
            raise LookupError("the keys are not loaded")
        return self._view

    def _signers(
        self, keys: list[SigningKey], algorithm: Algorithm
    ) -> tuple[tuple[datetime, Signer], ...]:
        mine = [key for key in reversed(keys) if key.algorithm == algorithm]
        return tuple(
            (key.active_at, open_signer(key.kid, algorithm, self._open(key))) for key in mine
        )

    def _open(self, key: SigningKey) -> bytes:
        return self.envelope.open(key.sealed_private, SEAL_PURPOSE)
