"""ID tokens and logout tokens that a provider encrypts for this server (OpenID Connect Core §10.2,
RFC 7516): `encrypted_id_tokens`."""

from typing import Any

import msgspec
import pytest
from joserfc.jwe import JWERegistry, encrypt_compact
from joserfc.jwk import ECKey

from quantimodo.crypto.envelope import Envelope
from quantimodo.crypto.jwe_decryption import CONTENT_ALGORITHMS, KEY_ALGORITHMS, Decrypter
from quantimodo.crypto.jwt import BadToken
from quantimodo.federation.client_assertions import AssertionKeys
from quantimodo.federation.contract import BadToken as Refused
from quantimodo.federation.contract import ProviderPolicy
from quantimodo.federation.provider_table import faults_of
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.federation.providers.relying_party import open_oidc
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse
from support.environment import FrozenClock, SeededEntropy
from support.upstream import Upstream, authorization_context

OLD, NEW = b"o" * 32, b"n" * 32


def keys_of(*secret_keys: bytes) -> AssertionKeys:
    entropy = SeededEntropy(1)
    return AssertionKeys(Envelope(list(secret_keys), entropy).derive_all, entropy)


def encryption_keys(keys: AssertionKeys, provider: str = "work") -> list[dict[str, Any]]:
    """The published keys for encryption."""
    document = msgspec.json.decode(keys.document(provider, encrypted=True))
    return [each for each in document["keys"] if each["use"] == "enc"]


def sealed(text: str, jwk: dict[str, Any], **header: Any) -> str:
    """What the provider makes of a signed token."""
    members = {name: jwk[name] for name in ("kty", "crv", "x", "y")}
    stated = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": jwk["kid"], "cty": "JWT", **header}
    kept = {name: value for name, value in stated.items() if value is not None}
    registry = JWERegistry(algorithms=[kept["alg"], kept["enc"], "DEF"])
    key = ECKey.import_key(members)
    return encrypt_compact(kept, text.encode(), key, registry=registry)


class NoReplays:
    async def use_once(self, *given: Any) -> bool:
        return True

    async def is_used(self, key: bytes) -> bool:
        return False

    async def require_space(self, *given: Any) -> None: ...


@pytest.fixture
def upstream(clock: FrozenClock) -> Upstream:
    it = Upstream(clock)
    it.publishes()
    return it


def opened(upstream: Upstream, keys: AssertionKeys, **changes: Any) -> Oidc:
    policy = ProviderPolicy(
        name="work",
        kind="oidc",
        issuer=upstream.issuer,
        client_id=upstream.client_id,
        client_secret=Secret("a-fake-secret-of-thirty-two-bytes"),
        **{"encrypted_id_tokens": True, **changes},
    )
    return open_oidc(policy, upstream.http_client(), upstream.clock, NoReplays(), keys)


async def back(provider: Oidc) -> Any:
    return await provider.handle_callback({"code": "a-code"}, authorization_context())


async def test_core_10_2_each_algorithm_and_each_key_that_is_published(upstream: Upstream) -> None:
    keys = keys_of(NEW, OLD)
    published = encryption_keys(keys)
    assert len({each["kid"] for each in published}) == 2
    assert all("d" not in each for each in published)
    # RFC 7517 §4.1, FAPI: another provider and another purpose have other keys.
    others = encryption_keys(keys, "other")
    assert not {each["x"] for each in others} & {each["x"] for each in published}
    signed = upstream.id_token()
    provider = opened(upstream, keys, sign_out_at_provider=True)
    tokens = [
        *(sealed(signed, published[0], alg=alg) for alg in KEY_ALGORITHMS),
        *(sealed(signed, published[0], enc=enc) for enc in CONTENT_ALGORITHMS),
        *(sealed(signed, each) for each in published),
        *(sealed(signed, each, kid=None) for each in published),
    ]
    for token in tokens:
        upstream.grants(token)
        profile = await back(provider)
        assert profile.subject == "248289761001"
        # RP-Initiated Logout §2: the hint is the signed token, not the encrypted one.
        assert profile.id_token is not None
        assert profile.id_token.reveal() == signed


async def test_core_10_2_what_is_refused(upstream: Upstream) -> None:
    keys = keys_of(NEW)
    (own,), (foreign,) = encryption_keys(keys), encryption_keys(keys_of(OLD))
    signed, provider = upstream.id_token(), opened(upstream, keys)
    unsigned = sealed('{"sub":"248289761001"}', own)
    damaged = sealed(signed, own)
    refused = {
        "not encrypted": signed,
        "for another key": sealed(signed, foreign),
        "for another key, without its name": sealed(signed, foreign, kid=None),
        "damaged": damaged[:-4] + ("AAAA" if damaged[-4:] != "AAAA" else "BBBB"),
        "compressed": sealed(signed, own, zip="DEF"),
        "not signed inside": unsigned,
        "encrypted twice": sealed(sealed(signed, own), own),
        "of another client": sealed(upstream.id_token(aud="another"), own),
        "with another nonce": sealed(upstream.id_token(nonce="another"), own),
        "too long": sealed("x" * 70_000, own),
        "empty parts": "....",
    }
    for what, token in refused.items():
        upstream.grants(token)
        try:
            await back(provider)
        except InvalidProviderResponse:
            continue
        pytest.fail(f"{what}: it was accepted")
    # Where the operator did not turn it on, an encrypted one is no ID token.
    upstream.grants(sealed(signed, own))
    with pytest.raises(InvalidProviderResponse):
        await back(opened(upstream, keys, encrypted_id_tokens=False))


async def test_logout_2_4_logout_tokens_are_encrypted_too(upstream: Upstream) -> None:
    keys = keys_of(NEW)
    provider = opened(upstream, keys, backchannel_logout=True)
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    claims = upstream.claims(nonce=None, sid="s-1", jti="j-1", events=event)
    token = upstream.sign(claims, {"typ": "logout+jwt"})
    form = "application/x-www-form-urlencoded"
    (own,) = encryption_keys(keys)
    body = f"logout_token={sealed(token, own)}".encode()
    (found,) = await provider.security_events(form, body)
    assert (found.kind, found.session) == ("session_ended", "s-1")
    for wrong in (token, "a.b.c.d.e"):
        with pytest.raises(Refused):
            await provider.security_events(form, f"logout_token={wrong}".encode())


def test_the_setting_is_for_openid_providers() -> None:
    policy = ProviderPolicy(
        name="github",
        kind="github",
        client_id="c",
        client_secret=Secret("s"),
        encrypted_id_tokens=True,
    )
    assert "encrypted_id_tokens" in dict(faults_of(policy))


def test_a_decrypter_never_returns_other_text() -> None:
    decrypter = Decrypter([NEW])
    for token in ("", "a.b.c", "a.b.c.d.e", "é.b.c.d.e", "e30.b.c.d.e", "W10.b.c.d.e"):
        with pytest.raises(BadToken):
            decrypter.decrypt(token)
    assert "n" * 32 not in repr(decrypter)
