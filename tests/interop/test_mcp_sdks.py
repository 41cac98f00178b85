"""The official MCP SDKs, unmodified: from the address of `/mcp` alone, through their own OAuth.

With a client id metadata document, and with registration. What a person does is done over HTTP.
"""

import asyncio
import json
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio

from support.certificates import tls_pair
from support.live_server import Live, open_live

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import httpx2
    from mcp import Client
    from mcp.client.auth import OAuthClientProvider
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared.auth import (
        AuthorizationCodeResult,
        OAuthClientInformationFull,
        OAuthClientMetadata,
        OAuthToken,
    )

pytestmark = pytest.mark.asyncio(loop_scope="session")

_SCRIPT = Path(__file__).parent.parent / "node" / "mcp_client.mjs"
CALLBACK = "http://127.0.0.1:8765/callback"
BOTH = "readmeasurements writemeasurements"
TOOLS = {"list_variables", "read_measurements", "aggregate_measurements", "add_measurement"}


@dataclass(frozen=True, slots=True)
class Site:
    """The server, and the address of a metadata document that it accepts."""

    live: Live
    document: str

    @property
    def server(self) -> str:
        return f"{self.live.address}/mcp"

    async def allow(self, url: str, email: str, *, ticks: bool) -> str:
        """What the person does with an authorization URL; where that leads."""
        ticked = {"scope": f"{self.server}#0:writemeasurements"} if ticks else {}
        return await self.live.allow(url, email, **ticked)


@asynccontextmanager
async def published(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """An https server with the metadata document of an agent: its host, and the address."""
    context, _ = tls_pair(folder)
    address = ""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        document = {
            "client_id": address,
            "client_name": "Agent with a document",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        }
        body = json.dumps(document).encode()
        head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    address = f"https://{host}/agent.json"
    try:
        yield host, address
    finally:
        server.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def agents(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("agents")
    async with published(folder) as (host, document):
        settings = {
            "mcp__enabled": "true",
            "registration__mode": "open",
            "registration__client_id_metadata_documents": "on",
            "insecure_private_app_hosts": host,
            "insecure_unverified_hosts": host,
        }
        async with open_live(folder, workers=2, **settings) as live:
            yield Site(live, document)


class Storage:
    """What an agent stores: `TokenStorage` of the SDK."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@pytest.mark.parametrize("registered", [False, True])
async def test_the_python_sdk(agents: Site, registered: bool) -> None:
    email = f"python-{registered}@example.org"
    await agents.live.person(email)
    storage, requested, returned = Storage(), list[dict[str, str]](), dict[str, str]()

    async def redirect(url: str) -> None:
        requested.append(dict(parse_qsl(urlsplit(url).query)))
        back = await agents.allow(url, email, ticks=True)
        returned.update(parse_qsl(urlsplit(back).query))

    async def callback() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(
            code=returned["code"], state=returned["state"], iss=returned["iss"]
        )

    metadata = {
        "client_name": "Python agent",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }
    provider = OAuthClientProvider(
        agents.server,
        OAuthClientMetadata.model_validate(metadata),
        storage,
        redirect,
        callback,
        client_metadata_url=None if registered else agents.document,
    )
    async with (
        httpx2.AsyncClient(auth=provider, timeout=60) as http,
        Client(
            streamable_http_client(agents.server, http_client=http),
            mode="legacy" if registered else "auto",
        ) as session,
    ):
        # Both kinds of revisions: with the handshake, and without it.
        assert session.protocol_version == ("2025-11-25" if registered else "2026-07-28")
        assert {tool.name for tool in (await session.list_tools()).tools} == TOOLS
        nap = {"variable": "Nap", "value": 20, "unit": "min", "category": "Sleep"}
        added = await session.call_tool("add_measurement", nap)
        assert added.structured_content == {"saved": 1}
        read = await session.call_tool("read_measurements", {"category": "Sleep"})
        assert [row["value"] for row in read.structured_content["measurements"]] == [20]
        before = storage.tokens
        provider.context.token_expiry_time = 1.0
        listed = await session.call_tool("list_variables", {})
        assert listed.structured_content["total"] == 1
    (request,) = requested
    assert request["resource"] == agents.server
    assert request["scope"] == f"{BOTH} offline_access"
    assert before is not None
    assert storage.tokens is not None
    assert before.access_token != storage.tokens.access_token, "refreshed"
    assert storage.client is not None
    assert (storage.client.client_id == agents.document) is not registered


@pytest.mark.node
@pytest.mark.parametrize(("registered", "ticks"), [(False, True), (True, True), (True, False)])
async def test_the_typescript_sdk(agents: Site, registered: bool, ticks: bool) -> None:
    email = f"typescript-{registered}-{ticks}@example.org"
    await agents.live.person(email)
    found = await _run(
        agents,
        email,
        {
            "server": agents.server,
            "redirect_uri": CALLBACK,
            "client_metadata_url": None if registered else agents.document,
        },
        ticks=ticks,
    )
    assert set(found["tools"]) == TOOLS
    assert [(each["resource"], each["scope"]) for each in found["requested"]] == [
        (agents.server, BOTH)
    ]
    assert (found["before"], found["refreshed"]) == (0, int(ticks))
    assert (found["client_id"] == agents.document) is not registered
    assert [row["value"] for row in found["read"]] == ([20] if ticks else [])
    assert found["added"] == ({"saved": 1} if ticks else {"refused": 403})
    assert set(found["scope"].split()) == set(BOTH.split() if ticks else ["readmeasurements"])


async def _run(agents: Site, email: str, wanted: dict[str, Any], *, ticks: bool) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        "node",
        *("--no-warnings", str(_SCRIPT), json.dumps(wanted)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            async for line in process.stdout:
                sent = json.loads(line)
                if "result" in sent:
                    found: dict[str, Any] = sent["result"]
                    return found
                back = await agents.allow(sent["open"], email, ticks=ticks)
                process.stdin.write(json.dumps({"back": back}).encode() + b"\n")
        pytest.fail((await process.stderr.read()).decode())
    finally:
        process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()
