"""Digests of secrets, and comparison in constant time."""

import hmac
from hashlib import sha1, sha256

compare_digest = hmac.compare_digest
"""Whether two secrets or digests are equal, in constant time."""


def digest(secret: str) -> bytes:
    """SHA-256 of a secret that has at least 256 random bits; never of a password."""
    return sha256(secret.encode()).digest()


def keyed_digest(key: bytes, purpose: str, text: str) -> bytes:
    """HMAC-SHA-256 of `text` for this purpose. Without the key, the digest says nothing about the
    text."""
    return hmac.digest(key, purpose.encode() + b"\0" + text.encode(), "sha256")


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256 of a message whose form a protocol of another party defines."""
    return hmac.digest(key, message, "sha256")


def sha1_hex(text: str) -> str:
    """SHA-1 in upper-case hexadecimal digits, for lists that name passwords by it. It protects
    nothing."""
    return sha1(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest().upper()
