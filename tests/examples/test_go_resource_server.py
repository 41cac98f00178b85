"""examples/go-resource-server: an API that introspects each access token."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from quantimodo.app.composition.resources import resource_registry
from quantimodo.model.resources import ResourceScope
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.app import REVOKE, TOKEN, App
from support.example_builds import build_go
from support.example_runs import SetUp, set_up
from support.live_server import Live
from support.workers import free_port

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.slow,
    pytest.mark.timeout(600),  # the first build compiles the standard library
]

SCOPES = (ResourceScope("notes:read", "Read your notes"), ResourceScope("notes:add", "Add notes"))
RUN = "set -o allexport; . ./.env; set +o allexport;"


async def prepared(site: Live, folder: Path) -> tuple[SetUp, str, App]:
    """The project at a free port, the identifier of the API, and an application that uses it."""
    made = await set_up(site, "go-resource-server", folder)
    app = await site.app("https://app.example.org/callback")
    identifier = f"http://127.0.0.1:{free_port()}/"
    await resource_registry(site.context).register(
        identifier,
        ResourceRegistration(
            name="Notes",
            scopes=SCOPES,
            clients=frozenset({app.id}),
            introspected_by=frozenset({made.app.id}),
            token_format="opaque",
        ),
        owner_id=None,
        by_operator=True,
    )
    return replace(made, values=replace(made.values, redirect_uri=identifier)), identifier, app


async def token(site: Live, app: App, **fields: str) -> str:
    """An access token of the application itself."""
    assert app.auth is not None
    data = {"grant_type": "client_credentials", **fields}
    response = await site.browser().post(TOKEN, data=data, auth=app.auth)
    body: dict[str, Any] = response.json()
    assert response.status_code == 200, body
    return str(body["access_token"])


async def test_it_accepts_tokens_for_itself_until_they_are_revoked(
    site: Live, tmp_path: Path
) -> None:
    made, identifier, app = await prepared(site, tmp_path)
    assert app.auth is not None
    await build_go(made)
    good = await token(site, app, resource=identifier, scope="notes:read")
    less = await token(site, app, resource=identifier, scope="notes:add")
    foreign = await token(site, app, scope="readmeasurements")
    run = f'{RUN} export API_IDENTIFIER="{identifier}"; exec ./quantimodo-go'
    async with (
        made.serving("sh", "-c", run),
        httpx.AsyncClient(base_url=identifier) as http,
    ):

        async def send(sent: str | None) -> httpx.Response:
            headers = {} if sent is None else {"authorization": f"Bearer {sent}"}
            return await http.get("/notes", headers=headers)

        published = (await http.get("/.well-known/oauth-protected-resource")).json()
        assert published["resource"] == identifier
        assert published["authorization_servers"] == [site.address]
        where = f'Bearer resource_metadata="{identifier}.well-known/oauth-protected-resource"'

        none = await send(None)
        assert (none.status_code, none.headers["www-authenticate"]) == (401, where)
        read = await send(good)
        assert (read.status_code, read.json()) == (200, {"person": app.id, "application": app.id})
        for refused in (foreign, "some-text"):
            response = await send(refused)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == f'{where}, error="invalid_token"'
        response = await send(less)
        assert response.status_code == 403
        challenge = f'{where}, error="insufficient_scope", scope="notes:read"'
        assert response.headers["www-authenticate"] == challenge
        await site.browser().post(REVOKE, data={"token": good}, auth=app.auth)
        assert (await send(good)).status_code == 401

    async with (
        made.serving("sh", "-c", f"{run.replace('exec', 'QUANTIMODO_CLIENT_SECRET=x exec')}"),
        httpx.AsyncClient(base_url=identifier) as http,
    ):
        response = await http.get("/notes", headers={"authorization": f"Bearer {less}"})
        assert response.status_code == 503
        assert "introspection failed: 401 Unauthorized: invalid_client" in made.log()
