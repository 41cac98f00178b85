"""Client assertions (RFC 7523 §2.2) by which this server authenticates itself at a provider: signed
with a key pair, or with the client secret.

A key pair is derived from a subkey of the server's secret key: every process on every machine
derives the same one, and it is not stored.
"""

import hmac
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import ECKey

from quantimodo.crypto.jwt import Signer, base64url, ec_signer
from quantimodo.model.secrets import Secret

SHORTEST_SECRET: Final = 32  # bytes, for HS256 (RFC 7518 §3.2)
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# 64 bits more than the order, so that no value is more likely than another (FIPS 186-5 A.2.1).
_SEED_LENGTH: Final = 40


def derive_signer(subkey: bytes) -> tuple[Signer, dict[str, Any]]:
    """The ES256 signer of this 32-byte subkey, and its public key (RFC 7517 §4)."""
    private = _derive_private_key(subkey, b"client assertion")
    public = ECKey.import_key(
        private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    kid = public.thumbprint()  # RFC 7638
    jwk = {**public.as_dict(private=False), "kid": kid, "use": "sig", "alg": "ES256"}
    return ec_signer(kid, private), jwk


def derive_key(subkey: bytes, info: bytes) -> ECKey:
    """The P-256 key pair of this 32-byte subkey for another purpose."""
    return ECKey.import_key(
        _derive_private_key(subkey, info).private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _derive_private_key(subkey: bytes, info: bytes) -> ec.EllipticCurvePrivateKey:
    expanded = HKDF(algorithm=SHA256(), length=_SEED_LENGTH, salt=None, info=info).derive(subkey)
    scalar = int.from_bytes(expanded, "big") % (_P256_ORDER - 1) + 1
    return ec.derive_private_key(scalar, ec.SECP256R1())


def sign_with_secret(claims: Mapping[str, Any], secret: Secret) -> str:
    """A JWT that is signed HS256 with this client secret (OpenID Connect Core §9)."""
    header = msgspec.json.encode({"alg": "HS256", "typ": "JWT"})
    text = base64url(header) + b"." + base64url(msgspec.json.encode(claims))
    signature = hmac.digest(secret.reveal().encode(), text, "sha256")
    return (text + b"." + base64url(signature)).decode("ascii")
