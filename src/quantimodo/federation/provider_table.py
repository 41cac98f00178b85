"""The table of all kinds of providers, and the settings that each kind requires."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from quantimodo.crypto.client_assertions import SHORTEST_SECRET
from quantimodo.crypto.provider_tokens import client_secret_signer
from quantimodo.federation.client_assertions import AssertionKeys
from quantimodo.federation.contract import Kind, Provider, ProviderPolicy
from quantimodo.federation.declarations import faults_of_declaration
from quantimodo.federation.providers.apple import open_apple
from quantimodo.federation.providers.declared import Declared
from quantimodo.federation.providers.facebook import Facebook
from quantimodo.federation.providers.github import GitHub
from quantimodo.federation.providers.google import open_google
from quantimodo.federation.providers.microsoft import is_tenant, open_microsoft
from quantimodo.federation.providers.relying_party import open_oidc
from quantimodo.federation.providers.x import X
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import ReplayStore

Open = Callable[[ProviderPolicy, GuardedHttpClient, Clock, ReplayStore], Provider]


def _github(
    policy: ProviderPolicy, http_client: GuardedHttpClient, _: Clock, __: ReplayStore
) -> Provider:
    return GitHub(policy, http_client)


def _x(
    policy: ProviderPolicy, http_client: GuardedHttpClient, _: Clock, __: ReplayStore
) -> Provider:
    return X(policy, http_client)


def _declared(
    policy: ProviderPolicy, http_client: GuardedHttpClient, _: Clock, __: ReplayStore
) -> Provider:
    return Declared(policy, http_client)


TABLE: Mapping[Kind, Open] = {
    "google": open_google,
    "facebook": Facebook,
    "apple": open_apple,
    "github": _github,
    "microsoft": open_microsoft,
    "x": _x,
    "oidc": open_oidc,
    "oauth2": _declared,
}
# The required settings of each kind, beside the client id.
_NEEDED: Mapping[Kind, Sequence[str]] = {
    "google": ("client_secret",),
    "facebook": ("client_secret",),
    "apple": ("client_secret", "team_id", "key_id"),
    "github": ("client_secret",),
    "microsoft": ("client_secret",),
    "x": (),
    "oidc": ("issuer",),
    "oauth2": ("issuer", "authorization_endpoint", "token_endpoint", "subject_field"),
}
_NOTHING = ProviderPolicy(name="", kind="oidc", client_id="")
_OIDC: Sequence[Kind] = ("oidc",)
_OAUTH2: Sequence[Kind] = ("oauth2",)
# The settings that some kinds alone have.
_KINDS_OF: Mapping[str, Sequence[Kind]] = {
    "client_authentication": ("oidc", "oauth2"),
    **dict.fromkeys(("assertion_audience", "id_token_algorithm", "response_mode"), _OIDC),
    "encrypted_id_tokens": _OIDC,
    **dict.fromkeys(("pushed_requests", "initiated_login", "sign_out_at_provider"), _OIDC),
    **dict.fromkeys(("backchannel_logout", "frontchannel_logout", "end_session_endpoint"), _OIDC),
    **dict.fromkeys(("pkce", "authorization_parameters", "fresh_parameters"), _OAUTH2),
    **dict.fromkeys(("token_parameters", "token_field", "userinfo_method"), _OAUTH2),
    **dict.fromkeys(("userinfo_headers", "subject_field", "name_fields"), _OAUTH2),
    **dict.fromkeys(("email_field", "email_verified_field", "email_counts"), _OAUTH2),
}


# The issuers of those that have one. Microsoft has one for each tenant.
_ISSUERS: Mapping[Kind, str] = {
    "google": "https://accounts.google.com",
    "facebook": "https://www.facebook.com",
    "apple": "https://appleid.apple.com",
    "github": "https://github.com",
    "x": "https://x.com",
}


def issuer_of(policy: ProviderPolicy) -> str:
    """The issuer of the identities of this provider; "" if it has several."""
    return policy.issuer or _ISSUERS.get(policy.kind, "")


def open_providers(
    policies: Sequence[ProviderPolicy],
    http_client: GuardedHttpClient,
    clock: Clock,
    replays: ReplayStore,
    keys: AssertionKeys | None = None,
    report: Callable[[str, bool], None] | None = None,
) -> Mapping[str, Provider]:
    """The configured providers, by name, in the order of the settings. Sends no request.

    `keys` are ours at those with `private_key_jwt`. `report` gets the name of a provider and
    whether a request to it succeeded. Raises `ValueError` for a policy that has `faults_of`.
    """
    table: Mapping[Kind, Open] = {**TABLE, "oidc": partial(open_oidc, keys=keys)}

    def client_of(name: str) -> GuardedHttpClient:
        return http_client if report is None else http_client.with_report(partial(report, name))

    return {
        policy.name: table[policy.kind](policy, client_of(policy.name), clock, replays)
        for policy in policies
    }


def faults_of(policy: ProviderPolicy) -> Iterator[tuple[str, str]]:
    """The invalid settings, each with what it must be. Contains no value."""
    missing = [name for name in ("client_id", *_NEEDED[policy.kind]) if not getattr(policy, name)]
    for name in missing:
        yield name, f"must be set for {policy.kind}"
    for name in _foreign(policy):
        yield name, "is not for providers of this kind"
    if policy.kind == "oidc":
        yield from _faults_of_oidc(policy)
    if policy.kind == "oauth2":
        yield from faults_of_declaration(policy)
    if policy.kind == "microsoft":
        yield from _faults_of_microsoft(policy)
    if policy.kind == "apple" and policy.client_secret:
        try:
            client_secret_signer(policy.key_id, policy.client_secret)
        except ValueError:
            yield "client_secret", "must be the whole text of the .p8 file"


def _foreign(policy: ProviderPolicy) -> Iterator[str]:
    """The settings that are given, and that this kind of provider does not have."""
    for name, kinds in _KINDS_OF.items():
        if policy.kind not in kinds and getattr(policy, name) != getattr(_NOTHING, name):
            yield name


def _faults_of_oidc(policy: ProviderPolicy) -> Iterator[tuple[str, str]]:
    method, secret = policy.client_authentication, policy.client_secret
    if method and method != "private_key_jwt" and secret is None:
        yield "client_secret", f"must be set for {method}"
    if method == "client_secret_jwt" and secret and not _is_hmac_key(secret):
        yield "client_secret", f"must have at least {SHORTEST_SECRET} bytes for {method}"


def _is_hmac_key(secret: Secret) -> bool:
    return len(secret.reveal().encode()) >= SHORTEST_SECRET


def _faults_of_microsoft(policy: ProviderPolicy) -> Iterator[tuple[str, str]]:
    if policy.tenant and not is_tenant(policy.tenant):
        yield "tenant", "must be common, organizations, consumers or the id of a tenant (a GUID)"
    named = policy.authorization_endpoint and policy.token_endpoint and policy.jwks_uri
    if "{tenantid}" in policy.issuer and not named:
        yield "issuer", "needs authorization_endpoint, token_endpoint and jwks_uri beside it"
