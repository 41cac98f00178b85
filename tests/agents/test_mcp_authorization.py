"""Who uses `/mcp` (MCP 2026-07-28, Authorization and Streamable HTTP; RFC 8707, RFC 9728)."""

from typing import Any

import pytest
from mcp_agent import (
    ADD,
    BOTH,
    LIST,
    MCP,
    MODERN,
    ON,
    READ,
    RESOURCE,
    Agent,
    message,
    token_for,
    tokens_for,
)

from quantimodo.app.composition.resources import resource_registry
from quantimodo.clients.errors import InvalidMetadata
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.app import ISSUER, USERINFO, AppHarness, OpenHarness, form_fields
from support.dpop import DPoPKey, post_token, token_hash

METADATA = f"{ISSUER}/.well-known/oauth-protected-resource/mcp"
API = f"{ISSUER}/api"
MEASUREMENTS = "/api/v1/measurements"


async def test_9728_an_agent_finds_the_server_from_the_address_alone(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(**ON) as harness:
        # RFC 9728 §5.1; Scope Selection Strategy: with all that a tool may need.
        for body in (LIST, ADD, b"{"):
            refused = await Agent(harness).post(body)
            assert refused.status_code == 401
            challenge = refused.headers["www-authenticate"]
            found = f'Bearer scope="{BOTH}", resource_metadata="{METADATA}", DPoP algs='
            assert challenge.startswith(found)
        metadata = (await harness.browser().get(METADATA)).json()
        assert metadata["resource"] == RESOURCE
        assert metadata["authorization_servers"] == [ISSUER]
        assert metadata["scopes_supported"] == BOTH.split()
        assert metadata["bearer_methods_supported"] == ["header"]
        # A preflight of a browser's client names the headers of the protocol.
        preflight = await harness.browser().options(MCP)
        assert "MCP-Protocol-Version" in preflight.headers["access-control-allow-headers"]


async def test_8707_a_token_is_for_one_resource_only(open_harness: OpenHarness) -> None:
    async with open_harness(**ON) as harness:
        await harness.person()
        app = await harness.app()
        own = (await harness.tokens(app, scope=BOTH))["access_token"]
        browser = await harness.signed_in()
        code = (await harness.authorize(browser, app, scope=BOTH, resource=RESOURCE)).code
        other = await harness.redeem(app, code, resource=API)
        assert (other.status_code, other.json()["error"]) == (400, "invalid_target")
        granted = (await harness.redeem(app, code, resource=RESOURCE)).json()
        assert granted["scope"] == "readmeasurements", "the person did not tick the other one"
        refreshed = (await harness.refresh(app, granted["refresh_token"])).json()
        for token in (granted["access_token"], refreshed["access_token"]):
            assert (await Agent(harness, token).post(READ)).status_code == 200
            for path in (MEASUREMENTS, "/api/v1/user/me", USERINFO, "/api/v1/units"):
                assert (await harness.call(token, path)).status_code == 401
            assert await harness.introspect(app, token) == {"active": False}
        refused = await Agent(harness, own).post(READ)
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
        assert f'resource_metadata="{METADATA}"' in refused.headers["www-authenticate"]
        # No application has it for itself: an agent acts for a person.
        alone = await harness.token(app, grant_type="client_credentials", resource=RESOURCE)
        assert alone.json()["error"] == "invalid_target"
        await harness.revoke(app, refreshed["refresh_token"])
        assert (await Agent(harness, refreshed["access_token"]).post(READ)).status_code == 401


async def test_a_missing_scope_is_a_challenge_for_more(open_harness: OpenHarness) -> None:
    """Scope Challenge Handling."""
    async with open_harness(**ON) as harness:
        await harness.person()
        app = await harness.app()
        reads = Agent(harness, await token_for(harness, app, "readmeasurements"))
        assert (await reads.post(READ)).status_code == 200
        twice = b'{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":'
        hidden = twice + b'{"name":"list_variables","name":"add_measurement","arguments":{}}}'
        for body in (ADD, hidden):
            refused = await reads.post(body)
            assert refused.status_code == 403
            challenge = refused.headers["www-authenticate"]
            assert 'error="insufficient_scope"' in challenge
            assert f'scope="writemeasurements", resource_metadata="{METADATA}"' in challenge
        writes = Agent(harness, await token_for(harness, app))
        assert (await writes.post(ADD)).status_code == 200
        # What the person takes back holds from the next request on.
        browser = await harness.signed_in()
        path = f"/account/apps/{app.id}"
        csrf = form_fields((await browser.get(path)).text)["csrf"]
        kept = f"{RESOURCE}#0:readmeasurements"
        changed = await browser.post(path, data={"csrf": csrf, "scope": kept})
        assert changed.status_code == 303, changed.text
        assert (await writes.post(READ)).status_code == 200
        assert (await writes.post(ADD)).status_code == 403


async def test_registered_scopes_limit_an_application_but_not_one_that_registered_itself(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(**ON, registration__mode="open") as harness:
        await harness.person()
        limited = await harness.app(scope=frozenset({"openid"}))
        browser = await harness.signed_in()
        refused = await harness.authorize(browser, limited, scope=BOTH, resource=RESOURCE)
        assert refused.parameters["error"] == "invalid_scope"
        reads = await harness.app(scope=frozenset({"readmeasurements"}))
        tokens = await harness.tokens(reads, browser, scope=BOTH, resource=RESOURCE)
        assert tokens["scope"] == "readmeasurements"
        # A second request has more scopes than the registration: Step-Up Authorization Flow.
        itself = await harness.app(scope=frozenset({"readmeasurements"}), public=True)
        await harness.register_again(itself, registration_digest=b"x" * 32)
        tokens = await tokens_for(harness, itself)
        assert set(tokens["scope"].split()) == set(BOTH.split())
        own = await harness.tokens(itself, browser, scope=BOTH)
        assert own["scope"] == "readmeasurements", "the API has the scopes of the registration"


async def test_dpop_bound_tokens_need_their_proof(open_harness: OpenHarness) -> None:
    """RFC 9449 §7."""
    async with open_harness(**ON) as harness:
        await harness.person()
        app, key = await harness.app(), DPoPKey()
        now = harness.context.clock.now()
        code = (
            await harness.authorize(await harness.signed_in(), app, scope=BOTH, resource=RESOURCE)
        ).code
        response = await post_token(
            harness,
            app,
            key.proof(now),
            grant_type="authorization_code",
            code=code,
            redirect_uri="https://app.example.org/callback",
            code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        )
        tokens = response.json()
        assert tokens["token_type"] == "DPoP"
        token, agent = tokens["access_token"], Agent(harness)
        proof = key.proof(now, MCP, ath=token_hash(token))
        headers = {"authorization": f"DPoP {token}"}
        assert (await agent.post(READ, **headers, dpop=proof)).status_code == 200
        assert (await agent.post(READ, **headers, dpop=proof)).status_code == 401, "replay"
        elsewhere = key.proof(now, MEASUREMENTS, ath=token_hash(token))
        assert (await agent.post(READ, **headers, dpop=elsewhere)).status_code == 401
        assert (await Agent(harness, token).post(READ)).status_code == 401, "as a bearer token"


async def test_other_hosts_and_origins_are_refused(open_harness: OpenHarness) -> None:
    """Streamable HTTP, Security & Endpoint: DNS rebinding."""
    web = "https://agents.example.org"
    async with open_harness(**ON, mcp__allowed_origins=web) as harness:
        await harness.person()
        agent = Agent(harness, await token_for(harness, await harness.app()))
        for headers, status in (
            ({"host": "id.example.org"}, 200),
            ({"host": "ID.example.org:443"}, 200),
            ({"host": "id.example.org:8443"}, 421),
            ({"host": "evil.example.org"}, 421),
            ({"host": ""}, 421),
            ({"origin": ISSUER}, 200),
            ({"origin": web}, 200),
            ({"origin": "https://evil.example.org"}, 403),
            ({"origin": "http://id.example.org"}, 403),
            ({"origin": "null"}, 403),
        ):
            assert (await agent.post(READ, **headers)).status_code == status, headers
        assert (await Agent(harness).post(READ, origin="null")).status_code == 403, "first of all"


async def test_bad_input_is_refused_with_a_reason(open_harness: OpenHarness) -> None:
    async with open_harness(**ON) as harness:
        await harness.person()
        token = await token_for(harness, await harness.app())
        agent, browser = Agent(harness, token), harness.browser()
        huge = message("tools/list", x="x" * 70_000)
        bodies: list[tuple[Any, dict[str, str], int]] = [
            (huge, {}, 413),
            (READ, {"content_encoding": "gzip"}, 415),
            (b"", {}, 400),
            (b"{", {}, 400),
            (b"\xff\xfe", {}, 400),
            (b"[" * 30_000, {}, 400),
            ([READ, ADD], {}, 400),
            ([{"zebra": "zebra"}], {}, 400),
            ({**READ, "method": ["zebra"]}, {}, 400),
            (READ, {"content_type": "text/plain"}, 400),
            (READ, {"accept": "text/html"}, 406),
            (READ, {"mcp_protocol_version": "1999-01-01"}, 400),
            (message("subscriptions/listen"), {"mcp_protocol_version": MODERN}, 400),
        ]
        for body, headers, status in bodies:
            response = await agent.post(body, **headers)
            assert response.status_code == status, (body, headers, response.text)
            assert response.headers["cache-control"] == "no-store"
            assert "zebra" not in response.text
        # A notification has no response (Sending Messages, 5).
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert (await agent.post(ready)).status_code == 202
        # Access Token Usage, 2: never in the query.
        refused = await browser.post(MCP, params={"access_token": token}, json=READ)
        assert refused.status_code == 400
        assert token not in refused.text
        for method in ("GET", "DELETE", "PUT"):
            response = await browser.request(method, MCP)
            assert (response.status_code, response.headers["allow"]) == (405, "OPTIONS, POST")


async def test_without_the_setting_there_is_nothing(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    for method in ("GET", "POST"):
        response = await browser.request(method, MCP)
        assert response.status_code == 404
        assert response.json()["error"] == "not_found"
    assert (await browser.get(METADATA)).status_code == 404
    refused = await harness.authorize(browser, app, scope=BOTH, resource=RESOURCE)
    assert refused.parameters["error"] == "invalid_target"


async def test_the_identifier_cannot_be_registered(open_harness: OpenHarness) -> None:
    async with open_harness(**ON) as harness:
        registry = resource_registry(harness.context)
        for identifier in (RESOURCE, f"{RESOURCE}/"):
            with pytest.raises(InvalidMetadata) as refusal:
                await registry.register(
                    identifier, ResourceRegistration(name="X"), owner_id=None, by_operator=True
                )
            assert refusal.value.field == "identifier"
        assert await harness.context.stores.resources.resources() == []


async def test_the_openapi_document_of_the_server_has_it(open_harness: OpenHarness) -> None:
    for settings, has in ((ON, True), ({}, False)):
        async with open_harness(**settings) as harness:
            paths = (await harness.browser().get("/api/openapi.json")).json()["paths"]
            assert (MCP in paths) is has
            if has:
                response = await Agent(harness).post(LIST)
                assert str(response.status_code) in paths[MCP]["post"]["responses"]
