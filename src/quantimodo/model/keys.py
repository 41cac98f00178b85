"""Signing keys. The private half is sealed (encrypted) wherever it is stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Algorithm = Literal["ES256", "RS256", "PS256", "EdDSA"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("ES256", "RS256", "PS256", "EdDSA")
"""A key is used with one algorithm: RS256 and PS256 have different RSA keys."""
WIDELY_KNOWN: Final[tuple[Algorithm, ...]] = ("ES256", "RS256", "PS256")
"""Algorithms with key types of RFC 7518, which all clients can read. Ed25519 is newer (RFC 8037)"""

PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of a JWK that only private and symmetric keys have (RFC 7518 §6)."""


def algorithm_named(name: str) -> Algorithm | None:
    """The algorithm that a client registered by this name; None for another name, or none."""
    return next((known for known in ALGORITHMS if known == name), None)


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
