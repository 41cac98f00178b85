"""Rows of the table `clients`, read and written."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

import msgspec

from quantimodo.model.client_metadata import DEFAULT_METADATA, ClientMetadata
from quantimodo.model.clients import Client, SecretDigest
from quantimodo.storage.database import Row
from quantimodo.storage.rows import Column, Part, RowReader
from quantimodo.storage.tables.budgets import stored_bytes
from quantimodo.storage.timestamps import (
    from_micros,
    from_micros_or_none,
    to_micros,
    to_micros_or_none,
)


def _lines_text(words: frozenset[str]) -> str:
    return "\n".join(sorted(words))


def _to_lines(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


def _to_set(text: str) -> frozenset[str]:
    return frozenset(_to_lines(text))


def _metadata_text(metadata: ClientMetadata) -> str:
    """The fields that differ from their defaults, as JSON."""
    given = {
        field.name: value
        for field in fields(metadata)
        if (value := getattr(metadata, field.name)) != getattr(DEFAULT_METADATA, field.name)
    }
    return msgspec.json.encode(given).decode()


def _to_metadata(text: str) -> ClientMetadata:
    return DEFAULT_METADATA if text == "{}" else msgspec.json.decode(text, type=ClientMetadata)


def _digest(secret: SecretDigest | None) -> bytes | None:
    return None if secret is None else secret.digest


def _expiry(secret: SecretDigest | None) -> int | None:
    return None if secret is None else to_micros_or_none(secret.expires_at)


_SECRET = RowReader(SecretDigest, Column("digest", sql="secret"))
_PREVIOUS_SECRET = RowReader(
    SecretDigest,
    Column("digest", sql="previous_secret"),
    Column("expires_at", from_micros_or_none, sql="previous_secret_expires_at"),
)
CLIENT: Final = RowReader(
    Client,
    "id",
    "revision",
    "owner_id",
    "name",
    "description",
    "homepage_uri",
    "policy_uri",
    "tos_uri",
    Column("redirect_uris", _to_lines),
    Column("scope", _to_set),
    Column("grant_types", _to_set),
    Column("response_types", _to_set),
    Column("public", bool),
    Column("strict", bool),
    Column("first_party", bool),
    Column("resource_server", bool),
    "token_format",
    "id_token_alg",
    Part("secret", _SECRET, optional=True),
    Part("previous_secret", _PREVIOUS_SECRET, optional=True),
    Column("created_at", from_micros),
    Column("disabled_at", from_micros_or_none),
    Column("metadata", _to_metadata),
    "sealed_secret",
    "registration_digest",
    "registered_from",
)

# Each column, and its value for a client.
_STORED: Final[Mapping[str, Callable[[Client], Any]]] = {
    "id": lambda client: client.id,
    "revision": lambda client: client.revision,
    "owner_id": lambda client: client.owner_id,
    "name": lambda client: client.name,
    "description": lambda client: client.description,
    "homepage_uri": lambda client: client.homepage_uri,
    "policy_uri": lambda client: client.policy_uri,
    "tos_uri": lambda client: client.tos_uri,
    "redirect_uris": lambda client: "\n".join(client.redirect_uris),
    "scope": lambda client: _lines_text(client.scope),
    "grant_types": lambda client: _lines_text(client.grant_types),
    "response_types": lambda client: _lines_text(client.response_types),
    "public": lambda client: int(client.public),
    "strict": lambda client: int(client.strict),
    "first_party": lambda client: int(client.first_party),
    "resource_server": lambda client: int(client.resource_server),
    "token_format": lambda client: client.token_format,
    "id_token_alg": lambda client: client.id_token_alg,
    "secret": lambda client: _digest(client.secret),
    "previous_secret": lambda client: _digest(client.previous_secret),
    "previous_secret_expires_at": lambda client: _expiry(client.previous_secret),
    "created_at": lambda client: to_micros(client.created_at),
    "disabled_at": lambda client: to_micros_or_none(client.disabled_at),
    "metadata": lambda client: _metadata_text(client.metadata),
    "sealed_secret": lambda client: client.sealed_secret,
    "registration_digest": lambda client: client.registration_digest,
    "registered_from": lambda client: client.registered_from,
}
CLIENT_COLUMNS: Final = tuple(_STORED)


def client_row(client: Client) -> Row:
    """The values of `CLIENT_COLUMNS`."""
    return tuple(value(client) for value in _STORED.values())


def without_verified_domain(metadata: str) -> str:
    """The column `metadata` without the domain that the operator verified."""
    return _metadata_text(replace(_to_metadata(metadata), verified_domain=""))


def client_bytes(client: Client) -> int:
    """The size of the row and of the index of its redirect URIs, which stores them again."""
    return stored_bytes(client_row(client)) + sum(
        stored_bytes((uri, client.id)) for uri in client.redirect_uris
    )
