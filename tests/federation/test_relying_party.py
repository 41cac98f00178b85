"""`kind = "oidc"` with each of its settings: what is sent to the provider, and what is accepted."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx
import pytest

from quantimodo.crypto.envelope import Envelope
from quantimodo.crypto.jwe_encryption import verify_hmac
from quantimodo.crypto.provider_tokens import parse_key_set, verify
from quantimodo.federation.client_assertions import AssertionKeys
from quantimodo.federation.contract import ProviderPolicy
from quantimodo.federation.discovery import NO_PUSHING, NOT_THAT_METHOD
from quantimodo.federation.provider_table import faults_of
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.federation.providers.relying_party import open_oidc
from quantimodo.model.budgets import Signer
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderFault, ProviderUnavailable
from quantimodo.outbound.responses import parse_object
from support.addresses import query_of
from support.environment import FrozenClock, SeededEntropy
from support.jwt_forgery import forge, half_hash, unsigned
from support.upstream import (
    CALLBACK,
    CHALLENGE,
    NONCE,
    Upstream,
    authorization_context,
    ec_jwk_of,
    ec_key,
    json_of,
    jwk_of,
    rsa_key,
)

SECRET = "a-fake-secret-of-thirty-two-bytes"
TOKEN = "https://login.example.org/token"
USERINFO = "https://login.example.org/userinfo"
PUSHING = "https://login.example.org/par"
KEYS = "https://login.example.org/keys"
OpenOidc = Callable[..., Oidc]


@pytest.fixture
def upstream(clock: FrozenClock) -> Upstream:
    it = Upstream(clock)
    it.publishes()
    it.grants()
    return it


@pytest.fixture
def keys() -> AssertionKeys:
    entropy = SeededEntropy(1)
    return AssertionKeys(Envelope([b"k" * 32], entropy).derive_all, entropy)


class NoReplays:
    """A replay store for sign-ins in a browser, which need none."""

    async def use_once(self, key: bytes, expires_at: datetime, signer: Signer) -> bool:
        raise AssertionError

    async def is_used(self, key: bytes) -> bool:
        raise AssertionError

    async def require_space(self, key: bytes, signer: Signer) -> None:
        raise AssertionError


@pytest.fixture
def opened(upstream: Upstream, keys: AssertionKeys) -> OpenOidc:
    def open_one(**changes: Any) -> Oidc:
        client, clock = upstream.http_client(), upstream.clock
        return open_oidc(policy_of(upstream, **changes), client, clock, NoReplays(), keys)

    return open_one


def policy_of(upstream: Upstream, **changes: Any) -> ProviderPolicy:
    given: dict[str, Any] = {
        "name": "work",
        "kind": "oidc",
        "issuer": upstream.issuer,
        "client_id": upstream.client_id,
        "client_secret": Secret(SECRET),
    }
    return ProviderPolicy(**{**given, **changes})


async def back(provider: Oidc) -> Any:
    return await provider.handle_callback({"code": "a-code"}, authorization_context())


def assertion_claims(form: Mapping[str, str], keys: AssertionKeys) -> dict[str, Any]:
    """OpenID Connect Core §9, RFC 7523 §2.2: the claims of a signed assertion in this form."""
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "client_secret" not in form
    published = parse_key_set(parse_object(keys.document("work")))
    return verify(form["client_assertion"], published, {"ES256"}).claims


async def test_core_9_private_key_jwt_is_signed_by_the_published_key_for_one_minute(
    opened: OpenOidc, upstream: Upstream, keys: AssertionKeys
) -> None:
    upstream.publishes(token_endpoint_auth_methods_supported=["private_key_jwt"])
    provider = opened(client_authentication="private_key_jwt", client_secret=None)
    found = []
    for _ in range(2):
        await back(provider)
        assert all("authorization" not in sent.headers for sent in upstream.requested)
        found.append(assertion_claims(upstream.form(TOKEN), keys))
    now = int(upstream.clock.now().timestamp())
    first, second = found
    assert first.pop("jti") != second.pop("jti"), "each assertion is used once"
    assert first == second
    assert first == {
        "iss": "quantimodo",
        "sub": "quantimodo",
        "aud": "https://login.example.org",
        "iat": now,
        "exp": now + 60,
    }


async def test_core_9_the_audience_can_be_the_token_endpoint(
    opened: OpenOidc, upstream: Upstream, keys: AssertionKeys
) -> None:
    await back(opened(client_authentication="private_key_jwt", assertion_audience="token_endpoint"))
    assert assertion_claims(upstream.form(TOKEN), keys)["aud"] == TOKEN


async def test_core_9_client_secret_jwt_is_signed_with_the_secret(
    opened: OpenOidc, upstream: Upstream
) -> None:
    await back(opened(client_authentication="client_secret_jwt"))
    form = upstream.form(TOKEN)
    claims = verify_hmac(form["client_assertion"], Secret(SECRET))
    assert (claims["iss"], claims["aud"]) == ("quantimodo", "https://login.example.org")
    assert "client_secret" not in form


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_the_operator_chooses_how_the_secret_is_sent(
    opened: OpenOidc, upstream: Upstream, method: str
) -> None:
    both = ["client_secret_basic", "client_secret_post"]
    upstream.publishes(token_endpoint_auth_methods_supported=both)
    await back(opened(client_authentication=method))
    assert ("client_secret" in upstream.form(TOKEN)) is (method == "client_secret_post")


def test_rfc7517_each_provider_has_a_separate_key_and_a_new_secret_key_adds_one() -> None:
    entropy = SeededEntropy(1)
    old, new = b"o" * 32, b"n" * 32
    before = AssertionKeys(Envelope([old], entropy).derive_all, entropy)
    after = AssertionKeys(Envelope([new, old], entropy).derive_all, entropy)
    (known,) = parse_object(before.document("work"))["keys"]
    assert known == parse_object(before.document("work"))["keys"][0], "every process has it"
    assert known["kid"] != parse_object(before.document("home"))["keys"][0]["kid"]
    first, second = parse_object(after.document("work"))["keys"]
    assert second == known
    assert first["kid"] != known["kid"]
    assert all("d" not in key and key["use"] == "sig" for key in (first, second))
    assert verify(after.sign({}, "work"), parse_key_set({"keys": [first]}), {"ES256"})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"client_authentication": "client_secret_jwt", "client_secret": None}, "client_secret"),
        (
            {"client_authentication": "client_secret_jwt", "client_secret": Secret("marked")},
            "client_secret",
        ),
        ({"client_authentication": "client_secret_post", "client_secret": None}, "client_secret"),
        ({"kind": "google", "response_mode": "form_post"}, "response_mode"),
        ({"kind": "google", "assertion_audience": "token_endpoint"}, "assertion_audience"),
    ],
)
def test_settings_that_cannot_work_are_named(
    upstream: Upstream, changes: dict[str, Any], field: str
) -> None:
    ((name, text),) = faults_of(policy_of(upstream, **changes))
    assert name == field
    assert "marked" not in text


@pytest.mark.parametrize(
    ("settings", "metadata", "because"),
    [
        (
            {"client_authentication": "private_key_jwt"},
            {"token_endpoint_auth_methods_supported": ["client_secret_basic"]},
            NOT_THAT_METHOD,
        ),
        ({"pushed_requests": True}, {}, NO_PUSHING),
    ],
)
async def test_a_feature_that_the_provider_lacks_is_refused_before_the_redirect(
    opened: OpenOidc,
    upstream: Upstream,
    settings: dict[str, Any],
    metadata: dict[str, Any],
    because: str,
) -> None:
    upstream.publishes(**metadata)
    with pytest.raises(InvalidProviderResponse) as refusal:
        await opened(**settings).authorization_url(authorization_context())
    assert refusal.value.because == because


@pytest.mark.parametrize("mode", ["", "query", "form_post"])
async def test_form_post_1_the_response_mode_is_requested(opened: OpenOidc, mode: str) -> None:
    provider = opened(response_mode=mode)
    query = query_of(await provider.authorization_url(authorization_context()))
    assert query.get("response_mode", "") == mode
    assert provider.responds_by_form_post is (mode == "form_post")


# RFC 9126: pushed authorization requests.

PUSHED = {"request_uri": "urn:example:one", "expires_in": 60}


@pytest.mark.parametrize(
    ("settings", "metadata", "pushes"),
    [
        ({}, {"pushed_authorization_request_endpoint": PUSHING}, False),
        ({"pushed_requests": True}, {"pushed_authorization_request_endpoint": PUSHING}, True),
        (
            {},
            {
                "pushed_authorization_request_endpoint": PUSHING,
                "require_pushed_authorization_requests": True,
            },
            True,
        ),
    ],
)
async def test_rfc9126_5_requests_are_pushed_by_setting_and_where_required(
    opened: OpenOidc,
    upstream: Upstream,
    settings: dict[str, Any],
    metadata: dict[str, Any],
    pushes: bool,
) -> None:
    upstream.publishes(**metadata)
    upstream.replies[PUSHING] = json_of(PUSHED, 201)
    query = query_of(await opened(**settings).authorization_url(authorization_context()))
    if not pushes:
        assert "request_uri" not in query
        return
    assert query == {"client_id": "quantimodo", "request_uri": "urn:example:one"}
    assert upstream.form(PUSHING) == {
        "response_type": "code",
        "client_id": "quantimodo",
        "redirect_uri": CALLBACK,
        "scope": "openid profile email",
        "state": "a-state",
        "nonce": NONCE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    assert upstream.requested[-1].headers["authorization"].startswith("Basic ")


async def test_rfc9126_2_the_client_is_authenticated_as_at_the_token_endpoint(
    opened: OpenOidc, upstream: Upstream, keys: AssertionKeys
) -> None:
    upstream.publishes(pushed_authorization_request_endpoint=PUSHING)
    upstream.replies[PUSHING] = json_of(PUSHED, 201)
    provider = opened(pushed_requests=True, client_authentication="private_key_jwt")
    await provider.authorization_url(authorization_context())
    assert assertion_claims(upstream.form(PUSHING), keys)["aud"] == upstream.issuer


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (json_of({"error": "invalid_request"}, 400), InvalidProviderResponse),
        (json_of({"error": "temporarily_unavailable"}, 400), ProviderUnavailable),
        (json_of({}, 201), InvalidProviderResponse),
        (json_of({"request_uri": 5}, 201), InvalidProviderResponse),
        (json_of(PUSHED, 403), InvalidProviderResponse),
        (httpx.Response(503), ProviderUnavailable),
    ],
)
async def test_rfc9126_2_3_a_request_that_was_not_pushed_sends_no_person_there(
    opened: OpenOidc, upstream: Upstream, reply: httpx.Response, fault: type[ProviderFault]
) -> None:
    upstream.publishes(pushed_authorization_request_endpoint=PUSHING)
    upstream.replies[PUSHING] = reply
    with pytest.raises(fault):
        await opened(pushed_requests=True).authorization_url(authorization_context())


# OpenID Connect Core §5.3.2: signed userinfo.


def few_claims(upstream: Upstream) -> None:
    upstream.grants(upstream.id_token(name=None, email=None, email_verified=None))


def userinfo_claims(upstream: Upstream, **changes: Any) -> dict[str, Any]:
    return upstream.claims(exp=None, iat=None, nonce=None, **changes)


def signed_userinfo(upstream: Upstream, token: str) -> None:
    headers = {"content-type": "application/jwt;charset=UTF-8"}
    upstream.replies[USERINFO] = httpx.Response(200, headers=headers, content=token)


async def test_core_5_3_2_a_signed_response_has_the_claims(
    opened: OpenOidc, upstream: Upstream
) -> None:
    few_claims(upstream)
    claims = userinfo_claims(upstream, aud=["other", "quantimodo"])
    signed_userinfo(upstream, upstream.sign(claims))
    profile = await back(opened())
    assert (profile.name, profile.email) == ("Ann Example", "ann@example.org")


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({"sub": "another"}, {}),
        ({"sub": None}, {}),
        ({"iss": "https://attacker.example.org"}, {}),
        ({"iss": None}, {}),
        ({"aud": "another-client"}, {}),
        ({"aud": None}, {}),
        ({"exp": 1}, {}),
        ({"nonce": "a-nonce"}, {}),
        ({"events": {}}, {}),
        ({}, {"typ": "at+jwt"}),
        ({}, {"typ": "logout+jwt"}),
        ({}, {"kid": "another"}),
    ],
)
async def test_core_5_3_2_a_signed_response_of_another_kind_client_or_person_is_refused(
    opened: OpenOidc, upstream: Upstream, changes: dict[str, Any], header: dict[str, Any]
) -> None:
    few_claims(upstream)
    claims = {**userinfo_claims(upstream), **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    signed_userinfo(upstream, upstream.sign(kept, header))
    with pytest.raises(InvalidProviderResponse) as refusal:
        await back(opened())
    assert refusal.value.because.startswith("userinfo: ")


@pytest.mark.parametrize("forged", ["none", "another key", "encrypted", "no token"])
async def test_core_5_3_2_a_response_whose_signature_does_not_verify_is_refused(
    opened: OpenOidc, upstream: Upstream, forged: str
) -> None:
    few_claims(upstream)
    claims = userinfo_claims(upstream)
    token = {
        "none": forge({"alg": "none"}, claims, unsigned),
        "another key": upstream.sign(claims, key=rsa_key(1)),
        "encrypted": "e30.a.b.c.d",
        "no token": "{}",
    }[forged]
    signed_userinfo(upstream, token)
    with pytest.raises(InvalidProviderResponse):
        await back(opened())


# The OpenID Foundation's relying-party modules, each with what it expects of a client.


def _with(**changes: Any) -> Callable[[Upstream], None]:
    def behave(upstream: Upstream) -> None:
        claims = {"name": None, "email": None, "email_verified": None, **changes}
        upstream.grants(upstream.id_token(**claims))

    return behave


def _signed(**header: Any) -> Callable[[Upstream], None]:
    return lambda upstream: upstream.grants(upstream.sign(upstream.claims(), header))


def _without_kid(*more: int) -> Callable[[Upstream], None]:
    def behave(upstream: Upstream) -> None:
        signing = [rsa_key(), *map(rsa_key, more)]
        listed = [*(jwk_of(key, "") for key in signing), ec_jwk_of(ec_key(), "")]
        left_out = {"kid", "alg"}
        keys = [{name: key[name] for name in key if name not in left_out} for key in listed]
        upstream.replies[KEYS] = json_of({"keys": keys})
        upstream.grants(upstream.sign(upstream.claims(), {"kid": None}))

    return behave


def _bad_signature(upstream: Upstream) -> None:
    upstream.grants(upstream.sign(upstream.claims(), key=rsa_key(1)))


def _no_signature(upstream: Upstream) -> None:
    upstream.grants(forge({"alg": "none"}, upstream.claims(), unsigned))


def _another_person(upstream: Upstream) -> None:
    few_claims(upstream)
    upstream.replies[USERINFO] = json_of({"sub": "another"})


def _unparseable_key(upstream: Upstream) -> None:
    upstream.replies[KEYS] = json_of({"keys": [{"kty": "RSA"}, jwk_of(rsa_key(), "one")]})


def _at_hash(token: str) -> Callable[[Upstream], None]:
    return _with(at_hash=half_hash(token))


def _fine(upstream: Upstream) -> None:
    """As `upstream` is."""


MODULES: Mapping[str, tuple[Callable[[Upstream], None], bool]] = {
    "oidcc-client-test": (_with(), True),
    "oidcc-client-test-nonce-invalid": (_with(nonce="another"), False),
    "oidcc-client-test-invalid-iss": (_with(iss="https://login.example.org/other"), False),
    "oidcc-client-test-invalid-aud": (_with(aud="another-client"), False),
    "oidcc-client-test-missing-aud": (_with(aud=None), False),
    "oidcc-client-test-missing-iat": (_with(iat=None), False),
    "oidcc-client-test-missing-sub": (_with(sub=None), False),
    "oidcc-client-test-missing-athash": (_with(at_hash=None), True),
    "oidcc-client-test-invalid-athash": (_at_hash("another-access-token"), False),
    "oidcc-client-test-kid-absent-single-jwks": (_without_kid(), True),
    "oidcc-client-test-kid-absent-multiple-jwks": (_without_kid(1, 2), False),
    "oidcc-client-test-idtoken-sig-rs256": (_signed(alg="RS256"), True),
    "oidcc-client-test-idtoken-sig-none": (_no_signature, False),
    "oidcc-client-test-invalid-sig-rs256": (_bad_signature, False),
    "oidcc-client-test-userinfo-invalid-sub": (_another_person, False),
    "oidcc-client-test-ignores-unparseable-key": (_unparseable_key, True),
    "oidcc-client-test-signing-key-rotation-just-before-signing": (_fine, True),
}


@pytest.mark.parametrize("module", MODULES)
async def test_the_foundations_module(opened: OpenOidc, upstream: Upstream, module: str) -> None:
    behave, accepted = MODULES[module]
    upstream.replies[USERINFO] = json_of({"sub": "248289761001", "email": "ann@example.org"})
    provider = opened(id_token_algorithm="RS256")
    await provider.authorization_url(authorization_context())
    behave(upstream)
    if accepted:
        assert (await back(provider)).email == "ann@example.org"
    else:
        with pytest.raises(InvalidProviderResponse):
            await back(provider)


async def test_the_foundations_module_signing_key_rotation(
    opened: OpenOidc, upstream: Upstream
) -> None:
    provider = opened()
    await back(provider)
    upstream.replies[KEYS] = json_of({"keys": [jwk_of(rsa_key(1), "two")]})
    upstream.grants(upstream.sign(upstream.claims(), {"kid": "two"}, rsa_key(1)))
    assert await back(provider)


async def test_core_3_1_3_7_another_algorithm_than_the_registered_one_is_refused(
    opened: OpenOidc, upstream: Upstream
) -> None:
    upstream.publishes(id_token_signing_alg_values_supported=["RS256", "ES256"])
    assert await back(opened())
    with pytest.raises(InvalidProviderResponse):
        await back(opened(id_token_algorithm="ES256"))
