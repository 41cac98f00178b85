"""openid-client and oauth4webapi (npm), unmodified: what they check themselves on the way is most
of what is tested here. Needs Node.js, and `scripts/node-clients`."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from quantimodo.model.client_metadata import ClientMetadata
from support.app import CALLBACK, App
from support.client_certificate import client_certificate
from support.interop import SCOPE, InteropSetup
from support.live_server import Live
from support.registered_clients import key_set, make_key

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.node]

_SCRIPTS = Path(__file__).parent.parent / "node"
_CLIENTS = ["openid_client.mjs", "oauth4webapi.mjs"]


@pytest.mark.parametrize("client", _CLIENTS)
@pytest.mark.parametrize(
    ("algorithm", "method"), [("oidc", "client_secret_basic"), ("oauth2", "client_secret_post")]
)
async def test_a_client_does_the_whole_of_its_work(
    interop: InteropSetup, client: str, algorithm: str, method: str
) -> None:
    app = interop.app
    result = await _run(client, interop, _wanted(interop.issuer, app, method, algorithm))
    assert result["scope"] == SCOPE
    interop.check_claims(result["claims"])
    assert result["refreshedClaims"]["sub"] == result["claims"]["sub"]
    interop.check_userinfo(result["userinfo"])
    assert result["me"]["email"] == interop.email
    assert result["rotated"] is True
    if app.secret is not None:
        assert result["introspected"]["active"] is True
        assert result["introspected"]["sub"] == interop.person.subject
        assert result["introspectedAfter"] == {"active": False}
    assert result["refused"] == "invalid_grant"


@pytest.mark.parametrize("client", _CLIENTS)
async def test_an_app_gets_a_token_for_itself(site: Live, machine: App, client: str) -> None:
    wanted = _wanted(site.address, machine, "client_secret_basic", "oauth2")
    result = await _run(client, None, {**wanted, "own": True, "scope": "readmeasurements"})
    assert result["scope"] == "readmeasurements"
    assert result["before"]["active"] is True
    assert result["before"]["client_id"] == machine.id
    assert result["after"] == {"active": False}


async def test_rfc_9126_a_client_pushes_its_request(site: Live) -> None:
    app = await site.app(CALLBACK)
    interop = InteropSetup(site, app, await site.person("pushed@example.org", "Ann Example"))
    wanted = _wanted(interop.issuer, app, "client_secret_basic", "oidc")
    result = await _run("openid_client_pushed.mjs", interop, wanted)
    assert set(result["parameters"]) == {"client_id", "request_uri"}
    interop.check_claims(result["claims"])


def _wanted(issuer: str, app: App, method: str, algorithm: str) -> dict[str, Any]:
    """`algorithm`: which of the two well-known documents the client asks for."""
    return {
        "issuer": issuer,
        "client_id": app.id,
        "client_secret": app.secret,
        "method": "none" if app.secret is None else method,
        "id_token_alg": app.client.id_token_alg,
        "algorithm": algorithm,
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
    }


async def _run(script: str, interop: InteropSetup | None, wanted: dict[str, Any]) -> dict[str, Any]:
    """Runs a script; what it wants to be opened, the person of `interop` opens, and allows."""
    process = await asyncio.create_subprocess_exec(
        "node",
        *("--no-warnings", str(_SCRIPTS / script), json.dumps(wanted)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    message: dict[str, Any] = {}
    try:
        async with asyncio.timeout(60):
            async for line in process.stdout:
                message = json.loads(line)
                if "result" in message:
                    break
                assert interop is not None
                back = await interop.allow(message["open"])
                process.stdin.write(json.dumps({"back": back}).encode() + b"\n")
            else:
                pytest.fail((await process.stderr.read()).decode())
    finally:
        process.stdin.close()
        if process.returncode is None and "result" not in message:
            process.kill()
        await process.wait()
    result: dict[str, Any] = message["result"]
    return result


async def test_responses_that_bring_id_tokens_are_taken(site: Live) -> None:
    # OpenID Connect Core §3.2, §3.3
    kinds = frozenset({"code", "id_token", "code id_token"})
    app = await site.app(CALLBACK, response_types=kinds)
    person = await site.person("front.channel@example.org", "Ann Example")
    interop = InteropSetup(site, app, person)
    wanted = _wanted(site.address, app, "client_secret_basic", "oidc")
    result = await _run("openid_client_front_channel.mjs", interop, wanted)
    interop.check_claims(result["claims"])
    assert result["claims"]["email"] == person.email, "nothing else could bring it"
    interop.check_claims(result["hybrid"])
    assert "email" not in result["hybrid"]
    assert result["userinfo"]["email"] == person.email


@pytest.mark.parametrize("client", ["openid_client_dpop.mjs", "oauth4webapi_dpop.mjs"])
async def test_tokens_that_are_bound_to_a_key_of_the_client(site: Live, client: str) -> None:
    # RFC 9449 §5, §7, §8, §10
    app = await site.app(CALLBACK, public=True)
    person = await site.person(f"{client}@example.org", "Ann Example")
    interop = InteropSetup(site, app, person)
    result = await _run(client, interop, _wanted(site.address, app, "none", "oauth2"))
    assert [each.lower() for each in result["types"]] == ["dpop", "dpop"]
    interop.check_userinfo(result["userinfo"])
    assert result["me"]["email"] == interop.email
    assert (result["foreign"], result["bearer"]) == ("invalid_grant", 401)


@pytest.mark.parametrize(
    ("profile", "certified"),
    [("fapi2", False), ("fapi2", True), ("fapi2_message_signing", False)],
)
async def test_fapi_2_0_with_bound_tokens(site: Live, profile: str, certified: bool) -> None:
    # FAPI 2.0 §5.3.3, FAPI 2.0 Message Signing §5
    key = make_key("PS256")
    metadata: dict[str, Any] = {
        "profile": profile,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": key_set(key),
        "dpop_bound_access_tokens": not certified,
        "tls_client_certificate_bound_access_tokens": certified,
    }
    app = await site.app(CALLBACK, metadata=ClientMetadata(**metadata))
    person = await site.person(f"{profile}.{certified}@example.org", "Ann Example")
    interop = InteropSetup(site, app, person)
    shown = client_certificate(datetime.now(UTC)).sequence if certified else ""
    wanted = {**_wanted(site.address, app, "none", "oauth2"), "profile": profile}
    sent = {**wanted, "key": key.as_dict(private=True), "certificate": shown}
    result = await _run("oauth4webapi_fapi.mjs", interop, sent)
    assert result["type"] == ("bearer" if certified else "dpop")
    assert result["rotated"] is False
    assert result["unbound"] == ("invalid_request" if certified else "invalid_dpop_proof")
    assert result["bare"] == 401
    interop.check_claims(result["claims"])
    interop.check_userinfo(result["userinfo"])
    assert result["introspected"]["active"] is True
    assert set(result["introspected"]["cnf"]) == {"x5t#S256" if certified else "jkt"}
