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
"""Of a registration that names none: scopes about the person, and none of measurements."""

_LOCALIZED: Final = frozenset({"client_name", "logo_uri", "client_uri", "policy_uri", "tos_uri"})
_LOCALHOST: Final = re.compile(r"https://localhost(?:[:/?]|$)", re.IGNORECASE)
_MOST_LOCALIZED: Final = 50
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_LONGEST: Final = 2000


def parse_registration(document: Any) -> Registration:
    """The requested metadata. Raises `InvalidClientMetadata`, `InvalidRedirectUri`."""
    if not isinstance(document, dict):
        raise InvalidClientMetadata("send the metadata as one JSON object")
    document = {name: value for name, value in document.items() if value is not None}
    values = {}
    for field in FIELDS:
        value = parse_member(document, field) if field.wire else None
        if value not in ("", None):
            values[field.name] = value
    # A client without a method uses Basic (RFC 7591 §2) or post, as libraries do by default.
    values["public"] = values.get("token_endpoint_auth_method") == "none"
    if values["response_types"] & IMPLICIT_RESPONSE_TYPES:
        _check_implicit(document, values["redirect_uris"])
    values["localized"] = localized_members(document)
    columns = {name: values[name] for name in values if name in _COLUMNS}
    others = {name: values[name] for name in values if name not in columns}
    return Registration(**columns, metadata=ClientMetadata(**others))


def refusal(faults: tuple[Fault, ...]) -> InvalidClientMetadata | InvalidRedirectUri:
    """The first fault as an error of RFC 7591 §3.2.2."""
    first = faults[0]
    field = BY_NAME.get(first.field)
    wire = field.wire if field is not None and field.wire else first.field
    # A security profile: all missing requirements in one error.
    messages = [fault.message for fault in faults if fault.field == first.field]
    text = f"{wire}: {'; '.join(messages) if first.field == 'profile' else first.message}"
    return (
        InvalidRedirectUri(text) if first.field == "redirect_uris" else InvalidClientMetadata(text)
    )


def client_information(client: Client) -> dict[str, Any]:
    """The registered metadata by wire names (RFC 7591 §3.2.1); no secret."""
    members: dict[str, Any] = {
        "client_id": client.id,
        "client_id_issued_at": int(client.created_at.timestamp()),
    }
    for field in FIELDS:
        if field.wire:
            value = json_value(client, field)
            members[field.wire] = field.default if value == "" else value
    if client.public:
        members["token_endpoint_auth_method"] = "none"
    members |= client.metadata.localized
    return {name: value for name, value in members.items() if value not in ("", None, [])}


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


def parse_member(document: Mapping[str, Any], field: ClientField) -> Any:
    """The value of one member; empty if the document has none. Raises `InvalidClientMetadata`,
    `InvalidRedirectUri`."""
    if field.name in _READERS:
        return _READERS[field.name](document)
    match field.kind:
        case "text":
            return _text(document, field.wire)
        case "texts":
            return tuple(_list(document, field.wire))
        case "flag":
            return _flag(document, field.wire)
        case "seconds":
            return _seconds(document, field.wire)
        case "json":
            return _jwks(document)
        case "objects":
            return _objects(document, field.wire)
        case _:
            raise ValueError(f"no reader for {field.name}")


def _name(document: Mapping[str, Any]) -> str:
    return _text(document, "client_name") or _unnamed(_redirect_uris(document))


def _grants(document: Mapping[str, Any]) -> frozenset[str]:
    # RFC 7591 §2.1: `implicit` names no request; it goes with the response types.
    return frozenset(_list(document, "grant_types") or ("authorization_code",)) - {"implicit"}


def _redirect_uris(document: Mapping[str, Any]) -> tuple[str, ...]:
    listed = document.get("redirect_uris", [])
    if not isinstance(listed, list) or not all(isinstance(uri, str) for uri in listed):
        raise InvalidRedirectUri("redirect_uris must be an array of texts")
    return tuple(listed)


def _check_implicit(document: Mapping[str, Any], redirect_uris: tuple[str, ...]) -> None:
    if (_text(document, "application_type") or "web") != "web":
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


def _scope(document: Mapping[str, Any]) -> frozenset[str]:
    requested = frozenset(_text(document, "scope").split())
    # RFC 7591 §2: unknown scopes are left out; the response has what was registered.
    return (requested & KNOWN) or DEFAULT_SCOPE


def _response_types(document: Mapping[str, Any]) -> frozenset[str]:
    if "response_types" not in document:
        grants = _list(document, "grant_types") or ["authorization_code"]
        return frozenset({"code"} if "authorization_code" in grants else ())
    # The words of one type may come in any order (Multiple Response Types §3).
    order = ("code", "id_token", "token", "none")
    response_types = set()
    for kind in _list(document, "response_types"):
        words = kind.split(" ")
        known = set(words) <= set(order)
        response_types.add(" ".join(word for word in order if word in words) if known else kind)
    return frozenset(response_types)


def _id_token_alg(document: Mapping[str, Any]) -> IdTokenAlgorithm:
    requested = _text(document, "id_token_signed_response_alg") or "RS256"
    if requested not in get_args(IdTokenAlgorithm):
        known = ", ".join(get_args(IdTokenAlgorithm))
        raise InvalidClientMetadata(f"id_token_signed_response_alg: may only be of: {known}")
    return cast(IdTokenAlgorithm, requested)


def localized_members(document: Mapping[str, Any]) -> dict[str, str]:
    """The members with a language tag (RFC 7591 §2.2). Raises `InvalidClientMetadata`."""
    localized = {
        name: value
        for name, value in document.items()
        if name.partition("#")[0] in _LOCALIZED and "#" in name
    }
    if len(localized) > _MOST_LOCALIZED:
        raise InvalidClientMetadata("there are too many members with a language")
    if not all(_LANGUAGE.fullmatch(name.partition("#")[2]) for name in localized):
        # RFC 7591 §2.2; BCP 47 has no others.
        raise InvalidClientMetadata("what follows the # in a member's name must be a language tag")
    return {name: _text(localized, name) for name in localized}


def _jwks(document: Mapping[str, Any]) -> str:
    if "jwks" not in document:
        return ""
    if not isinstance(document["jwks"], dict):
        raise InvalidClientMetadata("jwks: must be a JSON Web Key Set")
    return json.dumps(document["jwks"])


def _objects(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name, [])
    if not isinstance(value, list):
        raise InvalidClientMetadata(f"{name}: must be an array of objects")
    try:
        return json.dumps(value, ensure_ascii=False) if value else ""
    except RecursionError:
        raise InvalidClientMetadata(f"{name}: is nested too deeply") from None


def _seconds(document: Mapping[str, Any], name: str) -> int | None:
    value = document.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise InvalidClientMetadata(f"{name}: must be a number of seconds")
    return value


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name, "")
    if not isinstance(value, str):
        raise InvalidClientMetadata(f"{name}: must be a text")
    limit = 8192 if name == "software_statement" else _LONGEST
    # Some scripts need invisible characters in names; the rules for names allow these.
    is_name = name.partition("#")[0] == "client_name"
    if len(value) > limit or not (is_name or value.isprintable()):
        raise InvalidClientMetadata(f"{name}: is too long, or has characters that do not show")
    return value


def _list(document: Mapping[str, Any], name: str) -> list[str]:
    value = document.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidClientMetadata(f"{name}: must be an array of texts")
    if len(value) > 100 or any(len(each) > _LONGEST or not each.isprintable() for each in value):
        raise InvalidClientMetadata(f"{name}: is too long")
    return value


def _flag(document: Mapping[str, Any], name: str) -> bool:
    value = document.get(name, False)
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
