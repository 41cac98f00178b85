"""Signed JSON Web Tokens (RFC 7519) in compact form (RFC 7515 §3.1).

Signing ES256 is on the hot path and goes straight to `cryptography`; all reading is joserfc's. A
key is bound to one algorithm and a reader to one `typ`, so that no kind of token is ever taken
for another (security.md 13).
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwt as joserfc_jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

_LONGEST = 8192
_HEADERS = frozenset({"alg", "typ", "kid"})
_ES256 = ec.ECDSA(hashes.SHA256())
_URLSAFE = bytes.maketrans(b"+/", b"-_")


class BadToken(Exception):
    """The text is not a token of this kind, signed by one of these keys. Says no more."""


def base64url(data: bytes) -> bytes:
    return b64encode(data).translate(_URLSAFE).rstrip(b"=")


def left_half(value: str) -> str:
    """`at_hash` and `c_hash` for algorithms with SHA-256 (OpenID Connect Core §3.1.3.6)."""
    return base64url(sha256(value.encode("ascii")).digest()[:16]).decode()


@dataclass(frozen=True, slots=True)
class Signer:
    """One key that signs with its one algorithm."""

    kid: str
    algorithm: str
    _sign: Callable[[bytes], bytes]

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        header = {"alg": self.algorithm, "typ": typ, "kid": self.kid}
        text = (
            base64url(msgspec.json.encode(header)) + b"." + base64url(msgspec.json.encode(claims))
        )
        return (text + b"." + base64url(self._sign(text))).decode("ascii")


def ec_signer(kid: str, key: ec.EllipticCurvePrivateKey) -> Signer:
    def sign(text: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(text, _ES256))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")  # RFC 7518 §3.4

    return Signer(kid, "ES256", sign)


def rsa_signer(kid: str, key: rsa.RSAPrivateKey) -> Signer:
    def sign(text: bytes) -> bytes:
        return key.sign(text, padding.PKCS1v15(), hashes.SHA256())

    return Signer(kid, "RS256", sign)


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public half of one key, and the one algorithm it may be used with."""

    kid: str
    algorithm: str
    key: ECKey | RSAKey


def unverified_kid(token: str) -> str | None:
    """Which key the token says it was signed with; nothing of it is believed."""
    header, _, rest = token.partition(".")
    if len(token) > _LONGEST or rest.count(".") != 1:
        return None
    try:
        fields = msgspec.json.decode(_decode(header))
    except (ValueError, msgspec.DecodeError, RecursionError):
        return None
    kid = fields.get("kid") if isinstance(fields, dict) else None
    return kid if isinstance(kid, str) else None


def verify(token: str, verifier: Verifier, typ: str) -> dict[str, Any]:
    """The claims of a token of this type, signed by this key. Raises `BadToken`.

    Time, issuer and audience are the caller's to check.
    """
    try:
        read = joserfc_jwt.decode(token, verifier.key, algorithms=[verifier.algorithm])
    # joserfc takes the types of some members for granted: `crit: 5` is a TypeError.
    except (JoseError, TypeError, ValueError, RecursionError) as error:
        raise BadToken from error
    # RFC 8725 §3.11; a header that names other keys, or asks for what we do not know, is refused.
    if read.header.get("typ") != typ or not frozenset(read.header) <= _HEADERS:
        raise BadToken
    return dict(read.claims)


def _decode(text: str) -> bytes:
    return b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
