"""DPoP proofs (RFC 9449 §4.2), made before the load: each is used once, and is good for a minute.

One key of the bench signs all of them. They are signed past the server's code, as a client does.
"""

import hashlib
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

_SIGNATURE = ec.ECDSA(SHA256())


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class ProofKey:
    """A P-256 key. `thumbprint` (RFC 7638) is that to which tokens are bound."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        numbers = self._private.public_key().public_numbers()
        x, y = (_base64url(part.to_bytes(32, "big")) for part in (numbers.x, numbers.y))
        self._jwk = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
        digest = hashlib.sha256(msgspec.json.encode(self._jwk)).digest()
        self.thumbprint = _base64url(digest)
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._jwk}
        self._header = _base64url(msgspec.json.encode(header))
        self._number = 0

    def lines(self, tokens: Sequence[str], method: str, address: str, count: int) -> Iterator[str]:
        """`count` lines of a token and a proof for a request with it; the tokens are used in
        turn."""
        hashes = [_base64url(hashlib.sha256(token.encode()).digest()) for token in tokens]
        now = int(time.time())
        for number in range(count):
            place = number % len(tokens)
            self._number += 1
            claims = {
                "jti": f"{self.thumbprint[:8]}-{self._number:012}",
                "htm": method,
                "htu": address,
                "iat": now,
                "ath": hashes[place],
            }
            yield f"{tokens[place]} {self._signed(claims)}"

    def _signed(self, claims: dict[str, object]) -> str:
        text = f"{self._header}.{_base64url(msgspec.json.encode(claims))}"
        r, s = decode_dss_signature(self._private.sign(text.encode(), _SIGNATURE))
        return f"{text}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
