"""Nonces for DPoP proofs (RFC 9449 §8, §9).

A nonce is the time at which it was made and a digest of that under a key of the server, so all
workers and machines accept it, and nothing is stored (docs/decisions/0020).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from quantimodo.crypto.digests import compare_digest, hmac_sha256
from quantimodo.crypto.jwt import base64url, decode_base64url

_TIME_BYTES: Final = 8
_DIGEST_BYTES: Final = 16
_TEXT_LENGTH: Final = 32
_SKEW: Final = timedelta(seconds=10)  # between the clocks of two machines


@dataclass(frozen=True, slots=True)
class DPoPNonces:
    """The first key makes nonces; all keys verify them, so that a key can be rotated."""

    keys: Sequence[bytes] = field(repr=False)
    lifetime: timedelta

    def mint(self, now: datetime) -> str:
        """A nonce that is accepted from now on for `lifetime`."""
        moment = int(now.timestamp()).to_bytes(_TIME_BYTES, "big")
        return base64url(moment + _digest(self.keys[0], moment)).decode()

    def verify(self, nonce: str, now: datetime) -> bool:
        """Whether this server made it, not longer ago than `lifetime`."""
        if len(nonce) != _TEXT_LENGTH:
            return False
        try:
            data = decode_base64url(nonce)
        except ValueError:
            return False
        if base64url(data).decode() != nonce:  # RFC 9449 §8: exactly
            return False
        moment, presented = data[:_TIME_BYTES], data[_TIME_BYTES:]
        if not any(compare_digest(_digest(key, moment), presented) for key in self.keys):
            return False
        made_at = datetime.fromtimestamp(int.from_bytes(moment, "big"), UTC)
        return now - self.lifetime <= made_at <= now + _SKEW


def _digest(key: bytes, moment: bytes) -> bytes:
    return hmac_sha256(key, moment)[:_DIGEST_BYTES]
