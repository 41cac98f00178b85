"""Signed JSON Web Tokens (RFC 7519) in compact form (RFC 7515 §3.1).

Signing ES256 is on the hot path, and calls `cryptography` directly; joserfc verifies signatures. A
key is bound to one algorithm, and each verification to one `typ`, so that no kind of token is
accepted as another (security.md §13).
"""

from base64 import b64decode
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256, sha384, sha512
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwt as joserfc_jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

_LONGEST = 8192  # characters of a token
_HEADERS = frozenset({"alg", "typ", "kid"})
_ES256 = ec.ECDSA(hashes.SHA256())
_HASHES: Mapping[str, Callable[[bytes], Any]] = {"256": sha256, "384": sha384, "512": sha512}
_URLSAFE = bytes.maketrans(b"+/", b"-_")


class BadToken(Exception):
    """The text is not a token of this kind, signed by one of these keys. Says no more."""


def base64url(data: bytes) -> bytes:
    """Base64url without padding (RFC 7515 §2)."""
    return b2a_base64(data, newline=False).translate(_URLSAFE).rstrip(b"=")


def half_hash(algorithm: str, value: str) -> str:
    """`at_hash` and `c_hash` of a token that is signed by this algorithm (OpenID Connect Core
    §3.1.3.6, §3.3.2.11): the left half of a hash, in base64url. Ed25519 goes with SHA-512."""
    hashed = _HASHES.get(algorithm[2:], sha512)(value.encode("utf-8", "surrogatepass")).digest()
    return base64url(hashed[: len(hashed) // 2]).decode()


def unsecured_jwt(claims: Mapping[str, Any]) -> str:
    """An unsecured JWT (RFC 7519 §6): it proves nothing beyond the connection that carries it."""
    return (
        base64url(b'{"alg":"none"}') + b"." + base64url(msgspec.json.encode(claims))
    ).decode() + "."


@dataclass(frozen=True, slots=True)
class Signer:
    """One key that signs with its one algorithm."""

    kid: str
    algorithm: str
    _sign: Callable[[bytes], bytes]

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """A signed JWT in the compact serialization; `typ` keeps one kind of token from being used
        as another (RFC 8725 §3.11)."""
        header = _encoded_header(self.algorithm, typ, self.kid)
        text = header + b"." + base64url(msgspec.json.encode(claims))
        return (text + b"." + base64url(self._sign(text))).decode("ascii")


@lru_cache(maxsize=256)
def _encoded_header(algorithm: str, typ: str, kid: str) -> bytes:
    return base64url(msgspec.json.encode({"alg": algorithm, "typ": typ, "kid": kid}))


def ec_signer(kid: str, key: ec.EllipticCurvePrivateKey) -> Signer:
    """Signs with ES256 (RFC 7518 §3.4)."""

    def sign(text: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(text, _ES256))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")  # RFC 7518 §3.4

    return Signer(kid, "ES256", sign)


def rsa_signer(kid: str, key: rsa.RSAPrivateKey) -> Signer:
    """Signs with RS256 (RFC 7518 §3.3)."""

    def sign(text: bytes) -> bytes:
        return key.sign(text, padding.PKCS1v15(), hashes.SHA256())

    return Signer(kid, "RS256", sign)


def pss_signer(kid: str, key: rsa.RSAPrivateKey) -> Signer:
    """Signs with PS256 (RFC 7518 §3.5)."""
    # RFC 7518 §3.5: the salt is as long as the hash.
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)

    def sign(text: bytes) -> bytes:
        return key.sign(text, pss, hashes.SHA256())

    return Signer(kid, "PS256", sign)


def ed_signer(kid: str, key: ed25519.Ed25519PrivateKey) -> Signer:
    """Signs with EdDSA (RFC 8037 §3.1)."""
    return Signer(kid, "EdDSA", key.sign)  # RFC 8037 §3.1


def has_other_header_members(token: str) -> bool:
    """Whether the header has members beside `alg`, `typ`, `kid` and `cty`: they could be extensions
    that must be understood (RFC 7515 §4.1.11)."""
    return not frozenset(_header(token)) <= _HEADERS | {"cty"}


def unverified_algorithm(token: str) -> str | None:
    """The `alg` of a token that is not verified; None if the header has none."""
    found = _header(token).get("alg")
    return found if isinstance(found, str) else None


def unverified_type(token: str) -> str | None:
    """The `typ` of a token that is not verified (RFC 8725 §3.11), for a caller that verifies it
    next; None if the header has none."""
    typ = _header(token).get("typ")
    return typ if isinstance(typ, str) else None


def unsecured_claims(token: str) -> dict[str, Any]:
    """The claims of an unsecured JWT (RFC 7519 §6). Raises `BadToken`."""
    if not token.endswith(".") or unverified_algorithm(token) != "none":
        raise BadToken
    return unverified_claims(token)


def unverified_claims(token: str) -> dict[str, Any]:
    """The claims of a token that is not verified, for a caller that looks up its key by them.
    Raises `BadToken`."""
    payload = token.partition(".")[2].partition(".")[0]
    if len(token) > _LONGEST:
        raise BadToken
    try:
        claims = msgspec.json.decode(decode_base64url(payload))
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise BadToken from error
    if not isinstance(claims, dict):
        raise BadToken
    return claims


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public half of one key, and the one algorithm it may be used with."""

    kid: str
    algorithm: str
    key: ECKey | RSAKey | OKPKey


class OneAlgorithm(JWSRegistry):
    """A registry of joserfc with one algorithm. It checks no other member of the header: the caller
    does."""

    max_header_length = 16_384

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)
        self._algorithm = algorithm

    def get_alg(self, name: str) -> Any:
        """The implementation of the one algorithm. Raises `BadToken` for any other name."""
        if name != self._algorithm:
            raise BadToken
        # joserfc warns about `EdDSA`, which RFC 9864 deprecates; OpenID Connect still uses it.
        return self.algorithms[name]


def unverified_kid(token: str) -> str | None:
    """The `kid` of a token that is not verified; None if the header has none."""
    kid = _header(token).get("kid")
    return kid if isinstance(kid, str) else None


def verify(token: str, verifier: Verifier, typ: str) -> dict[str, Any]:
    """The claims of a token of this type, signed by this key. Raises `BadToken`.

    The caller checks time, issuer and audience.
    """
    try:
        read = joserfc_jwt.decode(token, verifier.key, registry=OneAlgorithm(verifier.algorithm))
    # joserfc does not check the types of all members: `crit: 5` is a TypeError.
    except (JoseError, TypeError, ValueError, RecursionError) as error:
        raise BadToken from error
    # RFC 8725 §3.11; a header that names other keys, or requires an unknown extension, is refused.
    if read.header.get("typ") != typ or not frozenset(read.header) <= _HEADERS:
        raise BadToken
    return dict(read.claims)


def _header(token: str) -> dict[str, Any]:
    """The header of a compact token; empty if the text is not one."""
    header, _, rest = token.partition(".")
    if len(token) > _LONGEST or rest.count(".") != 1:
        return {}
    try:
        fields = msgspec.json.decode(decode_base64url(header))
    except (ValueError, msgspec.DecodeError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def decode_base64url(text: str) -> bytes:
    """Decode unpadded base64url (RFC 7515 §2). Raises `ValueError`."""
    return b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
