"""Entries of a set-up file: administrators, clients and resources as tables of TOML, and back.
Pure.

Clients have the members of RFC 7591 and, for what that has no member, the names of the table in
`client_fields.py`. A field that an entry does not have gets its default.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from quantimodo.model.clients import Client
from quantimodo.model.resources import Resource, ResourceScope
from quantimodo.protocol.client_field_row import ClientField
from quantimodo.protocol.client_fields import FIELDS
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.registration import Registration, registration_of, value_of, with_values
from quantimodo.protocol.registration_json import (
    DEFAULT_SCOPE,
    json_value,
    localized_members,
    parse_member,
)
from quantimodo.protocol.resource_registration import ResourceRegistration, resource_registration

_BARE: Final = Registration(name="", scope=DEFAULT_SCOPE)
_MEMBERS: Final[Mapping[str, ClientField]] = {each.wire or each.name: each for each in FIELDS}
_OWN: Final = frozenset({"client_id", "client_secret", "owner", "disabled"})
_OF_RESOURCES: Final = frozenset(
    {"identifier", "name", "scopes", "clients", "introspected_by", "token_format"}
    | {"token_lifetime", "documentation_uri", "reviewed", "owner"}
)
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}", re.ASCII)


class InvalidEntry(Exception):
    """An entry cannot be read. `field` is the member; the message shows no value."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEntry:
    """`secret` is a reference, `owner` an e-mail address; both may be empty."""

    client_id: str
    registration: Registration
    secret: str = ""
    owner: str = ""
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceEntry:
    """`owner` is an e-mail address, or empty."""

    identifier: str
    registration: ResourceRegistration
    owner: str = ""
    reviewed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministratorEntry:
    """`name` is for a new account alone; `removed` takes the role away."""

    email: str
    name: str = ""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """Everything in a file."""

    clients: tuple[ClientEntry, ...] = ()
    resources: tuple[ResourceEntry, ...] = field(default=())
    administrators: tuple[AdministratorEntry, ...] = ()


def parse_administrator(table: Mapping[str, Any]) -> AdministratorEntry:
    """The entry of an administrator. Raises `InvalidEntry`."""
    for name in table:
        if name not in ("email", "name", "removed"):
            raise InvalidEntry(name, "is no field of an administrator")
    return AdministratorEntry(
        email=_typed(table, "email", ""),
        name=_typed(table, "name", ""),
        removed=_typed(table, "removed", False),
    )


def parse_client(table: Mapping[str, Any]) -> ClientEntry:
    """The entry of a client. Raises `InvalidEntry`."""
    known = {*_MEMBERS, *_OWN}
    for name in table:
        if name.partition("#")[0] not in known:
            raise InvalidEntry(name, "is no field of a client")
    client_id = _typed(table, "client_id", "")
    if _CLIENT_ID.fullmatch(client_id) is None:
        raise InvalidEntry("client_id", "needs 3 to 64 of a-z, A-Z, 0-9 and . _ -")
    try:
        values = {each.name: value for each, value in _values(table)}
        values["localized"] = localized_members(table)
    except OAuthError as fault:
        raise InvalidEntry("metadata", fault.description) from None
    values.setdefault("public", values.get("token_endpoint_auth_method") == "none")
    localized = values.pop("localized")
    registration = with_values(_BARE, values)
    metadata = replace(registration.metadata, localized=localized)
    return ClientEntry(
        client_id=client_id,
        registration=replace(registration, metadata=metadata),
        secret=_typed(table, "client_secret", ""),
        owner=_typed(table, "owner", ""),
        disabled=_typed(table, "disabled", False),
    )


def client_entry(client: Client, owner: str) -> dict[str, Any]:
    """The table of a client, without a secret: what `parse_client` reads."""
    registration = registration_of(client)
    values: dict[str, Any] = {"client_id": client.id}
    for name, each in _MEMBERS.items():
        value = json_value(registration, each)
        if value_of(registration, each) != value_of(_BARE, each) or name == "scope":
            values[name] = value
    values |= client.metadata.localized
    if owner:
        values["owner"] = owner
    if client.disabled_at is not None:
        values["disabled"] = True
    return values


def parse_resource(table: Mapping[str, Any]) -> ResourceEntry:
    """The entry of a resource. Raises `InvalidEntry`."""
    for name in table:
        if name not in _OF_RESOURCES:
            raise InvalidEntry(name, "is no field of a resource")
    lifetime = table.get("token_lifetime")
    if lifetime is not None and (not isinstance(lifetime, int) or isinstance(lifetime, bool)):
        raise InvalidEntry("token_lifetime", "must be a number of seconds")
    registration = ResourceRegistration(
        name=_typed(table, "name", ""),
        scopes=tuple(_scope(each) for each in _typed(table, "scopes", [])),
        clients=frozenset(_texts(table, "clients")),
        introspected_by=frozenset(_texts(table, "introspected_by")),
        token_format=_typed(table, "token_format", "jwt"),
        token_lifetime=None if lifetime is None else timedelta(seconds=min(lifetime, 2**31)),
        documentation_uri=_typed(table, "documentation_uri", ""),
    )
    return ResourceEntry(
        identifier=_typed(table, "identifier", ""),
        registration=registration,
        owner=_typed(table, "owner", ""),
        reviewed=_typed(table, "reviewed", True),
    )


def resource_entry(resource: Resource, owner: str) -> dict[str, Any]:
    """The table of a resource: what `parse_resource` reads."""
    registration = resource_registration(resource)
    lifetime = registration.token_lifetime
    values = {
        "name": registration.name,
        "scopes": [
            {name: text for name, text in scope._asdict().items() if text}
            for scope in registration.scopes
        ],
        "clients": sorted(registration.clients),
        "introspected_by": sorted(registration.introspected_by),
        "token_format": registration.token_format,
        "token_lifetime": None if lifetime is None else int(lifetime.total_seconds()),
        "documentation_uri": registration.documentation_uri,
        "owner": owner,
    }
    stated = {name: value for name, value in values.items() if value not in ("", None, [])}
    flags = {} if resource.reviewed else {"reviewed": False}
    return {"identifier": resource.identifier, **stated, **flags}


def _values(table: Mapping[str, Any]) -> Iterator[tuple[ClientField, Any]]:
    for name, each in _MEMBERS.items():
        if name not in table:
            continue
        if each.wire == "scope":  # exactly these: an unknown one is a fault, an empty list is none
            yield each, frozenset(_typed(table, "scope", "").split())
        elif each.wire:
            yield each, parse_member(table, each)
        elif each.kind in ("flag", "number", "text"):
            missing: bool | int | str = {"flag": False, "number": 0}.get(each.kind, "")
            yield each, _typed(table, name, missing)
        elif each.kind == "texts":
            yield each, tuple(_texts(table, name))
        else:
            raise InvalidEntry(name, "cannot be set by a file")


def _scope(table: Any) -> ResourceScope:
    if not isinstance(table, dict) or not set(table) <= {"name", "title", "description"}:
        raise InvalidEntry("scopes", "each has name, title and description")
    texts = [_typed(table, name, "") for name in ("name", "title", "description")]
    return ResourceScope(*texts)


def _texts(table: Mapping[str, Any], name: str) -> list[str]:
    items = _typed(table, name, [])
    if not all(isinstance(each, str) for each in items):
        raise InvalidEntry(name, "must be an array of texts")
    return list(items)


def _typed(table: Mapping[str, Any], name: str, default: Any) -> Any:
    """The member, of the type of its default."""
    value = table.get(name, default)
    if type(value) is not type(default):
        kinds = {str: "a text", bool: "true or false", list: "an array"}
        raise InvalidEntry(name, f"must be {kinds[type(default)]}")
    return value
