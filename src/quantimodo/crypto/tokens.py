"""Opaque secrets that we hand out: how they look, and under which key they are stored.

A secret is a prefix that scanners know, the moment of its making (7 bytes) and 256 random bits.
Its key is that moment followed by the SHA-256 of the whole text: enough to find it, useless to
whoever reads the database. The moment comes first so that new rows lie side by side on disk; it
is no secret and nothing is decided by it. A slow hash would add nothing to 256 random bits.
"""

import hmac
from base64 import urlsafe_b64encode
from binascii import Error, a2b_base64
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy

_TEXT_LENGTH = 52  # 39 bytes in base64url, no padding
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Kind(StrEnum):
    """What a secret is for; the value is its prefix."""

    ACCESS = "qma_"
    REFRESH = "qmr_"
    CODE = "qmc_"
    REQUEST = "qmq_"
    SESSION = "qmz_"
    EMAIL_TOKEN = "qmt_"
    BROWSER = "qmb_"
    STATE = "qmw_"
    FLOW = "qmf_"
    LOGIN_CODE = "qml_"
    INITIAL = "qmi_"
    REGISTRATION = "qmg_"


class Minted(NamedTuple):
    """A fresh secret for its owner, and the key for the database."""

    raw: Secret
    key: bytes


def mint(kind: Kind, now: datetime, entropy: Entropy) -> Minted:
    """A new secret of this kind: 256 bits of entropy."""
    return _spell(kind, moment_bytes(now), entropy.bytes(32))


def derive_successor(
    kind: Kind, parent: str, successor_nonce: bytes, derivation_key: bytes, at: datetime
) -> Minted:
    """The one successor of `parent` under this salt: the same again for the same arguments.

    HMAC-SHA-256 over 256 secret bits with the server's own key: nobody without the parent, the
    salt (kept with the spent row) and the pepper can compute it, and nothing that could be read
    again is stored. `at` is the moment when the parent was spent.
    """
    bits = hmac.digest(derivation_key, kind.encode() + successor_nonce + parent.encode(), "sha256")
    return _spell(kind, moment_bytes(at), bits)


def key_of(kind: Kind, raw: str) -> bytes | None:
    """The database key of a presented secret; None for anything that is not of this kind."""
    if len(raw) != _TEXT_LENGTH + 4 or not raw.startswith(kind) or not raw.isascii():
        return None
    try:
        moment = a2b_base64(raw[4:16].replace("-", "+").replace("_", "/"), strict_mode=True)[:7]
    except Error:
        return None
    return moment + sha256(raw.encode()).digest()


def moment_bytes(at: datetime) -> bytes:
    """Microseconds since 1970 in 7 bytes, which sort as the moments do."""
    return ((at - _EPOCH) // _MICROSECOND).to_bytes(7, "big")


def _spell(kind: Kind, moment: bytes, bits: bytes) -> Minted:
    raw = kind + urlsafe_b64encode(moment + bits).decode()
    return Minted(Secret(raw), moment + sha256(raw.encode()).digest())
