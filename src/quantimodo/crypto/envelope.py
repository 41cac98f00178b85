"""Sealing of what the database must not be able to read, and subkeys of the server's own keys.

AES-256-GCM under a subkey for each purpose (HKDF-SHA-256), the purpose bound once more as
associated data. The first key seals, all of them open: that is how a key is rotated. Knows
nothing of files, settings or what is sealed.
"""

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from quantimodo.ports.clock import Entropy

KEY_LENGTH = 32
_NONCE_LENGTH = 12
_TAG_LENGTH = 16
_VERSION = b"\x01"


class DecryptionFailed(Exception):
    """Not sealed by any of our keys for this purpose, or changed since."""


class Envelope:
    """Seals bytes for one purpose; only the same purpose and one of our keys open them.

    A nonce is 96 random bits: one subkey may seal 2^32 times (NIST SP 800-38D §8.3), which mails
    and signing keys never do.
    """

    def __init__(self, keys: Sequence[bytes], entropy: Entropy) -> None:
        if not keys or any(len(key) != KEY_LENGTH for key in keys):
            raise ValueError(f"each secret key is {KEY_LENGTH} bytes, and there is at least one")
        self._keys = tuple(keys)
        self._entropy = entropy

    def __repr__(self) -> str:
        return f"Envelope({len(self._keys)} keys)"

    def seal(self, plaintext: bytes, purpose: str) -> bytes:
        """Encrypt by the current key. Only `open` with the same purpose returns the text."""
        nonce = self._entropy.bytes(_NONCE_LENGTH)
        cipher = AESGCM(_subkey(self._keys[0], "seal", purpose))
        return _VERSION + nonce + cipher.encrypt(nonce, plaintext, _bound(purpose))

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt a value that was sealed for this purpose. Raises `DecryptionFailed`."""
        return self._open(sealed, purpose)[0]

    def reseal(self, sealed: bytes, purpose: str) -> bytes | None:
        """Encrypt a sealed value again under the first key; None if it is under that key already.
        Raises `DecryptionFailed`."""
        plaintext, number = self._open(sealed, purpose)
        return self.seal(plaintext, purpose) if number else None

    def _open(self, sealed: bytes, purpose: str) -> tuple[bytes, int]:
        """And the number of the key."""
        if len(sealed) < 1 + _NONCE_LENGTH + _TAG_LENGTH or sealed[:1] != _VERSION:
            raise DecryptionFailed
        nonce, box = sealed[1 : 1 + _NONCE_LENGTH], sealed[1 + _NONCE_LENGTH :]
        for number, key in enumerate(self._keys):
            cipher = AESGCM(_subkey(key, "seal", purpose))
            try:
                return cipher.decrypt(nonce, box, _bound(purpose)), number
            except InvalidTag:
                continue
        raise DecryptionFailed

    def derive(self, purpose: str) -> bytes:
        """A stable 32-byte subkey of the first key, for digests that we make now.

        It changes when a new first key is added. What lives shorter than that matters (throttle
        counters, form tokens) may simply start anew; what must be recognised later is compared
        under each of `derive_all`.
        """
        return _subkey(self._keys[0], "derive", purpose)

    def derive_all(self, purpose: str) -> tuple[bytes, ...]:
        """The same subkey of every key, the one that `derive` gives first."""
        return tuple(_subkey(key, "derive", purpose) for key in self._keys)


def _subkey(key: bytes, use: str, purpose: str) -> bytes:
    # The use keeps what encrypts and what is handed out as a pepper apart for every purpose.
    info = f"quantimodo {use}: {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_LENGTH, salt=None, info=info).derive(key)


def _bound(purpose: str) -> bytes:
    return _VERSION + purpose.encode()
