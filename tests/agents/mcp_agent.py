"""An agent: sends messages of the Model Context Protocol, as its SDKs do."""

import json
from itertools import count
from typing import Any

import httpx

from support.app import DECISION, ISSUER, App, AppHarness, form_fields, response_of

MCP = "/mcp"
RESOURCE = f"{ISSUER}{MCP}"
ON = {"mcp__enabled": "true"}
BOTH = "readmeasurements writemeasurements"
MODERN = "2026-07-28"
ANN = "ann@example.org"
_numbers = count(1)


def message(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": next(_numbers), "method": method, "params": params}


def call_of(tool: str, **arguments: Any) -> dict[str, Any]:
    return message("tools/call", name=tool, arguments=arguments)


READ = call_of("read_measurements")
ADD = call_of("add_measurement", variable="Nap", value=2, unit="/5", category="Sleep")
LIST = message("tools/list")


async def tokens_for(
    harness: AppHarness, app: App, scope: str = BOTH, *, ticks: bool = True, email: str = ANN
) -> dict[str, Any]:
    """The token response for this resource, of a person who allows it, and who ticks that the
    application may write."""
    browser = await harness.signed_in(email)
    response = await harness.ask(browser, app, scope=scope, resource=RESOURCE)
    if response.status_code == 200:
        fields = {**form_fields(response.text), "decision": "allow"}
        ticked = {"scope": f"{RESOURCE}#0:writemeasurements"} if ticks and scope == BOTH else {}
        response = await browser.post(DECISION, data={**fields, **ticked})
    redeemed = await harness.redeem(app, response_of(response).code, resource=RESOURCE)
    assert redeemed.status_code == 200, redeemed.text
    found: dict[str, Any] = redeemed.json()
    return found


async def token_for(harness: AppHarness, app: App, scope: str = BOTH) -> str:
    """An access token of Ann for this resource."""
    token: str = (await tokens_for(harness, app, scope))["access_token"]
    return token


class Agent:
    """Sends messages with one access token; with none if it is empty."""

    def __init__(self, harness: AppHarness, token: str = "") -> None:
        self._http = harness.browser()
        self._headers = {"accept": "application/json, text/event-stream"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": "application/json", **self._headers, **named}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self._http.post(MCP, content=content, headers=sent)

    async def result(self, body: Any, **headers: str) -> dict[str, Any]:
        response = await self.post(body, **headers)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()["result"]
        return found

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What the tool returned."""
        result = await self.result(call_of(tool, **arguments))
        assert not result.get("isError"), result
        found: dict[str, Any] = result["structuredContent"]
        assert json.loads(result["content"][0]["text"]) == found
        return found

    async def refusal(self, tool: str, **arguments: Any) -> str:
        """The text with which the tool refused."""
        result = await self.result(call_of(tool, **arguments))
        assert result["isError"] is True, result
        text: str = result["content"][0]["text"]
        return text


async def open_agent(harness: AppHarness) -> Agent:
    """A new application with a token of Ann, who exists."""
    return Agent(harness, await token_for(harness, await harness.app()))
