"""requests-oauthlib, unmodified: the code flow with PKCE, refresh, revocation, and an app's own
token. It looks at no ID token; that one is verified here by joserfc, as its users would."""

from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError, WebApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from support.app import CALLBACK, App
from support.interop import SCOPE, InteropSetup
from support.live_server import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def loopback_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.mark.parametrize("method", ["basic", "post"])
async def test_the_session_does_the_whole_of_its_work(interop: InteropSetup, method: str) -> None:
    app, found = interop.app, _metadata(interop.issuer)
    with OAuth2Session(app.id, scope=SCOPE.split(), redirect_uri=CALLBACK, pkce="S256") as session:
        url, state = session.authorization_url(found["authorization_endpoint"], nonce="some-nonce")
        back = await interop.allow(url)
        assert f"state={state}" in back
        token = session.fetch_token(
            found["token_endpoint"], authorization_response=back, **_credentials(app, method)
        )
        assert token["scope"] == SCOPE.split()
        claims = _verified(token["id_token"], found["jwks_uri"], app.client.id_token_alg)
        assert claims["nonce"] == "some-nonce"
        interop.check_claims(claims)
        interop.check_userinfo(session.get(found["userinfo_endpoint"]).json())
        auth, fields = _by(app, method)
        new = session.refresh_token(found["token_endpoint"], auth=auth, **fields)
        assert new["refresh_token"] != token["refresh_token"]
        assert session.get(f"{interop.issuer}/api/v1/user/me").json()["email"] == interop.email
        if app.secret is not None:
            introspected = requests.post(
                found["introspection_endpoint"],
                data={"token": new["access_token"], **fields},
                auth=auth,
                timeout=60,
            )
            assert introspected.json()["active"] is True
        ended = WebApplicationClient(app.id).prepare_token_revocation_request(
            found["revocation_endpoint"], new["refresh_token"], "refresh_token", **fields
        )
        target, headers, body = ended
        assert requests.post(target, body, headers=headers, auth=auth, timeout=60).ok
        assert session.get(found["userinfo_endpoint"]).status_code == 401
        with pytest.raises(InvalidGrantError):
            session.refresh_token(found["token_endpoint"], auth=auth, **fields)


async def test_an_app_gets_a_token_for_itself(site: Live, machine: App) -> None:
    found = _metadata(site.address)
    client = BackendApplicationClient(machine.id, scope=["readmeasurements"])
    with OAuth2Session(client=client) as session:
        token = session.fetch_token(
            found["token_endpoint"], client_id=machine.id, client_secret=machine.secret
        )
        assert token["scope"] == ["readmeasurements"]
        # It opens no person's data.
        assert session.get(f"{site.address}/api/v1/user/me").status_code == 403


def _metadata(issuer: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(
        f"{issuer}/.well-known/openid-configuration", timeout=60
    ).json()
    return found


def _credentials(app: App, method: str) -> dict[str, Any]:
    """As `fetch_token` takes them."""
    if app.secret is None:
        return {"include_client_id": True}
    if method == "basic":
        return {"auth": HTTPBasicAuth(app.id, app.secret)}
    return {"include_client_id": True, "client_secret": app.secret}


def _by(app: App, method: str) -> tuple[HTTPBasicAuth | None, dict[str, str]]:
    """As everything else takes them."""
    if app.secret is None:
        return None, {"client_id": app.id}
    if method == "basic":
        return HTTPBasicAuth(app.id, app.secret), {}
    return None, {"client_id": app.id, "client_secret": app.secret}


def _verified(id_token: str, jwks_uri: str, algorithm: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(requests.get(jwks_uri, timeout=60).json())
    return jwt.decode(id_token, keys, algorithms=[algorithm]).claims
