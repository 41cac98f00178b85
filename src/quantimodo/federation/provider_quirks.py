"""The differences of one OpenID provider from the specification."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from quantimodo.crypto.provider_tokens import VerifiedToken
from quantimodo.federation.contract import SecurityEvent
from quantimodo.federation.discovery import Metadata
from quantimodo.federation.id_tokens import EVENT_TYPES, bad_token, required_text
from quantimodo.model.secrets import Secret

Claims = Mapping[str, Any]
IdentityKey = tuple[str, str]  # issuer and subject: the key of an identity


def is_true(value: Any) -> bool:
    """Whether a claim is true (security.md §23): the value, or its text "true". "false", 1 and
    "yes" are not."""
    return value is True or value == "true"


def stated_subject(found: VerifiedToken, metadata: Metadata) -> IdentityKey:
    """The issuer, which must be the configured one, and `sub`. Raises `BadToken`."""
    # security.md §26: equal to what was configured, never chosen from the token.
    if found.claims.get("iss") != metadata.issuer:
        raise bad_token("iss is not the configured issuer")
    return metadata.issuer, required_text(found.claims, "sub")


def stated_name(name: str, metadata: Metadata) -> bool:
    """Whether `iss` of an authorization response names this provider (RFC 9207 §2.4)."""
    return name == metadata.issuer


def _no_name(response: Mapping[str, str]) -> str:
    return ""


def _verified_email(claims: Claims) -> bool:
    return is_true(claims.get("email_verified"))


def _never(claims: Claims) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvents:
    """How to read a provider's messages. `token`: the signed token in a body, or None. `read`: the
    events in its verified claims. `types`: the values of `typ` that such a token may have."""

    token: Callable[[str, bytes], str | None]
    read: Callable[[Claims, str], Sequence[SecurityEvent]]
    types: frozenset[str] = EVENT_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderQuirks:
    """How a provider differs from the OpenID Connect specification.

    `known`: its metadata, so that discovery is not needed. `parameters`: additional ones of the
    authorization request; `fresh`: those that make the person sign in again; `tells_freshness`:
    whether the ID token then must have `auth_time`. `assertion` makes the parameters by which we
    authenticate ourselves, in place of a secret. `decrypt` returns the signed token in an
    encrypted ID token. `opaque` reads the provider's access token.
    """

    title: str = ""
    known: Metadata | None = None
    scope: str = "openid profile email"
    parameters: Mapping[str, str] = field(default_factory=dict)
    fresh: Mapping[str, str] = field(default_factory=lambda: {"prompt": "login", "max_age": "0"})
    tells_freshness: bool = True
    proof_key: bool = True
    responds_by_form_post: bool = False
    nonce_needed: bool = True  # of native ID tokens
    direct_redirect_uri: str = ""
    who: Callable[[VerifiedToken, Metadata], IdentityKey] = stated_subject
    is_named: Callable[[str, Metadata], bool] = stated_name
    first_name: Callable[[Mapping[str, str]], str] = _no_name
    email_verified: Callable[[Claims], bool] = _verified_email
    authoritative: Callable[[Claims], bool] = _never
    secret: Callable[[datetime], Secret] | None = None
    assertion: Callable[[Metadata, datetime], Mapping[str, str]] | None = None
    opaque: Callable[[Secret, Metadata], Awaitable[Claims]] | None = None
    messages: SecurityEvents | None = None
    decrypt: Callable[[Secret], Secret] | None = None
