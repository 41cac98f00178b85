"""The metadata of this server's API (RFC 9728 §2, §3), and how a client finds it (RFC 9728 §5)."""

from quantimodo.model.resources import Resource
from quantimodo.protocol.resource_registration import resource_metadata
from support.app import ISSUER, ME, AppHarness

WELL_KNOWN = "/.well-known/oauth-protected-resource"


async def test_a_client_finds_the_server_from_a_refused_request(harness: AppHarness) -> None:
    browser = harness.browser()
    # RFC 9728 §5.1
    refused = await browser.get(ME)
    challenge, _, dpop = refused.headers["www-authenticate"].partition(", ")
    assert challenge == f'Bearer resource_metadata="{ISSUER}{WELL_KNOWN}/api"'
    address = challenge.partition('resource_metadata="')[2].rstrip('"')
    response = await browser.get(address, headers={"origin": "https://app.example.org"})
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["content-type"] == "application/json"
    metadata = response.json()
    # RFC 9728 §3.3: the identifier is the address without the inserted path.
    assert metadata["resource"] == address.replace(WELL_KNOWN, "")
    (issuer,) = metadata["authorization_servers"]
    server = (await browser.get(f"{issuer}/.well-known/oauth-authorization-server")).json()
    assert server["issuer"] == issuer
    # RFC 9449 §7.1
    algorithms = metadata["dpop_signing_alg_values_supported"]
    assert dpop == f'DPoP algs="{" ".join(algorithms)}"'
    assert set(metadata["scopes_supported"]) <= set(server["scopes_supported"])
    assert metadata["bearer_methods_supported"] == ["header", "body", "query"]
    assert metadata["authorization_details_types_supported"] == ["health_measurements"]
    assert "tls_client_certificate_bound_access_tokens" not in metadata
    assert (await browser.get(WELL_KNOWN)).json() == metadata


async def test_a_challenge_names_the_scope_that_is_missing(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    token = (await harness.tokens(app, scope="openid"))["access_token"]
    refused = await harness.call(token)
    assert refused.status_code == 403
    challenge = refused.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="basic"' in challenge
    assert f'resource_metadata="{ISSUER}{WELL_KNOWN}/api"' in challenge


async def test_3_2_a_member_without_a_value_is_left_out(harness: AppHarness) -> None:
    """Of our API, and of one without scopes that publishes its metadata at its own host."""
    own = (await harness.browser().get(WELL_KNOWN)).json()
    now = harness.context.clock.now()
    api = Resource(id=1, identifier="https://tasks.example.org/", name="Tasks", created_at=now)
    for document in (own, resource_metadata(api, ISSUER)):
        assert not [name for name, value in document.items() if value in ([], "", None, {})]
    assert "scopes_supported" in own


async def test_other_tokens_than_those_of_the_api_have_no_metadata(harness: AppHarness) -> None:
    app = await harness.app()
    refused = await harness.call("x", f"/api/v2/oauth2/register/{app.id}")
    assert refused.status_code == 401
    assert "resource_metadata" not in refused.headers["www-authenticate"]
