"""An application with a security profile of FAPI 2.0, and the requests that it sends."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from quantimodo.model.client_metadata import ClientMetadata
from support.app import (
    ALL_GRANTS,
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    ISSUER,
    VERIFIER,
    App,
    AppHarness,
    response_of,
)
from support.dpop import DPoPKey, without_none
from support.registered_clients import BEARER, key_set, make_key, signed

PAR = "/api/v2/oauth2/par"
WHOLE: dict[str, str] = {
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "openid basic",
    "state": "some-state",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
_NUMBERS = count(1)


@dataclass
class Signer:
    """An application with `private_key_jwt` and DPoP. A claim or parameter that is None is left
    out."""

    harness: AppHarness
    app: App
    key: Any
    dpop: DPoPKey = field(default_factory=DPoPKey)
    algorithm: str = "ES256"

    def now(self) -> int:
        return int(self.harness.context.clock.now().timestamp())

    def assertion(self, **changes: Any) -> str:
        now = self.now()
        claims = {
            "iss": self.app.id,
            "sub": self.app.id,
            "aud": ISSUER,
            "jti": f"fapi {next(_NUMBERS)}",
            "iat": now,
            "exp": now + 60,
            **changes,
        }
        return signed(without_none(claims), self.key, self.algorithm)

    async def post(
        self, path: str, fields: dict[str, Any], *, proof: bool = False, **claims: Any
    ) -> httpx.Response:
        """`claims`: changes of the client assertion."""
        sent = {"client_assertion_type": BEARER, "client_assertion": self.assertion(**claims)}
        now = self.harness.context.clock.now()
        headers = {"dpop": self.dpop.proof(now, path)} if proof else {}
        data = without_none({**sent, **fields})
        return await self.harness.browser().post(path, data=data, headers=headers)

    async def pushed(self, fields: dict[str, Any]) -> str:
        response = await self.post(PAR, fields)
        assert response.status_code == 201, response.text
        assert response.json()["expires_in"] < 600
        uri: str = response.json()["request_uri"]
        return uri

    async def authorized(self, fields: dict[str, Any]) -> dict[str, str]:
        """The parameters of the authorization response."""
        browser = await self.harness.signed_in()
        response = await self.opened(await self.pushed(fields), browser)
        return response_of(response).parameters

    def request_object(self, **changes: Any) -> str:
        now = self.now()
        claims = {
            "iss": self.app.id,
            "client_id": self.app.id,
            "aud": ISSUER,
            "nbf": now,
            "exp": now + 300,
            **WHOLE,
            "response_mode": "jwt",
            **changes,
        }
        return signed(without_none(claims), self.key, self.algorithm)

    async def opened(self, uri: str, browser: httpx.AsyncClient) -> httpx.Response:
        """The authorization endpoint with a pushed request."""
        return await browser.get(AUTHORIZE, params={"client_id": self.app.id, "request_uri": uri})


async def signer(
    harness: AppHarness, profile: str = "fapi2", algorithm: str = "ES256", **metadata: Any
) -> Signer:
    key = make_key(algorithm)
    members: dict[str, Any] = {
        "profile": profile,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": key_set(key),
        "dpop_bound_access_tokens": True,
        **metadata,
    }
    app = await harness.app(
        first_party=True, metadata=ClientMetadata(**members), grant_types=ALL_GRANTS
    )
    return Signer(harness, app, key, algorithm=algorithm)


def redeeming(code: str) -> dict[str, Any]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
