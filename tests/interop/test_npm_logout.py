"""openid-client signs a person in and out; the server notifies the app over a socket."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from quantimodo.model.client_metadata import ClientMetadata
from support.app import PASSWORD, App, form_fields
from support.jwt_forgery import header_of
from support.live_server import Live, ServeLive
from support.page_site import listening
from support.workers import free_port

pytestmark = pytest.mark.node

_SCRIPT = Path(__file__).parent.parent / "node" / "openid_client_logout.mjs"
CALLBACK = "http://127.0.0.1:8765/callback"
SIGNED_OUT = "http://127.0.0.1:8765/signed-out"


async def _app(live: Live, back_channel: str) -> App:
    app = await live.app(CALLBACK)
    found = await live.context.stores.clients.client(app.id)
    assert found is not None
    metadata = ClientMetadata(
        post_logout_redirect_uris=(SIGNED_OUT,), backchannel_logout_uri=back_channel
    )
    assert await live.context.stores.clients.replace_client(replace(found, metadata=metadata))
    return app


async def _visit(browser: httpx.AsyncClient, url: str) -> str:
    """As a person does, in this one browser, until the app is reached."""
    response = await browser.get(url)
    while not response.headers.get("location", "").startswith("http://127.0.0.1:8765/"):
        if response.status_code == 303:
            response = await browser.get(response.headers["location"])
        elif 'name="username"' in response.text:
            who = {"username": "ann@example.org", "password": PASSWORD}
            response = await browser.post("/sign-in", data={**form_fields(response.text), **who})
        else:
            assert 'id="allow"' in response.text, response.text
            fields = {**form_fields(response.text), "decision": "allow"}
            response = await browser.post("/api/v2/oauth/authorize/decision", data=fields)
    return str(response.headers["location"])


async def _run(live: Live, app: App) -> dict[str, Any]:
    wanted = {
        "issuer": live.address,
        "client_id": app.id,
        "client_secret": app.secret,
        "redirect_uri": CALLBACK,
        "post_logout_redirect_uri": SIGNED_OUT,
    }
    process = await asyncio.create_subprocess_exec(
        "node",
        *("--no-warnings", str(_SCRIPT), json.dumps(wanted)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    browser = live.browser()
    message: dict[str, Any] = {}
    async with asyncio.timeout(60):
        async for line in process.stdout:
            message = json.loads(line)
            if "result" in message:
                break
            back = await _visit(browser, message["open"])
            process.stdin.write(json.dumps({"back": back}).encode() + b"\n")
    process.stdin.close()
    await process.wait()
    assert (await browser.get("/account")).status_code == 303
    result: dict[str, Any] = message["result"]
    return result


async def test_openid_client_signs_out_and_the_app_is_notified(serve_live: ServeLive) -> None:
    received: asyncio.Queue[str] = asyncio.Queue()

    async def hear(request: Request) -> Response:
        received.put_nowait((await request.body()).decode())
        return PlainTextResponse("")

    port = free_port()
    # The operator's setting allows logout notifications to this machine.
    live = await serve_live(insecure_private_app_hosts=f"127.0.0.1:{port}")
    async with listening(Starlette(routes=[Route("/b", hear, methods=["POST"])]), port) as address:
        await live.person()
        result = await _run(live, await _app(live, f"{address}/b"))
        assert result["signedOut"] == f"{SIGNED_OUT}?state=some-state"
        async with asyncio.timeout(30):
            body = await received.get()
    token = body.removeprefix("logout_token=")
    assert header_of(token)["typ"] == "logout+jwt"
    keys = (await live.browser().get("/.well-known/jwks.json")).json()
    claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"]).claims
    assert claims["sid"] == result["claims"]["sid"]
    assert claims["sub"] == result["claims"]["sub"]
