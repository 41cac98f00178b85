"""Sign-in providers as the HTTP client sees them: responses by address, and keys that sign."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from quantimodo.federation.contract import AuthorizationContext
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.clock import Clock
from support.jwt_forgery import Sign, encode, forge

Reply = httpx.Response | Callable[[httpx.Request], httpx.Response]

CALLBACK = "https://id.example.org/api/v2/auth/social/callback/work"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B
NONCE = "a-nonce-of-this-browser"


def json_of(value: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=value)


def authorization_context(**changes: Any) -> AuthorizationContext:
    given: dict[str, Any] = {
        "state": Secret("a-state"),
        "nonce": NONCE,
        "verifier": Secret(VERIFIER),
        "redirect_uri": CALLBACK,
    }
    return AuthorizationContext(**{**given, **changes})


@cache
def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    """The same key for the same number, in one run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def rs256(key: rsa.RSAPrivateKey) -> Sign:
    return lambda text: key.sign(text, padding.PKCS1v15(), hashes.SHA256())


def pem_of(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def jwk_of(key: rsa.RSAPrivateKey, kid: str, **more: Any) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    n, e = (
        encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))
        for value in (numbers.n, numbers.e)
    )
    return {"kty": "RSA", "kid": kid, "n": n, "e": e, "use": "sig", "alg": "RS256", **more}


def ec_jwk_of(key: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    x, y = (encode(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y}


@dataclass(slots=True)
class Upstream(httpx.AsyncBaseTransport):
    """Servers of providers. `replies`: by address without query. `requested`: what was received."""

    clock: Clock
    issuer: str = "https://login.example.org"
    client_id: str = "quantimodo"
    replies: dict[str, Reply] = field(default_factory=dict)
    requested: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requested.append(request)
        reply = self.replies.get(str(request.url).partition("?")[0])
        if reply is None:
            return httpx.Response(404)
        made = reply(request) if callable(reply) else reply
        # As it comes from a socket: to be read once.
        stream = httpx.ByteStream(made.content)
        return httpx.Response(made.status_code, headers=made.headers, stream=stream)

    def http_client(self) -> GuardedHttpClient:
        return GuardedHttpClient(transport=self)

    def request_count(self, url: str) -> int:
        return sum(str(request.url).partition("?")[0] == url for request in self.requested)

    def form(self, url: str) -> dict[str, str]:
        """The fields of the last form that was sent there."""
        sent = [each for each in self.requested if str(each.url) == url][-1]
        return dict(parse_qsl(sent.content.decode()))

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of a good ID token; None leaves one out."""
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "248289761001",
            "iat": now,
            "exp": now + int(timedelta(hours=1).total_seconds()),
            "nonce": NONCE,
            "name": "Ann Example",
            "email": "ann@example.org",
            "email_verified": True,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(
        self,
        claims: Mapping[str, Any],
        header: Mapping[str, Any] | None = None,
        key: rsa.RSAPrivateKey | None = None,
    ) -> str:
        """A token as this provider signs it, by default."""
        stated = {"alg": "RS256", "kid": "one", "typ": "JWT", **(header or {})}
        kept = {name: value for name, value in stated.items() if value is not None}
        return forge(kept, claims, rs256(key or rsa_key()))

    def id_token(self, **changes: Any) -> str:
        return self.sign(self.claims(**changes))

    def metadata(self, **changes: Any) -> dict[str, Any]:
        """A discovery document (OpenID Connect Discovery §3)."""
        document: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            **changes,
        }
        return {name: value for name, value in document.items() if value is not None}

    def publishes(self, **metadata: Any) -> None:
        """Discovery document and keys, as a provider has them."""
        document = self.metadata(**metadata)
        self.replies[f"{self.issuer}/.well-known/openid-configuration"] = json_of(document)
        self.replies[f"{self.issuer}/keys"] = json_of({"keys": [jwk_of(rsa_key(), "one")]})

    def grants(self, id_token: str | None = None, url: str = "", **more: Any) -> None:
        """What the token endpoint gives for any code."""
        body = {"access_token": "an-access-token", "token_type": "Bearer", "expires_in": 3599}
        token = {"id_token": self.id_token() if id_token is None else id_token}
        self.replies[url or f"{self.issuer}/token"] = json_of({**body, **token, **more})
