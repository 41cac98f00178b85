"""Authlib, unmodified: its OAuth 2 client, and its OpenID Connect integration for Starlette."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.starlette_client import OAuth
from starlette.requests import Request

from quantimodo.model.client_metadata import ClientMetadata
from support.app import CALLBACK, App
from support.interop import SCOPE, InteropSetup
from support.live_server import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_the_oauth_client_does_the_whole_of_its_work(
    interop: InteropSetup, method: str
) -> None:
    if interop.app.secret is None:
        method = "none"
    async with _client(interop.app, method, scope=SCOPE, redirect_uri=CALLBACK) as client:
        found = await _metadata(client, interop.issuer)
        verifier = generate_token(64)
        url, state = client.create_authorization_url(
            found["authorization_endpoint"], code_verifier=verifier
        )
        back = await interop.allow(url)
        assert f"state={state}" in back
        token = await client.fetch_token(
            found["token_endpoint"], authorization_response=back, code_verifier=verifier
        )
        assert token["scope"] == SCOPE
        interop.check_userinfo((await client.get(found["userinfo_endpoint"])).json())
        new = await client.refresh_token(
            found["token_endpoint"], refresh_token=token["refresh_token"]
        )
        assert new["refresh_token"] != token["refresh_token"]
        assert (await client.get(f"{interop.issuer}/api/v1/user/me")).json()[
            "email"
        ] == interop.email
        if interop.app.secret is not None:
            introspected = await client.introspect_token(
                found["introspection_endpoint"], token=new["access_token"]
            )
            assert introspected.json()["active"] is True
            assert introspected.json()["sub"] == interop.person.subject
        await client.revoke_token(found["revocation_endpoint"], token=new["refresh_token"])
        assert (await client.get(found["userinfo_endpoint"])).status_code == 401
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.refresh_token(found["token_endpoint"], refresh_token=new["refresh_token"])


async def test_an_app_gets_a_token_for_itself(site: Live, machine: App) -> None:
    async with _client(machine, "client_secret_basic", scope="readmeasurements") as client:
        found = await _metadata(client, site.address)
        token = await client.fetch_token(found["token_endpoint"], grant_type="client_credentials")
        assert token["scope"] == "readmeasurements"
        introspected = await client.introspect_token(
            found["introspection_endpoint"], token=token["access_token"]
        )
        assert introspected.json()["sub"] == machine.id
        await client.revoke_token(found["revocation_endpoint"], token=token["access_token"])
        introspected = await client.introspect_token(
            found["introspection_endpoint"], token=token["access_token"]
        )
        assert introspected.json() == {"active": False}


async def test_the_openid_integration_signs_a_person_in(interop: InteropSetup) -> None:
    """Discovery, PKCE, state, nonce, keys and ID token are all checked by Authlib."""
    oauth = OAuth()
    relying = oauth.register(
        "quantimodo",
        client_id=interop.app.id,
        client_secret=interop.app.secret,
        server_metadata_url=f"{interop.issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": SCOPE,
            "code_challenge_method": "S256",
            **({} if interop.app.secret else {"token_endpoint_auth_method": "none"}),
        },
    )
    session: dict[str, Any] = {}
    redirect = await relying.authorize_redirect(_request("", session), CALLBACK)
    back = await interop.allow(redirect.headers["location"])
    token = await relying.authorize_access_token(_request(urlsplit(back).query, session))
    interop.check_claims(token["userinfo"])
    interop.check_userinfo(await relying.userinfo(token=token))


@pytest.mark.parametrize("included", [True, False])
async def test_an_app_that_reads_only_the_id_token_gets_the_email_address(
    site: Live, included: bool
) -> None:
    """With `include_claims_in_id_token`: Authlib's `token["userinfo"]` is the ID token."""
    app = await site.app(CALLBACK, metadata=ClientMetadata(include_claims_in_id_token=included))
    person = await site.person(f"reader{included}@example.org".lower(), "Ann Example")
    interop = InteropSetup(site, app, person)
    relying = OAuth().register(
        "quantimodo",
        client_id=app.id,
        client_secret=app.secret,
        server_metadata_url=f"{interop.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )
    session: dict[str, Any] = {}
    redirect = await relying.authorize_redirect(_request("", session), CALLBACK)
    back = await interop.allow(redirect.headers["location"])
    token = await relying.authorize_access_token(_request(urlsplit(back).query, session))
    found = {name: token["userinfo"].get(name) for name in ("email", "email_verified", "name")}
    claims = {"email": person.email, "email_verified": True, "name": "Ann Example"}
    assert found == (claims if included else dict.fromkeys(claims))


def _client(app: App, method: str, **more: Any) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        app.id,
        app.secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        code_challenge_method="S256",
        **more,
    )


async def _metadata(client: AsyncOAuth2Client, issuer: str) -> dict[str, Any]:
    response = await client.request(
        "GET", f"{issuer}/.well-known/oauth-authorization-server", withhold_token=True
    )
    found: dict[str, Any] = response.json()
    return found


def _request(query: str, session: dict[str, Any]) -> Request:
    """One request to the app, with the session that its framework keeps."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/callback",
        "headers": [],
        "query_string": query.encode(),
        "session": session,
    }
    return Request(scope)
