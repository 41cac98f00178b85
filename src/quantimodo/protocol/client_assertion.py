"""The claims of a client assertion (RFC 7523 §3, OpenID Connect Core §9). Pure."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
HMAC_ALGORITHMS: Final = ("HS256",)
SIGNATURE_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")

_OTHER_TYPES: Final = frozenset(
    {
        "at+jwt",
        "authorization-grant+jwt",
        "dpop+jwt",
        "entity-statement+jwt",
        "kb+jwt",
        "logout+jwt",
        "oauth-authz-req+jwt",
        "oauth-client-attestation+jwt",
        "oauth-client-attestation-pop+jwt",
        "oauth-id-jag+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
    }
)
"""Types of tokens that clients sign too, or that are never a client's. The types of assertions
cannot be listed: most have none or `JWT`, and profiles may define their own."""
_SKEW: Final = timedelta(seconds=60)
# RFC 7523 §3 allows refusal of unreasonably long lifetimes; each jti is stored until the expiry.
_LONGEST: Final = timedelta(hours=24)
_LONGEST_JTI: Final = 512


class BadAssertion(Exception):
    """Not a valid assertion of this client for this server; the text is for the log."""


class Audience(NamedTuple):
    """The names by which `aud` may call this server, and whether it may be a list."""

    names: Collection[str]
    listed: bool = True


class Statement(NamedTuple):
    """A valid assertion; its `jti` is accepted once until `expires_at`."""

    jti: str
    expires_at: datetime


def check_type(typ: str | None) -> None:
    """Raises `BadAssertion` for a token that says that it is of another kind (RFC 8725 §3.11), such
    as a request object."""
    # RFC 7515 §4.1.9
    if typ is not None and typ.lower().removeprefix("application/") in _OTHER_TYPES:
        raise BadAssertion("typ is that of another kind of token")


def check_assertion(
    claims: Mapping[str, Any], client_id: str, audience: Audience, now: datetime
) -> Statement:
    """The `jti` and the expiry of a valid assertion. Raises `BadAssertion`."""
    # OpenID Connect Core §9: both are the client_id.
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise BadAssertion("iss or sub is not the client")
    claimed = claims.get("aud")
    audiences = claimed if isinstance(claimed, list) and audience.listed else [claimed]
    if not any(isinstance(each, str) and each in audience.names for each in audiences):
        raise BadAssertion("aud is not this server")
    expires_at = _moment(claims, "exp")
    if expires_at is None or expires_at <= now - _SKEW:
        raise BadAssertion("exp is missing or past")
    if expires_at > now + _LONGEST:
        raise BadAssertion("exp is too far ahead")
    for name in ("nbf", "iat"):
        moment = _moment(claims, name)
        if moment is not None and moment >= now + _SKEW:
            raise BadAssertion(f"{name} is ahead")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise BadAssertion("jti is missing or too long")
    return Statement(jti, expires_at + _SKEW)


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadAssertion(f"{name} is not a number")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise BadAssertion(f"{name} is not a time") from None
