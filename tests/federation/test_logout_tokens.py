"""Back-Channel Logout §2.6: which logout tokens of a provider are accepted, by rule."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from quantimodo.crypto.envelope import Envelope
from quantimodo.federation.client_assertions import AssertionKeys
from quantimodo.federation.contract import BadToken, ProviderPolicy, SecurityEvent
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.federation.providers.relying_party import open_oidc
from quantimodo.model.budgets import Signer
from support.environment import FrozenClock, SeededEntropy
from support.jwt_forgery import forge, unsigned
from support.upstream import Upstream, rsa_key

EVENT = "http://schemas.openid.net/event/backchannel-logout"
FORM = "application/x-www-form-urlencoded"


class NoReplays:
    """A replay store for a provider that only reads messages."""

    async def use_once(self, key: bytes, expires_at: Any, signer: Signer) -> bool:
        raise AssertionError

    async def is_used(self, key: bytes) -> bool:
        raise AssertionError

    async def require_space(self, key: bytes, signer: Signer) -> None:
        raise AssertionError


@pytest.fixture
def upstream(clock: FrozenClock) -> Upstream:
    it = Upstream(clock)
    it.publishes(id_token_signing_alg_values_supported=["RS256", "ES256"])
    return it


def opened(upstream: Upstream, **changes: Any) -> Oidc:
    given: dict[str, Any] = {
        "name": "work",
        "kind": "oidc",
        "issuer": upstream.issuer,
        "client_id": upstream.client_id,
        "audiences": ("an-app-of-ours",),
        "id_token_algorithm": "RS256",
        "backchannel_logout": True,
    }
    entropy = SeededEntropy(1)
    keys = AssertionKeys(Envelope([b"k" * 32], entropy).derive_all, entropy)
    policy = ProviderPolicy(**{**given, **changes})
    return open_oidc(policy, upstream.http_client(), upstream.clock, NoReplays(), keys)


def logout_claims(upstream: Upstream, **changes: Any) -> dict[str, Any]:
    now = int(upstream.clock.now().timestamp())
    claims: dict[str, Any] = {
        "iss": upstream.issuer,
        "aud": upstream.client_id,
        "iat": now,
        "exp": now + 120,
        "jti": "one",
        "sub": "248289761001",
        "sid": "their-session",
        "events": {EVENT: {}},
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def body_of(token: str, **more: str) -> bytes:
    return urlencode({"logout_token": token, **more}).encode()


@pytest.mark.parametrize(
    ("changes", "subject", "session"),
    [
        ({}, "248289761001", "their-session"),
        ({"sid": None}, "248289761001", ""),
        ({"sub": None}, "", "their-session"),
        ({"aud": ["another", "quantimodo"]}, "248289761001", "their-session"),
        ({"ignored_claim": "x"}, "248289761001", "their-session"),
    ],
)
@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", None])
async def test_2_4_a_logout_token_names_a_session_or_an_account(
    upstream: Upstream, changes: dict[str, Any], subject: str, session: str, typ: str | None
) -> None:
    token = upstream.sign(logout_claims(upstream, **changes), {"typ": typ})
    body = body_of(token, ignored_parameter="of a later version")
    assert await opened(upstream).security_events(FORM, body) == (
        SecurityEvent(
            kind="session_ended",
            issuer=upstream.issuer,
            subject=subject,
            session=session,
            id="one",
        ),
    )


REFUSED: dict[str, dict[str, Any]] = {
    "3 iss": {"iss": "https://attacker.example.org"},
    "3 iss with a slash": {"iss": "https://login.example.org/"},
    "3 iss is missing": {"iss": None},
    "3 aud": {"aud": "another-client"},
    "3 aud is another client of ours": {"aud": "an-app-of-ours"},
    "3 aud is missing": {"aud": None},
    "3 iat is missing": {"iat": None},
    "3 iat is in the future": {"iat": 4_000_000_000},
    "3 exp is missing": {"exp": None},
    "3 exp is over": {"exp": 1},
    "4 neither sub nor sid": {"sub": None, "sid": None},
    "4 sub is no text": {"sub": 5},
    "4 sid is empty": {"sid": ""},
    "5 events is missing": {"events": None},
    "5 events has another member": {"events": {"http://schemas.openid.net/event/other": {}}},
    "5 events is no object": {"events": [EVENT]},
    "5 the event is no object": {"events": {EVENT: True}},
    "6 a nonce": {"nonce": "a-nonce"},
    "7 jti is missing": {"jti": None},
}


@pytest.mark.parametrize("rule", REFUSED)
async def test_2_6_a_token_that_breaks_a_rule_is_refused(upstream: Upstream, rule: str) -> None:
    token = upstream.sign(logout_claims(upstream, **REFUSED[rule]))
    with pytest.raises(BadToken):
        await opened(upstream).security_events(FORM, body_of(token))


FORGED: dict[str, Callable[[Upstream, dict[str, Any]], str]] = {
    "alg none": lambda upstream, claims: forge({"alg": "none"}, claims, unsigned),
    "another key": lambda upstream, claims: upstream.sign(claims, key=rsa_key(1)),
    "another algorithm": lambda upstream, claims: upstream.sign(claims, {"alg": "PS256"}),
    "a registered algorithm of others": lambda upstream, claims: upstream.sign(
        claims, {"alg": "ES256"}
    ),
    "an access token": lambda upstream, claims: upstream.sign(claims, {"typ": "at+jwt"}),
    "a security event": lambda upstream, claims: upstream.sign(claims, {"typ": "secevent+jwt"}),
    "an ID token": lambda upstream, claims: upstream.id_token(),
    "encrypted": lambda upstream, claims: "e30.a.b.c.d",
}


@pytest.mark.parametrize("kind", FORGED)
async def test_2_6_another_signature_or_kind_of_token_is_refused(
    upstream: Upstream, kind: str
) -> None:
    token = FORGED[kind](upstream, logout_claims(upstream))
    with pytest.raises(BadToken):
        await opened(upstream).security_events(FORM, body_of(token))


async def test_2_5_only_a_form_is_read_and_only_where_the_operator_wants_it(
    upstream: Upstream,
) -> None:
    token = upstream.sign(logout_claims(upstream))
    for media_type, body in (
        ("application/json", json.dumps({"logout_token": token}).encode()),
        ("application/jwt", token.encode()),
        (FORM, body_of(token) + b"&" + body_of(token)),
        (FORM, b"another=1"),
        (FORM, b""),
    ):
        with pytest.raises(BadToken):
            await opened(upstream).security_events(media_type, body)
    with pytest.raises(BadToken):
        await opened(upstream, backchannel_logout=False).security_events(FORM, body_of(token))
