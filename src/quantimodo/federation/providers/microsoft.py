"""Sign-in with Microsoft (Entra ID and personal accounts): an OpenID provider with one issuer for
each tenant.

The key of a person is the tenant and the object id (security.md §30), never `sub`, which differs by
app, nor e-mail or `upn`, which any tenant's administrator may set to any address.
Microsoft's pages that this follows: "ID token claims reference", "OpenID Connect on the Microsoft
identity platform", "Access tokens: validate the issuer", "Optional claims reference".
"""

import re
from collections.abc import Callable

from quantimodo.crypto.provider_tokens import VerifiedToken
from quantimodo.federation.contract import ProviderPolicy
from quantimodo.federation.discovery import Metadata
from quantimodo.federation.id_tokens import bad_token, required_text
from quantimodo.federation.provider_quirks import Claims, IdentityKey, ProviderQuirks, is_true
from quantimodo.federation.providers.oauth2 import text
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import ReplayStore

EVERY_KIND = "common"  # people of any tenant, and personal accounts
_ANY_TENANT = "organizations"
_PERSONAL = "consumers"
_TENANT_OF_PERSONS = "9188040d-6c67-4c5b-b112-36a304b66dad"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_PLACE = "{tenantid}"  # as Microsoft writes it in its own metadata and keys
_HOST = "https://login.microsoftonline.com"


def is_tenant(text: str) -> bool:
    """Whether it is a tenant id or a kind of tenants, so that issuers can be compared with it."""
    text = text.lower()
    return text in (EVERY_KIND, _ANY_TENANT, _PERSONAL) or bool(_GUID.fullmatch(text))


def open_microsoft(
    policy: ProviderPolicy, http_client: GuardedHttpClient, clock: Clock, replays: ReplayStore
) -> Oidc:
    """Microsoft, for the people of `policy.tenant`."""
    tenant = policy.tenant.lower() or EVERY_KIND
    quirks = ProviderQuirks(
        title="Microsoft",
        known=_metadata(tenant),
        tells_freshness=False,  # `auth_time` is an optional claim that has to be configured
        nonce_needed=False,
        who=_identity_key_of(tenant),
        is_named=_is_named,
        email_verified=is_owner_verified,
    )
    return Oidc(policy, http_client, clock, replays, quirks)


def is_owner_verified(claims: Claims) -> bool:
    """Whether Microsoft says that the tenant owns the domain of the address ("Migrate away from
    using email claims"); otherwise an address is unverified text."""
    value = claims.get("xms_edov")
    return is_true(value) or value in (1, "1")


def _metadata(tenant: str) -> Metadata:
    return Metadata(
        issuer=f"{_HOST}/{_PLACE}/v2.0",
        authorization_endpoint=f"{_HOST}/{tenant}/oauth2/v2.0/authorize",
        token_endpoint=f"{_HOST}/{tenant}/oauth2/v2.0/token",
        jwks_uri=f"{_HOST}/{tenant}/discovery/v2.0/keys",
    )


def _identity_key_of(tenant: str) -> Callable[[VerifiedToken, Metadata], IdentityKey]:
    def who(found: VerifiedToken, metadata: Metadata) -> IdentityKey:
        home = text(found.claims.get("tid"))
        if not _GUID.fullmatch(home) or not _admits(tenant, home):
            raise bad_token("tid is not the configured tenant")
        # security.md §26: the issuer is made from the configured one; its tenant must be allowed by
        # the configuration and by the key that signed the token.
        issuer = metadata.issuer.replace(_PLACE, home)
        if found.claims.get("iss") != issuer:
            raise bad_token("iss is not that tenant's")
        if found.key_issuer is not None and found.key_issuer.replace(_PLACE, home) != issuer:
            raise bad_token("the key is another issuer's")
        return issuer, required_text(found.claims, "oid")

    return who


def _is_named(name: str, metadata: Metadata) -> bool:
    # The ID token names the tenant; this only checks that the issuer is Microsoft.
    before, _, after = metadata.issuer.partition(_PLACE)
    home = name.removeprefix(before).removesuffix(after)
    return name in (metadata.issuer, f"{before}{home}{after}") and (
        name == metadata.issuer or bool(_GUID.fullmatch(home))
    )


def _admits(tenant: str, home: str) -> bool:
    if tenant == EVERY_KIND:
        return True
    if tenant == _ANY_TENANT:
        return home != _TENANT_OF_PERSONS
    return home == (_TENANT_OF_PERSONS if tenant == _PERSONAL else tenant)
