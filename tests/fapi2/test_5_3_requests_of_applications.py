"""The requests of an application with the FAPI 2.0 Security Profile (FAPI 2.0 §5.3), and with
FAPI 2.0 Message Signing §5, over HTTP."""

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
    INTROSPECT,
    ISSUER,
    ME,
    TOKEN,
    VERIFIER,
    App,
    AppHarness,
    response_of,
)
from support.dpop import DPoPKey, call
from support.jwt_forgery import header_of, verified
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
        return signed(_given(claims), self.key, self.algorithm)

    async def post(
        self, path: str, fields: dict[str, Any], *, proof: bool = False, **claims: Any
    ) -> httpx.Response:
        sent = {"client_assertion_type": BEARER, "client_assertion": self.assertion(**claims)}
        now = self.harness.context.clock.now()
        headers = {"dpop": self.dpop.proof(now, path)} if proof else {}
        data = {**sent, **_given(fields)}
        return await self.harness.browser().post(path, data=data, headers=headers)

    async def pushed(self, fields: dict[str, Any]) -> str:
        response = await self.post(PAR, fields)
        assert response.status_code == 201, response.text
        assert response.json()["expires_in"] < 600
        uri: str = response.json()["request_uri"]
        return uri

    async def authorized(self, fields: dict[str, Any]) -> dict[str, str]:
        """The parameters of the authorization response."""
        uri = await self.pushed(fields)
        browser = await self.harness.signed_in()
        response = await browser.get(
            AUTHORIZE, params={"client_id": self.app.id, "request_uri": uri}
        )
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
        return signed(_given(claims), self.key, self.algorithm)


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


async def signer(harness: AppHarness, profile: str = "fapi2") -> Signer:
    key = make_key("ES256")
    metadata: dict[str, Any] = {
        "profile": profile,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": key_set(key),
        "dpop_bound_access_tokens": True,
    }
    app = await harness.app(
        first_party=True, metadata=ClientMetadata(**metadata), grant_types=ALL_GRANTS
    )
    return Signer(harness, app, key)


def redeeming(code: str) -> dict[str, Any]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }


async def test_5_3_the_whole_flow_and_refreshes_without_rotation(harness: AppHarness) -> None:
    await harness.person()
    app = await signer(harness)
    found = await app.authorized(WHOLE)
    assert found["iss"] == ISSUER  # FAPI 2.0 §5.3.2.2 (7)
    tokens = (await app.post(TOKEN, redeeming(found["code"]), proof=True)).json()
    assert tokens["token_type"] == "DPoP"
    assert (await call(harness, app.dpop, tokens["access_token"])).status_code == 200
    assert header_of(tokens["id_token"])["alg"] == "PS256"  # FAPI 2.0 §5.4.1 (1)
    # FAPI 2.0 §5.3.2.1 (9): the refresh token stays valid, as long as the grant.
    assert tokens["refresh_token_expires_in"] == tokens["authorization_expires_in"]
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for _ in range(3):
        again = await app.post(TOKEN, refresh, proof=True)
        assert again.status_code == 200, again.text
        assert "refresh_token" not in again.json()
        assert again.json()["access_token"] != tokens["access_token"]
        assert (await call(harness, app.dpop, again.json()["access_token"])).status_code == 200
        harness.advance(days=20)
    # Its revocation ends the grant, and the access tokens of all refreshes.
    await app.post("/api/v2/oauth2/revoke", {"token": tokens["refresh_token"]})
    assert (await app.post(TOKEN, refresh, proof=True)).status_code == 400


async def test_5_3_2_refused_requests(harness: AppHarness) -> None:
    await harness.person()
    app = await signer(harness)
    now = app.now()
    claims: tuple[tuple[str, dict[str, Any]], ...] = (
        ("5.3.2.1 (8)", {"aud": ISSUER + TOKEN}),
        ("5.3.2.1 (8)", {"aud": ISSUER + PAR}),
        ("5.3.2.1 (8)", {"aud": [ISSUER]}),
        ("5.3.2.1 (13)", {"iat": now + 61}),
        ("5.3.2.1 (13)", {"nbf": now + 61}),
    )
    for section, changes in claims:
        refused = await app.post(PAR, WHOLE, **changes)
        assert refused.status_code == 401, section
    # FAPI 2.0 §5.3.2.1 (13)
    assert (await app.post(PAR, WHOLE, iat=now + 10, nbf=now + 10)).status_code == 201
    parameters: tuple[tuple[str, dict[str, Any]], ...] = (
        ("5.3.2.2 (1)", {"response_type": "code id_token", "nonce": "some-nonce"}),
        ("5.3.2.2 (5)", {"code_challenge": None, "code_challenge_method": None}),
        ("5.3.2.2 (5)", {"code_challenge_method": "plain"}),
        ("5.3.2.2 (6)", {"redirect_uri": None, "scope": "basic"}),
    )
    for section, changes in parameters:
        assert (await app.post(PAR, {**WHOLE, **changes})).status_code == 400, section
    # FAPI 2.0 §5.3.2.2 (4): a request that is not authenticated.
    plain = {**WHOLE, "client_id": app.app.id}
    assert (await harness.browser().post(PAR, data=plain)).status_code == 401
    # FAPI 2.0 §5.3.2.2 (3): a request that was not pushed.
    unpushed = await harness.ask(await harness.signed_in(), app.app)
    assert response_of(unpushed).parameters["error"] == "invalid_request"
    # FAPI 2.0 §5.3.2.1 (4): a token request without a proof, also of an application for itself.
    code = (await app.authorized(WHOLE))["code"]
    for fields in (redeeming(code), {"grant_type": "client_credentials", "scope": "basic"}):
        assert (await app.post(TOKEN, fields)).status_code == 400
    tokens = (await app.post(TOKEN, redeeming(code), proof=True)).json()
    # FAPI 2.0 §5.3.4 (2): a token in an address.
    in_query = await harness.browser().get(f"{ME}?access_token={tokens['access_token']}")
    assert in_query.status_code in (400, 401)
    # FAPI 2.0 §5.3.2.2 (9): a code that was used.
    assert (await app.post(TOKEN, redeeming(code), proof=True)).status_code == 400


async def test_5_4_1_other_algorithms_are_refused(harness: AppHarness) -> None:
    """Also those that the application did not exclude in its registration."""
    key = make_key("RS256")
    metadata: dict[str, Any] = {
        "profile": "fapi2",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": key_set(key),
        "dpop_bound_access_tokens": True,
    }
    app = await harness.app(first_party=True, metadata=ClientMetadata(**metadata))
    for algorithm, status in (("PS256", 201), ("RS256", 401)):
        found = Signer(harness, app, key, algorithm=algorithm)
        assert (await found.post(PAR, WHOLE)).status_code == status
    request = Signer(harness, app, key, algorithm="RS256").request_object()
    trusted = Signer(harness, app, key, algorithm="PS256")
    refused = await trusted.post(PAR, {"request": request})
    assert refused.json()["error"] == "invalid_request_object"


async def test_message_signing_5_3_to_5_5(harness: AppHarness) -> None:
    await harness.person()
    app = await signer(harness, "fapi2_message_signing")
    now = app.now()
    refused: tuple[tuple[str, dict[str, Any]], ...] = (
        ("5.3.1 (2)", {"aud": None}),
        ("5.3.1 (2)", {"aud": "https://other.example.org"}),
        ("5.3.1 (3)", {"nbf": None}),
        ("5.3.1 (3)", {"nbf": now - 3700, "exp": now + 60}),
        ("5.3.1 (4)", {"exp": None}),
        ("5.3.1 (4)", {"exp": now + 3601}),
        ("5.4.1", {"response_mode": None}),
        ("5.4.1", {"response_mode": "query"}),
        ("FAPI 2.0 §5.3.2.1 (13)", {"iat": now + 61}),
    )
    for section, changes in refused:
        response = await app.post(PAR, {"request": app.request_object(**changes)})
        assert response.status_code == 400, section
    # FAPI 2.0 Message Signing §5.3.1 (1): an unsigned request.
    assert (await app.post(PAR, {**WHOLE, "response_mode": "jwt"})).status_code == 400
    found = await app.authorized({"request": app.request_object(iat=now + 10)})
    assert set(found) == {"response"}
    claims = await verified(harness, found["response"], "PS256")
    assert claims["iss"] == ISSUER
    tokens = (await app.post(TOKEN, redeeming(str(claims["code"])), proof=True)).json()
    # FAPI 2.0 Message Signing §5.5.1: signed, whatever the request accepts.
    response = await app.post(INTROSPECT, {"token": tokens["access_token"]})
    assert response.headers["content-type"] == "application/token-introspection+jwt"
    described = await verified(harness, response.text, "PS256")
    assert described["token_introspection"]["active"] is True
