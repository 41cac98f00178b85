"""An authenticator in software: makes passkeys and signs with them, as a browser sends it.

Every part can be made wrong.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from support.jwt_forgery import decode, encode

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 1, 4, 8, 16, 64
_BOTH = PRESENT | VERIFIED


def client_data(kind: str, challenge: str, origin: str, **more: object) -> bytes:
    collected = {"type": f"webauthn.{kind}", "challenge": challenge, "origin": origin, **more}
    return json.dumps(collected).encode()


@dataclass(slots=True, kw_only=True)
class SoftAuthenticator:
    """One passkey for one host. `counts`: it has a counter; each use adds one."""

    origin: str
    rp_id: str
    credential_id: bytes = b"a credential id of 32 bytes ...."
    aaguid: bytes = bytes(16)
    synced: bool = False
    counts: bool = False
    counter: int = 0
    user_handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

    def create(self, options: Mapping[str, Any], **wrong: Any) -> str:
        """The response to `navigator.credentials.create()`."""
        self.user_handle = decode(options["user"]["id"])
        data = self._data(ATTESTED, wrong) + self.aaguid
        data += len(self.credential_id).to_bytes(2, "big") + self.credential_id + self._cose()
        attestation = {"fmt": "none", "attStmt": {}, "authData": data} | wrong.get("attested", {})
        collected = client_data(
            wrong.get("kind", "create"),
            wrong.get("challenge", options["challenge"]),
            wrong.get("origin", self.origin),
            **wrong.get("more", {}),
        )
        response = {
            "clientDataJSON": encode(collected),
            "attestationObject": encode(cbor2.dumps(attestation)),
            "transports": ["internal", "hybrid"],
        }
        return self._json(response)

    def get(self, options: Mapping[str, Any], **wrong: Any) -> str:
        """The response to `navigator.credentials.get()`."""
        if self.counts:
            self.counter += 1
        collected = client_data(
            wrong.get("kind", "get"),
            wrong.get("challenge", options["challenge"]),
            wrong.get("origin", self.origin),
            **wrong.get("more", {}),
        )
        data = self._data(0, wrong)
        key = wrong.get("key", self.key)
        signature = key.sign(data + sha256(collected).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": encode(collected),
            "authenticatorData": encode(data),
            "signature": encode(signature),
            "userHandle": encode(wrong.get("user_handle", self.user_handle)),
        }
        return self._json(response)

    def _json(self, response: Mapping[str, Any]) -> str:
        name = encode(self.credential_id)
        whole = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return json.dumps({**whole, "clientExtensionResults": {}})

    def _data(self, flags: int, wrong: Mapping[str, Any]) -> bytes:
        flags |= wrong.get("flags", _BOTH)
        if self.synced:
            flags |= ELIGIBLE | BACKED_UP
        host = sha256(wrong.get("rp_id", self.rp_id).encode()).digest()
        counter = wrong.get("counter", self.counter)
        return host + bytes([flags]) + int(counter).to_bytes(4, "big")

    def _cose(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = (each.to_bytes(32, "big") for each in (numbers.x, numbers.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
