"""Encryption of files in the format of age (age-encryption.org/v1), by X25519 keys.

Encryption needs only the public key of each recipient. Files are processed in pieces of 64 KiB,
and are never whole in memory.
"""

from collections.abc import Sequence
from typing import IO

import pyrage
from pyrage import x25519


class BadAgeKey(Exception):
    """The text is not a key of age of the required kind; the message does not contain the text."""


class AgeFailed(Exception):
    """The file is encrypted for other keys, or damaged."""


def recipients(texts: Sequence[str]) -> list[x25519.Recipient]:
    """The public keys of these texts (`age1…`). Raises `BadAgeKey`."""
    try:
        return [x25519.Recipient.from_str(text) for text in texts]
    except pyrage.RecipientError:
        raise BadAgeKey("a recipient must be a public key of age: age1…") from None


def identities(text: str) -> list[x25519.Identity]:
    """The private keys in a file of `age-keygen`: one a line, comments by #. Raises `BadAgeKey`."""
    lines = (line.strip() for line in text.splitlines())
    try:
        found = [x25519.Identity.from_str(line) for line in lines if line and line[0] != "#"]
    except pyrage.IdentityError:
        found = []
    if not found:
        raise BadAgeKey("the identity file must have private keys of age: AGE-SECRET-KEY-1…")
    return found


def encrypt(plain: IO[bytes], encrypted: IO[bytes], keys: Sequence[x25519.Recipient]) -> None:
    """Encrypt the content of `plain` for all of these recipients."""
    pyrage.encrypt_io(plain, encrypted, keys)


def decrypt(encrypted: IO[bytes], plain: IO[bytes], keys: Sequence[x25519.Identity]) -> None:
    """Decrypt into `plain`. Raises `AgeFailed`; `plain` may then have a part of the content."""
    try:
        pyrage.decrypt_io(encrypted, plain, keys)
    except (pyrage.DecryptError, OSError) as fault:
        # A damaged piece is reported as an `OSError` without a number; a full disk has one.
        if isinstance(fault, OSError) and fault.errno is not None:
            raise
        raise AgeFailed from fault
