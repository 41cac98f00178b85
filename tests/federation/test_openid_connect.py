"""Any OpenID provider, by issuer, client id and secret alone: there, back, and who it is."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from quantimodo.crypto.provider_tokens import (
    BAD_SIGNATURE,
    NO_KEY_ID,
    NOT_SIGNED,
    REFUSED_HEADER,
    UNKNOWN_KEY,
    UNREADABLE,
    WRONG_ALGORITHM,
    WRONG_KEY,
)
from quantimodo.federation.contract import (
    AccessDeniedByUser,
    BadCode,
    BadToken,
    ForeignToken,
    ProviderPolicy,
)
from quantimodo.federation.discovery import NO_ALGORITHM, NO_METHOD
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderFault, ProviderUnavailable
from quantimodo.ports.stores import Stores
from support.addresses import query_of
from support.environment import FrozenClock
from support.jwt_forgery import forge, half_hash, unsigned
from support.upstream import (
    CALLBACK,
    CHALLENGE,
    NONCE,
    VERIFIER,
    Upstream,
    authorization_context,
    json_of,
    jwk_of,
    rsa_key,
)

ROOT = Path(__file__).parent.parent.parent
DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def upstream(clock: FrozenClock) -> Upstream:
    it = Upstream(clock)
    it.publishes()
    it.grants()
    return it


@pytest.fixture
def open_oidc(upstream: Upstream, stores: Stores) -> Any:
    def opened(**changes: Any) -> Oidc:
        given: dict[str, Any] = {
            "name": "work",
            "kind": "oidc",
            "issuer": upstream.issuer,
            "client_id": upstream.client_id,
            "client_secret": Secret("a-secret"),
        }
        policy = ProviderPolicy(**{**given, **changes})
        return Oidc(policy, upstream.http_client(), upstream.clock, stores.replays)

    return opened


@pytest.fixture
def oidc(open_oidc: Any) -> Oidc:
    provider: Oidc = open_oidc()
    return provider


async def refused(oidc: Oidc, response: dict[str, str] | None = None, **changes: Any) -> str:
    """Why a sign-in ends, for the log."""
    with pytest.raises(InvalidProviderResponse) as refusal:
        await oidc.handle_callback(response or {"code": "a-code"}, authorization_context(**changes))
    assert refusal.value.status == 502
    return refusal.value.because


async def test_a_browser_is_sent_with_state_nonce_and_proof_key(oidc: Oidc) -> None:
    url = await oidc.authorization_url(authorization_context())
    assert url.startswith("https://login.example.org/authorize?")
    assert query_of(url) == {
        "response_type": "code",
        "client_id": "quantimodo",
        "redirect_uri": CALLBACK,
        "scope": "openid profile email",
        "state": "a-state",
        "nonce": NONCE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    assert await oidc.destination() == "https://login.example.org"
    assert (oidc.name, oidc.title, oidc.responds_by_form_post) == ("work", "work", False)


async def test_the_person_is_recognised_by_issuer_and_subject(
    oidc: Oidc, upstream: Upstream
) -> None:
    upstream.grants(upstream.id_token(amr=["pwd", "otp"]), refresh_token="theirs")
    profile = await oidc.handle_callback(
        {"code": "a-code", "state": "a-state"}, authorization_context()
    )
    assert (profile.provider, profile.issuer) == ("work", "https://login.example.org")
    assert (profile.subject, profile.name) == ("248289761001", "Ann Example")
    assert (profile.email, profile.email_verified) == ("ann@example.org", True)
    # security.md §27: whose domain it is, an unknown provider does not know.
    assert profile.email_authoritative is False
    assert profile.methods == ("pwd", "otp")
    assert profile.refresh_token is not None
    assert profile.refresh_token.reveal() == "theirs"


async def test_the_code_is_exchanged_with_verifier_and_secret(
    oidc: Oidc, upstream: Upstream
) -> None:
    await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert upstream.form("https://login.example.org/token") == {
        "grant_type": "authorization_code",
        "code": "a-code",
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    sent = next(it for it in upstream.requested if it.url.path == "/token")
    assert sent.headers["authorization"] == f"Basic {b64encode(b'quantimodo:a-secret').decode()}"


async def test_the_secret_goes_where_the_metadata_says(open_oidc: Any, upstream: Upstream) -> None:
    upstream.publishes(token_endpoint_auth_methods_supported=["client_secret_post"])
    await open_oidc().handle_callback({"code": "a-code"}, authorization_context())
    form = upstream.form("https://login.example.org/token")
    assert (form["client_id"], form["client_secret"]) == ("quantimodo", "a-secret")


async def test_a_public_client_has_its_proof_key_only(open_oidc: Any, upstream: Upstream) -> None:
    await open_oidc(client_secret=None).handle_callback({"code": "a-code"}, authorization_context())
    form = upstream.form("https://login.example.org/token")
    assert (form["client_id"], form["code_verifier"]) == ("quantimodo", VERIFIER)
    assert "client_secret" not in form


async def test_nothing_is_discovered_when_every_endpoint_is_set(
    open_oidc: Any, upstream: Upstream
) -> None:
    at = "https://elsewhere.example.org"
    upstream.replies = {f"{at}/keys": upstream.replies["https://login.example.org/keys"]}
    upstream.grants(url=f"{at}/token")
    provider = open_oidc(
        authorization_endpoint=f"{at}/authorize",
        token_endpoint=f"{at}/token",
        jwks_uri=f"{at}/keys",
    )
    assert (
        await provider.handle_callback({"code": "a-code"}, authorization_context())
    ).subject == "248289761001"
    assert {request.url.host for request in upstream.requested} == {"elsewhere.example.org"}


async def test_one_endpoint_may_be_set_beside_discovery(open_oidc: Any, upstream: Upstream) -> None:
    upstream.grants(url="https://elsewhere.example.org/token")
    provider = open_oidc(token_endpoint="https://elsewhere.example.org/token")
    assert await provider.handle_callback({"code": "a-code"}, authorization_context())


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://attacker.example.org"},
        {"issuer": "https://login.example.org/"},
        {"issuer": "https://LOGIN.example.org"},
        {"issuer": None},
        {"issuer": ["https://login.example.org"]},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://login.example.org/authorize"},
        {"token_endpoint": None},
        {"token_endpoint": 5},
        {"jwks_uri": ""},
    ],
)
async def test_a_discovery_document_of_another_issuer_is_refused(
    oidc: Oidc, upstream: Upstream, changes: dict[str, Any]
) -> None:
    upstream.publishes(**changes)
    with pytest.raises(InvalidProviderResponse):
        await oidc.authorization_url(authorization_context())


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"iss": "https://attacker.example.org"}, "iss is not"),
        ({"iss": "https://login.example.org/"}, "iss is not"),
        ({"iss": None}, "iss is not"),
        ({"aud": "another-app"}, "aud is not"),
        ({"aud": []}, "aud is not"),
        ({"aud": None}, "aud is missing"),
        ({"aud": ["quantimodo", "another-app"]}, "aud is not"),
        ({"aud": ["quantimodo", 5]}, "aud is missing"),
        ({"aud": ["quantimodo", "quantimodo"]}, "several audiences and no azp"),
        ({"azp": "another-app"}, "azp is not"),
        ({"azp": 5}, "azp is not"),
        ({"exp": None}, "exp is missing"),
        ({"exp": "tomorrow"}, "exp is missing"),
        ({"exp": True}, "exp is missing"),
        ({"exp": 10**30}, "exp is missing"),
        ({"exp": -1}, "exp is missing"),
        ({"iat": None}, "iat is missing"),
        ({"sub": None}, "sub is missing"),
        ({"sub": ""}, "sub is missing"),
        ({"sub": 248289761001}, "sub is missing"),
        ({"sub": "x" * 256}, "sub is missing"),
        ({"sub": "a\x00b"}, "control characters"),
        ({"nonce": None}, "nonce"),
        ({"nonce": "of-another-browser"}, "nonce"),
        ({"nonce": [NONCE]}, "nonce"),
        ({"at_hash": half_hash("another-token")}, "at_hash"),
        ({"at_hash": 5}, "at_hash"),
        ({"events": {}}, "not an ID token"),
    ],
)
async def test_an_id_token_must_be_for_us_now_and_of_this_browser(
    oidc: Oidc, upstream: Upstream, changes: dict[str, Any], because: str
) -> None:
    """security.md §26."""
    upstream.grants(upstream.id_token(**changes))
    assert because in await refused(oidc)


@pytest.mark.parametrize(
    ("name", "seconds", "good"),
    [
        ("exp", -59, True),
        ("exp", -60, False),
        ("iat", 60, True),
        ("iat", 61, False),
        ("nbf", 60, True),
        ("nbf", 61, False),
    ],
)
async def test_a_clock_may_be_off_by_a_minute(
    oidc: Oidc, upstream: Upstream, name: str, seconds: int, good: bool
) -> None:
    at = int(upstream.clock.now().timestamp()) + seconds
    upstream.grants(upstream.id_token(**{name: at}))
    if good:
        assert await oidc.handle_callback({"code": "a-code"}, authorization_context())
    else:
        assert await refused(oidc)


async def test_an_id_token_may_bind_the_access_token(oidc: Oidc, upstream: Upstream) -> None:
    upstream.grants(upstream.id_token(at_hash=half_hash("an-access-token")))
    assert await oidc.handle_callback({"code": "a-code"}, authorization_context())


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "secevent+jwt", "login+jwt", "jose"])
async def test_another_kind_of_token_is_not_an_id_token(
    oidc: Oidc, upstream: Upstream, typ: str
) -> None:
    upstream.grants(upstream.sign(upstream.claims(), {"typ": typ}))
    assert "not an ID token" in await refused(oidc)


async def test_only_algorithms_of_the_providers_list_are_taken(
    open_oidc: Any, upstream: Upstream
) -> None:
    upstream.publishes(id_token_signing_alg_values_supported=["ES256", "HS256", "none"])
    assert WRONG_ALGORITHM in await refused(open_oidc())


@pytest.mark.parametrize("listed", [["HS256"], ["none"], ["HS256", "none", "RS1"]])
async def test_a_provider_that_signs_by_no_algorithm_of_ours_is_refused_at_discovery(
    open_oidc: Any, upstream: Upstream, listed: list[str]
) -> None:
    upstream.publishes(id_token_signing_alg_values_supported=listed)
    with pytest.raises(InvalidProviderResponse) as refusal:
        await open_oidc().authorization_url(authorization_context())
    assert refusal.value.because == NO_ALGORITHM


@pytest.mark.parametrize(
    ("methods", "good"),
    [
        (["private_key_jwt"], False),
        (["private_key_jwt", "tls_client_auth", "none"], False),
        (["client_secret_jwt"], False),
        (["client_secret_post", "private_key_jwt"], True),
        (["client_secret_basic"], True),
        ([], True),
        (None, True),
    ],
)
async def test_a_provider_that_takes_no_client_authentication_of_ours_is_refused_at_discovery(
    open_oidc: Any, upstream: Upstream, methods: list[str] | None, good: bool
) -> None:
    upstream.publishes(token_endpoint_auth_methods_supported=methods)
    if good:
        assert await open_oidc().authorization_url(authorization_context())
    else:
        for attempt in (
            open_oidc().authorization_url(authorization_context()),
            open_oidc().examine(),
        ):
            with pytest.raises(InvalidProviderResponse) as refusal:
                await attempt
            assert refusal.value.because == NO_METHOD
    # Without a secret there is nothing to authenticate by, and many do not list `none`.
    assert await open_oidc(client_secret=None).authorization_url(authorization_context())


def _signed(key: Any, **header: Any) -> Callable[[Upstream], str]:
    return lambda it: it.sign(it.claims(), header, key)


@pytest.mark.parametrize(
    ("made", "because"),
    [
        (lambda it: forge({"alg": "none"}, it.claims(), unsigned), NOT_SIGNED),
        (lambda it: forge({"alg": "NONE", "kid": "one"}, it.claims(), unsigned), NOT_SIGNED),
        (_signed(None, alg="HS256"), WRONG_ALGORITHM),
        (_signed(None, alg="ES256"), WRONG_ALGORITHM),
        (_signed(None, alg="RS1"), WRONG_ALGORITHM),
        (_signed(None, kid=None), NO_KEY_ID),
        (_signed(None, kid="another"), UNKNOWN_KEY),
        (_signed(rsa_key(2)), BAD_SIGNATURE),
        (_signed(None, crit=["exp"]), REFUSED_HEADER),
        (_signed(None, kid=5), UNREADABLE),
    ],
)
async def test_the_log_has_the_reason_why_a_signature_is_ignored(
    oidc: Oidc, upstream: Upstream, made: Callable[[Upstream], str], because: str
) -> None:
    keys = [jwk_of(rsa_key(), "one"), jwk_of(rsa_key(1), "two")]
    upstream.replies["https://login.example.org/keys"] = json_of({"keys": keys})
    upstream.grants(made(upstream))
    assert await refused(oidc) == f"ID token: {because}"
    with pytest.raises(BadToken) as refusal:
        await oidc.verify_native_token(Secret(made(upstream)), None, NONCE)
    assert refusal.value.because == f"ID token: {because}"


def test_the_operators_page_has_a_line_for_each_of_these_reasons() -> None:
    page = (ROOT / "docs/operator/providers.md").read_text("utf-8")
    for because in (
        *(NOT_SIGNED, WRONG_ALGORITHM, NO_KEY_ID, UNKNOWN_KEY, WRONG_KEY, BAD_SIGNATURE),
        *(REFUSED_HEADER, UNREADABLE, NO_ALGORITHM, NO_METHOD, "aud is not the requesting client"),
    ):
        assert f"| `{because}`" in page, because


@pytest.mark.parametrize(
    ("aud", "azp", "good"),
    [
        (["quantimodo", "sibling"], "quantimodo", True),
        (["sibling", "quantimodo"], "quantimodo", True),
        (["quantimodo", "sibling"], None, False),
        (["quantimodo", "sibling"], "sibling", False),
        (["quantimodo", "stranger"], "quantimodo", False),
        (["quantimodo", "sibling", "stranger"], "quantimodo", False),
        (["sibling"], "quantimodo", False),
        ("sibling", None, False),
        ("quantimodo", "sibling", False),
        (["quantimodo"], "quantimodo", True),
    ],
)
async def test_an_id_token_for_several_of_our_clients_is_taken_when_it_was_issued_to_us(
    open_oidc: Any, upstream: Upstream, aud: Any, azp: str | None, good: bool
) -> None:
    """OpenID Connect Core §3.1.3.7: each audience is trusted, `azp` is the client that asked."""
    upstream.grants(upstream.id_token(aud=aud, azp=azp))
    if good:
        assert await open_oidc(audiences=("sibling",)).handle_callback(
            {"code": "a-code"}, authorization_context()
        )
    else:
        assert await refused(open_oidc(audiences=("sibling",)))
    if "sibling" in aud:
        assert await refused(open_oidc())


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": None, "given_name": "Zoë", "family_name": "Müller"}, "Zoë Müller"),
        ({"name": "", "given_name": "Zoë", "family_name": "Müller"}, "Zoë Müller"),
        ({"name": "  ", "given_name": " Zoë ", "family_name": "Müller"}, "Zoë Müller"),
        ({"name": 5, "given_name": "Zoë", "family_name": "Müller"}, "Zoë Müller"),
        ({"name": "Z. M.", "given_name": "Zoë", "family_name": "Müller"}, "Z. M."),
        ({"name": None, "given_name": "Zoë"}, "Zoë"),
        ({"name": None, "given_name": "", "family_name": "Müller"}, "Müller"),
        ({"name": None, "given_name": ["Zoë"], "family_name": None}, ""),
    ],
)
async def test_a_given_and_a_family_name_make_a_name(
    oidc: Oidc, upstream: Upstream, claims: dict[str, Any], name: str
) -> None:
    """In the ID token, and in userinfo."""
    upstream.replies["https://login.example.org/userinfo"] = json_of({"sub": "248289761001"})
    upstream.grants(upstream.id_token(**claims))
    assert (await oidc.handle_callback({"code": "a-code"}, authorization_context())).name == name
    kept = {key: value for key, value in claims.items() if value is not None}
    more = {"sub": "248289761001", **kept}
    upstream.replies["https://login.example.org/userinfo"] = json_of(more)
    upstream.grants(upstream.id_token(name=None))
    assert (await oidc.handle_callback({"code": "a-code"}, authorization_context())).name == name
    # An empty name in the ID token does not hide the one of userinfo.
    upstream.replies["https://login.example.org/userinfo"] = json_of({**more, "name": "Zoë M."})
    upstream.grants(upstream.id_token(name=""))
    assert (
        await oidc.handle_callback({"code": "a-code"}, authorization_context())
    ).name == "Zoë M."


@pytest.mark.parametrize(
    "response",
    [
        {"code": "a-code", "iss": "https://attacker.example.org"},
        {"code": "a-code", "iss": ""},
        {"error": "access_denied", "iss": "https://attacker.example.org"},
    ],
)
async def test_the_response_of_another_issuer_is_refused_before_the_code_is_sent(
    oidc: Oidc, upstream: Upstream, response: dict[str, str]
) -> None:
    """security.md §25, RFC 9207 §2.4: the mix-up."""
    assert "another issuer" in await refused(oidc, response)
    assert upstream.request_count("https://login.example.org/token") == 0


async def test_an_issuer_that_always_names_itself_must_do_so(
    open_oidc: Any, upstream: Upstream
) -> None:
    upstream.publishes(authorization_response_iss_parameter_supported=True)
    provider = open_oidc()
    assert "names no issuer" in await refused(provider)
    response = {"code": "a-code", "iss": "https://login.example.org"}
    assert await provider.handle_callback(response, authorization_context())


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ("access_denied", AccessDeniedByUser),
        ("ACCESS_DENIED", AccessDeniedByUser),
        ("user_cancelled_login", AccessDeniedByUser),  # LinkedIn
        ("user_cancelled_authorize", AccessDeniedByUser),
        ("consent_denied", AccessDeniedByUser),  # WSO2
        ("consent_required", InvalidProviderResponse),
        ("temporarily_unavailable", ProviderUnavailable),
        ("server_error", ProviderUnavailable),
        ("invalid_scope", InvalidProviderResponse),
        ("<script>", InvalidProviderResponse),
    ],
)
async def test_an_error_of_the_provider_is_reported_by_its_kind(
    oidc: Oidc, error: str, fault: type[ProviderFault]
) -> None:
    with pytest.raises(fault) as refusal:
        await oidc.handle_callback(
            {"error": error, "error_description": "marked"}, authorization_context()
        )
    assert "marked" not in refusal.value.message + refusal.value.because
    assert "<" not in refusal.value.message + refusal.value.because


@pytest.mark.parametrize("response", [{"state": "a-state"}, {"code": ""}])
async def test_a_response_without_a_code_is_invalid(oidc: Oidc, response: dict[str, str]) -> None:
    assert "neither code nor error" in await refused(oidc, response)


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (json_of({"error": "invalid_grant"}, 400), BadCode),
        (json_of({"error": "invalid_client"}, 401), InvalidProviderResponse),
        (json_of({"error": "marked secret"}, 400), InvalidProviderResponse),
        (json_of({"access_token": "a", "token_type": "Bearer"}), InvalidProviderResponse),
        (json_of({"access_token": "a", "id_token": "x"}), InvalidProviderResponse),
        (
            json_of({"access_token": "a", "token_type": "mac", "id_token": "x"}),
            InvalidProviderResponse,
        ),
        (
            json_of({"access_token": "a", "token_type": "Bearer", "id_token": 5}),
            InvalidProviderResponse,
        ),
        (
            json_of({"access_token": "a", "token_type": "Bearer", "id_token": "x.y"}),
            InvalidProviderResponse,
        ),
        (json_of([]), InvalidProviderResponse),
        (json_of({}, 404), InvalidProviderResponse),
        (httpx.Response(200, content=b"<html>"), InvalidProviderResponse),
        (
            httpx.Response(302, headers={"location": "https://a.example.org"}),
            InvalidProviderResponse,
        ),
        (httpx.Response(503), ProviderUnavailable),
    ],
)
async def test_a_strange_response_of_the_token_endpoint_ends_the_sign_in(
    oidc: Oidc, upstream: Upstream, reply: httpx.Response, fault: type[ProviderFault]
) -> None:
    upstream.replies["https://login.example.org/token"] = reply
    with pytest.raises(fault) as refusal:
        await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert "marked" not in refusal.value.message + refusal.value.because


async def test_userinfo_fills_what_is_missing_and_changes_nothing(
    oidc: Oidc, upstream: Upstream
) -> None:
    upstream.grants(upstream.id_token(name=None, email="ann@example.org", email_verified=False))
    upstream.replies["https://login.example.org/userinfo"] = json_of(
        {
            "sub": "248289761001",
            "name": "Ann of Userinfo",
            "email": "other@example.org",
            "email_verified": True,
        }
    )
    profile = await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert profile.name == "Ann of Userinfo"
    # What is verified there is another address.
    assert (profile.email, profile.email_verified) == ("ann@example.org", False)
    requested = next(it for it in upstream.requested if it.url.path == "/userinfo")
    assert requested.headers["authorization"] == "Bearer an-access-token"


async def test_userinfo_has_an_address_that_the_id_token_lacks(
    oidc: Oidc, upstream: Upstream
) -> None:
    upstream.grants(upstream.id_token(email=None, email_verified=None))
    upstream.replies["https://login.example.org/userinfo"] = json_of(
        {"sub": "248289761001", "email": "ann@example.org", "email_verified": True}
    )
    profile = await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert (profile.email, profile.email_verified) == ("ann@example.org", True)


async def test_userinfo_is_not_asked_for_what_is_known(oidc: Oidc, upstream: Upstream) -> None:
    await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert upstream.request_count("https://login.example.org/userinfo") == 0


@pytest.mark.parametrize(
    "reply",
    [
        json_of({"sub": "another", "email": "victim@example.org"}),
        json_of({"email": "victim@example.org"}),
        json_of({"error": "invalid_token"}, 401),
        httpx.Response(200, content=b"a.signed.answer"),
    ],
)
async def test_userinfo_about_another_person_ends_the_sign_in(
    oidc: Oidc, upstream: Upstream, reply: httpx.Response
) -> None:
    upstream.grants(upstream.id_token(email=None))
    upstream.replies["https://login.example.org/userinfo"] = reply
    await refused(oidc)


@pytest.mark.parametrize("stated", ["false", "True", "yes", 1, 0, None, [True], "verified"])
async def test_only_true_means_that_an_address_is_verified(
    oidc: Oidc, upstream: Upstream, stated: Any
) -> None:
    """security.md §23: the string "false" is false."""
    upstream.grants(upstream.id_token(email_verified=stated))
    profile = await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert profile.email_verified is False


@pytest.mark.parametrize(
    ("authoritative", "verified", "links"),
    [(True, True, True), (True, False, False), (False, True, False), (None, True, False)],
)
async def test_an_operator_may_call_a_provider_authoritative(
    open_oidc: Any,
    upstream: Upstream,
    authoritative: bool | None,
    verified: bool,
    links: bool,
) -> None:
    upstream.grants(upstream.id_token(email_verified=verified))
    provider = open_oidc(authoritative=authoritative)
    profile = await provider.handle_callback({"code": "a-code"}, authorization_context())
    assert profile.email_authoritative is links


async def test_an_odd_profile_is_made_harmless(oidc: Oidc, upstream: Upstream) -> None:
    odd = {"name": " A\x00nn\n\u202e  " + "x" * 500, "email": ["ann@example.org"], "amr": ["<b>"]}
    upstream.grants(upstream.id_token(**odd))
    profile = await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert profile.name.startswith("A nn xxx")
    assert len(profile.name) == 200
    assert (profile.email, profile.email_verified) == (None, False)
    assert profile.methods == ("fed",)


async def test_signing_in_anew_is_asked_for_and_looked_at(oidc: Oidc, upstream: Upstream) -> None:
    sent = query_of(await oidc.authorization_url(authorization_context(fresh=True)))
    assert (sent["prompt"], sent["max_age"]) == ("login", "0")
    assert "auth_time is missing" in await refused(oidc, fresh=True)
    now = int(upstream.clock.now().timestamp())
    upstream.grants(upstream.id_token(auth_time=now - 3600))
    assert "did not sign in anew" in await refused(oidc, fresh=True)
    upstream.grants(upstream.id_token(auth_time=now - 30))
    assert await oidc.handle_callback({"code": "a-code"}, authorization_context(fresh=True))


# A native ID token (v2-api.md §3)


async def test_a_native_id_token_says_who_it_is(oidc: Oidc, upstream: Upstream) -> None:
    profile = await oidc.verify_native_token(Secret(upstream.id_token()), Secret("theirs"), NONCE)
    assert (profile.issuer, profile.subject) == ("https://login.example.org", "248289761001")
    assert profile.refresh_token is not None
    assert profile.refresh_token.reveal() == "theirs"


async def test_a_native_id_token_counts_once(oidc: Oidc, upstream: Upstream) -> None:
    token = Secret(upstream.id_token())
    await oidc.verify_native_token(token, None, NONCE)
    with pytest.raises(BadToken) as refusal:
        await oidc.verify_native_token(token, None, NONCE)
    assert refusal.value.because == "it was used before"


async def test_of_many_concurrent_uses_of_a_native_id_token_one_counts(
    oidc: Oidc, upstream: Upstream
) -> None:
    token = Secret(upstream.id_token())
    results = await asyncio.gather(
        *(oidc.verify_native_token(token, None, NONCE) for _ in range(20)), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1


async def test_a_refused_native_id_token_is_not_spent(oidc: Oidc, upstream: Upstream) -> None:
    token = Secret(upstream.id_token())
    with pytest.raises(BadToken):
        await oidc.verify_native_token(token, None, "another nonce")
    assert await oidc.verify_native_token(token, None, NONCE)


@pytest.mark.parametrize("nonce", [None, "", "of another app's request"])
async def test_a_native_id_token_needs_its_nonce(
    oidc: Oidc, upstream: Upstream, nonce: str | None
) -> None:
    with pytest.raises(BadToken):
        await oidc.verify_native_token(Secret(upstream.id_token()), None, nonce)
    with pytest.raises(BadToken):
        await oidc.verify_native_token(Secret(upstream.id_token(nonce=None)), None, nonce)


async def test_a_native_id_token_of_another_app_is_distinguished(
    oidc: Oidc, upstream: Upstream
) -> None:
    """The confused deputy."""
    with pytest.raises(ForeignToken) as refusal:
        await oidc.verify_native_token(Secret(upstream.id_token(aud="another-app")), None, NONCE)
    assert refusal.value.message == "The token was issued to another application."
    assert (refusal.value.code, refusal.value.status) == ("invalid_token", 401)


async def test_our_other_apps_are_audiences_of_native_tokens_only(
    open_oidc: Any, upstream: Upstream
) -> None:
    provider = open_oidc(audiences=("ios-app",))
    token = upstream.id_token(aud="ios-app")
    assert await provider.verify_native_token(Secret(token), None, NONCE)
    upstream.grants(token)
    assert "aud is not" in await refused(provider)


@pytest.mark.parametrize("token", ["", "opaque", "a.b", "a.b.c", "a.b.c.d.e", "é.é.é", "x" * 99])
async def test_an_invalid_id_token_is_refused(oidc: Oidc, token: str) -> None:
    with pytest.raises(BadToken):
        await oidc.verify_native_token(Secret(token), None, NONCE)


# A code that the client got by itself (v2-api.md §2.6)


async def test_a_code_of_the_client_is_exchanged_with_its_redirect_uri(
    oidc: Oidc, upstream: Upstream
) -> None:
    upstream.grants(upstream.id_token(nonce=None))
    profile = await oidc.redeem(Secret("their-code"), "https://app.example.org/cb")
    assert profile.subject == "248289761001"
    form = upstream.form("https://login.example.org/token")
    assert form["redirect_uri"] == "https://app.example.org/cb"
    assert "code_verifier" not in form


async def test_a_code_of_the_client_needs_a_redirect_uri(open_oidc: Any) -> None:
    with pytest.raises(BadCode):
        await open_oidc().redeem(Secret("their-code"), None)
    configured = open_oidc(direct_redirect_uri="https://app.example.org/direct")
    assert await configured.redeem(Secret("their-code"), None)


async def test_a_generic_provider_sends_no_messages(oidc: Oidc) -> None:
    with pytest.raises(BadToken):
        await oidc.security_events("application/secevent+jwt", b"x")


# Resilience


async def test_metadata_and_keys_are_asked_for_once_an_hour(
    oidc: Oidc, upstream: Upstream, clock: FrozenClock
) -> None:
    for _ in range(3):
        await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert upstream.request_count(f"https://login.example.org{DISCOVERY}") == 1
    assert upstream.request_count("https://login.example.org/keys") == 1
    clock.advance(timedelta(hours=1))
    upstream.grants()
    await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert upstream.request_count(f"https://login.example.org{DISCOVERY}") == 2
    assert upstream.request_count("https://login.example.org/keys") == 2


async def test_many_first_sign_ins_ask_for_the_metadata_once(
    oidc: Oidc, upstream: Upstream
) -> None:
    await asyncio.gather(*(oidc.authorization_url(authorization_context()) for _ in range(20)))
    assert upstream.request_count(f"https://login.example.org{DISCOVERY}") == 1


async def test_a_new_key_is_fetched_at_once_but_unknown_ones_only_once_a_minute(
    oidc: Oidc, upstream: Upstream, clock: FrozenClock
) -> None:
    await oidc.handle_callback({"code": "a-code"}, authorization_context())
    clock.advance(timedelta(seconds=1))
    upstream.replies["https://login.example.org/keys"] = json_of(
        {"keys": [jwk_of(rsa_key(), "one"), jwk_of(rsa_key(1), "two")]}
    )
    upstream.grants(upstream.sign(upstream.claims(), {"kid": "two"}, rsa_key(1)))
    assert await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert upstream.request_count("https://login.example.org/keys") == 2
    upstream.grants(upstream.sign(upstream.claims(), {"kid": "never"}))
    for _ in range(10):
        assert UNKNOWN_KEY in await refused(oidc)
    assert upstream.request_count("https://login.example.org/keys") == 2
    clock.advance(timedelta(minutes=1))
    for _ in range(10):
        assert UNKNOWN_KEY in await refused(oidc)
    assert upstream.request_count("https://login.example.org/keys") == 3


async def test_a_new_key_right_after_the_first_fetch_is_found(
    oidc: Oidc, upstream: Upstream
) -> None:
    """OpenID Connect Core §10.1.1: an unknown `kid` is the sign to fetch anew, at that moment."""
    await oidc.handle_callback({"code": "a-code"}, authorization_context())
    upstream.replies["https://login.example.org/keys"] = json_of(
        {"keys": [jwk_of(rsa_key(1), "two")]}
    )
    upstream.grants(upstream.sign(upstream.claims(), {"kid": "two"}, rsa_key(1)))
    found = await asyncio.gather(
        *(oidc.handle_callback({"code": "a-code"}, authorization_context()) for _ in range(5))
    )
    assert len(found) == 5
    assert upstream.request_count("https://login.example.org/keys") == 2


async def test_a_key_without_an_id_that_was_replaced_is_found(
    oidc: Oidc, upstream: Upstream
) -> None:
    first, second = ({**jwk_of(rsa_key(number), ""), "kid": None} for number in (0, 1))
    upstream.replies["https://login.example.org/keys"] = json_of({"keys": [first]})
    upstream.grants(upstream.sign(upstream.claims(), {"kid": None}, rsa_key(0)))
    assert await oidc.handle_callback({"code": "a-code"}, authorization_context())
    upstream.replies["https://login.example.org/keys"] = json_of({"keys": [second]})
    upstream.grants(upstream.sign(upstream.claims(), {"kid": None}, rsa_key(1)))
    assert await oidc.handle_callback({"code": "a-code"}, authorization_context())


async def test_a_provider_that_fails_when_it_is_provoked_is_not_asked_by_everybody(
    oidc: Oidc, upstream: Upstream
) -> None:
    await oidc.handle_callback({"code": "a-code"}, authorization_context())
    upstream.replies["https://login.example.org/keys"] = httpx.Response(503)
    upstream.grants(upstream.sign(upstream.claims(), {"kid": "never"}))
    for _ in range(5):
        with pytest.raises(ProviderFault):
            await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert upstream.request_count("https://login.example.org/keys") == 2


async def test_old_keys_serve_while_new_ones_cannot_be_had(
    oidc: Oidc, upstream: Upstream, clock: FrozenClock
) -> None:
    await oidc.handle_callback({"code": "a-code"}, authorization_context())
    upstream.replies["https://login.example.org/keys"] = httpx.Response(503)
    upstream.replies[f"https://login.example.org{DISCOVERY}"] = httpx.Response(503)
    clock.advance(timedelta(hours=23))
    upstream.grants()
    for _ in range(5):
        await oidc.handle_callback({"code": "a-code"}, authorization_context())
    assert upstream.request_count("https://login.example.org/keys") == 2
    clock.advance(timedelta(hours=2))
    upstream.grants()
    with pytest.raises(ProviderUnavailable):
        await oidc.handle_callback({"code": "a-code"}, authorization_context())


async def test_a_provider_that_is_down_is_not_waited_for_by_everybody(
    oidc: Oidc, upstream: Upstream, clock: FrozenClock
) -> None:
    upstream.replies.clear()
    upstream.replies[f"https://login.example.org{DISCOVERY}"] = httpx.Response(503)
    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            await oidc.authorization_url(authorization_context())
    assert upstream.request_count(f"https://login.example.org{DISCOVERY}") == 1
    upstream.publishes()
    clock.advance(timedelta(seconds=5))
    assert await oidc.authorization_url(authorization_context())


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, content=b"<html>down for maintenance</html>"),
        httpx.Response(404),
        httpx.Response(301, headers={"location": "https://attacker.example.org/"}),
        json_of({}),
        json_of({"keys": []}),
        json_of({"keys": "x"}),
        json_of(
            {"keys": [5, None, {"kty": "oct", "k": "AAAA"}, {"kty": "RSA", "n": "!", "e": ""}]}
        ),
    ],
)
async def test_keys_that_cannot_be_read_end_the_sign_in(
    oidc: Oidc, upstream: Upstream, reply: httpx.Response
) -> None:
    upstream.replies["https://login.example.org/keys"] = reply
    assert await refused(oidc)


async def test_an_operator_can_have_it_examined(oidc: Oidc, upstream: Upstream) -> None:
    await oidc.examine()
    assert upstream.request_count("https://login.example.org/keys") == 1
