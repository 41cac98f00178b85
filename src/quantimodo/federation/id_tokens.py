"""The claims that a provider's signed tokens must have, after their signature is verified. Pure.

There are two kinds, and neither is accepted as the other: ID tokens (OpenID Connect Core §3.1.3.7)
identify a person, event tokens (RFC 8417) report an event of an account. Each provider's file
checks the issuer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from quantimodo.crypto.digests import compare_digest
from quantimodo.crypto.jwt import half_hash
from quantimodo.crypto.provider_tokens import VerifiedToken
from quantimodo.federation.contract import BadToken, ForeignToken
from quantimodo.model.secrets import Secret

SKEW = timedelta(seconds=60)  # security.md §26: either clock may be wrong
OLDEST_EVENT = timedelta(days=7)  # events have no expiry; this limits the replay store

_ID_TOKEN_TYPES = frozenset({"", "jwt"})
EVENT_TYPES = frozenset({"", "jwt", "secevent+jwt"})
_LONGEST_SUBJECT = 255  # OpenID Connect Core §2
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The expected values. `audiences`: the registered client ids; `authorized_party`: the one that
    requested the token, None for any of them. `nonce` None: the request had none."""

    audiences: frozenset[str]
    authorized_party: str | None = None
    nonce: str | None = None
    access_token: Secret | None = None


def bad_token(because: str) -> BadToken:
    """The refusal of a token that is not valid; `because` is for the log only."""
    return BadToken("The token is not valid. Sign in at the provider again.", because=because)


def foreign_token(because: str) -> ForeignToken:
    """The refusal of a token of another application; `because` is for the log only."""
    return ForeignToken("The token was issued to another application.", because=because)


def check_id_token(found: VerifiedToken, expected: Expected, now: datetime) -> None:
    """All of security.md §26 but signature and issuer. Raises `BadToken`, `ForeignToken`."""
    claims = found.claims
    # security.md §13: an access token, a logout token or an event is signed by the same keys.
    if found.typ.lower() not in _ID_TOKEN_TYPES or "events" in claims:
        raise bad_token("not an ID token")
    _check_audience(claims, expected.audiences, expected.authorized_party)
    _check_times(claims, now)
    if expected.nonce is not None:
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not compare_digest(
            _octets(nonce), _octets(expected.nonce)
        ):
            raise bad_token("the nonce is missing or another one")
    token, stated = expected.access_token, claims.get("at_hash")
    # OpenID Connect Core §3.1.3.8: optional, but checked if it is present.
    if token is not None and stated not in (None, half_hash(found.algorithm, token.reveal())):
        raise bad_token("at_hash is of another access token")


def check_event_token(
    found: VerifiedToken,
    audiences: frozenset[str],
    now: datetime,
    types: frozenset[str] = EVENT_TYPES,
) -> str:
    """Its id, when it is an event for us of the last days. Raises `BadToken`, `ForeignToken`."""
    claims = found.claims
    if found.typ.lower() not in types or "events" not in claims:
        raise bad_token("not an event token")
    if not audiences & set(_audiences(claims)):
        raise foreign_token("aud has none of ours")
    issued_at = moment(claims, "iat")
    if issued_at > now + SKEW or issued_at < now - OLDEST_EVENT:
        raise bad_token("iat is not of the last days")
    if "exp" in claims and moment(claims, "exp") <= now - SKEW:
        raise bad_token("it has expired")
    return required_text(claims, "jti")


def check_signed_claims(
    found: VerifiedToken, issuer: str, audiences: frozenset[str], now: datetime
) -> None:
    """`iss`, `aud` and the times of a token that is no ID token. Raises `BadToken`."""
    if found.typ.lower() not in _ID_TOKEN_TYPES:
        raise bad_token("a token of another type")
    if found.claims.get("iss") != issuer:
        raise bad_token("iss is not the configured issuer")
    if not audiences & set(_audiences(found.claims)):
        raise foreign_token("aud has none of ours")
    if "exp" in found.claims and moment(found.claims, "exp") <= now - SKEW:
        raise bad_token("it has expired")


def moment(claims: Mapping[str, Any], name: str) -> datetime:
    """A NumericDate (RFC 7519 §2). Raises `BadToken`."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LATEST:
        raise bad_token(f"{name} is missing or no time")
    return datetime.fromtimestamp(value, UTC)


def required_text(claims: Mapping[str, Any], name: str) -> str:
    """A text that can be a key: neither empty nor too long. Raises `BadToken`."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_SUBJECT:
        raise bad_token(f"{name} is missing or not usable")
    if not value.isprintable():
        raise bad_token(f"{name} has control characters")
    return value


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _check_audience(
    claims: Mapping[str, Any], ours: frozenset[str], requested_by: str | None
) -> None:
    audiences, authorized_party = _audiences(claims), claims.get("azp")
    # OpenID Connect Core §3.1.3.7: each audience has to be trusted, so each is one of ours.
    if not audiences or not ours.issuperset(audiences):
        raise foreign_token("aud is not one of ours")
    if requested_by is not None and requested_by not in audiences:
        raise foreign_token("aud is not the requesting client")
    if len(audiences) > 1 and authorized_party is None:
        raise foreign_token("several audiences and no azp")
    # Stricter than OpenID Connect Core: also with one audience, because Google's apps of one
    # project get tokens for each other, and security.md §28 requires a list of those that are
    # accepted.
    if authorized_party is not None and authorized_party not in (
        ours if requested_by is None else {requested_by}
    ):
        raise foreign_token("azp is not one of ours")


def _audiences(claims: Mapping[str, Any]) -> Sequence[str]:
    found = claims.get("aud")
    listed = found if isinstance(found, list) else [found]
    texts = [each for each in listed if isinstance(each, str) and each]
    if len(texts) != len(listed):
        raise bad_token("aud is missing or not usable")
    return texts


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    if moment(claims, "exp") <= now - SKEW:
        raise bad_token("it has expired")
    if moment(claims, "iat") > now + SKEW:
        raise bad_token("it was issued in the future")
    if "nbf" in claims and moment(claims, "nbf") > now + SKEW:
        raise bad_token("it is not valid yet")
