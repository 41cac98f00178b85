"""The `claims` parameter and `acr_values` (OpenID Connect Core §5.5, §3.1.2.1): claims that a
request names individually, and the requested strength of authentication.

Pure. Unknown members are ignored (OpenID Connect Core §5.5). A claim is returned only when the
application is registered for its scope, and when it has a value.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.protocol.claims import SCOPE_OF_CLAIM
from quantimodo.protocol.errors import InvalidRequest

ACR_VALUES: Final = ("1", "2", "3")
"""ISO/IEC 29115 levels of assurance of a sign-in here, the strongest last: `1` and `2` with one
factor over TLS, `3` with several."""

_SEVERAL = "mfa"  # RFC 8176 §2
_MOST_NAMES = 100
_MALFORMED = "claims must be a JSON object of claim requests (OpenID Connect Core, 5.5)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRequest:
    """`subject`: the person must be this one. `acr`: the requested values, best first;
    `acr_essential`: without one of them authentication fails."""

    id_token: frozenset[str] = frozenset()
    userinfo: frozenset[str] = frozenset()
    subject: str | None = None
    acr: Sequence[str] = ()
    acr_essential: bool = False

    @property
    def scope(self) -> frozenset[str]:
        """The scopes with the same claims, for the consent page."""
        return frozenset(SCOPE_OF_CLAIM[name] for name in self.id_token | self.userinfo)


NOTHING: Final = ClaimsRequest()


def parse_claims_request(
    text: str | None, acr_values: Sequence[str], allowed: frozenset[str]
) -> ClaimsRequest:
    """The requested claims that belong to a scope in `allowed`. Raises `InvalidRequest`."""
    if text is None:
        return ClaimsRequest(acr=tuple(acr_values)) if acr_values else NOTHING
    document = _object(text)
    id_token, userinfo = _member(document, "id_token"), _member(document, "userinfo")
    acr = _one(id_token.get("acr"))
    requested = _values(acr)
    return ClaimsRequest(
        id_token=_opened(id_token, allowed),
        userinfo=_opened(userinfo, allowed),
        subject=_subject(id_token, userinfo),
        acr=requested or tuple(acr_values) or (ACR_VALUES[::-1] if "acr" in id_token else ()),
        acr_essential=bool(requested) and acr.get("essential") is True,
    )


def met_acr(request: ClaimsRequest, methods: Sequence[str]) -> str | None:
    """The `acr` of the response to a sign-in by these `amr` values: the first requested value that
    it meets, otherwise the strongest that it meets; None when the request has none."""
    if not request.acr:
        return None
    met = _met(methods)
    return next((value for value in request.acr if value in met), met[-1])


def acr_of(stored: str | None, methods: Sequence[str]) -> str:
    """The `acr` of an access token (RFC 9068 §2.2.1, RFC 9470 §6): `stored`, that of the response,
    or the strongest that a sign-in by these `amr` values meets."""
    return stored or _met(methods)[-1]


def meets_acr(acr: str, methods: Sequence[str]) -> bool:
    """Whether a sign-in by these `amr` values meets this `acr` value."""
    return acr in _met(methods)


def fails_acr(request: ClaimsRequest, methods: Sequence[str] = (_SEVERAL,)) -> bool:
    """Whether a sign-in by these `amr` values is a failed authentication (OpenID Connect Core
    §5.5.1.1): an essential `acr` is not met. By default: whether every sign-in is."""
    return request.acr_essential and not frozenset(request.acr) & frozenset(_met(methods))


def lacks_acr(request: ClaimsRequest, methods: Sequence[str]) -> bool:
    """Whether a stronger sign-in would meet a requested `acr` value, and this one meets none
    (RFC 9470 §5)."""
    requested = frozenset(request.acr)
    return not requested & frozenset(_met(methods)) and bool(requested & frozenset(ACR_VALUES))


def _met(methods: Sequence[str]) -> Sequence[str]:
    return ACR_VALUES if _SEVERAL in methods else ACR_VALUES[:-1]


def _object(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidRequest(_MALFORMED, refusal="claims_malformed") from None
    if not isinstance(document, dict):
        raise InvalidRequest(_MALFORMED, refusal="claims_malformed")
    return document


def _member(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = document.get(name)
    if member is None:
        return {}
    if not isinstance(member, dict) or len(member) > _MOST_NAMES:
        raise InvalidRequest(_MALFORMED, refusal="claims_malformed")
    return member


def _opened(claims_request: Mapping[str, Any], allowed: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in claims_request if SCOPE_OF_CLAIM.get(name) in allowed)


def _one(claims_request: Any) -> Mapping[str, Any]:
    return claims_request if isinstance(claims_request, dict) else {}


def _values(claims_request: Mapping[str, Any]) -> tuple[str, ...]:
    values = claims_request.get("values")
    listed = values if isinstance(values, list) else [claims_request.get("value")]
    return tuple(value for value in listed if isinstance(value, str))


def _subject(*members: Mapping[str, Any]) -> str | None:
    subjects = {value for member in members for value in _values(_one(member.get("sub")))}
    if len(subjects) > 1:
        raise InvalidRequest("claims requests two persons at once", refusal="claims_malformed")
    return next(iter(subjects), None)
