"""examples/resource-server-node: an API that verifies JWT access tokens with jose."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from quantimodo.app.composition.resources import resource_registry
from quantimodo.model.resources import ResourceScope
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.app import AUTHORIZE, CHALLENGE, REVOKE, TOKEN, VERIFIER, App
from support.dpop import DPoPKey
from support.example_runs import ExamplePerson, SetUp, set_up
from support.live_server import Live
from support.workers import free_port

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.node]

CALLBACK = "http://127.0.0.1:9000/callback"
SCOPES = (ResourceScope("tasks:read", "Read your tasks"), ResourceScope("tasks:write", "Add tasks"))


async def prepared(site: Live, folder: Path) -> tuple[SetUp, str]:
    """The project at a free port, and the identifier of the API, which is registered."""
    made = await set_up(site, "resource-server-node", folder)
    identifier = f"http://127.0.0.1:{free_port()}/"
    await resource_registry(site.context).register(
        identifier,
        ResourceRegistration(name="Tasks", scopes=SCOPES, introspected_by=frozenset({made.app.id})),
        owner_id=None,
        by_operator=True,
    )
    return replace(made, values=replace(made.values, redirect_uri=identifier)), identifier


async def tokens(
    site: Live, app: App, email: str, key: DPoPKey | None = None, **requested: str
) -> dict[str, str]:
    """The token response of a code that this person allowed, with tokens bound to `key`."""
    assert app.auth is not None
    query = {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "state": "some-state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **requested,
    }
    address = httpx.URL(site.address + AUTHORIZE, params=query)
    back = httpx.URL(await site.allow(str(address), email))
    fields = {
        "grant_type": "authorization_code",
        "code": back.params["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    headers = {}
    if key is not None:
        headers["dpop"] = key.proof(datetime.now(UTC), htu=site.address + TOKEN)
    response = await site.browser().post(TOKEN, data=fields, auth=app.auth, headers=headers)
    assert response.status_code == 200, response.text
    found: dict[str, str] = response.json()
    return found


async def test_it_accepts_tokens_that_are_for_it_alone(
    site: Live, person: ExamplePerson, npm_folder: Path
) -> None:
    made, identifier = await prepared(site, npm_folder)
    app = await site.app(CALLBACK, token_format="jwt")
    both = await tokens(
        site, app, person.email, resource=identifier, scope="openid tasks:read tasks:write"
    )
    reading = await tokens(site, app, person.email, resource=identifier, scope="tasks:read")
    bound = await tokens(
        site, app, person.email, DPoPKey(), resource=identifier, scope="tasks:read"
    )
    foreign = await tokens(site, app, person.email, scope="basic")
    task = {"title": "Sleep"}
    async with (
        made.serving("npm", "start", API_IDENTIFIER=identifier),
        httpx.AsyncClient(base_url=identifier) as http,
    ):

        async def send(method: str, token: str | None, path: str = "/tasks") -> httpx.Response:
            headers = {} if token is None else {"authorization": f"Bearer {token}"}
            body = task if method == "POST" else None
            return await http.request(method, path, headers=headers, json=body)

        metadata = (await send("GET", None, "/.well-known/oauth-protected-resource")).json()
        assert metadata["resource"] == identifier
        assert metadata["authorization_servers"] == [site.address]

        added = await send("POST", both["access_token"])
        assert (added.status_code, added.json()) == (201, {**task, "by": app.id})
        read = await send("GET", reading["access_token"])
        assert read.json() == [{**task, "by": app.id}]

        none = await send("GET", None)
        assert none.status_code == 401
        assert none.headers["www-authenticate"] == (
            f'Bearer resource_metadata="{identifier}.well-known/oauth-protected-resource"'
        )
        header, payload, signature = both["access_token"].split(".")
        refused = {
            "another API": foreign["access_token"],
            "bound to a key, whose proof is not checked": bound["access_token"],
            "an ID token": both["id_token"],
            "another signature": f"{header}.{payload}.{signature[::-1]}",
            "not signed": f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{payload}.",
            "no token": "some-text",
        }
        for reason, token in refused.items():
            response = await send("GET", token)
            assert response.status_code == 401, reason
            assert 'error="invalid_token"' in response.headers["www-authenticate"], reason
        less = await send("POST", reading["access_token"])
        assert less.status_code == 403
        assert 'error="insufficient_scope", scope="tasks:write"' in less.headers["www-authenticate"]

        revoked = {"token": both["refresh_token"]}
        await site.browser().post(REVOKE, data=revoked, auth=app.auth)
        assert (await send("GET", both["access_token"])).status_code == 200, "until it expires"
        assert (await send("POST", both["access_token"])).status_code == 401, "introspected"
