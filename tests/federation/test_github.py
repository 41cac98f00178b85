"""Sign-in with GitHub, against the responses that its documentation shows.

Exchange: docs.github.com, "Authorizing OAuth apps", "Troubleshooting OAuth app access token request
errors". PKCE: github.blog/changelog, 2025-07-14. Issuer: docs.github.com, "GitHub authentication
discovery endpoints". Account: "Get the authenticated user". Addresses: "REST API endpoints for
emails", "List email addresses for the authenticated user".
"""

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
from quantimodo.federation.providers.github import GitHub
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderFault, ProviderUnavailable
from support.addresses import query_of
from support.recordings import Recordings

AUTHORIZE = "https://github.com/login/oauth/authorize"
TOKEN = "https://github.com/login/oauth/access_token"
USER = "https://api.github.com/user"
EMAILS = "https://api.github.com/user/emails"
CALLBACK = "https://id.example.org/api/v2/auth/social/callback/github"

POLICY = ProviderPolicy(
    name="github", kind="github", client_id="Iv1.fake", client_secret=Secret("fake-secret")
)
# RFC 7636, appendix B.
CONTEXT = AuthorizationContext(
    state=Secret("fake-state"),
    nonce="fake-nonce",
    verifier=Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    redirect_uri=CALLBACK,
)
RESPONSE = {"code": "fake-code", "state": "fake-state"}

GRANTED = {"access_token": "gho_fake", "scope": "read:user,user:email", "token_type": "bearer"}
ACCOUNT: dict[str, Any] = {
    "login": "octo-example",
    "id": 583231,
    "node_id": "MDQ6VXNlcjE=",
    "type": "User",
    "site_admin": False,
    "name": "Octo Example",
    "email": None,  # no public address
    "two_factor_authentication": True,
}
ADDRESSES = [
    {"email": "old@example.org", "verified": True, "primary": False, "visibility": None},
    {"email": "octo@example.org", "verified": True, "primary": True, "visibility": "private"},
]


@pytest.fixture
def github() -> Recordings:
    recordings = Recordings()
    recordings.record("POST", TOKEN, GRANTED)
    recordings.record("GET", USER, ACCOUNT)
    recordings.record("GET", EMAILS, ADDRESSES)
    return recordings


def provider(recordings: Recordings, **changes: Any) -> Provider:
    return GitHub(replace(POLICY, **changes), recordings.http_client())


async def callback(recordings: Recordings, **changes: Any) -> UpstreamProfile:
    return await provider(recordings, **changes).handle_callback(RESPONSE, CONTEXT)


async def test_the_subject_is_the_number_and_the_address_the_confirmed_one(
    github: Recordings,
) -> None:
    assert await callback(github) == UpstreamProfile(
        provider="github",
        issuer="https://github.com",
        subject="583231",
        name="Octo Example",
        email="octo@example.org",
        email_verified=True,
    )


async def test_the_browser_is_sent_with_state_and_pkce(github: Recordings) -> None:
    url = await provider(github).authorization_url(CONTEXT)
    assert url.startswith(f"{AUTHORIZE}?")
    assert query_of(url) == {
        "response_type": "code",
        "client_id": "Iv1.fake",
        "redirect_uri": CALLBACK,
        "scope": "read:user user:email",
        "state": "fake-state",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    assert await provider(github).destination() == "https://github.com"


async def test_a_fresh_sign_in_lets_the_person_choose_the_account(github: Recordings) -> None:
    url = await provider(github).authorization_url(replace(CONTEXT, fresh=True))
    assert query_of(url)["prompt"] == "select_account"


async def test_the_code_is_exchanged_with_verifier_and_secret_for_json(github: Recordings) -> None:
    await callback(github)
    requested = github.only(TOKEN)
    assert requested.form == {
        "grant_type": "authorization_code",
        "code": "fake-code",
        "redirect_uri": CALLBACK,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "client_id": "Iv1.fake",
        "client_secret": "fake-secret",
    }
    # Without it GitHub answers form-encoded.
    assert requested.headers["accept"] == "application/json"


async def test_the_api_is_asked_with_the_token_in_the_header_and_a_fixed_version(
    github: Recordings,
) -> None:
    await callback(github)
    for url in (USER, EMAILS):
        headers = github.only(url).headers
        assert headers["authorization"] == "Bearer gho_fake"
        assert headers["accept"] == "application/vnd.github+json"
        assert headers["x-github-api-version"] == "2022-11-28"
        assert headers["user-agent"]  # GitHub refuses requests without


async def test_the_number_may_come_as_text(github: Recordings) -> None:
    github.record("GET", USER, {**ACCOUNT, "id": "583231"})
    assert (await callback(github)).subject == "583231"


@pytest.mark.parametrize("id_", [None, "", 0, -1, 1.5, True, "octo-example", "0583231", [1], {}])
async def test_an_account_without_a_number_is_refused(github: Recordings, id_: Any) -> None:
    github.record("GET", USER, {**ACCOUNT, "id": id_})
    with pytest.raises(InvalidProviderResponse):
        await callback(github)


async def test_the_login_name_stands_in_for_a_missing_name(github: Recordings) -> None:
    github.record("GET", USER, {**ACCOUNT, "name": None})
    assert (await callback(github)).name == "octo-example"


@pytest.mark.parametrize(
    "addresses",
    [
        [],
        [{"email": "octo@example.org", "verified": False, "primary": True, "visibility": None}],
        [{"email": "octo@example.org", "verified": True, "primary": False, "visibility": None}],
        [{"email": "octo@example.org", "verified": "true", "primary": True}],
        [{"email": "octo@example.org", "verified": True, "primary": "true"}],
        [{"email": None, "verified": True, "primary": True}],
    ],
)
async def test_an_address_that_is_not_primary_and_verified_is_none(
    github: Recordings, addresses: Any
) -> None:
    github.record("GET", EMAILS, addresses)
    profile = await callback(github)
    assert (profile.email, profile.email_verified) == (None, False)


async def test_the_address_on_the_public_profile_is_never_believed(github: Recordings) -> None:
    github.record("GET", USER, {**ACCOUNT, "email": "victim@example.org"})
    github.record("GET", EMAILS, [])
    assert (await callback(github)).email is None


@pytest.mark.parametrize("status", [403, 404])
async def test_a_person_who_keeps_the_addresses_secret_signs_in_without(
    github: Recordings, status: int
) -> None:
    github.record("GET", EMAILS, {"message": "Not Found", "status": str(status)}, status)
    profile = await callback(github)
    assert (profile.subject, profile.email) == ("583231", None)


async def test_a_verified_address_links_by_itself_only_if_the_operator_says_so(
    github: Recordings,
) -> None:
    assert (await callback(github)).email_authoritative is False
    assert (await callback(github, authoritative=True)).email_authoritative is True
    github.record("GET", EMAILS, [])
    assert (await callback(github, authoritative=True)).email_authoritative is False


@pytest.mark.parametrize("code", ["bad_verification_code", "redirect_uri_mismatch"])
async def test_an_error_that_comes_with_200_is_an_error(github: Recordings, code: str) -> None:
    github.record(
        "POST",
        TOKEN,
        {"error": code, "error_description": "gho_secret-in-the-text", "error_uri": "/apps"},
    )
    with pytest.raises(BadCode) as caught:
        await callback(github)
    assert caught.value.code == "invalid_grant"
    assert "gho_secret" not in caught.value.message + caught.value.because


async def test_wrong_credentials_of_ours_are_not_the_persons_fault(github: Recordings) -> None:
    github.record("POST", TOKEN, {"error": "incorrect_client_credentials"})
    with pytest.raises(InvalidProviderResponse) as caught:
        await callback(github)
    assert caught.value.because == "token endpoint: incorrect_client_credentials"


@pytest.mark.parametrize(
    "response",
    [
        b"access_token=gho_fake&scope=&token_type=bearer",
        b"[]",
        b"{}",
        b'{"access_token": "", "token_type": "bearer"}',
        b'{"access_token": 5, "token_type": "bearer"}',
        b'{"access_token": "gho_fake"}',
        b'{"access_token": "gho_fake", "token_type": "mac"}',
    ],
)
async def test_a_response_without_a_bearer_token_is_invalid(
    github: Recordings, response: bytes
) -> None:
    github.record("POST", TOKEN, response)
    with pytest.raises(InvalidProviderResponse):
        await callback(github)


@pytest.mark.parametrize(
    ("url", "status", "fault"),
    [
        (TOKEN, 404, InvalidProviderResponse),
        (TOKEN, 503, ProviderUnavailable),
        (USER, 401, InvalidProviderResponse),
        (USER, 429, ProviderUnavailable),
        (EMAILS, 401, InvalidProviderResponse),
        (EMAILS, 500, ProviderUnavailable),
    ],
)
async def test_each_step_that_fails_ends_the_sign_in(
    github: Recordings, url: str, status: int, fault: type[ProviderFault]
) -> None:
    method = "POST" if url == TOKEN else "GET"
    github.record(method, url, {"message": "Bad credentials"}, status)
    with pytest.raises(fault):
        await callback(github)


async def test_a_code_that_a_browser_made_up_is_not_in_the_reason(github: Recordings) -> None:
    with pytest.raises(ProviderFault) as caught:
        await provider(github).handle_callback({"error": "marked"}, CONTEXT)
    assert caught.value.because == "authorization response: an unknown error"


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ("access_denied", AccessDeniedByUser),
        ("temporarily_unavailable", ProviderUnavailable),
        ("server_error", ProviderUnavailable),
        ("application_suspended", InvalidProviderResponse),
        ("redirect_uri_mismatch", InvalidProviderResponse),
        ("", InvalidProviderResponse),
    ],
)
async def test_an_error_at_the_callback_is_reported_by_its_code(
    github: Recordings, error: str, fault: type[ProviderFault]
) -> None:
    response = {"error": error, "error_description": "<b>", "code": "fake-code"}
    with pytest.raises(fault) as caught:
        await provider(github).handle_callback(response, CONTEXT)
    assert "<b>" not in caught.value.message + caught.value.because
    assert github.requested == []


@pytest.mark.parametrize("response", [{}, {"code": ""}, {"state": "fake-state"}])
async def test_a_callback_without_a_code_asks_nothing_of_github(
    github: Recordings, response: dict[str, str]
) -> None:
    with pytest.raises(InvalidProviderResponse):
        await provider(github).handle_callback(response, CONTEXT)
    assert github.requested == []


@pytest.mark.parametrize("iss", ["https://evil.example", "", "https://github.com/", "null"])
async def test_a_response_of_another_issuer_is_refused_before_the_code_leaves(
    github: Recordings, iss: str
) -> None:
    for response in ({**RESPONSE, "iss": iss}, {"error": "access_denied", "iss": iss}):
        with pytest.raises(InvalidProviderResponse):
            await provider(github).handle_callback(response, CONTEXT)
    assert github.requested == []


@pytest.mark.parametrize("iss", ["https://github.com", "https://github.com/login/oauth"])
async def test_github_may_call_itself_by_its_two_names(github: Recordings, iss: str) -> None:
    profile = await provider(github).handle_callback({**RESPONSE, "iss": iss}, CONTEXT)
    assert profile.issuer == "https://github.com"


async def test_a_code_of_the_app_itself_is_exchanged_without_a_verifier(
    github: Recordings,
) -> None:
    profile = await provider(github).redeem(Secret("fake-code"), "https://app.example.org/cb")
    assert profile.subject == "583231"
    form = github.only(TOKEN).form
    assert form["redirect_uri"] == "https://app.example.org/cb"
    assert "code_verifier" not in form


async def test_a_code_of_the_app_goes_with_the_configured_address_if_it_gave_none(
    github: Recordings,
) -> None:
    await provider(github).redeem(Secret("one"), None)
    configured = provider(github, direct_redirect_uri="https://app.example.org/direct")
    await configured.redeem(Secret("two"), None)
    first, second = (requested.form for requested in github.requested if requested.url == TOKEN)
    assert "redirect_uri" not in first
    assert second["redirect_uri"] == "https://app.example.org/direct"


async def test_a_native_token_is_refused_because_it_names_no_application(
    github: Recordings,
) -> None:
    with pytest.raises(BadToken):
        await provider(github).verify_native_token(Secret("gho_fake"), None, None)
    assert github.requested == []


async def test_a_message_in_the_name_of_github_is_refused(github: Recordings) -> None:
    with pytest.raises(BadToken):
        await provider(github).security_events("application/json", b"{}")


async def test_the_refresh_token_of_an_expiring_grant_is_returned(github: Recordings) -> None:
    # docs.github.com, "Refreshing user access tokens".
    more = {"expires_in": 28800, "refresh_token": "ghr_fake", "refresh_token_expires_in": 15897600}
    github.record("POST", TOKEN, {**GRANTED, **more})
    profile = await callback(github)
    assert profile.refresh_token is not None
    assert profile.refresh_token.reveal() == "ghr_fake"
    assert "ghr_fake" not in repr(profile)


async def test_every_address_can_be_another_servers(github: Recordings) -> None:
    own = "https://github.example.org"
    github.record("POST", f"{own}/token", GRANTED)
    github.record("GET", f"{own}/user", ACCOUNT)
    github.record("GET", f"{own}/emails", ADDRESSES)
    own_server = provider(
        github,
        issuer=own,
        authorization_endpoint=f"{own}/authorize?via=sso",
        token_endpoint=f"{own}/token",
        userinfo_endpoint=f"{own}/user",
        emails_endpoint=f"{own}/emails",
        scope="user:email",
    )
    assert await own_server.destination() == own
    assert query_of(await own_server.authorization_url(CONTEXT))["scope"] == "user:email"
    profile = await own_server.handle_callback({**RESPONSE, "iss": own}, CONTEXT)
    assert (profile.issuer, profile.subject) == (own, "583231")
    with pytest.raises(InvalidProviderResponse):
        await own_server.handle_callback({**RESPONSE, "iss": "https://github.com"}, CONTEXT)
    assert all(requested.url.startswith(own) for requested in github.requested)


def test_without_a_secret_the_server_does_not_start(github: Recordings) -> None:
    with pytest.raises(ValueError, match=r"providers\.github: client_secret is missing"):
        provider(github, client_secret=None)
