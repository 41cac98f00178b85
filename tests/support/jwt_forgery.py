"""JSON Web Tokens as an attacker would make them, and as a client reads them."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwt
from joserfc.jwk import KeySet

from quantimodo.crypto.jwt import OneAlgorithm
from support.app import AppHarness

Sign = Callable[[bytes], bytes]


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header_of(token: str) -> dict[str, Any]:
    """What the token says of itself, unverified."""
    header: dict[str, Any] = json.loads(decode(token.split(".")[0]))
    return header


def claims_of(token: str) -> dict[str, Any]:
    """What the token says, unverified."""
    claims: dict[str, Any] = json.loads(decode(token.split(".")[1]))
    return claims


def forge(header: Mapping[str, Any] | bytes, claims: Mapping[str, Any] | bytes, sign: Sign) -> str:
    """A token of exactly this header and these claims."""
    parts = [
        part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)
    ]
    text = ".".join(encode(part) for part in parts)
    return f"{text}.{encode(sign(text.encode()))}"


def es256(key: ec.EllipticCurvePrivateKey) -> Sign:
    def sign(text: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def hs256(secret: bytes) -> Sign:
    return lambda text: hmac.digest(secret, text, "sha256")


def unsigned(text: bytes) -> bytes:
    return b""


def half_hash(text: str) -> str:
    """`at_hash` and `c_hash` as a client computes them (OpenID Connect Core §3.1.3.6)."""
    return encode(hashlib.sha256(text.encode()).digest()[:16])


async def verified(harness: AppHarness, token: str, algorithm: str) -> dict[str, Any]:
    """The claims of a token whose signature a client has checked with the published keys."""
    keys = (await harness.browser().get("/.well-known/jwks.json")).json()
    read = jwt.decode(token, KeySet.import_key_set(keys), registry=OneAlgorithm(algorithm))
    return dict(read.claims)
