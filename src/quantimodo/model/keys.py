"""Signing keys. The private half is sealed (encrypted) wherever it is stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Algorithm = Literal["ES256", "RS256", "PS256", "EdDSA"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("ES256", "RS256", "PS256", "EdDSA")
"""A key is good for one of them: RS256 and PS256 each have an RSA key of their own."""
WIDELY_KNOWN: Final[tuple[Algorithm, ...]] = ("ES256", "RS256", "PS256")
"""Whose kinds of keys (RFC 7518) every reader of key sets knows; Ed25519 (RFC 8037) came later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One key pair. It signs from `active_at` until the next one is active, and is published
    until `retires_at` (None: not yet known), when all that it signed has expired."""

    kid: str
    algorithm: Algorithm
    public_jwk: str
    sealed_private: bytes
    created_at: datetime
    active_at: datetime
    retires_at: datetime | None = None
