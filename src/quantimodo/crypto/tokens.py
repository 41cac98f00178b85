"""Opaque secrets that we hand out: how they look, and under which key they are stored.

A secret is a prefix that scanners know, the second of its making (4 bytes) and 256 random bits.
Its key is that second followed by the SHA-256 of the whole text: enough to find it, useless to
whoever reads the database. The second comes first so that new rows lie side by side on disk; it
is no secret and nothing is decided by it. A slow hash would add nothing to 256 random bits.
"""

import hmac
from base64 import urlsafe_b64encode
from binascii import Error, a2b_base64
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy

_TEXT_LENGTH = 48  # 36 bytes in base64url, no padding
_URLSAFE = str.maketrans("-_", "+/")


class Kind(StrEnum):
    """What a secret is for; the value is its prefix."""

    ACCESS = "qma_"
    REFRESH = "qmr_"
    CODE = "qmc_"
    REQUEST = "qmq_"
    SESSION = "qmz_"
    TICKET = "qmt_"
    BROWSER = "qmb_"


@dataclass(frozen=True, slots=True)
class Minted:
    """A fresh secret for its owner, and the key for the database."""

    raw: Secret
    key: bytes


def mint(kind: Kind, now: datetime, entropy: Entropy) -> Minted:
    """A new secret of this kind: 256 bits of entropy."""
    return _spell(kind, int(now.timestamp()).to_bytes(4, "big"), entropy.bytes(32))


def heir(kind: Kind, parent: str, salt: bytes, pepper: bytes, at: datetime) -> Minted:
    """The one successor of `parent` under this salt: the same again for the same arguments.

    HMAC-SHA-256 over 256 secret bits with the server's own key: nobody without the parent, the
    salt (kept with the spent row) and the pepper can compute it, and nothing that could be read
    again is stored. `at` is the moment when the parent was spent.
    """
    bits = hmac.digest(pepper, kind.encode() + salt + parent.encode(), "sha256")
    return _spell(kind, int(at.timestamp()).to_bytes(4, "big"), bits)


def key_of(kind: Kind, raw: str) -> bytes | None:
    """The database key of a presented secret; None for anything that is not of this kind."""
    if len(raw) != _TEXT_LENGTH + 4 or not raw.startswith(kind) or not raw.isascii():
        return None
    try:
        second = a2b_base64(raw[4:12].translate(_URLSAFE), strict_mode=True)[:4]
    except Error:
        return None
    return second + sha256(raw.encode()).digest()


def _spell(kind: Kind, second: bytes, bits: bytes) -> Minted:
    raw = kind + urlsafe_b64encode(second + bits).decode()
    return Minted(Secret(raw), second + sha256(raw.encode()).digest())
