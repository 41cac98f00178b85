"""Facebook Limited Login: the ID token of an iPhone without tracking consent.

Claims and checks: developers.facebook.com/docs/facebook-login/limited-login/token/validating; keys:
developers.facebook.com/docs/facebook-login/limited-login/token. The claims are those that
github.com/facebook/facebook-ios-sdk reads (FBSDKCoreKit, `AuthenticationTokenClaims.swift`).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quantimodo.crypto.jwks import KeyPair, generate_key_pair, open_signer
from quantimodo.crypto.jwt import base64url
from quantimodo.federation.contract import BadToken, ForeignToken, Provider, ProviderPolicy
from quantimodo.federation.providers.facebook import Facebook
from quantimodo.model.budgets import QuotaPolicy
from quantimodo.model.identities import UpstreamProfile
from quantimodo.model.keys import Algorithm
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderUnavailable
from quantimodo.ports.stores import QuotaExceeded, Stores
from quantimodo.storage.open import migrate, open_stores
from quantimodo.storage.tables.replays import REPLAY_BYTES
from support.environment import FrozenClock
from support.recordings import Recordings

JWKS = "https://limited.facebook.com/.well-known/oauth/openid/jwks/"
APP = "138483919580948"
NONCE = "fakeNonce123"
POLICY = ProviderPolicy(
    name="facebook", kind="facebook", client_id=APP, client_secret=Secret("fake-app-secret")
)
NOW = int(datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp())
CLAIMS: dict[str, Any] = {
    "iss": "https://www.facebook.com",
    "aud": APP,
    "sub": "10215241773831025",
    "iat": NOW - 5,
    "exp": NOW + 3595,
    "jti": "fakeId.0123456789abcdef",
    "nonce": NONCE,
    "email": "ann@example.org",
    "given_name": "Ann",
    "family_name": "Example",
    "name": "Ann Example",
    "picture": "https://platform-lookaside.example.org/picture",
}
ANN = UpstreamProfile(
    provider="facebook",
    issuer="https://www.facebook.com",
    subject="10215241773831025",
    name="Ann Example",
    email="ann@example.org",
    stated_at=datetime.fromtimestamp(NOW - 5, UTC),  # the app may have held the token since then
)


@pytest.fixture(scope="module")
def pair() -> KeyPair:
    return generate_key_pair("RS256")


@pytest.fixture(scope="module")
def stranger() -> KeyPair:
    return generate_key_pair("RS256")


@pytest.fixture
def facebook(pair: KeyPair) -> Recordings:
    recordings = Recordings()
    recordings.record("GET", JWKS, {"keys": [msgspec.json.decode(pair.public_jwk)]})
    return recordings


@pytest.fixture
def provider(facebook: Recordings, clock: FrozenClock, stores: Stores) -> Provider:
    return Facebook(POLICY, facebook.http_client(), clock, stores.replays)


def token(
    pair: KeyPair, *, typ: str = "JWT", algorithm: Algorithm = "RS256", **changes: Any
) -> Secret:
    """An ID token with these claims changed; None: left out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return Secret(open_signer(pair.kid, algorithm, pair.private).sign(claims, typ))


async def test_an_id_token_for_our_app_is_recognised_without_graph(
    provider: Provider, facebook: Recordings, pair: KeyPair
) -> None:
    assert await provider.verify_native_token(token(pair), None, NONCE) == ANN
    assert [requested.url for requested in facebook.requested] == [JWKS]


async def test_an_address_may_be_missing_and_never_counts_as_verified(
    provider: Provider, pair: KeyPair
) -> None:
    without = await provider.verify_native_token(token(pair, email=None), None, NONCE)
    assert without.email is None
    claimed = await provider.verify_native_token(token(pair, email_verified=True), None, NONCE)
    assert (claimed.email_verified, claimed.email_authoritative) == (False, False)


async def test_a_token_counts_once(
    provider: Provider, facebook: Recordings, clock: FrozenClock, stores: Stores, pair: KeyPair
) -> None:
    raw = token(pair)
    await provider.verify_native_token(raw, None, NONCE)
    # In another process as well: the store has the replays, not the provider.
    for instance in (provider, Facebook(POLICY, facebook.http_client(), clock, stores.replays)):
        with pytest.raises(BadToken):
            await instance.verify_native_token(raw, None, NONCE)


async def test_a_token_that_was_refused_is_not_used_up(provider: Provider, pair: KeyPair) -> None:
    raw = token(pair)
    with pytest.raises(BadToken):
        await provider.verify_native_token(raw, None, "another-nonce")
    assert await provider.verify_native_token(raw, None, NONCE) == ANN


async def test_a_replay_is_remembered_as_long_as_the_token_would_be_taken(
    provider: Provider, clock: FrozenClock, pair: KeyPair
) -> None:
    raw = token(pair)
    await provider.verify_native_token(raw, None, NONCE)
    clock.advance(timedelta(seconds=3595 + 59))
    with pytest.raises(BadToken) as caught:
        await provider.verify_native_token(raw, None, NONCE)
    assert caught.value.because == "limited login: replayed"


@pytest.mark.parametrize("nonce", ["another-nonce", "", NONCE.upper(), NONCE + " "])
async def test_a_token_of_another_sign_in_is_refused(
    provider: Provider, pair: KeyPair, nonce: str
) -> None:
    with pytest.raises(BadToken):
        await provider.verify_native_token(token(pair), None, nonce)


@pytest.mark.parametrize("nonce", [None, "", 5, [NONCE]])
@pytest.mark.parametrize("sent", [NONCE, None])
async def test_a_token_without_a_nonce_is_refused(
    provider: Provider, pair: KeyPair, nonce: Any, sent: str | None
) -> None:
    with pytest.raises(BadToken):
        await provider.verify_native_token(token(pair, nonce=nonce), None, sent)


async def test_an_app_that_let_the_sdk_choose_the_nonce_signs_in_once(
    provider: Provider, pair: KeyPair
) -> None:
    raw = token(pair)
    assert await provider.verify_native_token(raw, None, None) == ANN
    with pytest.raises(BadToken):
        await provider.verify_native_token(raw, None, None)


@pytest.mark.parametrize("aud", ["999999999999999", ["999999999999999"], [APP, "999999999999999"]])
async def test_a_token_of_another_app_is_refused(
    facebook: Recordings, clock: FrozenClock, stores: Stores, pair: KeyPair, aud: Any
) -> None:
    for policy in (POLICY, replace(POLICY, audiences=("999999999999999",))):
        provider = Facebook(policy, facebook.http_client(), clock, stores.replays)
        with pytest.raises(ForeignToken) as caught:
            await provider.verify_native_token(token(pair, aud=aud), None, NONCE)
        assert caught.value.code == "invalid_token"
        assert "issued to another application" in caught.value.message


@pytest.mark.parametrize(
    "iss",
    [
        "https://facebook.com",
        "https://www.facebook.com/",
        "https://limited.facebook.com",
        "https://evil.example",
        "https://www.facebook.com.evil.example",
        None,
        ["https://www.facebook.com"],
    ],
)
async def test_a_token_of_another_issuer_is_refused(
    provider: Provider, pair: KeyPair, iss: Any
) -> None:
    with pytest.raises(BadToken):
        await provider.verify_native_token(token(pair, iss=iss), None, NONCE)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - 60},
        {"exp": None},
        {"exp": str(NOW + 3600)},
        {"iat": NOW + 61},
        {"iat": None},
        {"aud": None},
        {"aud": []},
        {"sub": None},
        {"sub": ""},
        {"sub": "ann@example.org"},
        {"events": {}},
    ],
)
async def test_a_token_without_its_claims_in_order_is_refused(
    provider: Provider, pair: KeyPair, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadToken):
        await provider.verify_native_token(token(pair, **changes), None, NONCE)


async def test_clocks_may_differ_by_a_minute(provider: Provider, pair: KeyPair) -> None:
    late = await provider.verify_native_token(token(pair, iat=NOW + 59, jti="a"), None, NONCE)
    assert replace(late, stated_at=ANN.stated_at) == ANN
    early = await provider.verify_native_token(token(pair, exp=NOW - 59, jti="b"), None, NONCE)
    assert early == ANN


async def test_another_kind_of_token_is_not_an_id_token(provider: Provider, pair: KeyPair) -> None:
    with pytest.raises(BadToken):
        await provider.verify_native_token(token(pair, typ="at+jwt"), None, NONCE)


async def test_a_token_of_another_signer_is_refused(
    provider: Provider, pair: KeyPair, stranger: KeyPair
) -> None:
    as_if = replace(stranger, kid=pair.kid)
    for forged in (token(stranger), token(as_if)):
        with pytest.raises(BadToken):
            await provider.verify_native_token(forged, None, NONCE)


async def test_another_algorithm_is_refused_even_with_a_key_of_facebooks(
    provider: Provider, facebook: Recordings
) -> None:
    curve = generate_key_pair("ES256")
    facebook.record("GET", JWKS, {"keys": [msgspec.json.decode(curve.public_jwk)]})
    with pytest.raises(BadToken):
        await provider.verify_native_token(token(curve, algorithm="ES256"), None, NONCE)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "PS256"])
async def test_an_algorithm_that_the_token_chose_is_refused(
    provider: Provider, pair: KeyPair, algorithm: str
) -> None:
    _, claims, signature = token(pair).reveal().split(".")
    header = base64url(msgspec.json.encode({"alg": algorithm, "typ": "JWT", "kid": pair.kid}))
    for ending in (signature, ""):
        forged = Secret(f"{header.decode()}.{claims}.{ending}")
        with pytest.raises(BadToken):
            await provider.verify_native_token(forged, None, NONCE)


async def test_changed_claims_are_refused(provider: Provider, pair: KeyPair) -> None:
    header, _, signature = token(pair).reveal().split(".")
    claims = base64url(msgspec.json.encode({**CLAIMS, "sub": "1"})).decode()
    with pytest.raises(BadToken):
        await provider.verify_native_token(Secret(f"{header}.{claims}.{signature}"), None, NONCE)


async def test_keys_that_cannot_be_had_are_facebooks_trouble(
    provider: Provider, facebook: Recordings, clock: FrozenClock, pair: KeyPair
) -> None:
    facebook.record("GET", JWKS, b"", 503)
    with pytest.raises(ProviderUnavailable):
        await provider.verify_native_token(token(pair), None, NONCE)
    clock.advance(timedelta(minutes=1))
    facebook.record("GET", JWKS, {"keys": []})
    with pytest.raises(InvalidProviderResponse):
        await provider.verify_native_token(token(pair), None, NONCE)


async def test_one_fetch_of_the_keys_serves_many_tokens(
    provider: Provider, facebook: Recordings, pair: KeyPair
) -> None:
    for jti in ("a", "b", "c"):
        await provider.verify_native_token(token(pair, jti=jti), None, NONCE)
    assert len(facebook.requested) == 1


async def test_keys_and_issuer_can_be_another_servers(
    clock: FrozenClock, stores: Stores, pair: KeyPair
) -> None:
    own = "https://facebook.example.org"
    stand_in = Recordings()
    stand_in.record("GET", f"{own}/jwks", {"keys": [msgspec.json.decode(pair.public_jwk)]})
    policy = replace(POLICY, issuer=own, jwks_uri=f"{own}/jwks")
    provider = Facebook(policy, stand_in.http_client(), clock, stores.replays)
    assert await provider.verify_native_token(token(pair, iss=own), None, NONCE) == replace(
        ANN, issuer=own
    )
    with pytest.raises(BadToken):
        await provider.verify_native_token(token(pair), None, NONCE)


async def test_a_token_that_cannot_be_recorded_is_refused(
    facebook: Recordings, clock: FrozenClock, tmp_path: Path, pair: KeyPair
) -> None:
    """security.md §14c: no record is deleted for it."""
    url = f"sqlite:///{tmp_path}/quota.db"
    await migrate(url, clock.now())
    stores = await open_stores(url, quotas=QuotaPolicy(replays_per_signer=REPLAY_BYTES))
    try:
        provider = Facebook(POLICY, facebook.http_client(), clock, stores.replays)
        first, second = token(pair), token(pair, name="Another Name")
        await provider.verify_native_token(first, None, NONCE)
        with pytest.raises(QuotaExceeded):
            await provider.verify_native_token(second, None, NONCE)
        with pytest.raises(BadToken):
            await provider.verify_native_token(first, None, NONCE)
    finally:
        await stores.close()
