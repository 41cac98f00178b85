"""Client metadata as JSON (RFC 7591 §2, §3.2.1; OpenID Connect Registration §2).

Pure: from a JSON object to a `Registration`, and from a `Client` back. `registration.py` has the
rules. Unknown members are ignored; members of the wrong type are refused.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast, get_args
from urllib.parse import urlsplit

from quantimodo.model.client_metadata import BARE, ClientMetadata
from quantimodo.model.clients import Client, IdTokenAlgorithm
from quantimodo.protocol.errors import InvalidClientMetadata, InvalidRedirectUri
from quantimodo.protocol.registration import IMPLICIT_RESPONSE_TYPES, Fault, Registration
from quantimodo.protocol.scopes import KNOWN, spell

DEFAULT_SCOPE: Final = frozenset(
    {"basic", "openid", "profile", "email", "address", "phone", "offline_access"}
)
"""Of who names none: to know the person. Measurements are asked for by name."""

_LOCALIZED: Final = frozenset({"client_name", "logo_uri", "client_uri", "policy_uri", "tos_uri"})
_LOCALHOST: Final = re.compile(r"https://localhost(?:[:/?]|$)", re.IGNORECASE)
_MOST_LOCALIZED: Final = 50
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_LONGEST: Final = 2000
_TEXTS: Final = (
    "application_type",
    "logo_uri",
    "jwks_uri",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "subject_type",
    "sector_identifier_uri",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_signed_response_alg",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "request_object_signing_alg",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
    "authorization_signed_response_alg",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    "initiate_login_uri",
    "frontchannel_logout_uri",
    "backchannel_logout_uri",
    "software_id",
    "software_version",
    "software_statement",
)
_LISTS: Final = ("contacts", "default_acr_values", "request_uris", "post_logout_redirect_uris")
_FLAGS: Final = (
    "require_auth_time",
    "frontchannel_logout_session_required",
    "backchannel_logout_session_required",
    "include_claims_in_id_token",
)
_OF_THE_CLIENT: Final = {
    "client_uri": "homepage_uri",
    "policy_uri": "policy_uri",
    "tos_uri": "tos_uri",
}
# OpenID Connect Registration §2, RFC 7591 §2: the defaults of absent members.
_DEFAULTS: Final = {
    "application_type": "web",
    "token_endpoint_auth_method": "client_secret_basic",
    "subject_type": "public",
}


def read_registration(document: Any) -> Registration:
    """The requested metadata. Raises `InvalidClientMetadata`, `InvalidRedirectUri`."""
    if not isinstance(document, dict):
        raise InvalidClientMetadata("send the metadata as one JSON object")
    given = {name: value for name, value in document.items() if value is not None}
    redirect_uris = _redirect_uris(given)
    # A client without a method uses Basic (RFC 7591 §2) or post, as libraries do by default.
    method = _text(given, "token_endpoint_auth_method")
    grants = frozenset(_list(given, "grant_types") or ("authorization_code",))
    response_types = _response_types(given)
    if response_types & IMPLICIT_RESPONSE_TYPES:
        _check_implicit(given, redirect_uris)
    return Registration(
        name=_text(given, "client_name") or _unnamed(redirect_uris),
        homepage_uri=_text(given, "client_uri"),
        policy_uri=_text(given, "policy_uri"),
        tos_uri=_text(given, "tos_uri"),
        redirect_uris=redirect_uris,
        scope=_scope(given),
        # RFC 7591 §2.1: `implicit` names no request; it goes with the response types.
        grant_types=grants - {"implicit"},
        response_types=response_types,
        public=method == "none",
        id_token_alg=_id_token_alg(given),
        metadata=_metadata(given, method),
    )


def refusal(faults: tuple[Fault, ...]) -> InvalidClientMetadata | InvalidRedirectUri:
    """The first fault as an error of RFC 7591 §3.2.2."""
    first = faults[0]
    field = _WIRE_NAMES.get(first.field, first.field)
    text = f"{field}: {first.message}"
    return (
        InvalidRedirectUri(text) if first.field == "redirect_uris" else InvalidClientMetadata(text)
    )


def client_information(client: Client) -> dict[str, Any]:
    """The registered metadata by wire names (RFC 7591 §3.2.1); no secret."""
    metadata = client.metadata
    found: dict[str, Any] = {
        "client_id": client.id,
        "client_id_issued_at": int(client.created_at.timestamp()),
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": _grant_types(client),
        "response_types": sorted(client.response_types),
        "scope": spell(client.scope),
        "id_token_signed_response_alg": client.id_token_alg,
        **metadata.localized,
    }
    for name, field in _OF_THE_CLIENT.items():
        found[name] = getattr(client, field)
    for name in (*_TEXTS, *_LISTS, *_FLAGS):
        value = getattr(metadata, name)
        found[name] = list(value) if isinstance(value, tuple) else value
    found["jwks"] = json.loads(metadata.jwks) if metadata.jwks else ""
    found["default_max_age"] = metadata.default_max_age
    found.update({name: value for name, value in _DEFAULTS.items() if not found[name]})
    if client.public:
        found["token_endpoint_auth_method"] = "none"
    return {name: value for name, value in found.items() if value not in ("", None, [])}


_WIRE_NAMES: Final = {
    "name": "client_name",
    "homepage_uri": "client_uri",
    "id_token_alg": "id_token_signed_response_alg",
}


def _grant_types(client: Client) -> list[str]:
    implicit = any({"token", "id_token"} & set(kind.split(" ")) for kind in client.response_types)
    return sorted(client.grant_types | ({"implicit"} if implicit else frozenset()))


def _metadata(given: Mapping[str, Any], method: str) -> ClientMetadata:
    texts = {name: _text(given, name) for name in _TEXTS if name in given}
    lists = {name: tuple(_list(given, name)) for name in _LISTS if name in given}
    flags = {name: _flag(given, name) for name in _FLAGS if name in given}
    fields: dict[str, Any] = {**texts, **lists, **flags}
    for name in ("application_type", "subject_type"):
        fields[name] = fields.get(name) or getattr(BARE, name)
    return replace(
        ClientMetadata(**fields),
        token_endpoint_auth_method=method,
        localized=_localized(given),
        jwks=_jwks(given),
        default_max_age=_seconds(given, "default_max_age"),
    )


def _redirect_uris(given: Mapping[str, Any]) -> tuple[str, ...]:
    listed = given.get("redirect_uris", [])
    if not isinstance(listed, list) or not all(isinstance(uri, str) for uri in listed):
        raise InvalidRedirectUri("redirect_uris must be an array of texts")
    return tuple(listed)


def _check_implicit(given: Mapping[str, Any], redirect_uris: tuple[str, ...]) -> None:
    if (_text(given, "application_type") or "web") != "web":
        return
    for uri in redirect_uris:
        # OpenID Connect Registration §2: implicit clients of type web must use https, and not
        # localhost.
        if not uri.startswith("https://") or _LOCALHOST.match(uri):
            raise InvalidRedirectUri(
                "redirect_uris: must be https and not localhost for these answers"
            )


def _unnamed(redirect_uris: tuple[str, ...]) -> str:
    """The default name of a client: the host of its redirect URI, so that people see it."""
    try:
        host = urlsplit(redirect_uris[0]).hostname if redirect_uris else None
    except ValueError:
        host = None
    return host or "An app without a name"


def _scope(given: Mapping[str, Any]) -> frozenset[str]:
    asked = frozenset(_text(given, "scope").split())
    # RFC 7591 §2: unknown scopes are left out; the response has what was registered.
    return (asked & KNOWN) or DEFAULT_SCOPE


def _response_types(given: Mapping[str, Any]) -> frozenset[str]:
    if "response_types" not in given:
        grants = _list(given, "grant_types") or ["authorization_code"]
        return frozenset({"code"} if "authorization_code" in grants else ())
    # The words of one type may come in any order (Multiple Response Types §3).
    order = ("code", "id_token", "token", "none")
    spelled = set()
    for kind in _list(given, "response_types"):
        words = kind.split(" ")
        known = set(words) <= set(order)
        spelled.add(" ".join(word for word in order if word in words) if known else kind)
    return frozenset(spelled)


def _id_token_alg(given: Mapping[str, Any]) -> IdTokenAlgorithm:
    asked = _text(given, "id_token_signed_response_alg") or "RS256"
    if asked not in get_args(IdTokenAlgorithm):
        known = ", ".join(get_args(IdTokenAlgorithm))
        raise InvalidClientMetadata(f"id_token_signed_response_alg: may only be of: {known}")
    return cast(IdTokenAlgorithm, asked)


def _localized(given: Mapping[str, Any]) -> dict[str, str]:
    found = {
        name: value
        for name, value in given.items()
        if name.partition("#")[0] in _LOCALIZED and "#" in name
    }
    if len(found) > _MOST_LOCALIZED:
        raise InvalidClientMetadata("there are too many members with a language")
    if not all(_LANGUAGE.fullmatch(name.partition("#")[2]) for name in found):
        # RFC 7591 §2.2; BCP 47 has no others.
        raise InvalidClientMetadata("what follows the # in a member's name must be a language tag")
    return {name: _text(found, name) for name in found}


def _jwks(given: Mapping[str, Any]) -> str:
    if "jwks" not in given:
        return ""
    if not isinstance(given["jwks"], dict):
        raise InvalidClientMetadata("jwks: must be a JSON Web Key Set")
    return json.dumps(given["jwks"])


def _seconds(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise InvalidClientMetadata(f"{name}: must be a number of seconds")
    return value


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise InvalidClientMetadata(f"{name}: must be a text")
    limit = 8192 if name == "software_statement" else _LONGEST
    # Some scripts need invisible characters in names; the rules for names know which.
    named = name.partition("#")[0] == "client_name"
    if len(value) > limit or not (named or value.isprintable()):
        raise InvalidClientMetadata(f"{name}: is too long, or has characters that do not show")
    return value


def _list(given: Mapping[str, Any], name: str) -> list[str]:
    value = given.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidClientMetadata(f"{name}: must be an array of texts")
    if len(value) > 100 or any(len(each) > _LONGEST or not each.isprintable() for each in value):
        raise InvalidClientMetadata(f"{name}: is too long")
    return value


def _flag(given: Mapping[str, Any], name: str) -> bool:
    value = given[name]
    if not isinstance(value, bool):
        raise InvalidClientMetadata(f"{name}: must be true or false")
    return value
