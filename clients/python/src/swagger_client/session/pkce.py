"""Proof Key for Code Exchange (RFC 7636), S256 only, and other unguessable values."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode


def new_secret() -> str:
    """256 random bits in base64url, for a code verifier or a state."""
    return secrets.token_urlsafe(32)


def s256_challenge(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
