"""Which public keys of clients are too weak to be registered or used. Pure.

FAPI 2.0 §5.4.1 has 2048 bits for RSA and 224 for elliptic curves. No curve of JOSE has fewer than
256, so the curves of JOSE are the rule. Kinds of keys that are not understood are passed over
(RFC 7517 §5).
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from typing import Any, Final

SMALLEST_RSA: Final = 2048
LARGEST_RSA: Final = 8192
"""A larger one takes seconds of the server's time for each signature."""

_CURVES: Final[Mapping[str, frozenset[str]]] = {
    "EC": frozenset({"P-256", "P-384", "P-521", "secp256k1"}),
    "OKP": frozenset({"Ed25519", "Ed448", "X25519", "X448"}),
}


def weakness(key: Mapping[str, Any]) -> str:
    """What is wrong with the strength of this JWK, in words that follow its name; empty for a key
    that is strong enough, and for one that is not understood. Has nothing of the key in it but
    its size."""
    kind = key.get("kty")
    if kind == "RSA" and isinstance(key.get("n"), str):
        bits = _bits(key["n"])
        if bits < SMALLEST_RSA:
            return f"is an RSA key of {bits} bits: at least {SMALLEST_RSA} are needed"
        if bits > LARGEST_RSA:
            return f"is an RSA key of more than {LARGEST_RSA} bits"
    elif isinstance(kind, str) and isinstance(key.get("crv"), str):
        curves = _CURVES.get(kind)
        if curves is not None and key["crv"] not in curves:
            return f"has a curve that is weak or unknown: use one of {', '.join(sorted(curves))}"
    return ""


def weak_keys(document: Any) -> Iterator[str]:
    """A sentence for each weak key of a JWK Set, which names it by its place: `key 2 is …`."""
    listed = document.get("keys") if isinstance(document, Mapping) else None
    for number, key in enumerate(listed if isinstance(listed, list) else (), 1):
        because = weakness(key) if isinstance(key, Mapping) else ""
        if because:
            yield f"key {number} {because}"


def _bits(modulus: str) -> int:
    """The length of a modulus in base64url; 0 for a text that is none."""
    try:
        data = urlsafe_b64decode(modulus.encode("ascii") + b"=" * (-len(modulus) % 4))
    except ValueError:
        return 0
    return int.from_bytes(data, "big").bit_length()
