"""Sign in with Google (security.md §27, §28): browser, popup code, ID token, access token, RISC.

The recorded responses have the shape of Google's documentation, read in November 2026:
- ID token and token response: "OpenID Connect" (developers.google.com/identity/openid-connect)
- authoritative addresses: "Verify the Google ID token on your server side"
  (developers.google.com/identity/gsi/web/guides/verify-google-id-token)
- access tokens: "Authenticate with a backend server", `tokeninfo` as its endpoint answers
  (numbers are texts there), userinfo as the discovery document names it
- messages: "Cross-Account Protection" (developers.google.com/identity/protocols/risc)
"""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from quantimodo.federation.contract import BadToken, ForeignToken, ProviderPolicy, SecurityEvent
from quantimodo.federation.providers.google import GOOGLE, open_google
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderFault, ProviderUnavailable
from quantimodo.ports.stores import Stores
from support.addresses import query_of
from support.environment import FrozenClock
from support.jwt_forgery import half_hash
from support.upstream import NONCE, Upstream, authorization_context, json_of, jwk_of, rsa_key

WEB = "1234987819200.apps.googleusercontent.com"
ANDROID = "1234987819200-android.apps.googleusercontent.com"
IOS = "1234987819200-ios.apps.googleusercontent.com"
SUBJECT = "10769150350006150715113082367"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
OAUTH = "https://schemas.openid.net/secevent/oauth/event-type/"


class FakeGoogle(Upstream):
    __slots__ = ()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """ "An ID token's payload" in Google's "OpenID Connect", with the scopes we ask for."""
        theirs: dict[str, Any] = {
            "azp": WEB,
            "sub": SUBJECT,
            "at_hash": half_hash("an-access-token"),
            "hd": "example.org",
            "email": "jsmith@example.org",
            "name": "J. Smith",
            "given_name": "J.",
            "family_name": "Smith",
            "picture": "https://lh3.example.org/a/photo=s96-c",
        }
        return super().claims(**{**theirs, **changes})

    def respond_about_token(self, url: str, status: int = 200, **changes: Any) -> None:
        """An access token and its person, as `tokeninfo` and userinfo know them."""
        now = int(self.clock.now().timestamp())
        about = {
            "azp": ANDROID,
            "aud": ANDROID,
            "sub": SUBJECT,
            "scope": "https://www.googleapis.com/auth/userinfo.email openid",
            "exp": str(now + 3507),
            "expires_in": "3507",
            "email": "jsmith@example.org",
            "email_verified": "true",
            "access_type": "online",
        }
        person = {
            "sub": SUBJECT,
            "name": "J. Smith",
            "given_name": "J.",
            "family_name": "Smith",
            "picture": "https://lh3.example.org/a/photo=s96-c",
            "email": "jsmith@example.org",
            "email_verified": True,
            "hd": "example.org",
        }
        body = {**(about if url == GOOGLE.tokeninfo_endpoint else person), **changes}
        kept = {name: value for name, value in body.items() if value is not None}
        self.replies[url] = json_of(kept, status)


@pytest.fixture
def upstream(clock: FrozenClock) -> FakeGoogle:
    it = FakeGoogle(clock, issuer=GOOGLE.issuer, client_id=WEB)
    it.replies[GOOGLE.jwks_uri] = json_of(
        {"keys": [jwk_of(rsa_key(2), "older"), jwk_of(rsa_key(), "one")]}
    )
    it.grants(url=GOOGLE.token_endpoint, scope="openid email profile", refresh_token="1//theirs")
    it.respond_about_token(GOOGLE.tokeninfo_endpoint)
    it.respond_about_token(GOOGLE.userinfo_endpoint)
    return it


@pytest.fixture
def open_it(upstream: FakeGoogle, stores: Stores) -> Any:
    def opened(**changes: Any) -> Oidc:
        given: dict[str, Any] = {
            "name": "google",
            "kind": "google",
            "client_id": WEB,
            "client_secret": Secret("a-secret"),
            "audiences": (ANDROID, IOS),
        }
        policy = ProviderPolicy(**{**given, **changes})
        return open_google(policy, upstream.http_client(), upstream.clock, stores.replays)

    return opened


@pytest.fixture
def google(open_it: Any) -> Oidc:
    it: Oidc = open_it()
    return it


async def test_nothing_has_to_be_discovered(google: Oidc, upstream: FakeGoogle) -> None:
    url = await google.authorization_url(authorization_context())
    assert url.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    sent = query_of(url)
    assert sent["scope"] == "openid profile email"
    assert {"nonce", "state", "code_challenge"} <= sent.keys()
    assert await google.destination() == "https://accounts.google.com"
    assert (google.name, google.title) == ("google", "Google")
    assert upstream.requested == []


async def test_the_profile_of_the_person(google: Oidc, upstream: FakeGoogle) -> None:
    profile = await google.handle_callback(
        {"code": "4/a-code", "scope": "openid"}, authorization_context()
    )
    assert (profile.issuer, profile.subject) == ("https://accounts.google.com", SUBJECT)
    assert (profile.name, profile.email) == ("J. Smith", "jsmith@example.org")
    assert profile.email_verified
    assert profile.email_authoritative
    form = upstream.form(GOOGLE.token_endpoint)
    assert (form["client_id"], form["client_secret"]) == (WEB, "a-secret")
    assert "code_verifier" in form


@pytest.mark.parametrize("iss", ["https://accounts.google.com", "accounts.google.com"])
async def test_google_spells_its_issuer_in_two_ways_and_is_one(
    google: Oidc, upstream: FakeGoogle, iss: str
) -> None:
    upstream.grants(upstream.id_token(iss=iss), url=GOOGLE.token_endpoint)
    profile = await google.handle_callback({"code": "a-code"}, authorization_context())
    assert profile.issuer == "https://accounts.google.com"


@pytest.mark.parametrize(
    "iss", ["https://accounts.google.com/", "http://accounts.google.com", "accounts.example.org"]
)
async def test_no_other_issuer_is_google(google: Oidc, upstream: FakeGoogle, iss: str) -> None:
    upstream.grants(upstream.id_token(iss=iss), url=GOOGLE.token_endpoint)
    with pytest.raises(InvalidProviderResponse):
        await google.handle_callback({"code": "a-code"}, authorization_context())


@pytest.mark.parametrize(
    ("changes", "authoritative"),
    [
        ({"email": "jsmith@gmail.com", "hd": None}, True),
        ({"email": "JSmith@GMail.com", "hd": None}, True),
        ({"email": "jsmith@example.org"}, True),
        ({"email": "jsmith@example.org", "hd": None}, False),
        ({"email": "jsmith@example.org", "hd": ""}, False),
        ({"email": "jsmith@example.org", "hd": True}, False),
        ({"email": "jsmith@notgmail.com", "hd": None}, False),
        ({"email": "jsmith@gmail.com.example.org", "hd": None}, False),
        ({"email": "jsmith@gmail.com", "email_verified": False}, False),
        ({"email": "jsmith@example.org", "email_verified": "false"}, False),
        ({"email": None}, False),
    ],
)
async def test_google_is_authoritative_for_its_own_domains_only(
    google: Oidc, upstream: FakeGoogle, changes: dict[str, Any], authoritative: bool
) -> None:
    """security.md §27."""
    upstream.grants(upstream.id_token(**changes), url=GOOGLE.token_endpoint)
    upstream.respond_about_token(GOOGLE.userinfo_endpoint, **{**changes})
    profile = await google.handle_callback({"code": "a-code"}, authorization_context())
    assert profile.email_authoritative is authoritative


async def test_an_operator_may_decide_that_google_is_not_authoritative(
    open_it: Any, upstream: FakeGoogle
) -> None:
    profile = await open_it(authoritative=False).handle_callback(
        {"code": "a-code"}, authorization_context()
    )
    assert (profile.email_verified, profile.email_authoritative) == (True, False)


async def test_the_code_of_the_popup_is_exchanged_with_postmessage(
    google: Oidc, upstream: FakeGoogle
) -> None:
    """security.md §28: and no other code is."""
    upstream.grants(upstream.id_token(nonce=None), url=GOOGLE.token_endpoint)
    await google.redeem(Secret("4/popup"), None)
    assert upstream.form(GOOGLE.token_endpoint)["redirect_uri"] == "postmessage"
    await google.redeem(Secret("4/popup"), "https://app.example.org/cb")
    assert upstream.form(GOOGLE.token_endpoint)["redirect_uri"] == "https://app.example.org/cb"


# ID tokens of the SDKs


@pytest.mark.parametrize(
    ("aud", "azp"), [(WEB, ANDROID), (WEB, IOS), (WEB, WEB), (IOS, IOS), (WEB, None)]
)
async def test_an_id_token_of_any_of_our_apps_is_taken(
    google: Oidc, upstream: FakeGoogle, aud: str, azp: str | None
) -> None:
    token = upstream.id_token(aud=aud, azp=azp, nonce=None)
    profile = await google.verify_native_token(Secret(token), None, None)
    assert profile.subject == SUBJECT
    assert profile.email_authoritative


@pytest.mark.parametrize(
    ("aud", "azp"), [("other-app", "other-app"), (WEB, "other-app"), ("other-app", ANDROID)]
)
async def test_an_id_token_of_another_app_is_refused(
    google: Oidc, upstream: FakeGoogle, aud: str, azp: str
) -> None:
    with pytest.raises(ForeignToken):
        await google.verify_native_token(Secret(upstream.id_token(aud=aud, azp=azp)), None, NONCE)


async def test_a_nonce_is_compared_when_the_app_has_one(google: Oidc, upstream: FakeGoogle) -> None:
    assert await google.verify_native_token(Secret(upstream.id_token()), None, NONCE)
    # Google's SDK for iOS makes up a nonce that the app never sees.
    assert await google.verify_native_token(Secret(upstream.id_token(sub="1")), None, None)
    with pytest.raises(BadToken):
        await google.verify_native_token(Secret(upstream.id_token(sub="2")), None, "another")
    with pytest.raises(BadToken):
        await google.verify_native_token(
            Secret(upstream.id_token(sub="3", nonce=None)), None, NONCE
        )


async def test_an_id_token_counts_once(google: Oidc, upstream: FakeGoogle) -> None:
    token = Secret(upstream.id_token(nonce=None))
    await google.verify_native_token(token, None, None)
    with pytest.raises(BadToken):
        await google.verify_native_token(token, None, None)


async def test_an_id_token_may_have_lain_at_the_app(
    google: Oidc, upstream: FakeGoogle, clock: FrozenClock
) -> None:
    issued_at = clock.now()
    token = upstream.id_token()
    clock.advance(timedelta(minutes=59))
    profile = await google.verify_native_token(Secret(token), None, NONCE)
    assert profile.stated_at == issued_at


async def test_an_expired_id_token_is_refused(
    google: Oidc, upstream: FakeGoogle, clock: FrozenClock
) -> None:
    token = Secret(upstream.id_token(nonce=None))
    clock.advance(timedelta(hours=1, minutes=1))
    with pytest.raises(BadToken) as refusal:
        await google.verify_native_token(token, None, None)
    assert refusal.value.because == "it has expired"


# Access tokens of the old SDKs


async def test_an_access_token_of_our_app_says_who_it_is(
    google: Oidc, upstream: FakeGoogle
) -> None:
    profile = await google.verify_native_token(Secret("ya29.a0Af_token"), Secret("1//r"), None)
    assert (profile.issuer, profile.subject) == (GOOGLE.issuer, SUBJECT)
    assert profile.email_authoritative
    assert profile.refresh_token is not None
    first, second = upstream.requested
    assert query_of(str(first.url)) == {"access_token": "ya29.a0Af_token"}
    assert second.headers["authorization"] == "Bearer ya29.a0Af_token"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"aud": "other-app"}, ForeignToken),
        ({"azp": "other-app"}, ForeignToken),
        ({"aud": "other-app", "azp": ANDROID}, ForeignToken),
        ({"aud": None}, ForeignToken),
        ({"exp": "1"}, BadToken),
        ({"exp": None}, BadToken),
        ({"exp": "soon"}, BadToken),
        ({"exp": "9" * 400}, BadToken),
        ({"sub": None}, BadToken),
        ({"sub": 5}, BadToken),
    ],
)
async def test_an_access_token_that_is_not_good_or_not_ours_is_refused(
    google: Oidc, upstream: FakeGoogle, changes: dict[str, Any], fault: type[ProviderFault]
) -> None:
    """security.md §28: the confused deputy."""
    upstream.respond_about_token(GOOGLE.tokeninfo_endpoint, **changes)
    with pytest.raises(fault):
        await google.verify_native_token(Secret("ya29.theirs"), None, None)
    assert upstream.request_count(GOOGLE.userinfo_endpoint) == 0


async def test_an_access_token_may_have_no_presenter(google: Oidc, upstream: FakeGoogle) -> None:
    upstream.respond_about_token(GOOGLE.tokeninfo_endpoint, azp=None)
    assert await google.verify_native_token(Secret("ya29.ours"), None, None)


async def test_the_person_of_tokeninfo_must_be_the_one_of_userinfo(
    google: Oidc, upstream: FakeGoogle
) -> None:
    upstream.respond_about_token(GOOGLE.userinfo_endpoint, sub="2")
    with pytest.raises(BadToken):
        await google.verify_native_token(Secret("ya29.theirs"), None, None)


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        # As of today; the older form has the description only.
        (json_of({"error": "invalid_token", "error_description": "Invalid Value"}, 400), BadToken),
        (json_of({"error_description": "Invalid Value"}, 400), BadToken),
        (json_of({}, 404), InvalidProviderResponse),
        (httpx.Response(200, content=b"<html>"), InvalidProviderResponse),
        (httpx.Response(503), ProviderUnavailable),
    ],
)
async def test_a_token_that_tokeninfo_refuses_is_refused(
    google: Oidc, upstream: FakeGoogle, reply: httpx.Response, fault: type[ProviderFault]
) -> None:
    upstream.replies[GOOGLE.tokeninfo_endpoint] = reply
    with pytest.raises(fault):
        await google.verify_native_token(Secret("ya29.bad"), None, None)


async def test_another_server_can_replace_google(stores: Stores, clock: FrozenClock) -> None:
    """By configuration alone: that is how the sandbox and an operator's mock work."""
    at = "https://stand-in.example.org"
    upstream = Upstream(clock, issuer=at, client_id=WEB)
    upstream.publishes()
    upstream.grants()
    policy = ProviderPolicy(
        name="google",
        kind="google",
        client_id=WEB,
        client_secret=Secret("a-secret"),
        issuer=at,
        authorization_endpoint=f"{at}/authorize",
        token_endpoint=f"{at}/token",
        jwks_uri=f"{at}/keys",
        userinfo_endpoint=f"{at}/userinfo",
        tokeninfo_endpoint=f"{at}/tokeninfo",
    )
    google = open_google(policy, upstream.http_client(), clock, stores.replays)
    profile = await google.handle_callback({"code": "a-code", "iss": at}, authorization_context())
    assert (profile.issuer, profile.provider) == (at, "google")
    upstream.grants(upstream.id_token(iss="accounts.google.com"))
    with pytest.raises(InvalidProviderResponse):
        await google.handle_callback({"code": "a-code"}, authorization_context())


# Messages about accounts (RISC)


def event_of(upstream: FakeGoogle, name: str, **changes: Any) -> dict[str, Any]:
    """ "A security event token's payload" in Google's "Cross-Account Protection"."""
    subject = {"subject_type": "iss-sub", "iss": "https://accounts.google.com/", "sub": SUBJECT}
    claims: dict[str, Any] = {
        "iss": "https://accounts.google.com/",
        "aud": WEB,
        "iat": int(upstream.clock.now().timestamp()),
        "jti": "756E69717565206964656E746966696572",
        "events": {name: {"subject": subject, "reason": "hijacking"}},
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


async def received(
    google: Oidc, upstream: FakeGoogle, claims: dict[str, Any]
) -> list[SecurityEvent]:
    token = upstream.sign(claims, {"typ": "secevent+jwt"})
    return list(await google.security_events("application/secevent+jwt", token.encode()))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (f"{RISC}account-purged", "gone"),
        (f"{RISC}account-disabled", "suspended"),
        (f"{RISC}sessions-revoked", "signed_out"),
        (f"{OAUTH}tokens-revoked", "signed_out"),
    ],
)
async def test_an_event_of_an_account_is_reported(
    google: Oidc, upstream: FakeGoogle, name: str, kind: str
) -> None:
    (notice,) = await received(google, upstream, event_of(upstream, name))
    assert (notice.kind, notice.subject) == (kind, SUBJECT)
    # As identities are kept: without the slash at the end.
    assert notice.issuer == "https://accounts.google.com"
    assert notice.id.startswith("756E69717565206964656E746966696572")


@pytest.mark.parametrize(
    "event",
    [
        {f"{RISC}verification": {"state": "a-state"}},
        {f"{RISC}account-enabled": {"subject": {"iss": "https://accounts.google.com/"}}},
        {f"{RISC}account-credential-change-required": {}},
        {f"{OAUTH}token-revoked": {"subject": {"subject_type": "oauth_token"}}},
        {"https://schemas.example.org/unknown": 5},
        {},
    ],
)
async def test_a_message_that_asks_nothing_of_us_is_taken(
    google: Oidc, upstream: FakeGoogle, event: dict[str, Any]
) -> None:
    assert await received(google, upstream, event_of(upstream, "", events=event)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://attacker.example.org/"},
        {"iss": "accounts.google.com"},
        {"iss": None},
        {"aud": "other-app"},
        {"aud": None},
        {"jti": None},
        {"iat": None},
        {"iat": 1},
        {"events": None},
        {"events": []},
        {"events": {f"{RISC}account-purged": {}}},
        {"events": {f"{RISC}account-purged": "x"}},
        {"events": {f"{RISC}account-purged": {"subject": {"sub": SUBJECT}}}},
        {
            "events": {
                f"{RISC}account-purged": {
                    "subject": {"iss": "https://attacker.example.org/", "sub": SUBJECT}
                }
            }
        },
    ],
)
async def test_a_message_that_is_not_googles_to_us_is_refused(
    google: Oidc, upstream: FakeGoogle, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadToken):
        await received(google, upstream, event_of(upstream, f"{RISC}account-purged", **changes))


async def test_an_old_message_is_refused_and_a_late_one_is_not(
    google: Oidc, upstream: FakeGoogle, clock: FrozenClock
) -> None:
    claims = event_of(upstream, f"{RISC}account-purged")
    clock.advance(timedelta(days=7))
    assert await received(google, upstream, claims)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(BadToken):
        await received(google, upstream, claims)


async def test_a_message_is_signed_by_google(google: Oidc, upstream: FakeGoogle) -> None:
    claims = event_of(upstream, f"{RISC}account-purged")
    forged = upstream.sign(claims, {"typ": "secevent+jwt"}, rsa_key(1))
    with pytest.raises(BadToken):
        await google.security_events("application/secevent+jwt", forged.encode())


async def test_an_id_token_is_not_a_message_nor_the_reverse(
    google: Oidc, upstream: FakeGoogle
) -> None:
    with pytest.raises(BadToken):
        await google.security_events("application/secevent+jwt", upstream.id_token().encode())
    claims = {**upstream.claims(), **event_of(upstream, f"{RISC}account-purged"), "iss": WEB}
    for typ in ("secevent+jwt", "JWT"):
        token = upstream.sign({**claims, "iss": upstream.issuer}, {"typ": typ})
        with pytest.raises(BadToken):
            await google.verify_native_token(Secret(token), None, NONCE)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", json.dumps({"payload": "x"}).encode()),
        ("text/plain", b"x"),
        ("", b""),
        ("application/secevent+jwt", b""),
        ("application/secevent+jwt", b"\xff\xfe"),
        ("application/secevent+jwt", b"a.b.c"),
    ],
)
async def test_a_body_that_is_not_a_message_is_refused(
    google: Oidc, media_type: str, body: bytes
) -> None:
    with pytest.raises(BadToken):
        await google.security_events(media_type, body)
