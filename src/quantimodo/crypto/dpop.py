"""DPoP proofs: the signature by the key in the header (RFC 9449 §4.2, §4.3).

Calls `cryptography` directly and not joserfc, because each request with a bound token verifies a
proof. The caller checks the claims.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from quantimodo.crypto.jwt import BadToken, base64url, decode_base64url
from quantimodo.model.keys import PRIVATE_MEMBERS

_TYPE: Final = "dpop+jwt"
_LONGEST: Final = 8192  # characters of a proof
_SMALLEST_RSA, _LARGEST_RSA = 2048, 4096
_EXPONENT: Final = 65_537
_ES256: Final = ec.ECDSA(hashes.SHA256())
_PSS: Final = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
_MALFORMED: Final = (
    *(msgspec.MsgspecError, AttributeError, KeyError, TypeError, ValueError),
    *(RecursionError, UnsupportedAlgorithm),
)
_Check = Callable[[bytes, bytes], None]
"""Raises `InvalidSignature` unless the first argument is a signature of the second."""


class PrivateKeyGiven(BadToken):
    """The JWK is a private key, and a public one is required."""


@dataclass(frozen=True, slots=True)
class SignedProof:
    """The claims of a proof, and the thumbprint of the key that signed it (RFC 7638)."""

    claims: Mapping[str, Any] = field(repr=False)
    thumbprint: str


def verify_proof(text: str) -> SignedProof:
    """A proof whose signature verifies with the public key in its header. Raises `BadToken` with
    the reason: a fixed text."""
    signed, _, signature = text.rpartition(".")
    head, _, payload = signed.partition(".")
    if len(text) > _LONGEST or not head or not payload or "." in payload or not _is_base64url(text):
        raise BadToken("the DPoP proof is not a signed JWT")
    try:
        header = msgspec.json.decode(decode_base64url(head), type=dict[str, Any])
        claims = msgspec.json.decode(decode_base64url(payload), type=dict[str, Any])
        raw_signature = decode_base64url(signature)
    except _MALFORMED:
        raise BadToken("the DPoP proof is not a signed JWT") from None
    if header.get("typ") != _TYPE:
        raise BadToken("typ is not dpop+jwt")
    if "crit" in header:
        raise BadToken("the header of the DPoP proof has crit: no extension is understood")
    algorithm, jwk = header.get("alg"), header.get("jwk")
    if not isinstance(algorithm, str) or algorithm not in _BY_ALGORITHM:
        raise BadToken("alg is not one that this server accepts")
    if not isinstance(jwk, dict) or PRIVATE_MEMBERS & jwk.keys():
        raise BadToken("jwk is missing, or has a private key")
    try:
        check, thumbprint = _BY_ALGORITHM[algorithm](jwk)
    except _MALFORMED:
        raise BadToken("jwk is not a key for this alg") from None
    try:
        check(raw_signature, signed.encode("ascii"))
    except (InvalidSignature, ValueError):
        raise BadToken("the signature of the DPoP proof does not verify") from None
    return SignedProof(claims, thumbprint)


def thumbprint_of(text: str) -> str:
    """The thumbprint of a key for proofs: of a public JWK, or the thumbprint itself (RFC 7638).
    Raises `BadToken` with the reason, a fixed text, and `PrivateKeyGiven` for a private key."""
    stripped = text.strip()
    try:
        if not stripped.startswith("{"):
            _decode_canonical(stripped, sha256().digest_size)
            return stripped
        jwk = msgspec.json.decode(stripped, type=dict[str, Any])
        if PRIVATE_MEMBERS & jwk.keys():
            raise PrivateKeyGiven("the key is a private one")
        _, thumbprint = _BY_KEY_TYPE[jwk["kty"]](jwk)
    except _MALFORMED:
        raise BadToken("not a public key for proofs, and no thumbprint") from None
    return thumbprint


def _ec_key(jwk: Mapping[str, Any]) -> tuple[_Check, str]:
    if jwk["kty"] != "EC" or jwk["crv"] != "P-256":
        raise ValueError
    x, y = _decode_canonical(jwk["x"], 32), _decode_canonical(jwk["y"], 32)
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
    )
    key = numbers.public_key()

    def check(signature: bytes, text: bytes) -> None:
        if len(signature) != 64:  # RFC 7518 §3.4
            raise InvalidSignature
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        key.verify(encode_dss_signature(r, s), text, _ES256)

    return check, _thumbprint(crv="P-256", kty="EC", x=jwk["x"], y=jwk["y"])


def _rsa_key(jwk: Mapping[str, Any]) -> tuple[_Check, str]:
    if jwk["kty"] != "RSA":
        raise ValueError
    modulus, exponent = _decode_canonical(jwk["n"]), _decode_canonical(jwk["e"])
    n, e = int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")
    # RFC 7518 §2: without leading zero octets, so that a key has one thumbprint.
    shortest = modulus[:1] != b"\0" and exponent[:1] != b"\0"
    if not shortest or not _SMALLEST_RSA <= n.bit_length() <= _LARGEST_RSA or e != _EXPONENT:
        raise ValueError
    key = rsa.RSAPublicNumbers(e, n).public_key()

    def check(signature: bytes, text: bytes) -> None:
        key.verify(signature, text, _PSS, hashes.SHA256())

    return check, _thumbprint(e=jwk["e"], kty="RSA", n=jwk["n"])


def _ed_key(jwk: Mapping[str, Any]) -> tuple[_Check, str]:
    if jwk["kty"] != "OKP" or jwk["crv"] != "Ed25519":
        raise ValueError
    key = ed25519.Ed25519PublicKey.from_public_bytes(_decode_canonical(jwk["x"], 32))
    return key.verify, _thumbprint(crv="Ed25519", kty="OKP", x=jwk["x"])


_BY_ALGORITHM: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[_Check, str]]]] = {
    "ES256": _ec_key,
    "PS256": _rsa_key,
    "EdDSA": _ed_key,
    "Ed25519": _ed_key,  # RFC 9864 §2.2
}


_BY_KEY_TYPE: Final = {"EC": _ec_key, "RSA": _rsa_key, "OKP": _ed_key}


def _is_base64url(text: str) -> bool:
    """RFC 7515 §2: the alphabet of the parts, without padding."""
    return "+" not in text and "/" not in text and "=" not in text


def _decode_canonical(text: str, length: int | None = None) -> bytes:
    """Decode unpadded base64url in its canonical form, so that a key has one thumbprint."""
    data = decode_base64url(text)
    if base64url(data) != text.encode("ascii") or (length is not None and len(data) != length):
        raise ValueError
    return data


def _thumbprint(**members: str) -> str:
    """RFC 7638 §3: the required members in the order of their names."""
    return base64url(sha256(msgspec.json.encode(members)).digest()).decode()


def token_hash(token: str) -> str:
    """`ath` of a proof for this access token (RFC 9449 §4.2)."""
    return base64url(sha256(token.encode("ascii")).digest()).decode()
