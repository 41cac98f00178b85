"""Client metadata as JSON (RFC 7591 §2, §3.2.1; OpenID Connect Registration §2).

Pure: from a JSON object to a `Registration`, and from a `Client` back. `registration.py` has the
rules. Unknown members are ignored; members of the wrong type are refused.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final, cast, get_args
from urllib.parse import urlsplit

from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.clients import Client, IdTokenAlgorithm
from quantimodo.protocol.client_field_row import ClientField
from quantimodo.protocol.client_fields import BY_NAME, FIELDS
from quantimodo.protocol.errors import InvalidClientMetadata, InvalidRedirectUri
from quantimodo.protocol.registration import (
    IMPLICIT_RESPONSE_TYPES,
    Fault,
    Registration,
    value_of,
)
from quantimodo.protocol.scopes import KNOWN, format_scope

DEFAULT_SCOPE: Final = frozenset(
    {"basic", "openid", "profile", "email", "address", "phone", "offline_access"}
)
"""Of who names none: to know the person. Measurements are asked for by name."""

_LOCALIZED: Final = frozenset({"client_name", "logo_uri", "client_uri", "policy_uri", "tos_uri"})
_LOCALHOST: Final = re.compile(r"https://localhost(?:[:/?]|$)", re.IGNORECASE)
_MOST_LOCALIZED: Final = 50
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_LONGEST: Final = 2000


def parse_registration(document: Any) -> Registration:
    """The requested metadata. Raises `InvalidClientMetadata`, `InvalidRedirectUri`."""
    if not isinstance(document, dict):
        raise InvalidClientMetadata("send the metadata as one JSON object")
    given = {name: value for name, value in document.items() if value is not None}
    values = {}
    for field in FIELDS:
        value = parse_member(given, field) if field.wire else None
        if value not in ("", None):
            values[field.name] = value
    # A client without a method uses Basic (RFC 7591 §2) or post, as libraries do by default.
    values["public"] = values.get("token_endpoint_auth_method") == "none"
    if values["response_types"] & IMPLICIT_RESPONSE_TYPES:
        _check_implicit(given, values["redirect_uris"])
    values["localized"] = localized_members(given)
    columns = {name: values[name] for name in values if name in _COLUMNS}
    document = {name: values[name] for name in values if name not in columns}
    return Registration(**columns, metadata=ClientMetadata(**document))


def refusal(faults: tuple[Fault, ...]) -> InvalidClientMetadata | InvalidRedirectUri:
    """The first fault as an error of RFC 7591 §3.2.2."""
    first = faults[0]
    field = BY_NAME.get(first.field)
    wire = field.wire if field is not None and field.wire else first.field
    # All that is missing for a security profile, at once.
    messages = [fault.message for fault in faults if fault.field == first.field]
    text = f"{wire}: {'; '.join(messages) if first.field == 'profile' else first.message}"
    return (
        InvalidRedirectUri(text) if first.field == "redirect_uris" else InvalidClientMetadata(text)
    )


def client_information(client: Client) -> dict[str, Any]:
    """The registered metadata by wire names (RFC 7591 §3.2.1); no secret."""
    found: dict[str, Any] = {
        "client_id": client.id,
        "client_id_issued_at": int(client.created_at.timestamp()),
    }
    for field in FIELDS:
        if field.wire:
            value = json_value(client, field)
            found[field.wire] = field.default if value == "" else value
    if client.public:
        found["token_endpoint_auth_method"] = "none"
    found |= client.metadata.localized
    return {name: value for name, value in found.items() if value not in ("", None, [])}


def json_value(client: Client | Registration, field: ClientField) -> Any:
    """The value of one field as JSON has it; an empty text or None if there is none."""
    value = value_of(client, field)
    match field.kind:
        case "words":
            return format_scope(value)
        case "names":
            return _grant_types(client) if field.name == "grant_types" else sorted(value)
        case "texts":
            return list(value)
        case "json" | "objects":
            return json.loads(value) if value else ""
        case _:
            return value


def _grant_types(client: Client | Registration) -> list[str]:
    implicit = any({"token", "id_token"} & set(kind.split(" ")) for kind in client.response_types)
    return sorted(client.grant_types | ({"implicit"} if implicit else frozenset()))


def parse_member(given: Mapping[str, Any], field: ClientField) -> Any:
    """The value of one member; empty if it is not given. Raises `InvalidClientMetadata`,
    `InvalidRedirectUri`."""
    if field.name in _READERS:
        return _READERS[field.name](given)
    match field.kind:
        case "text":
            return _text(given, field.wire)
        case "texts":
            return tuple(_list(given, field.wire))
        case "flag":
            return _flag(given, field.wire)
        case "seconds":
            return _seconds(given, field.wire)
        case "json":
            return _jwks(given)
        case "objects":
            return _objects(given, field.wire)
        case _:
            raise ValueError(f"no reader for {field.name}")


def _name(given: Mapping[str, Any]) -> str:
    return _text(given, "client_name") or _unnamed(_redirect_uris(given))


def _grants(given: Mapping[str, Any]) -> frozenset[str]:
    # RFC 7591 §2.1: `implicit` names no request; it goes with the response types.
    return frozenset(_list(given, "grant_types") or ("authorization_code",)) - {"implicit"}


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
                "redirect_uris: must be https and not localhost for these response types"
            )


def _unnamed(redirect_uris: tuple[str, ...]) -> str:
    """The default name of a client: the host of its redirect URI, so that people see it."""
    try:
        host = urlsplit(redirect_uris[0]).hostname if redirect_uris else None
    except ValueError:
        host = None
    return host or "An app without a name"


def _scope(given: Mapping[str, Any]) -> frozenset[str]:
    requested = frozenset(_text(given, "scope").split())
    # RFC 7591 §2: unknown scopes are left out; the response has what was registered.
    return (requested & KNOWN) or DEFAULT_SCOPE


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
    requested = _text(given, "id_token_signed_response_alg") or "RS256"
    if requested not in get_args(IdTokenAlgorithm):
        known = ", ".join(get_args(IdTokenAlgorithm))
        raise InvalidClientMetadata(f"id_token_signed_response_alg: may only be of: {known}")
    return cast(IdTokenAlgorithm, requested)


def localized_members(given: Mapping[str, Any]) -> dict[str, str]:
    """The members with a language tag (RFC 7591 §2.2). Raises `InvalidClientMetadata`."""
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


def _objects(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, [])
    if not isinstance(value, list):
        raise InvalidClientMetadata(f"{name}: must be an array of objects")
    try:
        return json.dumps(value, ensure_ascii=False) if value else ""
    except RecursionError:
        raise InvalidClientMetadata(f"{name}: is nested too deeply") from None


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
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise InvalidClientMetadata(f"{name}: must be true or false")
    return value


_COLUMNS: Final = frozenset(field.name for field in fields(Registration))
_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "name": _name,
    "redirect_uris": _redirect_uris,
    "scope": _scope,
    "grant_types": _grants,
    "response_types": _response_types,
    "id_token_alg": _id_token_alg,
}
