"""The rules of client registration (RFC 7591 §2). They report all faults together.

Pure: checks the requested metadata only. `clients/registry.py` stores it and makes ids and secrets.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import get_args
from urllib.parse import urlsplit

from quantimodo.model.client_metadata import BARE, ClientMetadata
from quantimodo.model.clients import IdTokenAlgorithm, TokenFormat
from quantimodo.protocol.redirects import check_redirect_uri
from quantimodo.protocol.registration_metadata import metadata_faults
from quantimodo.protocol.scopes import SCOPES
from quantimodo.protocol.uris import InvalidUri, check_web_address

GRANT_TYPES = frozenset({"authorization_code", "refresh_token", "client_credentials"})
# Multiple Response Types §3, §4, §5. The words of each type are in this order.
RESPONSE_TYPES = frozenset(
    {
        "code",
        "none",
        "token",
        "id_token",
        "id_token token",
        "code id_token",
        "code token",
        "code id_token token",
    }
)
_PLAIN_RESPONSE_TYPES = frozenset({"code", "none"})
# security.md §5: types that send tokens in a URL; only the operator may allow them for an app.
IMPLICIT_RESPONSE_TYPES = RESPONSE_TYPES - _PLAIN_RESPONSE_TYPES

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 1000
MOST_REDIRECT_URIS = 50

# Format characters that words in Persian and Hindi, and emoji, need.
_JOINERS = frozenset("\u200c\u200d")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


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
    metadata: ClientMetadata = BARE


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault of one field, for people; never echoes the value."""

    field: str
    message: str


def tidy(registration: Registration) -> Registration:
    """The same without surrounding spaces, repeated URIs, and response types that no grant type
    allows."""
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
    """All faults, in the order of the fields; empty when it is valid."""
    return (
        *_name_faults(registration.name),
        *_description_faults(registration.description),
        *_link_faults(registration),
        *_redirect_faults(registration),
        *_logout_faults(registration),
        *_metadata_faults(registration),
        *_vocabulary_faults(registration),
        *_secrecy_faults(registration),
    )


def privileges(registration: Registration) -> tuple[Fault, ...]:
    """The requested metadata that only the operator may grant."""
    found = []
    if registration.first_party:
        found.append(Fault("first_party", "only the operator can make an app first-party"))
    if registration.resource_server:
        found.append(Fault("resource_server", "only the operator can make an app introspect"))
    if registration.response_types & IMPLICIT_RESPONSE_TYPES:
        found.append(Fault("response_types", "only the operator can allow implicit answers"))
    return tuple(found)


def _usable_response_types(registration: Registration) -> frozenset[str]:
    if "authorization_code" in registration.grant_types:
        return registration.response_types
    return frozenset(kind for kind in registration.response_types if "code" not in kind.split(" "))


def _name_faults(name: str) -> Iterator[Fault]:
    if not any(unicodedata.category(each)[0] in "LNSP" for each in name):
        yield Fault("name", "give the app a name")
    elif len(name) > LONGEST_NAME:
        yield Fault("name", f"must not be longer than {LONGEST_NAME} characters")
    if _has_invisible(name):
        yield Fault("name", "must not have control or direction characters")


def _description_faults(description: str) -> Iterator[Fault]:
    if len(description) > LONGEST_DESCRIPTION:
        yield Fault("description", f"must not be longer than {LONGEST_DESCRIPTION} characters")
    if _has_invisible(description.replace("\n", "").replace("\t", "")):
        yield Fault("description", "must not have control or direction characters")


def _has_invisible(text: str) -> bool:
    """Whether it has invisible characters, which make it look like another text or break it."""
    return any(unicodedata.category(each) in _INVISIBLE and each not in _JOINERS for each in text)


def _link_faults(registration: Registration) -> Iterator[Fault]:
    for field in ("homepage_uri", "policy_uri", "tos_uri"):
        link: str = getattr(registration, field)
        if link:
            try:
                check_web_address(link)
            except InvalidUri as fault:
                yield Fault(field, str(fault))


def _redirect_faults(registration: Registration) -> Iterator[Fault]:
    given = registration.redirect_uris
    if len(given) > MOST_REDIRECT_URIS:
        yield Fault("redirect_uris", f"there may be at most {MOST_REDIRECT_URIS}")
        return
    if not given and registration.response_types:
        yield Fault("redirect_uris", "give at least one: where people come back to after consent")
    for number, uri in enumerate(given, start=1):
        try:
            check_redirect_uri(uri)
        except InvalidUri as fault:
            prefix = f"number {number} " if len(given) > 1 else ""
            yield Fault("redirect_uris", prefix + str(fault))


def _logout_faults(registration: Registration) -> Iterator[Fault]:
    """RP-Initiated Logout §3.1, Front-Channel Logout §2, Back-Channel Logout §2.2."""
    metadata = registration.metadata
    given = metadata.post_logout_redirect_uris
    if len(given) > MOST_REDIRECT_URIS:
        yield Fault("post_logout_redirect_uris", f"there may be at most {MOST_REDIRECT_URIS}")
        return
    for uri in given:
        yield from _address_fault("post_logout_redirect_uris", uri, check_redirect_uri)
    for field in ("frontchannel_logout_uri", "backchannel_logout_uri"):
        uri = getattr(metadata, field)
        if uri:
            yield from _address_fault(field, uri, _check_logout_uri)
    frame = metadata.frontchannel_logout_uri
    if frame and _origin(frame) not in map(_origin, registration.redirect_uris):
        yield Fault("frontchannel_logout_uri", "must have the host of one of the redirect URIs")


def _metadata_faults(registration: Registration) -> Iterator[Fault]:
    for field, message in metadata_faults(registration.metadata, registration.redirect_uris):
        yield Fault(field, message)
    for member, text in registration.metadata.localized.items():
        if member.startswith("client_name#"):
            yield from _name_faults(text)


def _check_logout_uri(uri: str) -> None:
    check_redirect_uri(uri)
    if not uri.startswith(("https:", "http:")):
        raise InvalidUri("must be an https address")


def _address_fault(field: str, uri: str, check: Callable[[str], None]) -> Iterator[Fault]:
    try:
        check(uri)
    except InvalidUri as fault:
        yield Fault(field, str(fault))


def _origin(uri: str) -> tuple[str, str]:
    """Scheme, host and port; empty for an invalid URI, which another rule reports."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc


def _vocabulary_faults(registration: Registration) -> Iterator[Fault]:
    yield from _unknown("scope", registration.scope, SCOPES)
    yield from _unknown("grant_types", registration.grant_types, GRANT_TYPES)
    yield from _unknown("response_types", registration.response_types, RESPONSE_TYPES)
    if registration.response_types and not registration.scope:
        yield Fault("scope", "choose at least one: without any, the app can do nothing")
    if not registration.grant_types and not registration.response_types:
        yield Fault("grant_types", "choose at least one")
    if "authorization_code" in registration.grant_types and not registration.response_types:
        yield Fault("response_types", "authorization_code needs at least code")
    if registration.grant_types & {"refresh_token", "authorization_code"} == {"refresh_token"}:
        yield Fault("grant_types", "refresh_token needs authorization_code beside it")
    yield from _unknown("token_format", (registration.token_format,), ("opaque", "jwt"))
    yield from _unknown("id_token_alg", (registration.id_token_alg,), get_args(IdTokenAlgorithm))
    # OpenID Connect Core §2: unsigned only where no ID token comes through the browser.
    in_front = any("id_token" in kind.split(" ") for kind in registration.response_types)
    if registration.id_token_alg == "none" and in_front:
        yield Fault("id_token_alg", "none is only for apps that get ID tokens with a code")


def _unknown(field: str, given: Iterable[str], known: Iterable[str]) -> Iterator[Fault]:
    if not set(given) <= set(known):
        yield Fault(field, "may only be of: " + ", ".join(sorted(known)))


def _secrecy_faults(registration: Registration) -> Iterator[Fault]:
    if not registration.public:
        return
    # RFC 6749 §4.4: the client credentials grant is for confidential clients only.
    if "client_credentials" in registration.grant_types:
        yield Fault("grant_types", "client_credentials needs an app that can keep a secret")
    if registration.resource_server:
        yield Fault("resource_server", "introspection needs an app that can keep a secret")
