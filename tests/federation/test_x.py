"""Sign-in with X, against the responses that its documentation shows.

Flow and token endpoint: docs.x.com, "OAuth 2.0 Authorization Code Flow with PKCE". Account:
docs.x.com, "Get my User". Errors: developer.x.com, "Response codes and errors"; the token
endpoint's words for a bad code: github.com/plhery/node-twitter-api-v2/issues/496.
"""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from quantimodo.federation.contract import (
    AccessDeniedByUser,
    AuthorizationContext,
    BadCode,
    BadToken,
    Provider,
    ProviderPolicy,
)
from quantimodo.federation.providers.x import X
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderFault, ProviderUnavailable
from support.addresses import query_of
from support.recordings import Recordings

AUTHORIZE = "https://x.com/i/oauth2/authorize"
TOKEN = "https://api.x.com/2/oauth2/token"
ME = "https://api.x.com/2/users/me"
CALLBACK = "https://id.example.org/api/v2/auth/social/callback/x"

POLICY = ProviderPolicy(
    name="x", kind="x", client_id="fake:client", client_secret=Secret("fake secret")
)
CONTEXT = AuthorizationContext(
    state=Secret("fake-state"),
    nonce="fake-nonce",
    verifier=Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    redirect_uri=CALLBACK,
)
RESPONSE = {"code": "fake-code", "state": "fake-state"}

GRANTED = {
    "token_type": "bearer",
    "expires_in": 7200,
    "access_token": "fake-access-token",
    "scope": "users.read tweet.read",
}
ACCOUNT = {"data": {"id": "2244994945", "name": "Dev Example", "username": "DevExample"}}


@pytest.fixture
def x() -> Recordings:
    recordings = Recordings()
    recordings.record("POST", TOKEN, GRANTED)
    recordings.record("GET", ME, ACCOUNT)
    return recordings


def provider(recordings: Recordings, **changes: Any) -> Provider:
    return X(replace(POLICY, **changes), recordings.http_client())


async def callback(recordings: Recordings, **changes: Any) -> UpstreamProfile:
    return await provider(recordings, **changes).handle_callback(RESPONSE, CONTEXT)


async def test_the_subject_is_the_number_and_there_is_no_address(x: Recordings) -> None:
    assert await callback(x) == UpstreamProfile(
        provider="x", issuer="https://x.com", subject="2244994945", name="Dev Example"
    )


async def test_an_address_that_comes_unasked_is_not_taken(x: Recordings) -> None:
    x.record("GET", ME, {"data": {**ACCOUNT["data"], "confirmed_email": "victim@example.org"}})
    profile = await callback(x, authoritative=True)
    assert (profile.email, profile.email_verified, profile.email_authoritative) == (
        None,
        False,
        False,
    )


async def test_the_browser_is_sent_with_state_and_pkce(x: Recordings) -> None:
    url = await provider(x).authorization_url(CONTEXT)
    assert url.startswith(f"{AUTHORIZE}?")
    assert query_of(url) == {
        "response_type": "code",
        "client_id": "fake:client",
        "redirect_uri": CALLBACK,
        "scope": "users.read tweet.read",
        "state": "fake-state",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    assert await provider(x).destination() == "https://x.com"


async def test_a_confidential_client_shows_its_secret_in_the_header_only(x: Recordings) -> None:
    await callback(x)
    requested = x.only(TOKEN)
    expected = b64encode(b"fake%3Aclient:fake+secret").decode()
    assert requested.headers["authorization"] == f"Basic {expected}"
    assert requested.form == {
        "grant_type": "authorization_code",
        "code": "fake-code",
        "redirect_uri": CALLBACK,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    }


async def test_a_public_client_says_who_it_is_in_the_form(x: Recordings) -> None:
    await callback(x, client_secret=None)
    requested = x.only(TOKEN)
    assert "authorization" not in requested.headers
    assert requested.form["client_id"] == "fake:client"


async def test_the_account_is_asked_for_with_the_token_in_the_header(x: Recordings) -> None:
    await callback(x)
    assert x.only(ME).headers["authorization"] == "Bearer fake-access-token"
    assert x.only(ME).query == {}


@pytest.mark.parametrize(
    "description",
    [
        "Value passed for the authorization code was invalid.",
        "Value passed for the code verifier did not match the code challenge.",
    ],
)
async def test_a_code_that_x_does_not_take_is_a_bad_code(x: Recordings, description: str) -> None:
    x.record(
        "POST", TOKEN, {"error": "invalid_request", "error_description": description}, status=400
    )
    with pytest.raises(BadCode):
        await callback(x)


async def test_wrong_credentials_of_ours_are_not_the_persons_fault(x: Recordings) -> None:
    x.record(
        "POST",
        TOKEN,
        {"error": "unauthorized_client", "error_description": "Missing valid authorization header"},
        status=401,
    )
    with pytest.raises(InvalidProviderResponse) as caught:
        await callback(x)
    assert caught.value.because == "token endpoint: unauthorized_client"


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (
            401,
            {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "…"},
            InvalidProviderResponse,
        ),
        (
            403,
            {
                "client_id": "27283493",
                "title": "Client Forbidden",
                "required_enrollment": "Appropriate Level of API Access",
                "reason": "client-not-enrolled",
                "type": "https://api.x.com/2/problems/client-forbidden",
            },
            InvalidProviderResponse,
        ),
        (
            429,
            {"title": "Too Many Requests", "type": "about:blank", "status": 429},
            ProviderUnavailable,
        ),
        (503, {"title": "Service Unavailable", "type": "about:blank"}, ProviderUnavailable),
        (200, {"errors": [{"title": "Forbidden", "detail": "suspended"}]}, InvalidProviderResponse),
        (200, {"data": None}, InvalidProviderResponse),
        (200, {"data": [ACCOUNT["data"]]}, InvalidProviderResponse),
        (200, {"data": {"name": "Dev Example", "username": "DevExample"}}, InvalidProviderResponse),
        (200, {"data": {"id": "DevExample", "username": "DevExample"}}, InvalidProviderResponse),
        (200, b"<!DOCTYPE html>", InvalidProviderResponse),
    ],
)
async def test_no_account_no_sign_in(
    x: Recordings, status: int, body: Any, fault: type[ProviderFault]
) -> None:
    x.record("GET", ME, body, status)
    with pytest.raises(fault):
        await callback(x)


async def test_the_number_may_come_as_a_number(x: Recordings) -> None:
    x.record("GET", ME, {"data": {"id": 1234567890123456789, "username": "DevExample"}})
    profile = await callback(x)
    assert (profile.subject, profile.name) == ("1234567890123456789", "DevExample")


async def test_a_person_who_declines_gets_access_denied(x: Recordings) -> None:
    with pytest.raises(AccessDeniedByUser):
        await provider(x).handle_callback(
            {"error": "access_denied", "state": "fake-state"}, CONTEXT
        )
    assert x.requested == []


async def test_a_response_of_another_issuer_is_refused_before_the_code_leaves(
    x: Recordings,
) -> None:
    with pytest.raises(InvalidProviderResponse):
        await provider(x).handle_callback({**RESPONSE, "iss": "https://evil.example"}, CONTEXT)
    assert x.requested == []
    assert (
        await provider(x).handle_callback({**RESPONSE, "iss": "https://x.com"}, CONTEXT)
    ).subject


async def test_a_code_without_our_verifier_is_refused_at_once(x: Recordings) -> None:
    with pytest.raises(BadCode):
        await provider(x).redeem(Secret("fake-code"), CALLBACK)
    assert x.requested == []


async def test_a_native_token_is_refused_because_it_names_no_application(x: Recordings) -> None:
    with pytest.raises(BadToken):
        await provider(x).verify_native_token(Secret("fake-access-token"), None, None)
    assert x.requested == []


async def test_a_message_in_the_name_of_x_is_refused(x: Recordings) -> None:
    with pytest.raises(BadToken):
        await provider(x).security_events("application/json", b"{}")


async def test_the_refresh_token_of_offline_access_is_returned(x: Recordings) -> None:
    x.record("POST", TOKEN, {**GRANTED, "refresh_token": "fake-refresh-token"})
    profile = await callback(x, scope="users.read tweet.read offline.access")
    assert profile.refresh_token is not None
    assert profile.refresh_token.reveal() == "fake-refresh-token"


async def test_every_address_can_be_another_servers(x: Recordings) -> None:
    own = "https://x.example.org"
    x.record("POST", f"{own}/token", GRANTED)
    x.record("GET", f"{own}/me", ACCOUNT)
    stand_in = provider(
        x,
        issuer=own,
        authorization_endpoint=f"{own}/authorize",
        token_endpoint=f"{own}/token",
        userinfo_endpoint=f"{own}/me",
    )
    assert await stand_in.destination() == own
    assert (await stand_in.handle_callback(RESPONSE, CONTEXT)).issuer == own
    assert all(requested.url.startswith(own) for requested in x.requested)
