"""Key pairs: making them, their public half as a JWK (RFC 7517), their private half as bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, RSAKey

from quantimodo.crypto.jwt import Signer, Verifier, ec_signer, rsa_signer
from quantimodo.model.keys import Algorithm

_DER = serialization.Encoding.DER
_PKCS8 = serialization.PrivateFormat.PKCS8
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A fresh pair. `private` is PKCS #8 DER, to be sealed before it is stored anywhere."""

    kid: str
    public_jwk: str
    private: bytes

    def __repr__(self) -> str:
        return f"KeyPair({self.kid})"


def make_key_pair(algorithm: Algorithm) -> KeyPair:
    """Takes up to a second for RS256 (2048 bits). `kid` is the RFC 7638 thumbprint."""
    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(_DER, _SPKI)
    jwk = _import(algorithm, public)
    kid = jwk.thumbprint()
    fields = {**jwk.as_dict(private=False), "kid": kid, "use": "sig", "alg": algorithm}
    return KeyPair(
        kid=kid,
        public_jwk=msgspec.json.encode(fields).decode(),
        private=private.private_bytes(_DER, _PKCS8, serialization.NoEncryption()),
    )


def open_signer(kid: str, algorithm: Algorithm, private: bytes) -> Signer:
    # We made it and it was sealed since; to prove its primes again costs 40 ms of the event loop.
    key = serialization.load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    if isinstance(key, ec.EllipticCurvePrivateKey) and algorithm == "ES256":
        return ec_signer(kid, key)
    if isinstance(key, rsa.RSAPrivateKey) and algorithm == "RS256":
        return rsa_signer(kid, key)
    raise ValueError("a stored key is not of its algorithm")


def open_verifier(kid: str, algorithm: Algorithm, public_jwk: str) -> Verifier:
    fields = msgspec.json.decode(public_jwk)
    key = ECKey.import_key(fields) if algorithm == "ES256" else RSAKey.import_key(fields)
    return Verifier(kid, algorithm, key)


def key_set(public_jwks: Sequence[str]) -> bytes:
    """A JWK Set document (RFC 7517 §5)."""
    keys: list[Any] = [msgspec.json.decode(jwk) for jwk in public_jwks]
    return msgspec.json.encode({"keys": keys})


def _import(algorithm: Algorithm, public: bytes) -> ECKey | RSAKey:
    return ECKey.import_key(public) if algorithm == "ES256" else RSAKey.import_key(public)
