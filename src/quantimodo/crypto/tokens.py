"""Opaque secrets that the server issues: their format, and the key under which they are stored.

A secret is a prefix that secret scanners know, its time of issue (7 bytes) and 256 random bits. Its
key is that time followed by the SHA-256 of the whole text: the key finds the row, and a reader of
the database cannot derive the secret from it. The time comes first so that new rows are adjacent on
disk; it is not secret, and no decision depends on it. 256 random bits need no slow hash.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy

JWT_ID_BYTES: Final = 20
"""The length of a `jti` (RFC 7519 §4.1.7): its time, and 104 bits that are random or a hash."""

_TEXT_LENGTH = 52  # 39 bytes in base64url, no padding
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BASE64URL = bytes.maketrans(b"+/", b"-_")


class Kind(StrEnum):
    """The purpose of a secret; the value is its prefix."""

    ACCESS = "qma_"
    REFRESH = "qmr_"
    CODE = "qmc_"
    DEVICE = "qmd_"
    REQUEST = "qmq_"
    PUSHED_REQUEST = "qmu_"
    SESSION = "qmz_"
    PENDING_LOGIN = "qmy_"
    PERSONAL = "qmp_"
    EXCHANGED = "qmx_"
    TRUSTED_BROWSER = "qmv_"
    EMAIL_TOKEN = "qmt_"
    BROWSER = "qmb_"
    STATE = "qmw_"
    FLOW = "qmf_"
    LOGIN_CODE = "qml_"
    INITIAL = "qmi_"
    REGISTRATION = "qmg_"


class Minted(NamedTuple):
    """A new secret, and its key in the database."""

    raw: Secret
    key: bytes


def mint(kind: Kind, now: datetime, entropy: Entropy) -> Minted:
    """A new secret of this kind: 256 bits of entropy."""
    return _format(kind, moment_bytes(now), entropy.bytes(32))


def mint_jwt_id(now: datetime, entropy: Entropy) -> bytes:
    """The `jti` of a JWT without an opaque text (RFC 7519 §4.1.7)."""
    moment = moment_bytes(now)
    return moment + entropy.bytes(JWT_ID_BYTES - len(moment))


def derive_successor(
    kind: Kind, parent: str, successor_nonce: bytes, derivation_key: bytes, at: datetime
) -> Minted:
    """The one successor of `parent`: the same arguments give the same token.

    HMAC-SHA-256 over 256 secret bits. To compute it takes the parent, the nonce that is stored with
    the spent row, and the server's derivation key; no token is stored in the clear. `at` is the
    time when the parent was spent.
    """
    bits = hmac.digest(derivation_key, kind.encode() + successor_nonce + parent.encode(), "sha256")
    return _format(kind, moment_bytes(at), bits)


class Successors(NamedTuple):
    """The access token and the refresh token that one refresh token gives."""

    access: Minted
    refresh: Minted


@dataclass(frozen=True, slots=True)
class SuccessorDerivation:
    """Derives the successors of refresh tokens under the server's key (docs/decisions/0002).

    `older_keys` are the keys before the last rotations of the secret key, newest first.
    """

    key: bytes = field(repr=False)
    older_keys: Sequence[bytes] = field(default=(), repr=False)

    def derive(self, parent: str, successor_nonce: bytes, at: datetime) -> Successors:
        """The successors of a token that is spent now, under the current key."""
        return _derive_both(parent, successor_nonce, self.key, at)

    def candidates(self, parent: str, successor_nonce: bytes, at: datetime) -> Iterator[Successors]:
        """The successors of a spent token under each key, the current one first; the stored one
        is the token that the server returned."""
        for key in (self.key, *self.older_keys):
            yield _derive_both(parent, successor_nonce, key, at)


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
    """Microseconds since 1970 in 7 bytes, in the order of time."""
    return ((at - _EPOCH) // _MICROSECOND).to_bytes(7, "big")


def public_grant_id(grant_id: bytes) -> str:
    """The public id of a managed grant, by the id of the first one (Grant Management §5.5)."""
    return urlsafe_b64encode(grant_id).rstrip(b"=").decode()


def moment_of_grant(public_id: str) -> int:
    """When the first grant with this public id was made, in seconds since 1970. Raises
    `ValueError`."""
    padded = public_id + "=" * (-len(public_id) % 4)
    return int.from_bytes(urlsafe_b64decode(padded)[:7], "big") // 1_000_000


def _derive_both(parent: str, successor_nonce: bytes, key: bytes, at: datetime) -> Successors:
    return Successors(
        derive_successor(Kind.ACCESS, parent, successor_nonce, key, at),
        derive_successor(Kind.REFRESH, parent, successor_nonce, key, at),
    )


def _format(kind: Kind, moment: bytes, bits: bytes) -> Minted:
    raw = kind + b2a_base64(moment + bits, newline=False).translate(_BASE64URL).decode()
    return Minted(Secret(raw), moment + sha256(raw.encode()).digest())
