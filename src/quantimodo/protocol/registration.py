"""The rules of client registration (RFC 7591 §2). They report all faults together.

Pure: checks the requested metadata only. `clients/registry.py` stores it and makes ids and secrets.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from urllib.parse import urlsplit

from quantimodo.model.client_metadata import DEFAULT_METADATA, ClientMetadata
from quantimodo.model.clients import Client, IdTokenAlgorithm, TokenFormat
from quantimodo.protocol.client_field_row import ClientField, check_name
from quantimodo.protocol.client_fields import (
    BY_NAME,
    FIELDS,
    SETTINGS,
)
from quantimodo.protocol.consents import required_details
from quantimodo.protocol.constants import RESPONSE_TYPES
from quantimodo.protocol.errors import InvalidAuthorizationDetails
from quantimodo.protocol.grant_types import BY_OPERATOR, ENTRY_OF, SIGNING_IN, TABLE
from quantimodo.protocol.registration_metadata import metadata_faults
from quantimodo.protocol.scopes import SCOPES, health_actions
from quantimodo.protocol.security_profiles import implied_values, missing_requirements, profile_of
from quantimodo.protocol.verified_domains import is_of_domain, keeps_domain

_PLAIN_RESPONSE_TYPES = frozenset({"code", "none"})
# security.md §5: types whose responses have tokens in the URL; only the operator allows them.
IMPLICIT_RESPONSE_TYPES = RESPONSE_TYPES - _PLAIN_RESPONSE_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Requested metadata of an application."""

    name: str
    description: str = ""
    homepage_uri: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    redirect_uris: tuple[str, ...] = ()
    scope: frozenset[str] = frozenset(SCOPES)
    grant_types: frozenset[str] = frozenset({"authorization_code", "refresh_token"})
    response_types: frozenset[str] = frozenset({"code"})
    public: bool = False
    strict: bool = False
    first_party: bool = False
    resource_server: bool = False
    token_format: TokenFormat = "opaque"
    id_token_alg: IdTokenAlgorithm = "RS256"
    metadata: ClientMetadata = DEFAULT_METADATA


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault of one field, for people; never echoes the value."""

    field: str
    message: str


def value_of(registration: Registration | Client, field: ClientField) -> Any:
    """The value of one field of the table."""
    owner = registration if field.stored == "column" else registration.metadata
    return getattr(owner, field.name)


def with_values(registration: Registration, values: dict[str, Any]) -> Registration:
    """The same with other values, which are keyed by the names in the table."""
    columns = {name: value for name, value in values.items() if BY_NAME[name].stored == "column"}
    document = {name: value for name, value in values.items() if name not in columns}
    return replace(registration, **columns, metadata=replace(registration.metadata, **document))


def registration_of(client: Client) -> Registration:
    """The registration of this application."""
    return Registration(
        **{field.name: getattr(client, field.name) for field in fields(Registration)}
    )


def with_privileges_of(client: Client, registration: Registration) -> Registration:
    """The same with the client's values of what only the operator may change."""
    kinds = registration.response_types - IMPLICIT_RESPONSE_TYPES
    return replace(
        registration,
        first_party=client.first_party,
        resource_server=client.resource_server,
        response_types=kinds | (client.response_types & IMPLICIT_RESPONSE_TYPES),
        grant_types=_as_the_operator_allowed(client, registration.grant_types),
        metadata=replace(
            registration.metadata,
            reviewed=client.metadata.reviewed and _keeps_review(client, registration),
            token_exchange_actors=client.metadata.token_exchange_actors,
            verified_domain=_kept_domain(client, registration),
            tokens_per_minute=client.metadata.tokens_per_minute,
            requests_per_minute=client.metadata.requests_per_minute,
        ),
    )


def _as_the_operator_allowed(client: Client, grant_types: frozenset[str]) -> frozenset[str]:
    """The same, with those of the grant types that only the operator allows that the client has."""
    return (grant_types - BY_OPERATOR) | (client.grant_types & BY_OPERATOR)


def with_settings_of(client: Client, registration: Registration) -> Registration:
    """The same with the client's settings, which have no member in RFC 7591."""
    values = {name: value_of(client, BY_NAME[name]) for name in SETTINGS}
    values["reviewed"] = client.metadata.reviewed and _keeps_review(client, registration)
    values["verified_domain"] = _kept_domain(client, registration)
    return with_values(registration, values)


def _kept_domain(client: Client, registration: Registration) -> str:
    return client.metadata.verified_domain if keeps_domain(client, registration) else ""


_REVIEWED: Final = ("name", "description", "homepage_uri", "policy_uri", "tos_uri")


def _keeps_review(client: Client, registration: Registration) -> bool:
    """Whether it still is what the operator reviewed: the same texts and documents, and no more
    than before. `Registry.set_logo` compares the picture."""
    return (
        all(getattr(client, name) == getattr(registration, name) for name in _REVIEWED)
        and client.metadata.localized == registration.metadata.localized
        and client.metadata.required_authorization_details
        == registration.metadata.required_authorization_details
        and set(registration.redirect_uris) <= set(client.redirect_uris)
        and registration.scope <= client.scope
    )


def normalise(registration: Registration) -> Registration:
    """The same without surrounding white space, repeated URIs, and response types that no grant
    type of the application can use, and with what its security profile implies."""
    registration = with_values(registration, implied_values(registration))
    return replace(
        registration,
        name=registration.name.strip(),
        description=registration.description.replace("\r\n", "\n").strip(),
        homepage_uri=registration.homepage_uri.strip(),
        policy_uri=registration.policy_uri.strip(),
        tos_uri=registration.tos_uri.strip(),
        redirect_uris=tuple(dict.fromkeys(registration.redirect_uris)),
        response_types=_usable_response_types(registration),
        metadata=replace(
            registration.metadata,
            post_logout_redirect_uris=tuple(
                dict.fromkeys(registration.metadata.post_logout_redirect_uris)
            ),
        ),
    )


def faults(registration: Registration) -> tuple[Fault, ...]:
    """All faults, in the order of the table of fields; empty for a valid registration."""
    all_faults = [
        Fault(field.name, message)
        for field in FIELDS
        for message in field.faults(value_of(registration, field))
    ]
    all_faults += [
        *_redirect_faults(registration),
        *_logout_faults(registration),
        *_metadata_faults(registration),
        *_grant_faults(registration),
        *_secrecy_faults(registration),
        *_domain_faults(registration),
        *(
            Fault("profile", each.text)
            for each in missing_requirements(registration, profile_of(registration))
        ),
    ]
    order = {field.name: number for number, field in enumerate(FIELDS)}
    return tuple(sorted(all_faults, key=lambda fault: order.get(fault.field, len(order))))


def privileges(registration: Registration) -> tuple[Fault, ...]:
    """The requested metadata that only the operator may grant."""
    refused = []
    if registration.first_party:
        refused.append(Fault("first_party", "only the operator can make an app first-party"))
    if registration.metadata.reviewed:
        refused.append(Fault("reviewed", "only the operator can mark an app as reviewed"))
    if registration.metadata.token_exchange_actors:
        refused.append(Fault("token_exchange_actors", "only the operator can name actors"))
    if registration.metadata.verified_domain:
        refused.append(
            Fault("verified_domain", "only the operator can verify the domain of an app")
        )
    for limit in ("tokens_per_minute", "requests_per_minute"):
        if getattr(registration.metadata, limit):
            refused.append(Fault(limit, "only the operator can set limits of an app"))
    if registration.resource_server:
        refused.append(Fault("resource_server", "only the operator can make an app introspect"))
    if registration.response_types & IMPLICIT_RESPONSE_TYPES:
        refused.append(
            Fault("response_types", "only the operator can allow implicit response types")
        )
    for name in sorted(registration.grant_types & BY_OPERATOR):
        refused.append(Fault("grant_types", f"only the operator can allow {ENTRY_OF[name].title}"))
    return tuple(refused)


def _usable_response_types(registration: Registration) -> frozenset[str]:
    if "authorization_code" in registration.grant_types:
        return registration.response_types
    return frozenset(kind for kind in registration.response_types if "code" not in kind.split(" "))


def _redirect_faults(registration: Registration) -> Iterator[Fault]:
    if not registration.redirect_uris and registration.response_types:
        yield Fault("redirect_uris", "give at least one: where people come back to after consent")


def _domain_faults(registration: Registration) -> Iterator[Fault]:
    domain = registration.metadata.verified_domain
    if domain and not is_of_domain(registration, domain):
        yield Fault("verified_domain", "no address of the app is at this domain")


def _logout_faults(registration: Registration) -> Iterator[Fault]:
    """Front-Channel Logout §2."""
    frame = registration.metadata.frontchannel_logout_uri
    if frame and _origin(frame) not in map(_origin, registration.redirect_uris):
        yield Fault("frontchannel_logout_uri", "must have the host of one of the redirect URIs")


def _metadata_faults(registration: Registration) -> Iterator[Fault]:
    for field, message in metadata_faults(registration.metadata, registration.redirect_uris):
        yield Fault(field, message)
    for member, text in registration.metadata.localized.items():
        if member.startswith("client_name#"):
            for message in check_name(text):
                yield Fault("name", message)


def _origin(uri: str) -> tuple[str, str]:
    """Scheme, host and port; empty for an invalid address, which is a fault of the field."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc


def _grant_faults(registration: Registration) -> Iterator[Fault]:
    has_people = registration.response_types or registration.grant_types & SIGNING_IN
    if has_people and not registration.scope:
        yield Fault("scope", "choose at least one: without any, the app can do nothing")
    if not registration.grant_types and not registration.response_types:
        yield Fault("grant_types", "choose at least one")
    if not set(registration.metadata.optional_scope) <= registration.scope:
        yield Fault("optional_scope", "may only name scopes that the app may request")
    yield from _details_faults(registration)
    if "authorization_code" in registration.grant_types and not registration.response_types:
        yield Fault("response_types", "authorization_code needs at least code")
    if "refresh_token" in registration.grant_types and not registration.grant_types & SIGNING_IN:
        yield Fault("grant_types", "refresh_token needs authorization_code beside it")
    # OpenID Connect Core §2: unsigned only where no ID token comes through the browser.
    in_front = any("id_token" in kind.split(" ") for kind in registration.response_types)
    if registration.id_token_alg == "none" and in_front:
        yield Fault("id_token_alg", "none is only for apps that get ID tokens with a code")


def _details_faults(registration: Registration) -> Iterator[Fault]:
    try:
        details = required_details(registration.metadata, None)
    except InvalidAuthorizationDetails:
        return  # a fault of the field
    if not details.actions <= health_actions(registration.scope):
        message = "has an action whose scope the app may not request"
        yield Fault("required_authorization_details", message)


def _secrecy_faults(registration: Registration) -> Iterator[Fault]:
    if not registration.public:
        return
    for entry in TABLE:
        if entry.confidential and entry.name in registration.grant_types:
            yield Fault("grant_types", f"{entry.title} needs an app that can keep a secret")
    if registration.resource_server:
        yield Fault("resource_server", "introspection needs an app that can keep a secret")
