"""`kind = "oauth2"`: a provider that its settings describe, with RFC 6749 and an API."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from quantimodo.federation.contract import (
    AccessDeniedByUser,
    AuthorizationContext,
    BadCode,
    BadToken,
    ProviderPolicy,
)
from quantimodo.federation.field_paths import parse_path, value_at
from quantimodo.federation.provider_table import faults_of
from quantimodo.federation.providers.declared import Declared
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderUnavailable
from support.addresses import query_of
from support.recordings import Recordings

HOST = "https://login.example.org"
TOKEN, ME = f"{HOST}/token", f"{HOST}/me"
CALLBACK = "https://id.example.org/api/v2/auth/social/callback/work"
POLICY = ProviderPolicy(
    name="work",
    kind="oauth2",
    client_id="fake client",
    client_secret=Secret("fake secret"),
    issuer=HOST,
    authorization_endpoint=f"{HOST}/authorize",
    token_endpoint=TOKEN,
    userinfo_endpoint=ME,
    scope="profile",
    subject_field="data[0].user.id",
    name_fields=("data[0].user.title", "data[0].user.first + data[0].user.last"),
    email_field="data[0].user.email",
    email_verified_field="data[0].user.confirmed",
)
CONTEXT = AuthorizationContext(
    state=Secret("fake-state"),
    nonce="fake-nonce",
    verifier=Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    redirect_uri=CALLBACK,
)
RESPONSE = {"code": "fake-code", "state": "fake-state"}
GRANTED = {"token_type": "bearer", "access_token": "fake-access-token"}


def account(**changes: Any) -> dict[str, Any]:
    user = {"id": 1234, "first": "Ann", "last": "Example", "email": "ann@example.org", **changes}
    return {"data": [{"user": user}]}


@pytest.fixture
def upstream() -> Recordings:
    recordings = Recordings()
    recordings.record("POST", TOKEN, GRANTED)
    recordings.record("GET", ME, account(confirmed=True))
    return recordings


def provider(recordings: Recordings, **changes: Any) -> Declared:
    policy = replace(POLICY, **changes)
    assert list(faults_of(policy)) == []
    return Declared(policy, recordings.http_client())


async def callback(recordings: Recordings, **changes: Any) -> UpstreamProfile:
    return await provider(recordings, **changes).handle_callback(RESPONSE, CONTEXT)


async def test_the_profile_is_what_the_mapping_selects(upstream: Recordings) -> None:
    assert await callback(upstream) == UpstreamProfile(
        provider="work", issuer=HOST, subject="1234", name="Ann Example", email="ann@example.org"
    )
    upstream.record("GET", ME, account(title=" Dr. Example ", first=None))
    assert (await callback(upstream)).name == "Dr. Example"
    upstream.record("GET", ME, account(first=None, last=" "))
    assert (await callback(upstream)).name == ""


@pytest.mark.parametrize(
    ("counts", "confirmed", "proven"),
    [
        ("", True, False),
        ("never", True, False),
        ("verified_field", True, True),
        ("verified_field", "true", False),
        ("verified_field", 1, False),
        ("verified_field", False, False),
        ("verified_field", None, False),
        ("authoritative", False, True),
    ],
)
async def test_an_address_counts_as_the_operator_says(
    upstream: Recordings, counts: str, confirmed: object, proven: bool
) -> None:
    upstream.record("GET", ME, account(confirmed=confirmed))
    profile = await callback(upstream, email_counts=counts)
    assert profile.email == "ann@example.org"
    assert (profile.email_verified, profile.email_authoritative) == (proven, proven)
    upstream.record("GET", ME, account(email=None, confirmed=True))
    without = await callback(upstream, email_counts=counts)
    assert (without.email, without.email_verified) == (None, False)


@pytest.mark.parametrize("subject", [None, "", True, 1.5, [], {}, "a\nb", "x" * 256])
async def test_a_subject_is_never_guessed(upstream: Recordings, subject: object) -> None:
    upstream.record("GET", ME, account(id=subject))
    with pytest.raises(InvalidProviderResponse) as caught:
        await callback(upstream)
    assert caught.value.because == "no usable account id at subject_field"


async def test_the_browser_is_sent_with_state_and_pkce_and_what_is_declared(
    upstream: Recordings,
) -> None:
    declared = {"authorization_parameters": ("access=a=b",), "fresh_parameters": ("prompt=login",)}
    url = await provider(upstream, **declared).authorization_url(CONTEXT)
    expected = {
        "response_type": "code",
        "client_id": "fake client",
        "redirect_uri": CALLBACK,
        "scope": "profile",
        "state": "fake-state",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "access": "a=b",
    }
    assert query_of(url) == expected
    fresh = await provider(upstream, **declared).authorization_url(replace(CONTEXT, fresh=True))
    assert query_of(fresh) == {**expected, "prompt": "login"}
    plain = await provider(upstream, pkce=False, scope="").authorization_url(CONTEXT)
    assert {"code_challenge", "code_challenge_method", "scope"}.isdisjoint(query_of(plain))


async def test_each_client_authentication(upstream: Recordings) -> None:
    await callback(upstream, client_authentication="client_secret_basic")
    assert upstream.only(TOKEN).headers["authorization"] == (
        f"Basic {b64encode(b'fake+client:fake+secret').decode()}"
    )
    assert "client_secret" not in upstream.only(TOKEN).form
    upstream.requested.clear()
    await callback(upstream, token_parameters=("action=requesttoken",))
    assert "authorization" not in upstream.only(TOKEN).headers
    assert upstream.only(TOKEN).form == {
        "action": "requesttoken",
        "grant_type": "authorization_code",
        "code": "fake-code",
        "redirect_uri": CALLBACK,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "client_id": "fake client",
        "client_secret": "fake secret",
    }
    upstream.requested.clear()
    await callback(upstream, client_secret=None)
    assert "client_secret" not in upstream.only(TOKEN).form


async def test_the_request_to_userinfo_is_as_declared(upstream: Recordings) -> None:
    await callback(upstream)
    assert upstream.only(ME).headers["authorization"] == "Bearer fake-access-token"
    upstream.record("POST", ME, account(id="posted"))
    upstream.requested.clear()
    headers = ("Authorization: OAuth {access_token}", "Client-Id: {client_id}")
    posted = await callback(upstream, userinfo_method="POST", userinfo_headers=headers)
    requested = upstream.only(ME)
    assert (posted.subject, requested.method) == ("posted", "POST")
    assert requested.headers["authorization"] == "OAuth fake-access-token"
    assert requested.headers["client-id"] == "fake client"


async def test_without_userinfo_the_token_response_has_the_account(upstream: Recordings) -> None:
    nested = {"status": 0, "body": {**GRANTED, "userid": "77"}}
    upstream.record("POST", TOKEN, nested)
    profile = await callback(
        upstream, userinfo_endpoint="", token_field="body", subject_field="userid"
    )
    assert profile.subject == "77"
    upstream.record("POST", TOKEN, {"status": 601, "body": []})
    with pytest.raises(InvalidProviderResponse, match="cannot be used"):
        await callback(upstream, userinfo_endpoint="", token_field="body")


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (400, {"error": "invalid_grant"}, BadCode),
        (401, {"error": "invalid_client"}, InvalidProviderResponse),
        (400, {"error": "temporarily_unavailable"}, ProviderUnavailable),
        (503, {}, ProviderUnavailable),
        (200, {"access_token": "x", "token_type": "mac"}, InvalidProviderResponse),
        (200, {"token_type": "bearer"}, InvalidProviderResponse),
        (200, b"<html>", InvalidProviderResponse),
    ],
)
async def test_a_refusal_of_the_token_endpoint_is_not_a_sign_in(
    upstream: Recordings, status: int, body: object, fault: type[Exception]
) -> None:
    upstream.record("POST", TOKEN, body, status=status)
    with pytest.raises(fault):
        await callback(upstream)
    assert [each.url for each in upstream.requested] == [TOKEN]


async def test_a_refusal_of_userinfo_is_not_a_sign_in(upstream: Recordings) -> None:
    upstream.record("GET", ME, account(), status=403)
    with pytest.raises(InvalidProviderResponse) as caught:
        await callback(upstream)
    assert caught.value.because == "userinfo_endpoint: status 403"


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        ({"error": "access_denied"}, AccessDeniedByUser),
        ({"error": "user_cancelled_login"}, AccessDeniedByUser),
        ({"error": "invalid_scope"}, InvalidProviderResponse),
        ({"code": "fake-code", "iss": "https://other.example"}, InvalidProviderResponse),
        ({}, InvalidProviderResponse),
    ],
)
async def test_a_callback_without_a_code_of_this_provider_is_refused(
    upstream: Recordings, response: dict[str, str], fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        await provider(upstream).handle_callback(response, CONTEXT)
    assert upstream.requested == []


async def test_codes_and_tokens_of_apps_and_messages_are_refused(upstream: Recordings) -> None:
    one = provider(upstream)
    with pytest.raises(BadCode):
        await one.redeem(Secret("code"), CALLBACK)
    with pytest.raises(BadToken):
        await one.verify_native_token(Secret("token"), None, None)
    with pytest.raises(BadToken):
        await one.security_events("application/json", b"{}")


async def test_the_examination_says_what_does_not_work(upstream: Recordings) -> None:
    one = provider(upstream)
    upstream.record("POST", TOKEN, {"error": "invalid_grant"}, status=400)
    upstream.record("GET", ME, {}, status=401)
    await one.examine(CALLBACK)
    assert upstream.only(TOKEN).form["code"] == "not-a-code"
    upstream.record("GET", ME, {}, status=404)
    with pytest.raises(InvalidProviderResponse) as missing:
        await one.examine(CALLBACK)
    assert missing.value.because == "userinfo_endpoint: status 404 for no token"
    upstream.record("POST", TOKEN, {"error": "invalid_client"}, status=401)
    with pytest.raises(InvalidProviderResponse) as refused:
        await one.examine(CALLBACK)
    assert refused.value.because == "token endpoint: invalid_client"
    upstream.record("POST", TOKEN, b"<html>", status=404)
    with pytest.raises(InvalidProviderResponse) as absent:
        await one.examine(CALLBACK)
    assert absent.value.because == "token endpoint: status 404"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject_field": "data[*].marked"}, "subject_field"),
        ({"subject_field": "a..marked"}, "subject_field"),
        ({"email_field": "marked[-1]"}, "email_field"),
        ({"token_field": ".".join(["marked"] * 11)}, "token_field"),
        ({"name_fields": ("first + ",)}, "name_fields"),
        ({"email_counts": "verified_field", "email_verified_field": ""}, "email_verified_field"),
        ({"email_counts": "authoritative", "email_field": ""}, "email_field"),
        ({"authoritative": True}, "authoritative"),
        ({"client_authentication": "private_key_jwt"}, "client_authentication"),
        (
            {"client_authentication": "client_secret_basic", "client_secret": None},
            "client_secret",
        ),
        ({"client_secret": None, "pkce": False}, "client_secret"),
        ({"authorization_parameters": ("State=marked",)}, "authorization_parameters"),
        ({"authorization_parameters": ("marked",)}, "authorization_parameters"),
        ({"fresh_parameters": ("a=1", "a=marked")}, "fresh_parameters"),
        ({"token_parameters": ("grant_type=marked",)}, "token_parameters"),
        ({"userinfo_headers": ("Client-Id: {client_id}",)}, "userinfo_headers"),
        ({"userinfo_headers": ("X: {access_token}{marked}",)}, "userinfo_headers"),
        ({"userinfo_headers": ("Host: {access_token}",)}, "userinfo_headers"),
        ({"userinfo_headers": ("X: {access_token}\r\nmarked: 1",)}, "userinfo_headers"),
        ({"response_mode": "form_post"}, "response_mode"),
    ],
)
def test_a_declaration_that_cannot_work_is_named_and_not_echoed(
    changes: dict[str, Any], field: str
) -> None:
    ((name, text),) = faults_of(replace(POLICY, **changes))
    assert name == field
    assert "marked" not in text


def test_the_settings_of_this_kind_are_for_this_kind_only() -> None:
    (fault,) = faults_of(
        ProviderPolicy(name="x", kind="x", client_id="id", subject_field="data.id")
    )
    assert fault == ("subject_field", "is not for providers of this kind")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", {"b": [10, {"c": 1}]}),
        ("$.a.b[1].c", 1),
        ("a.b[0]", 10),
        ("a.b[2]", None),
        ("a.b.c", None),
        ("a[0]", None),
        ("missing", None),
    ],
)
def test_a_path_selects_one_value_or_none(path: str, value: object) -> None:
    assert value_at({"a": {"b": [10, {"c": 1}]}}, parse_path(path)) == value
