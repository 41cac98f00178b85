"""Sign-in with Facebook, against the responses that its documentation shows.

Dialog and code: developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow; PKCE:
…/guides/advanced/oidc-token. Errors: …/docs/graph-api/guides/error-handling. `debug_token`:
…/docs/graph-api/reference/debug_token and
…/docs/facebook-login/access-tokens/debugging-and-error-handling. `appsecret_proof`:
…/docs/graph-api/guides/secure-requests. The iOS token that Graph cannot parse:
github.com/facebook/facebook-ios-sdk/issues/2365.
Limited Login and signed requests: the two files beside this one.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from quantimodo.federation.contract import (
    AccessDeniedByUser,
    AuthorizationContext,
    BadCode,
    BadToken,
    ForeignToken,
    LimitedLoginNeeded,
    Provider,
    ProviderPolicy,
)
from quantimodo.federation.providers.facebook import Facebook
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderFault, ProviderUnavailable
from quantimodo.ports.stores import Stores
from support.addresses import query_of
from support.environment import FrozenClock
from support.recordings import Recordings

GRAPH = "https://graph.facebook.com/v25.0"
DIALOG = "https://www.facebook.com/v25.0/dialog/oauth"
TOKEN = f"{GRAPH}/oauth/access_token"
DEBUG = f"{GRAPH}/debug_token"
ME = f"{GRAPH}/me"
CALLBACK = "https://id.example.org/api/v2/auth/social/callback/facebook"

APP = "138483919580948"
POLICY = ProviderPolicy(
    name="facebook", kind="facebook", client_id=APP, client_secret=Secret("fake-app-secret")
)
CONTEXT = AuthorizationContext(
    state=Secret("fake-state"),
    nonce="fake-nonce",
    verifier=Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    redirect_uri=CALLBACK,
)
RESPONSE = {"code": "fake-code", "state": "fake-state"}
NATIVE = Secret("EAAfakeToken")
# HMAC-SHA-256 of EAAfakeToken with fake-app-secret: `openssl dgst -sha256 -hmac`.
PROOF = "52612eae4cbbd64dc46e154f4997777ee91a2a8fea9db4afd877a03f5810ebc5"

NOW = int(datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp())
GRANTED = {"access_token": "EAAfakeToken", "token_type": "bearer", "expires_in": 5183944}
INSPECTED: dict[str, Any] = {
    "app_id": APP,
    "type": "USER",
    "application": "Example",
    "data_access_expires_at": NOW + 7776000,
    "expires_at": NOW + 3600,
    "is_valid": True,
    "scopes": ["email", "public_profile"],
    "user_id": "10215241773831025",
}
ACCOUNT = {"id": "10215241773831025", "name": "Ann Example", "email": "ann@example.org"}
ANN = UpstreamProfile(
    provider="facebook",
    issuer="https://www.facebook.com",
    subject="10215241773831025",
    name="Ann Example",
    email="ann@example.org",
)


def error(code: int, message: str, **more: Any) -> dict[str, Any]:
    return {
        "error": {
            "message": message,
            "type": "OAuthException",
            "code": code,
            "fbtrace_id": "AfakeTrace",
            **more,
        }
    }


@pytest.fixture
def facebook() -> Recordings:
    recordings = Recordings()
    recordings.record("POST", TOKEN, GRANTED)
    recordings.record("GET", DEBUG, {"data": INSPECTED})
    recordings.record("GET", ME, ACCOUNT)
    return recordings


@pytest.fixture
def provider(facebook: Recordings, clock: FrozenClock, stores: Stores) -> Provider:
    return Facebook(POLICY, facebook.http_client(), clock, stores.replays)


async def native(provider: Provider) -> UpstreamProfile:
    return await provider.verify_native_token(NATIVE, None, None)


# --- In a browser -------------------------------------------------------------------------------


async def test_a_person_comes_back_and_is_known_by_the_number(provider: Provider) -> None:
    assert await provider.handle_callback(RESPONSE, CONTEXT) == ANN


async def test_the_browser_is_sent_with_state_and_pkce(provider: Provider) -> None:
    url = await provider.authorization_url(CONTEXT)
    assert url.startswith(f"{DIALOG}?")
    assert query_of(url) == {
        "response_type": "code",
        "client_id": APP,
        "redirect_uri": CALLBACK,
        "scope": "public_profile email",
        "state": "fake-state",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    assert await provider.destination() == "https://www.facebook.com"


async def test_a_fresh_sign_in_asks_for_the_password_again(provider: Provider) -> None:
    url = await provider.authorization_url(replace(CONTEXT, fresh=True))
    assert query_of(url)["auth_type"] == "reauthenticate"


async def test_the_code_is_exchanged_with_verifier_and_secret(
    provider: Provider, facebook: Recordings
) -> None:
    await provider.handle_callback(RESPONSE, CONTEXT)
    assert facebook.only(TOKEN).form == {
        "grant_type": "authorization_code",
        "code": "fake-code",
        "redirect_uri": CALLBACK,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "client_id": APP,
        "client_secret": "fake-app-secret",
    }


async def test_every_call_for_the_account_proves_that_it_is_ours(
    provider: Provider, facebook: Recordings
) -> None:
    await provider.handle_callback(RESPONSE, CONTEXT)
    assert facebook.only(ME).query == {
        "fields": "id,name,first_name,last_name,email",
        "access_token": "EAAfakeToken",
        "appsecret_proof": PROOF,
    }


async def test_an_address_may_be_missing(provider: Provider, facebook: Recordings) -> None:
    facebook.record("GET", ME, {"id": "10215241773831025", "name": "Ann Example"})
    assert await provider.handle_callback(RESPONSE, CONTEXT) == replace(ANN, email=None)


async def test_an_address_never_counts_as_verified(
    facebook: Recordings, clock: FrozenClock, stores: Stores
) -> None:
    facebook.record("GET", ME, {**ACCOUNT, "verified": True, "email_verified": True})
    trusting = Facebook(
        replace(POLICY, authoritative=True), facebook.http_client(), clock, stores.replays
    )
    for profile in (await trusting.handle_callback(RESPONSE, CONTEXT), await native(trusting)):
        assert (profile.email_verified, profile.email_authoritative) == (False, False)


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (
            {
                "error_reason": "user_denied",
                "error": "access_denied",
                "error_description": "Permissions error.",
            },
            AccessDeniedByUser,
        ),
        ({"error_reason": "user_denied", "error": "cancelled"}, AccessDeniedByUser),
        ({"error_code": "1349126", "error_message": "App Not Setup"}, InvalidProviderResponse),
        ({"error": "server_error"}, ProviderUnavailable),
        ({}, InvalidProviderResponse),
        ({**RESPONSE, "iss": "https://evil.example"}, InvalidProviderResponse),
        ({**RESPONSE, "iss": "https://facebook.com"}, InvalidProviderResponse),
    ],
)
async def test_a_callback_that_is_not_a_sign_in_asks_nothing_of_facebook(
    provider: Provider,
    facebook: Recordings,
    response: dict[str, str],
    fault: type[ProviderFault],
) -> None:
    with pytest.raises(fault):
        await provider.handle_callback(response, CONTEXT)
    assert facebook.requested == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (error(100, "This authorization code has been used.", error_subcode=36009), BadCode),
        (error(100, "This authorization code has expired.", error_subcode=36007), BadCode),
        (error(100, "Error validating verification code.", error_subcode=36008), BadCode),
        (error(1, "Error validating client secret."), InvalidProviderResponse),
        (
            error(101, "Error validating application. Invalid application ID."),
            InvalidProviderResponse,
        ),
        (error(4, "Application request limit reached"), ProviderUnavailable),
        ({"error": "code"}, InvalidProviderResponse),
        ({"error": None}, InvalidProviderResponse),
    ],
)
@pytest.mark.parametrize("status", [400, 200])
async def test_an_error_object_is_reported_by_its_code(
    provider: Provider,
    facebook: Recordings,
    body: dict[str, Any],
    fault: type[ProviderFault],
    status: int,
) -> None:
    facebook.record("POST", TOKEN, body, status)
    with pytest.raises(fault):
        await provider.handle_callback(RESPONSE, CONTEXT)


@pytest.mark.parametrize(
    ("body", "status", "fault"),
    [
        (error(190, "Invalid OAuth access token."), 400, InvalidProviderResponse),
        (
            error(100, "Invalid appsecret_proof provided in the API argument"),
            400,
            InvalidProviderResponse,
        ),
        (error(2, "Service temporarily unavailable", is_transient=True), 500, ProviderUnavailable),
        (error(17, "User request limit reached"), 400, ProviderUnavailable),
        (error(1, "An unknown error occurred", is_transient=True), 400, ProviderUnavailable),
        ({"name": "Unknown"}, 200, InvalidProviderResponse),
        ({"id": "", "name": "Unknown"}, 200, InvalidProviderResponse),
        (ACCOUNT, 404, InvalidProviderResponse),
        ([ACCOUNT], 200, InvalidProviderResponse),
    ],
)
async def test_without_an_account_a_browser_sign_in_ends(
    provider: Provider, facebook: Recordings, body: Any, status: int, fault: type[ProviderFault]
) -> None:
    facebook.record("GET", ME, body, status)
    with pytest.raises(fault) as caught:
        await provider.handle_callback(RESPONSE, CONTEXT)
    assert "EAAfakeToken" not in caught.value.message + caught.value.because


async def test_a_code_of_facebooks_javascript_goes_with_an_empty_address(
    provider: Provider, facebook: Recordings
) -> None:
    assert await provider.redeem(Secret("fake-code"), None) == ANN
    form = facebook.only(TOKEN).form
    assert form["redirect_uri"] == ""
    assert "code_verifier" not in form


# --- By an SDK's access token -------------------------------------------------------------------


async def test_a_native_token_of_our_app_is_recognised(
    provider: Provider, facebook: Recordings
) -> None:
    assert await native(provider) == ANN
    assert facebook.only(DEBUG).query == {
        "input_token": "EAAfakeToken",
        "access_token": f"{APP}|fake-app-secret",
    }
    assert facebook.only(ME).query["appsecret_proof"] == PROOF


async def test_the_refresh_token_of_the_app_is_returned(provider: Provider) -> None:
    profile = await provider.verify_native_token(NATIVE, Secret("fake-refresh"), None)
    assert profile.refresh_token is not None
    assert profile.refresh_token.reveal() == "fake-refresh"


async def test_ids_as_numbers_are_the_same_ids(provider: Provider, facebook: Recordings) -> None:
    # As of the "getting info about tokens" page of 2012, and what some libraries still send.
    numbers = {**INSPECTED, "app_id": int(APP), "user_id": 10215241773831025}
    facebook.record("GET", DEBUG, {"data": numbers})
    assert (await native(provider)).subject == "10215241773831025"


async def test_a_token_that_never_expires_is_good(provider: Provider, facebook: Recordings) -> None:
    facebook.record("GET", DEBUG, {"data": {**INSPECTED, "expires_at": 0}})
    assert await native(provider) == ANN


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"data": {**INSPECTED, "app_id": "999999999999999"}}, 200),
        ({"data": {**INSPECTED, "app_id": 999999999999999}}, 200),
        ({"data": {**INSPECTED, "app_id": "999999999999999", "is_valid": False}}, 200),
        ({"data": {**INSPECTED, "app_id": ""}}, 200),
        (error(100, "(#100) The App_id in the input_token did not match the Viewing App"), 400),
        (
            {
                "data": {
                    "error": {
                        "code": 100,
                        "message": "The App_id in the input_token did not match the Viewing App",
                    },
                    "is_valid": False,
                    "scopes": [],
                }
            },
            200,
        ),
    ],
)
async def test_a_token_of_another_app_is_refused_before_it_is_used(
    provider: Provider, facebook: Recordings, body: dict[str, Any], status: int
) -> None:
    facebook.record("GET", DEBUG, body, status)
    with pytest.raises(ForeignToken) as caught:
        await native(provider)
    assert (caught.value.status, caught.value.code) == (401, "invalid_token")
    assert "issued to another application" in caught.value.message
    assert [requested.url for requested in facebook.requested] == [DEBUG]


async def test_an_app_of_audiences_is_another_app_because_its_numbers_are(
    facebook: Recordings, clock: FrozenClock, stores: Stores
) -> None:
    facebook.record("GET", DEBUG, {"data": {**INSPECTED, "app_id": "999999999999999"}})
    policy = replace(POLICY, audiences=("999999999999999",))
    with pytest.raises(ForeignToken):
        await native(Facebook(policy, facebook.http_client(), clock, stores.replays))


@pytest.mark.parametrize(
    "changes",
    [
        {"is_valid": False},
        {"is_valid": "true"},
        {"is_valid": 1},
        {
            "is_valid": False,
            "error": {"code": 190, "message": "Session has expired", "subcode": 463},
        },
        {"error": {"code": 190, "message": "…"}},
        {"expires_at": NOW - 61},
        {"expires_at": NOW - 60},
        {"expires_at": str(NOW + 3600)},
        {"expires_at": None},
        {"expires_at": False},
        {"type": "PAGE"},
        {"type": "APP"},
        {"app_id": None},
        {"user_id": None},
        {"user_id": ""},
        {"user_id": 0},
        {"user_id": "0"},
        {"user_id": [1]},
    ],
)
async def test_a_token_that_debug_token_does_not_vouch_for_is_refused(
    provider: Provider, facebook: Recordings, changes: dict[str, Any]
) -> None:
    facebook.record("GET", DEBUG, {"data": {**INSPECTED, **changes}})
    with pytest.raises(BadToken) as caught:
        await native(provider)
    assert caught.value.code == "invalid_token"
    assert "issued to another" not in caught.value.message
    assert [requested.url for requested in facebook.requested] == [DEBUG]


async def test_clocks_may_differ_by_a_minute(provider: Provider, facebook: Recordings) -> None:
    facebook.record("GET", DEBUG, {"data": {**INSPECTED, "expires_at": NOW - 59}})
    assert await native(provider) == ANN


@pytest.mark.parametrize("id_", ["10215241773831026", 1])
async def test_two_responses_about_two_people_are_refused(
    provider: Provider, facebook: Recordings, id_: Any
) -> None:
    facebook.record("GET", ME, {**ACCOUNT, "id": id_})
    with pytest.raises(BadToken):
        await native(provider)


async def test_the_ios_token_that_graph_cannot_read_gets_the_hint(
    provider: Provider, facebook: Recordings
) -> None:
    unreadable = {
        "error": {
            "code": 190,
            "message": "Invalid OAuth access token - Cannot parse access token",
        },
        "is_valid": False,
        "scopes": [],
    }
    facebook.record("GET", DEBUG, {"data": unreadable})
    with pytest.raises(LimitedLoginNeeded) as caught:
        await native(provider)
    assert (caught.value.status, caught.value.code) == (401, "limited_login_required")


async def test_the_hint_is_given_where_only_me_refuses_the_token(
    provider: Provider, facebook: Recordings
) -> None:
    message = "Invalid OAuth access token - Cannot parse access token"
    facebook.record("GET", ME, error(190, message), 400)
    with pytest.raises(LimitedLoginNeeded):
        await native(provider)


async def test_a_token_that_ended_since_gets_no_such_hint(
    provider: Provider, facebook: Recordings
) -> None:
    # 460: the password was changed (error-handling page, "Authentication error subcodes").
    facebook.record("GET", ME, error(190, "The session has been invalidated", error_subcode=460))
    with pytest.raises(BadToken) as caught:
        await native(provider)
    assert caught.value.code == "invalid_token"


@pytest.mark.parametrize(
    ("body", "status", "fault"),
    [
        # Our own app token is wrong: the person's token is not at fault.
        (error(190, "Invalid OAuth access token signature."), 400, InvalidProviderResponse),
        (error(100, "(#100) You must provide an app access token"), 400, InvalidProviderResponse),
        (error(4, "Application request limit reached"), 400, ProviderUnavailable),
        ({"data": None}, 200, InvalidProviderResponse),
        ({"data": [INSPECTED]}, 200, InvalidProviderResponse),
        ({"data": INSPECTED}, 403, InvalidProviderResponse),
        ({}, 200, InvalidProviderResponse),
        (b"", 200, InvalidProviderResponse),
        (b"<html>", 502, ProviderUnavailable),
    ],
)
async def test_trouble_at_facebook_is_not_a_bad_token(
    provider: Provider, facebook: Recordings, body: Any, status: int, fault: type[ProviderFault]
) -> None:
    facebook.record("GET", DEBUG, body, status)
    with pytest.raises(fault) as caught:
        await native(provider)
    assert "fake-app-secret" not in caught.value.message + caught.value.because
    assert "EAAfakeToken" not in caught.value.message + caught.value.because


# --- Settings -----------------------------------------------------------------------------------


async def test_every_address_can_be_another_servers(clock: FrozenClock, stores: Stores) -> None:
    own = "https://facebook.example.org"
    stand_in = Recordings()
    stand_in.record("POST", f"{own}/token", GRANTED)
    stand_in.record("GET", f"{own}/v1/debug_token", {"data": INSPECTED})
    stand_in.record("GET", f"{own}/v1/me", ACCOUNT)
    policy = replace(
        POLICY,
        issuer=own,
        authorization_endpoint=f"{own}/dialog",
        token_endpoint=f"{own}/token",
        graph_endpoint=f"{own}/v1/",
    )
    provider = Facebook(policy, stand_in.http_client(), clock, stores.replays)
    assert await provider.destination() == own
    assert await provider.handle_callback(RESPONSE, CONTEXT) == replace(ANN, issuer=own)
    assert await native(provider) == replace(ANN, issuer=own)


def test_without_a_secret_the_server_does_not_start(clock: FrozenClock, stores: Stores) -> None:
    with pytest.raises(ValueError, match=r"providers\.facebook: client_secret is missing"):
        Facebook(
            replace(POLICY, client_secret=None), Recordings().http_client(), clock, stores.replays
        )
