"""Encrypts values before the database stores them, and derives subkeys of the server's secret keys.

AES-256-GCM under a subkey for each purpose (HKDF-SHA-256); the purpose is the associated data, too.
The first key encrypts, and all keys decrypt, so that a key can be rotated. Does not read files or
settings, and does not interpret the values.
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
    """None of the server's keys encrypted the value for this purpose, or it was changed since."""


class Envelope:
    """Encrypts bytes for one purpose. Only the same purpose and one of the keys decrypt them.

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
        """Encrypt under the first key. Only `open` with the same purpose decrypts the value."""
        nonce = self._entropy.bytes(_NONCE_LENGTH)
        cipher = AESGCM(_subkey(self._keys[0], "seal", purpose))
        return _VERSION + nonce + cipher.encrypt(nonce, plaintext, _associated_data(purpose))

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt a value that was sealed for this purpose. Raises `DecryptionFailed`."""
        return self._open(sealed, purpose)[0]

    def reseal(self, sealed: bytes, purpose: str) -> bytes | None:
        """Encrypt a sealed value again under the first key; None if it is under that key already.
        Raises `DecryptionFailed`."""
        plaintext, index = self._open(sealed, purpose)
        return self.seal(plaintext, purpose) if index else None

    def _open(self, sealed: bytes, purpose: str) -> tuple[bytes, int]:
        """The plaintext, and the index of the key that decrypted it."""
        if len(sealed) < 1 + _NONCE_LENGTH + _TAG_LENGTH or sealed[:1] != _VERSION:
            raise DecryptionFailed
        nonce, ciphertext = sealed[1 : 1 + _NONCE_LENGTH], sealed[1 + _NONCE_LENGTH :]
        for index, key in enumerate(self._keys):
            cipher = AESGCM(_subkey(key, "seal", purpose))
            try:
                return cipher.decrypt(nonce, ciphertext, _associated_data(purpose)), index
            except InvalidTag:
                continue
        raise DecryptionFailed

    def derive(self, purpose: str) -> bytes:
        """A stable 32-byte subkey of the first key, for new digests.

        It changes when a new first key is added. Values that live a short time (throttle counters,
        form tokens) then start anew. A value that must be found later is compared under each
        subkey of `derive_all`.
        """
        return _subkey(self._keys[0], "derive", purpose)

    def derive_all(self, purpose: str) -> tuple[bytes, ...]:
        """The subkeys of all keys for this purpose; the one that `derive` returns is the first."""
        return tuple(_subkey(key, "derive", purpose) for key in self._keys)


def _subkey(key: bytes, use: str, purpose: str) -> bytes:
    # `use` separates the keys that encrypt from the subkeys that `derive` returns.
    info = f"quantimodo {use}: {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_LENGTH, salt=None, info=info).derive(key)


def _associated_data(purpose: str) -> bytes:
    return _VERSION + purpose.encode()
