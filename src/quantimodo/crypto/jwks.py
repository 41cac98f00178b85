"""Key pairs: making them, their public half as a JWK (RFC 7517), their private half as bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.jwk import ECKey, OKPKey, RSAKey

from quantimodo.crypto.jwt import (
    Signer,
    Verifier,
    ec_signer,
    ed_signer,
    pss_signer,
    rsa_signer,
)
from quantimodo.model.keys import Algorithm

_DER = serialization.Encoding.DER
_PKCS8 = serialization.PrivateFormat.PKCS8
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
_PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
_KEY_TYPES: Mapping[Algorithm, type[ECKey] | type[RSAKey] | type[OKPKey]] = {
    "ES256": ECKey,
    "RS256": RSAKey,
    "PS256": RSAKey,
    "EdDSA": OKPKey,
}
_RSA_SIGNERS = {"RS256": rsa_signer, "PS256": pss_signer}


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A new key pair. `private` is in PKCS #8 DER; the caller encrypts it before it is stored."""

    kid: str
    public_jwk: str
    private: bytes

    def __repr__(self) -> str:
        return f"KeyPair({self.kid})"


def generate_key_pair(algorithm: Algorithm) -> KeyPair:
    """A new key pair, whose `kid` is the RFC 7638 thumbprint. Takes up to a second for RS256 and
    PS256 (2048 bits)."""
    private = _generate(algorithm)
    public = private.public_key().public_bytes(_DER, _SPKI)
    jwk = _KEY_TYPES[algorithm].import_key(public)
    kid = jwk.thumbprint()
    fields = {**jwk.as_dict(private=False), "kid": kid, "use": "sig", "alg": algorithm}
    return KeyPair(
        kid=kid,
        public_jwk=msgspec.json.encode(fields).decode(),
        private=private.private_bytes(_DER, _PKCS8, serialization.NoEncryption()),
    )


def open_signer(kid: str, algorithm: Algorithm, private: bytes) -> Signer:
    """The signer of a stored private key (DER). Raises `ValueError` if the key is not of this
    algorithm."""
    # This server generated and encrypted the key. To check its primes again would block the event
    # loop for 40 ms.
    key = serialization.load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    if isinstance(key, ec.EllipticCurvePrivateKey) and algorithm == "ES256":
        return ec_signer(kid, key)
    if isinstance(key, rsa.RSAPrivateKey) and algorithm in _RSA_SIGNERS:
        return _RSA_SIGNERS[algorithm](kid, key)
    if isinstance(key, ed25519.Ed25519PrivateKey) and algorithm == "EdDSA":
        return ed_signer(kid, key)
    raise ValueError("a stored key is not of its algorithm")


def open_verifier(kid: str, algorithm: Algorithm, public_jwk: str) -> Verifier:
    """The verifier of a stored public key (a JWK in JSON)."""
    fields = msgspec.json.decode(public_jwk)
    return Verifier(kid, algorithm, _KEY_TYPES[algorithm].import_key(fields))


def key_set(public_jwks: Sequence[str]) -> bytes:
    """A JWK Set document (RFC 7517 §5)."""
    keys: list[Any] = [msgspec.json.decode(jwk) for jwk in public_jwks]
    return msgspec.json.encode({"keys": keys})


def _generate(algorithm: Algorithm) -> _PrivateKey:
    match algorithm:
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        case "RS256" | "PS256":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
