"""Request objects (OpenID Connect Core §6, RFC 9101): parameters of authorize in a signed document.

Pure: the rules of an object, and how it and the plain parameters become one request.
`authorization/request_objects.py` verifies the signature.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from quantimodo.model.clients import Client
from quantimodo.protocol.authorization import READ
from quantimodo.protocol.errors import InvalidRequestObject
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.security_profile_requests import check_request_object, needs_signature
from quantimodo.protocol.security_profiles import allowed_algorithms

SIGNED: Final = ("RS256", "ES256", "PS256", "EdDSA", "HS256")
"""What every app may sign with, and what discovery lists."""
ALGORITHMS: Final = (*SIGNED, "none")
"""What an app may register as its `request_object_signing_alg`."""
_TYPE: Final = "oauth-authz-req+jwt"  # RFC 9101 §10.8
_NEVER_INSIDE: Final = frozenset({"request", "request_uri"})
_JWT_CLAIMS: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
_SKEW: Final = timedelta(seconds=60)


def algorithms(client: Client) -> frozenset[str]:
    """The algorithms that this client may sign an object with."""
    registered = client.metadata.request_object_signing_alg
    if registered:
        # OpenID Connect Registration §2: other algorithms are refused. A strict client (security.md
        # §4) never sends an unsigned object, nor one that must sign (RFC 9101 §10.5).
        unsigned = {"none"} if client.strict or needs_signature(client) else frozenset()
        return allowed_algorithms(client, frozenset({registered}) - unsigned)
    # OpenID Connect Registration §2: without a registered one, any supported algorithm except
    # `none`: an unsigned object is accepted only from an app that registered `none` (RFC 9101
    # §10.1).
    return allowed_algorithms(client, frozenset(SIGNED))


def check_claims(claims: Mapping[str, Any], client: Client, issuer: str, now: datetime) -> None:
    """Refuse an expired object or one for another server. Raises `InvalidRequestObject`."""
    if claims.get("iss", client.id) != client.id or claims.get("client_id", client.id) != client.id:
        raise InvalidRequestObject("the request object is another app's")
    audience = claims.get("aud", issuer)
    if issuer not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidRequestObject("the request object is for another server: aud must be ours")
    if _NEVER_INSIDE & frozenset(claims):
        # OpenID Connect Core §6.1: MUST NOT be included in request objects.
        raise InvalidRequestObject("a request object must not have request or request_uri inside")
    expires, begins = _moment(claims, "exp"), _moment(claims, "nbf")
    if expires is not None and now.timestamp() >= expires + _SKEW.total_seconds():
        raise InvalidRequestObject("the request object has expired")
    if begins is not None and now.timestamp() <= begins - _SKEW.total_seconds():
        raise InvalidRequestObject("the request object is not valid yet")
    times = {"iat": _moment(claims, "iat"), "nbf": begins, "exp": expires}
    check_request_object(claims, client, times, now)


def is_self_contained(form: Form, client: Client, typ: str | None) -> bool:
    """Whether only the parameters in the object count (RFC 9101 §6.3). `typ`: of its header.

    OpenID Connect Core §6.1 has the one exception: a request that is one of OpenID Connect without
    the object, too. The signature must not depend on what stands beside it: the exception is for no
    client that has to sign, and for no object that says that it is one of RFC 9101.
    """
    if needs_signature(client) or (typ or "").lower().removeprefix("application/") == _TYPE:
        return True
    return "openid" not in (form.get("scope") or "").split(" ")


def self_contained_request(form: Form, claims: Mapping[str, Any]) -> Form:
    """The request that the object is. Raises `InvalidRequestObject` unless the client is named
    inside as it is outside (RFC 9101 §6.3)."""
    if "client_id" not in claims or claims["client_id"] != form.get("client_id"):
        raise InvalidRequestObject("the request object must name its client: client_id is missing")
    return merge(Form.of_pairs([("client_id", form.get("client_id"))]), claims)


def merge(form: Form, claims: Mapping[str, Any]) -> Form:
    """One request: the object overrides the plain parameters (OpenID Connect Core §6.1)."""
    outside = {name: text for name, text in form.items() if name not in _NEVER_INSIDE}
    # A member that is null is as one that is missing.
    members = {name: value for name, value in claims.items() if value is not None}
    parameters = {name: value for name, value in members.items() if name not in _JWT_CLAIMS}
    resources = _resources(parameters.pop("resource", ()))
    inside = {name: _format_value(value) for name, value in parameters.items()}
    for name in ("response_type", "client_id"):
        # OpenID Connect Core §6.1: parameters in both must match.
        if name in outside and inside.get(name, outside[name]) != outside[name]:
            raise InvalidRequestObject(f"{name} differs in the request object")
    if not resources:
        resources = [("resource", each) for each in form.all("resource")]
    outside.pop("resource", None)
    return Form.of_pairs([*{**outside, **inside}.items(), *resources], {}, READ)


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidRequestObject(f"{name} of the request object must be a number")
    try:
        return float(value)
    except OverflowError:
        raise InvalidRequestObject(f"{name} of the request object is not a time") from None


def _resources(value: Any) -> list[tuple[str, str]]:
    """RFC 8707 §2: several values are an array in a request object."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, (list, tuple)) or not all(isinstance(each, str) for each in values):
        raise InvalidRequestObject("resource of the request object must be a text, or a list")
    return [("resource", each) for each in values]


def _format_value(value: Any) -> str:
    """The value as in a query: JSON for an object, plain text otherwise."""
    if isinstance(value, str):
        return value
    return json.dumps(value)
