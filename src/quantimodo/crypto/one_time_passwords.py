"""Time-based one-time passwords (RFC 6238): SHA-1, six digits, steps of 30 seconds, the parameters
that every authenticator app supports."""

import re
from base64 import b32encode
from datetime import datetime
from typing import Final

from pyotp import HOTP, TOTP

from quantimodo.crypto.digests import compare_digest
from quantimodo.model.secrets import Secret
from quantimodo.ports.clock import Entropy

_STEP_SECONDS: Final = 30
_SECRET_BYTES: Final = 20  # RFC 4226 §4: 160 bits
# RFC 6238 §5.2: one step in each direction, for delays of the network and of clocks.
_STEP_OFFSETS: Final = (-1, 0, 1)
_CODE: Final = re.compile(r"[0-9]{6}")


def mint_totp_secret(entropy: Entropy) -> Secret:
    """A new shared secret in base32."""
    return Secret(b32encode(entropy.bytes(_SECRET_BYTES)).decode())


def totp_uri(secret: Secret, account: str, issuer: str) -> Secret:
    """The address that a QR code gives to an authenticator app."""
    return Secret(TOTP(secret.reveal()).provisioning_uri(name=account, issuer_name=issuer))


def matching_step(secret: Secret, code: str, now: datetime) -> int | None:
    """The latest time step near `now` that has this code, in constant time; None if none has."""
    if _CODE.fullmatch(code) is None:
        return None
    current = int(now.timestamp()) // _STEP_SECONDS
    hotp = HOTP(secret.reveal())
    found = [
        current + offset
        for offset in _STEP_OFFSETS
        if compare_digest(hotp.at(current + offset).encode(), code.encode())
    ]
    return max(found, default=None)
