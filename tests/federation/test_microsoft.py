"""Sign-in with Microsoft (security.md §24, §30): as many issuers as tenants, and no e-mail to
trust.

The recorded responses have the shape of Microsoft's documentation, read in November 2026
(learn.microsoft.com/entra/identity-platform): "ID token claims reference", "OpenID Connect on the
Microsoft identity platform", "Secure applications and APIs by validating claims", and "Migrate
away from using email claims for user identification or authorization" (`xms_edov`).
"""

from typing import Any

import httpx
import pytest

from quantimodo.federation.contract import AccessDeniedByUser, BadCode, BadToken, ProviderPolicy
from quantimodo.federation.providers.microsoft import is_tenant, open_microsoft
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse
from quantimodo.ports.stores import Stores
from support.addresses import query_of
from support.environment import FrozenClock
from support.upstream import NONCE, Upstream, authorization_context, json_of, jwk_of, rsa_key

HOST = "https://login.microsoftonline.com"
CLIENT = "00001111-aaaa-2222-bbbb-3333cccc4444"
TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
OTHER = "bbbbcccc-1111-dddd-2222-eeee3333ffff"
PERSONS = "9188040d-6c67-4c5b-b112-36a304b66dad"
OBJECT = "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb"


def issuer_of(tenant: str) -> str:
    return f"{HOST}/{tenant}/v2.0"


class FakeMicrosoft(Upstream):
    __slots__ = ()

    def claims(self, **changes: Any) -> dict[str, Any]:
        theirs: dict[str, Any] = {
            "ver": "2.0",
            "iss": issuer_of(changes.get("tid", TENANT)),
            "tid": TENANT,
            "oid": OBJECT,
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "preferred_username": "ann@example.org",
            "email_verified": None,
            "rh": "0.AAAA",
            "uti": "AAAA",
            "nbf": int(self.clock.now().timestamp()),
        }
        return super().claims(**{**theirs, **changes})

    def offers(self, tenant: str, *keys: dict[str, Any]) -> None:
        """Keys as at `/discovery/v2.0/keys`: each says whose tokens it may sign."""
        listed = keys or (
            jwk_of(rsa_key(), "one", x5t="AAAA", x5c=["MIIB"], issuer=issuer_of("{tenantid}")),
            jwk_of(rsa_key(3), "msa", issuer=issuer_of(PERSONS)),
        )
        self.replies[f"{HOST}/{tenant}/discovery/v2.0/keys"] = json_of({"keys": list(listed)})

    def gives(self, tenant: str, **changes: Any) -> None:
        self.grants(self.id_token(**changes), url=f"{HOST}/{tenant}/oauth2/v2.0/token")


@pytest.fixture
def upstream(clock: FrozenClock) -> FakeMicrosoft:
    it = FakeMicrosoft(clock, client_id=CLIENT)
    for tenant in ("common", "organizations", "consumers", TENANT):
        it.offers(tenant)
        it.gives(tenant)
    return it


@pytest.fixture
def open_it(upstream: FakeMicrosoft, stores: Stores) -> Any:
    def opened(**changes: Any) -> Oidc:
        given: dict[str, Any] = {
            "name": "microsoft",
            "kind": "microsoft",
            "client_id": CLIENT,
            "client_secret": Secret("a-secret"),
        }
        policy = ProviderPolicy(**{**given, **changes})
        return open_microsoft(policy, upstream.http_client(), upstream.clock, stores.replays)

    return opened


async def test_people_are_sent_to_their_tenant(open_it: Any) -> None:
    url = await open_it(tenant=TENANT.upper()).authorization_url(authorization_context(fresh=True))
    assert url.startswith(f"{HOST}/{TENANT}/oauth2/v2.0/authorize?")
    assert query_of(url)["prompt"] == "login"
    assert (await open_it().authorization_url(authorization_context())).startswith(
        f"{HOST}/common/"
    )


async def test_the_key_is_tenant_and_object_id(open_it: Any, upstream: FakeMicrosoft) -> None:
    profile = await open_it().handle_callback(
        {"code": "a-code", "session_state": "x"}, authorization_context()
    )
    assert profile.issuer == issuer_of(TENANT)
    assert profile.subject == OBJECT
    assert profile.name == "Ann Example"
    form = upstream.form(f"{HOST}/common/oauth2/v2.0/token")
    assert (form["client_id"], form["client_secret"]) == (CLIENT, "a-secret")


@pytest.mark.parametrize(
    ("claims", "verified"),
    [
        ({}, False),
        ({"email_verified": True}, False),
        ({"xms_edov": True}, True),
        ({"xms_edov": "1"}, True),
        ({"xms_edov": 1}, True),
        ({"xms_edov": "true"}, True),
        ({"xms_edov": False}, False),
        ({"xms_edov": "0"}, False),
        ({"xms_edov": "false"}, False),
        ({"xms_edov": ["1"]}, False),
        ({"xms_edov": True, "email": None}, False),
    ],
)
async def test_an_address_is_unverified_unless_its_domain_is_the_tenants(
    open_it: Any, upstream: FakeMicrosoft, claims: dict[str, Any], verified: bool
) -> None:
    """security.md §30: any tenant's administrator sets any address."""
    upstream.gives("common", **claims)
    profile = await open_it().handle_callback({"code": "a-code"}, authorization_context())
    assert profile.email_verified is verified
    assert profile.email_authoritative is False


@pytest.mark.parametrize(
    ("tenant", "home", "good"),
    [
        ("common", TENANT, True),
        ("common", PERSONS, True),
        ("organizations", TENANT, True),
        ("organizations", PERSONS, False),
        ("consumers", PERSONS, True),
        ("consumers", TENANT, False),
        (TENANT, TENANT, True),
        (TENANT, OTHER, False),
        (TENANT, PERSONS, False),
    ],
)
async def test_only_people_of_the_configured_tenant_come_in(
    open_it: Any, upstream: FakeMicrosoft, tenant: str, home: str, good: bool
) -> None:
    upstream.gives(tenant, tid=home)
    if good:
        profile = await open_it(tenant=tenant).handle_callback(
            {"code": "a-code"}, authorization_context()
        )
        assert profile.issuer == issuer_of(home)
    else:
        with pytest.raises(InvalidProviderResponse):
            await open_it(tenant=tenant).handle_callback(
                {"code": "a-code"}, authorization_context()
            )


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": issuer_of(OTHER)},
        {"iss": issuer_of("{tenantid}")},
        {"iss": f"https://sts.windows.net/{TENANT}/"},
        {"iss": "https://attacker.example.org/{tenantid}/v2.0"},
        {"tid": None},
        {"tid": "example.org"},
        {"tid": "{tenantid}", "iss": issuer_of("{tenantid}")},
        {"tid": f"{TENANT}/../{OTHER}", "iss": issuer_of(f"{TENANT}/../{OTHER}")},
        {"tid": TENANT.upper(), "iss": issuer_of(TENANT.upper())},
        {"tid": f"{TENANT}\n"},
        {"oid": None},
        {"oid": ""},
        {"oid": 5},
        {"aud": OTHER},
        {"nonce": None},
    ],
)
async def test_issuer_and_tenant_must_agree(
    open_it: Any, upstream: FakeMicrosoft, claims: dict[str, Any]
) -> None:
    upstream.gives("common", **claims)
    with pytest.raises(InvalidProviderResponse):
        await open_it().handle_callback({"code": "a-code"}, authorization_context())


async def test_a_key_is_valid_for_its_own_issuer_only(
    open_it: Any, upstream: FakeMicrosoft
) -> None:
    """ "Validate the signing key issuer": the key of personal accounts signs for no tenant."""
    claims = upstream.claims()
    token = upstream.sign(claims, {"kid": "msa"}, rsa_key(3))
    upstream.grants(token, url=f"{HOST}/common/oauth2/v2.0/token")
    with pytest.raises(InvalidProviderResponse) as refusal:
        await open_it().handle_callback({"code": "a-code"}, authorization_context())
    assert "the key is another issuer's" in refusal.value.because
    token = upstream.sign(upstream.claims(tid=PERSONS), {"kid": "msa"}, rsa_key(3))
    upstream.grants(token, url=f"{HOST}/common/oauth2/v2.0/token")
    profile = await open_it().handle_callback({"code": "a-code"}, authorization_context())
    assert profile.issuer == issuer_of(PERSONS)


@pytest.mark.parametrize(
    ("iss", "good"),
    [
        (issuer_of(TENANT), True),
        (issuer_of("{tenantid}"), True),
        (issuer_of("common"), False),
        (f"{HOST}/{TENANT}/v2.0/", False),
        ("https://attacker.example.org", False),
        (f"https://attacker.example.org/{TENANT}/v2.0", False),
        ("", False),
        (TENANT, False),
    ],
)
async def test_a_response_that_names_its_issuer_names_microsoft(
    open_it: Any, iss: str, good: bool
) -> None:
    response = {"code": "a-code", "iss": iss}
    if good:
        assert await open_it().handle_callback(response, authorization_context())
    else:
        with pytest.raises(InvalidProviderResponse):
            await open_it().handle_callback(response, authorization_context())


async def test_an_error_of_microsoft_is_reported_by_its_kind(
    open_it: Any, upstream: FakeMicrosoft
) -> None:
    for declined in (
        {"error": "access_denied", "error_description": "the user canceled"},
        {"error": "access_denied", "error_subcode": "cancel"},
        {"error": "consent_required", "error_description": "AADSTS65004: User declined"},
    ):
        with pytest.raises(AccessDeniedByUser):
            await open_it().handle_callback(declined, authorization_context())
    url = f"{HOST}/common/oauth2/v2.0/token"
    body = {
        "error": "invalid_grant",
        "error_description": "AADSTS70000: The provided value is not valid.",
        "error_codes": [70000],
        "timestamp": "2026-11-23 12:00:00Z",
        "trace_id": "0000aaaa-11bb-cccc-dd22-eeeeee333333",
        "correlation_id": "aaaa0000-bb11-2222-33cc-444444dddddd",
    }
    upstream.replies[url] = json_of(body, 400)
    with pytest.raises(BadCode):
        await open_it().handle_callback({"code": "a-code"}, authorization_context())
    body["error"] = "invalid_client"
    upstream.replies[url] = json_of(body, 401)
    with pytest.raises(InvalidProviderResponse) as refusal:
        await open_it().handle_callback({"code": "a-code"}, authorization_context())
    assert "AADSTS" not in refusal.value.because


async def test_an_id_token_of_an_app_is_taken_once(open_it: Any, upstream: FakeMicrosoft) -> None:
    token = Secret(upstream.id_token(nonce=None))
    provider = open_it()
    assert (await provider.verify_native_token(token, None, None)).subject == OBJECT
    with pytest.raises(BadToken):
        await provider.verify_native_token(token, None, None)
    with pytest.raises(BadToken):
        await provider.verify_native_token(Secret(upstream.id_token(tid="x")), None, NONCE)


async def test_another_cloud_is_a_matter_of_configuration(
    open_it: Any, upstream: FakeMicrosoft
) -> None:
    cloud = "https://login.example.org"
    upstream.replies[f"{cloud}/keys"] = json_of({"keys": [jwk_of(rsa_key(), "one")]})
    upstream.grants(upstream.id_token(iss=f"{cloud}/{TENANT}/v2.0"), url=f"{cloud}/{TENANT}/token")
    provider = open_it(
        tenant=TENANT,
        issuer=cloud + "/{tenantid}/v2.0",
        authorization_endpoint=f"{cloud}/{TENANT}/authorize",
        token_endpoint=f"{cloud}/{TENANT}/token",
        jwks_uri=f"{cloud}/keys",
    )
    profile = await provider.handle_callback({"code": "a-code"}, authorization_context())
    assert profile.issuer == f"{cloud}/{TENANT}/v2.0"


async def test_keys_that_are_not_there_end_the_sign_in(
    open_it: Any, upstream: FakeMicrosoft
) -> None:
    upstream.replies[f"{HOST}/common/discovery/v2.0/keys"] = httpx.Response(404)
    with pytest.raises(InvalidProviderResponse):
        await open_it().handle_callback({"code": "a-code"}, authorization_context())


@pytest.mark.parametrize("text", ["common", "organizations", "consumers", TENANT, TENANT.upper()])
def test_a_tenant_is_named_by_its_id(text: str) -> None:
    assert is_tenant(text)


@pytest.mark.parametrize("text", ["", "example.org", "{tenantid}", f"{TENANT}/x", "../common"])
def test_a_tenant_that_cannot_be_compared_with_an_issuer_is_refused(text: str) -> None:
    assert not is_tenant(text)
