"""Proof Key for Code Exchange (RFC 7636), S256 only, and other values that nobody may guess."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode


def new_secret() -> str:
    """256 random bits, as a code verifier or a state may be spelled."""
    return secrets.token_urlsafe(32)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
