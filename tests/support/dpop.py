"""A client's DPoP key and its proofs (RFC 9449 §4.2), also as an attacker would make them."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import httpx
from joserfc.jwk import ECKey, OKPKey, RSAKey

from quantimodo.crypto.jwt import OneAlgorithm
from support.app import ISSUER, ME, TOKEN, App, AppHarness
from support.jwt_forgery import encode, forge
from support.registered_clients import make_key

Key = RSAKey | ECKey | OKPKey
_NUMBERS = count(1)


def token_hash(token: str) -> str:
    return encode(hashlib.sha256(token.encode()).digest())


@dataclass
class DPoPKey:
    """`header` replaces members of each proof's header; a member that is None is left out."""

    algorithm: str = "ES256"
    key: Key = field(default_factory=lambda: make_key("ES256"))
    header: dict[str, Any] = field(default_factory=dict)

    @property
    def thumbprint(self) -> str:
        return self.key.thumbprint()

    def public(self) -> dict[str, Any]:
        members = self.key.as_dict(private=False)
        return {
            name: members[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in members
        }

    def proof(self, now: datetime, path: str = TOKEN, method: str = "POST", **claims: Any) -> str:
        """A proof for this request; a claim that is None is left out."""
        header = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.public(), **self.header}
        made = {
            "jti": f"jti-{next(_NUMBERS)}",
            "htm": method,
            "htu": ISSUER + path,
            "iat": int(now.timestamp()),
            **claims,
        }
        return self.sign(without_none(header), without_none(made))

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        algorithm = OneAlgorithm(self.algorithm).get_alg(self.algorithm)
        return forge(header, claims, lambda text: algorithm.sign(text, self.key))


def without_none(members: dict[str, Any]) -> dict[str, Any]:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


async def post_token(
    harness: AppHarness, app: App, proof: str | None, **fields: str
) -> httpx.Response:
    """A token request with this proof; the app authenticates by Basic, or by `client_id`."""
    auth = httpx.USE_CLIENT_DEFAULT if app.auth is None else app.auth
    data = fields if app.secret else {"client_id": app.id, **fields}
    headers = {} if proof is None else {"dpop": proof}
    return await harness.browser().post(TOKEN, data=data, auth=auth, headers=headers)


async def call(
    harness: AppHarness, key: DPoPKey, token: str, path: str = ME, **claims: Any
) -> httpx.Response:
    """A request of a protected resource with a bound token."""
    proof = key.proof(
        harness.context.clock.now(), path, "GET", **{"ath": token_hash(token), **claims}
    )
    headers = {"authorization": f"DPoP {token}", "dpop": proof}
    return await harness.browser().get(path, headers=headers)
