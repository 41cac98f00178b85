"""Metadata (RFC 8414 §3, OpenID Connect Discovery §3): it is there, and it is true."""

from typing import Any
from urllib.parse import urlsplit

from quantimodo.clients.registry import Registration
from quantimodo.protocol.constants import RESPONSE_TYPES, TOKEN_EXCHANGE
from quantimodo.protocol.grant_types import GRANT_TYPES
from support.app import CALLBACK, ISSUER, AppHarness, response_of

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"


async def document(harness: AppHarness) -> dict[str, Any]:
    found: dict[str, Any] = (await harness.browser().get(OPENID)).json()
    return found


async def test_anybody_may_read_and_keep_it(harness: AppHarness) -> None:
    for path in (
        OPENID,
        OAUTH,
    ):
        response = await harness.browser().get(path, headers={"origin": "https://anybody.example"})
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.headers["cache-control"] == "public, max-age=3600"
        assert response.headers["access-control-allow-origin"] == "*"
        assert response.headers["vary"] == "origin", "or a cache gives one kind of response to all"


async def test_both_addresses_say_the_same(harness: AppHarness) -> None:
    browser = harness.browser()
    assert (await browser.get(OPENID)).content == (await browser.get(OAUTH)).content


async def test_the_issuer_is_the_address_that_it_is_found_by(harness: AppHarness) -> None:
    # RFC 8414 §3.3: MUST be identical.
    assert (await document(harness))["issuer"] == ISSUER


async def test_the_required_metadata_are_there(harness: AppHarness) -> None:
    required = {
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    }
    found = await document(harness)
    assert required <= found.keys()
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    # OpenID Connect Core §2: for a client that registered it, from the token endpoint only.
    assert "none" in found["id_token_signing_alg_values_supported"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert not [key for key, value in found.items() if value in ([], "", None)]


async def test_every_advertised_endpoint_answers(harness: AppHarness) -> None:
    found = await document(harness)
    endpoints = {
        name: value
        for name, value in found.items()
        if name.endswith(("_endpoint", "_uri")) and isinstance(value, str)
    }
    # Grant Management §6.3: the address of a grant begins with it, and nothing is there.
    del endpoints["grant_management_endpoint"]
    assert len(endpoints) == 9
    for name, address in endpoints.items():
        assert address.startswith(ISSUER + "/"), name
        path = urlsplit(address).path
        statuses = {
            (await harness.browser().request(method, path)).status_code
            for method in ("GET", "POST")
        }
        assert 404 not in statuses, name
        assert statuses & {200, 400, 401}, name


async def test_every_advertised_grant_is_offered_and_no_other(harness: AppHarness) -> None:
    found, app = await document(harness), await harness.app()
    for grant in found["grant_types_supported"]:
        if grant != "implicit":  # which has no business at the token endpoint
            response = await harness.token(app, grant_type=grant)
            assert response.json().get("error") != "unsupported_grant_type", grant
    assert set(found["grant_types_supported"]) - {"implicit"} == GRANT_TYPES - {TOKEN_EXCHANGE}
    assert "password" not in found["grant_types_supported"]


async def test_every_advertised_response_type_and_mode_answers(harness: AppHarness) -> None:
    await harness.person()
    found = await document(harness)
    kinds = found["response_types_supported"]
    assert set(kinds) == RESPONSE_TYPES
    app = await harness.app(first_party=True, response_types=frozenset(kinds))
    browser = await harness.signed_in()
    for kind in kinds:
        response = await harness.ask(browser, app, response_type=kind, scope="openid", nonce="n")
        authorization_response = response_of(response)
        assert authorization_response.location.startswith(CALLBACK)
        assert "error" not in authorization_response.parameters, kind
    for mode in found["response_modes_supported"]:
        response = await harness.ask(browser, app, response_mode=mode)
        assert response.status_code in (200, 303)
        assert "error=" not in response.headers.get("location", "")


async def test_every_advertised_scope_can_be_granted(harness: AppHarness) -> None:
    await harness.person()
    scopes = (await document(harness))["scopes_supported"]
    tokens = await harness.tokens(await harness.app(), scope=" ".join(scopes))
    assert set(tokens["scope"].split()) == set(scopes)
    assert Registration(name="x").scope >= set(scopes)


async def test_every_advertised_method_authenticates(harness: AppHarness) -> None:
    found, app = await document(harness), await harness.app()
    assert found["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "none",
    ]
    assert "none" not in found["introspection_endpoint_auth_methods_supported"]
    browser = harness.browser()
    data = {"token": "x", "client_id": app.id, "client_secret": app.secret or ""}
    for name in ("revocation", "introspection"):
        path = urlsplit(found[f"{name}_endpoint"]).path
        assert (await browser.post(path, data=data)).status_code == 200
        assert (await harness.post(path, app, {"token": "x"})).status_code == 200


async def test_the_keys_are_public_and_only_that(harness: AppHarness) -> None:
    response = await harness.browser().get(urlsplit((await document(harness))["jwks_uri"]).path)
    keys = response.json()["keys"]
    assert response.headers["cache-control"] == "public, max-age=300"
    assert {key["alg"] for key in keys} == {"ES256", "RS256", "PS256", "EdDSA"}
    for key in keys:
        assert key["use"] == "sig"
        assert key["kid"]
        assert not key.keys() & {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}


async def test_the_metadata_name_the_request_parameters(harness: AppHarness) -> None:
    found = await document(harness)
    for name in ("claims", "request", "request_uri"):
        assert found[f"{name}_parameter_supported"] is True
    # OpenID Connect Discovery §3: only addresses that were registered are ever fetched.
    assert found["require_request_uri_registration"] is True
