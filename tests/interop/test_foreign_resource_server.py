"""A foreign API (RFC 8707, RFC 9068 §4): FastAPI with Authlib, unmodified. It accepts only the
tokens that are for itself."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from authlib.oauth2 import OAuth2Error, ResourceProtector
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc.jwk import KeySet

from quantimodo.app.composition.resources import resource_registry
from quantimodo.model.resources import ResourceScope
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.app import CALLBACK, CHALLENGE, TOKEN, VERIFIER
from support.live_server import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")

TASKS, NOTES = "https://tasks.example.org/", "https://notes.example.org/"


class Validator(JWTBearerTokenValidator):  # type: ignore[misc]
    """With the keys of the server, as its metadata leads to them."""

    def __init__(self, keys: KeySet, issuer: str) -> None:
        super().__init__(issuer, TASKS)
        self._keys = keys

    def get_jwks(self) -> KeySet:
        return self._keys


def task_api(validator: Validator) -> FastAPI:
    api, protector = FastAPI(), ResourceProtector()
    protector.register_token_validator(validator)

    @api.exception_handler(OAuth2Error)
    async def refused(_: Request, error: OAuth2Error) -> JSONResponse:
        return JSONResponse(dict(error.get_body()), error.status_code)

    @api.get("/tasks")
    async def tasks(request: Request) -> dict[str, str]:
        claims = protector.validate_request(["tasks:read"], request)
        return {"of": claims["sub"], "by": claims["client_id"]}

    @api.post("/tasks")
    async def add(request: Request) -> dict[str, str]:
        return {"of": protector.validate_request(["tasks:write"], request)["sub"]}

    return api


async def test_8707_2_it_accepts_only_tokens_for_itself(site: Live) -> None:
    app = await site.app(CALLBACK, token_format="jwt")
    person = await site.person("tasks@example.org", "Ann Example")
    for identifier in (TASKS, NOTES):
        scopes = (ResourceScope("tasks:read", "Read"), ResourceScope("tasks:write", "Change"))
        await resource_registry(site.context).register(
            identifier,
            ResourceRegistration(name="Tasks", scopes=scopes),
            owner_id=None,
            by_operator=True,
        )
    own = f"{site.address}/api"
    query = {
        "response_type": "code",
        "client_id": app.id,
        "redirect_uri": CALLBACK,
        "scope": "openid basic offline_access tasks:read",
        "resource": [own, TASKS, NOTES],
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    address = f"{site.address}/api/v2/oauth/authorize?{urlencode(query, doseq=True)}"
    back = await site.allow(address, "tasks@example.org")
    client = site.browser()

    async def tokens(**fields: str) -> dict[str, Any]:
        response = await client.post(TOKEN, data=fields, auth=(app.id, app.secret or ""))
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    code = parse_qs(urlsplit(back).query)["code"][0]
    redeeming = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    first = await tokens(**redeeming, redirect_uri=CALLBACK, resource=own)
    refreshing = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    of_tasks = await tokens(**refreshing, resource=TASKS)
    refreshing["refresh_token"] = of_tasks["refresh_token"]
    of_notes = await tokens(**refreshing, resource=NOTES)

    metadata = (await client.get("/.well-known/oauth-authorization-server")).json()
    keys = KeySet.import_key_set((await client.get(metadata["jwks_uri"])).json())
    transport = httpx.ASGITransport(app=task_api(Validator(keys, metadata["issuer"])))
    async with httpx.AsyncClient(transport=transport, base_url=TASKS) as api:

        async def status(token: str | None, method: str = "GET") -> int:
            headers = {} if token is None else {"authorization": f"Bearer {token}"}
            return (await api.request(method, "/tasks", headers=headers)).status_code

        right = {"authorization": f"Bearer {of_tasks['access_token']}"}
        assert (await api.get("/tasks", headers=right)).json() == {
            "of": person.subject,
            "by": app.id,
        }
        assert await status(of_tasks["access_token"], "POST") == 403, "it may not change tasks"
        wrong = (first["access_token"], of_notes["access_token"], first["id_token"])
        for token in (*wrong, of_tasks["access_token"][:-8] + "AAAAAAAA", None):
            assert await status(token) == 401, token
    # Its token opens nothing here.
    me = await client.get("/api/v1/user/me", headers=right)
    assert me.status_code == 401
