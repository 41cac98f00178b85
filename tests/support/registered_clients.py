"""Apps as a registration with all its metadata makes them, and what they sign."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from joserfc import jwe, jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from quantimodo.clients.public_keys import SECRET_PURPOSE
from quantimodo.crypto.jwt import OneAlgorithm
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.ports.document_fetcher import FetchFailed
from support.app import ISSUER, TOKEN, App, AppHarness

Key = RSAKey | ECKey | OKPKey
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def make_key(algorithm: str, kid: str = "k1", use: str = "sig") -> Key:
    parameters: Any = {"kid": kid, "use": use}
    if algorithm == "ES256" or algorithm.startswith("ECDH"):
        return ECKey.generate_key("P-256", parameters)
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519", parameters)
    return RSAKey.generate_key(2048, parameters)


def key_set(*keys: Key) -> str:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


@dataclass
class Documents:
    """What apps serve at their addresses, and how often it was fetched."""

    at: dict[str, bytes] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)

    async def fetch(self, url: str, *, largest: int = 65_536) -> bytes:
        self.requested.append(url)
        if url not in self.at or len(self.at[url]) > largest:
            raise FetchFailed("nothing there")
        return self.at[url]


async def registered(
    harness: AppHarness, metadata: Mapping[str, Any], *, sealed: bool = False, **changes: Any
) -> App:
    """An app with this metadata; `sealed`: its secret is also kept to be a key (HMAC)."""
    app = await harness.app(first_party=True, **changes)
    more: dict[str, Any] = {"metadata": ClientMetadata(**metadata)}
    if sealed and app.secret is not None:
        more["sealed_secret"] = harness.context.envelope.seal(app.secret.encode(), SECRET_PURPOSE)
    await harness.register_again(app, **more)
    client = await harness.context.stores.clients.client(app.id)
    assert client is not None
    return replace(app, client=client)


def signed(claims: Mapping[str, Any], key: Key | str, algorithm: str, **header: Any) -> str:
    """A JWT by this key; by this secret, for HS256."""
    signer: Any = OctKey.import_key(key) if isinstance(key, str) else key
    kid = {} if isinstance(key, str) else {"kid": key.kid}
    registry = OneAlgorithm(algorithm)
    return jwt.encode({"alg": algorithm, **kid, **header}, dict(claims), signer, registry=registry)


def assertion_of(harness: AppHarness, app: App, **changes: Any) -> dict[str, Any]:
    """What a client says to prove itself (RFC 7523 §3); a claim that is None is left out."""
    now = int(harness.context.clock.now().timestamp())
    claims = {
        "iss": app.id,
        "sub": app.id,
        "aud": ISSUER + TOKEN,
        "jti": "j1",
        "iat": now,
        "exp": now + 60,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def presenting(assertion: str, **fields: str) -> dict[str, str]:
    return {"client_assertion_type": BEARER, "client_assertion": assertion, **fields}


def decrypted(token: str, key: Key, alg: str, enc: str) -> bytes:
    """What only the holder of this key can read."""
    read = jwe.decrypt_compact(token, key, registry=jwe.JWERegistry(algorithms=[alg, enc]))
    assert read.plaintext is not None
    return read.plaintext


async def published(harness: AppHarness) -> KeySet:
    return KeySet.import_key_set((await harness.browser().get("/.well-known/jwks.json")).json())
