"""Sign in with Apple (security.md §30): form_post, a name sent once, a signed client secret,
private relay, messages about accounts.

The recorded responses have the shape of Apple's documentation, read in November 2026
(developer.apple.com/documentation/signinwithapple):
- "Request an authorization to the Sign in with Apple server": the callback's fields
- "Token validation" and "TokenResponse": the token response
- "Authenticating users with Sign in with Apple": the claims, flags as text or boolean
- "Creating a client secret"
- "Processing changes for Sign in with Apple accounts": messages
"""

import json
from typing import Any

import pytest

from quantimodo.crypto.provider_tokens import parse_key_set, verify
from quantimodo.federation.contract import (
    AccessDeniedByUser,
    BadCode,
    BadToken,
    ForeignToken,
    ProviderPolicy,
    SecurityEvent,
)
from quantimodo.federation.providers.apple import APPLE, open_apple
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse
from quantimodo.ports.stores import Stores
from support.addresses import query_of
from support.environment import FrozenClock
from support.jwt_forgery import claims_of, half_hash, header_of
from support.upstream import (
    NONCE,
    Upstream,
    authorization_context,
    ec_jwk_of,
    ec_key,
    json_of,
    jwk_of,
    pem_of,
    rsa_key,
)

SERVICE = "org.example.quantimodo.web"
APP = "org.example.quantimodo"
SUBJECT = "001234.fedcba9876543210fedcba9876543210.1234"
RELAY = "dpdcnf87nu@privaterelay.appleid.com"
USER = json.dumps(
    {"name": {"firstName": "Ann", "lastName": "Example"}, "email": "another.person@example.org"}
)


class FakeApple(Upstream):
    __slots__ = ()

    def claims(self, **changes: Any) -> dict[str, Any]:
        theirs: dict[str, Any] = {
            "sub": SUBJECT,
            "at_hash": half_hash("an-access-token"),
            "name": None,
            "email": RELAY,
            "email_verified": "true",
            "is_private_email": "true",
            "auth_time": int(self.clock.now().timestamp()),
            "nonce_supported": True,
        }
        return super().claims(**{**theirs, **changes})


@pytest.fixture
def upstream(clock: FrozenClock) -> FakeApple:
    it = FakeApple(clock, issuer=APPLE.issuer, client_id=SERVICE)
    it.replies[APPLE.jwks_uri] = json_of(
        {"keys": [jwk_of(rsa_key(2), "fh6Bs8C"), jwk_of(rsa_key(), "one")]}
    )
    it.grants(url=APPLE.token_endpoint, refresh_token="rca7.0.theirs")
    return it


@pytest.fixture
def apple(upstream: FakeApple, stores: Stores) -> Oidc:
    policy = ProviderPolicy(
        name="apple",
        kind="apple",
        client_id=SERVICE,
        client_secret=Secret(pem_of(ec_key())),
        team_id="DEF123GHIJ",
        key_id="ABC123DEFG",
        audiences=(APP,),
    )
    return open_apple(policy, upstream.http_client(), upstream.clock, stores.replays)


async def test_the_response_is_asked_for_by_post(apple: Oidc) -> None:
    sent = query_of(await apple.authorization_url(authorization_context()))
    assert sent["response_mode"] == "form_post"
    assert sent["scope"] == "name email"
    assert sent["nonce"] == NONCE
    assert "code_challenge" not in sent  # Apple does not know it
    assert apple.responds_by_form_post
    assert await apple.destination() == "https://appleid.apple.com"


async def test_the_name_comes_once_beside_the_id_token(apple: Oidc, upstream: FakeApple) -> None:
    first = await apple.handle_callback({"code": "a-code", "user": USER}, authorization_context())
    assert (first.issuer, first.subject) == ("https://appleid.apple.com", SUBJECT)
    assert first.name == "Ann Example"
    # That came through the browser: the address is the one that Apple signed.
    assert first.email == RELAY
    assert first.email_verified
    assert first.email_authoritative is False
    later = await apple.handle_callback({"code": "a-code"}, authorization_context())
    assert (later.subject, later.name) == (SUBJECT, "")


@pytest.mark.parametrize(
    "user",
    [
        "",
        "x",
        "[]",
        "null",
        "{}",
        '{"name": 5}',
        '{"name": "Ann"}',
        '{"name": {"firstName": 5, "lastName": ["x"]}}',
        '{"name": {}}',
        "[" * 4000,
        '{"name": {"firstName": "' + "x" * 5000 + '"}}',
    ],
)
async def test_an_odd_name_is_not_a_name(apple: Oidc, user: str) -> None:
    assert (
        await apple.handle_callback({"code": "a-code", "user": user}, authorization_context())
    ).name == ""


async def test_a_name_may_be_half_a_name(apple: Oidc) -> None:
    profile = await apple.handle_callback(
        {"code": "a-code", "user": '{"name": {"lastName": "Example"}}'}, authorization_context()
    )
    assert profile.name == "Example"


async def test_the_client_secret_is_signed_for_the_moment(apple: Oidc, upstream: FakeApple) -> None:
    await apple.handle_callback({"code": "a-code"}, authorization_context())
    form = upstream.form(APPLE.token_endpoint)
    assert form["client_id"] == SERVICE
    assert "code_verifier" not in form
    secret = form["client_secret"]
    assert header_of(secret)["alg"] == "ES256"
    assert header_of(secret)["kid"] == "ABC123DEFG"
    now = int(upstream.clock.now().timestamp())
    assert claims_of(secret) == {
        "iss": "DEF123GHIJ",
        "iat": now,
        "exp": now + 300,
        "aud": "https://appleid.apple.com",
        "sub": SERVICE,
    }
    (key,) = parse_key_set({"keys": [ec_jwk_of(ec_key(), "ABC123DEFG")]})
    assert verify(secret, [key], {"ES256"})


@pytest.mark.parametrize(
    ("stated", "verified"),
    [(True, True), ("true", True), (False, False), ("false", False), (None, False)],
)
async def test_a_flag_may_be_a_text_and_false_is_false(
    apple: Oidc, upstream: FakeApple, stated: Any, verified: bool
) -> None:
    """security.md §23."""
    upstream.grants(upstream.id_token(email_verified=stated), url=APPLE.token_endpoint)
    profile = await apple.handle_callback({"code": "a-code"}, authorization_context())
    assert profile.email_verified is verified


async def test_an_account_of_a_school_may_have_no_address(apple: Oidc, upstream: FakeApple) -> None:
    changes = {"email": None, "email_verified": None, "is_private_email": None}
    upstream.grants(upstream.id_token(**changes), url=APPLE.token_endpoint)
    profile = await apple.handle_callback({"code": "a-code"}, authorization_context())
    assert (profile.email, profile.email_verified) == (None, False)


@pytest.mark.parametrize("error", ["user_cancelled_authorize", "access_denied"])
async def test_a_person_who_cancels_at_apple_has_declined(apple: Oidc, error: str) -> None:
    with pytest.raises(AccessDeniedByUser):
        await apple.handle_callback({"error": error}, authorization_context())


async def test_a_code_that_apple_refuses_is_a_bad_code(apple: Oidc, upstream: FakeApple) -> None:
    upstream.replies[APPLE.token_endpoint] = json_of(
        {
            "error": "invalid_grant",
            "error_description": "The code has expired or has been revoked.",
        },
        400,
    )
    with pytest.raises(BadCode):
        await apple.handle_callback({"code": "a-code"}, authorization_context())
    upstream.replies[APPLE.token_endpoint] = json_of({"error": "invalid_client"}, 400)
    with pytest.raises(InvalidProviderResponse) as refusal:
        await apple.handle_callback({"code": "a-code"}, authorization_context())
    assert "invalid_client" in refusal.value.because


@pytest.mark.parametrize(
    "changes", [{"nonce": None}, {"nonce": "x"}, {"iss": "apple"}, {"aud": APP}]
)
async def test_the_nonce_binds_the_response_to_this_browser(
    apple: Oidc, upstream: FakeApple, changes: dict[str, Any]
) -> None:
    upstream.grants(upstream.id_token(**changes), url=APPLE.token_endpoint)
    with pytest.raises(InvalidProviderResponse):
        await apple.handle_callback({"code": "a-code"}, authorization_context())


async def test_an_id_token_of_our_app_is_taken_once(apple: Oidc, upstream: FakeApple) -> None:
    token = Secret(upstream.id_token(aud=APP, nonce=None))
    assert (await apple.verify_native_token(token, None, None)).subject == SUBJECT
    with pytest.raises(BadToken):
        await apple.verify_native_token(token, None, None)
    with pytest.raises(ForeignToken):
        await apple.verify_native_token(
            Secret(upstream.id_token(aud="org.example.other")), None, None
        )
    with pytest.raises(BadToken):
        await apple.verify_native_token(Secret("c1a2b3.0.opaque"), None, None)


def test_a_key_that_is_not_a_p8_is_reported_at_start(upstream: FakeApple, stores: Stores) -> None:
    policy = ProviderPolicy(
        name="apple", kind="apple", client_id=SERVICE, client_secret=Secret("marked")
    )
    with pytest.raises(ValueError) as refusal:
        open_apple(policy, upstream.http_client(), upstream.clock, stores.replays)
    assert "marked" not in str(refusal.value)


# Messages about accounts


def message_of(upstream: FakeApple, event: Any, **changes: Any) -> bytes:
    now = int(upstream.clock.now().timestamp())
    claims = {
        "iss": "https://appleid.apple.com",
        "aud": APP,
        "exp": now + 86_400,
        "iat": now,
        "jti": "abede...67890",
        "events": event,
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    token = upstream.sign(kept, {"typ": None})
    return json.dumps({"payload": token}).encode()


def event_of(kind: str) -> dict[str, Any]:
    return {"type": kind, "sub": SUBJECT, "event_time": 1_795_434_000_000}


async def received(apple: Oidc, body: bytes) -> list[SecurityEvent]:
    return list(await apple.security_events("application/json", body))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("consent-revoked", "signed_out"),
        ("account-delete", "gone"),
        ("account-deleted", "gone"),
    ],
)
@pytest.mark.parametrize("as_text", [True, False])
async def test_an_event_of_an_account_is_reported(
    apple: Oidc, upstream: FakeApple, kind: str, expected: str, as_text: bool
) -> None:
    event = event_of(kind)
    body = message_of(upstream, json.dumps(event) if as_text else event)
    (notice,) = await received(apple, body)
    assert (notice.kind, notice.subject, notice.id) == (expected, SUBJECT, "abede...67890")
    assert notice.issuer == "https://appleid.apple.com"


@pytest.mark.parametrize("kind", ["email-disabled", "email-enabled", "something-new"])
async def test_the_settings_of_the_private_relay_are_apples_affair(
    apple: Oidc, upstream: FakeApple, kind: str
) -> None:
    event = {**event_of(kind), "email": RELAY, "is_private_email": "true"}
    assert await received(apple, message_of(upstream, json.dumps(event))) == []


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        ("x", {}),
        ("[]", {}),
        ("[" * 5000, {}),
        (5, {}),
        (None, {}),
        (json.dumps({"type": "account-delete"}), {}),
        (json.dumps({"type": "account-delete", "sub": 5}), {}),
        (json.dumps(event_of("account-delete")), {"iss": "https://attacker.example.org"}),
        (json.dumps(event_of("account-delete")), {"aud": "org.example.other"}),
        (json.dumps(event_of("account-delete")), {"jti": None}),
        (json.dumps(event_of("account-delete")), {"iat": 1}),
        (json.dumps(event_of("account-delete")), {"exp": 1}),
    ],
)
async def test_a_message_that_is_not_apples_to_us_is_refused(
    apple: Oidc, upstream: FakeApple, event: Any, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadToken):
        await received(apple, message_of(upstream, event, **changes))


async def test_a_message_is_signed_by_apple(apple: Oidc, upstream: FakeApple) -> None:
    claims = {"iss": APPLE.issuer, "aud": APP, "events": "{}", "jti": "x", "iat": 1}
    forged = upstream.sign(claims, key=rsa_key(1))
    with pytest.raises(BadToken):
        await received(apple, json.dumps({"payload": forged}).encode())
    with pytest.raises(BadToken):
        await received(apple, json.dumps({"payload": upstream.id_token()}).encode())


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"{}", b'{"payload": 5}', b'{"payload": ""}'])
async def test_a_body_that_is_not_a_message_is_refused(apple: Oidc, body: bytes) -> None:
    with pytest.raises(BadToken):
        await received(apple, body)
    with pytest.raises(BadToken):
        await apple.security_events("application/secevent+jwt", body)
