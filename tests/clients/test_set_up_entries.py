"""docs/operator/set-up-files.md: what an entry says, and that an export says all of it."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quantimodo.cli.set_up import to_toml
from quantimodo.clients.metadata import with_metadata
from quantimodo.model.clients import Client
from quantimodo.model.resources import Resource, ResourceScope
from quantimodo.protocol.client_fields import FIELDS
from quantimodo.protocol.registration import registration_of, value_of, with_values
from quantimodo.protocol.resource_registration import resource_registration
from quantimodo.protocol.set_up_entries import (
    InvalidEntry,
    client_entry,
    parse_client,
    parse_resource,
    resource_entry,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BARE = Client(id="app-1", name="", created_at=NOW)
# Another value than the default for each field of the table, by its kind and its choices.
SPECIAL: dict[str, Any] = {
    "scope": frozenset(),
    "grant_types": frozenset({"client_credentials"}),
    "response_types": frozenset({"code id_token", "none"}),
    "jwks": '{"keys": [{"kty": "EC", "crv": "P-256"}]}',
    "description": 'Zwei "Zeilen"\n\\ und ein DEL \x7f; \U0001f600',
}


def _other(kind: str, choices: Any, default: Any) -> Any:
    match kind:
        case "flag":
            return not default
        case "seconds" | "number":
            return 60
        case "texts":
            return ("https://app.example.org/b", "https://app.example.org/a")
        case "names" | "words":
            return frozenset({"openid"})
        case "objects":
            return '[{"type": "health_measurements", "actions": ["read"]}]'
    return next((each for each in choices if each != default), "https://app.example.org/x")


def written(name: str, table: dict[str, Any]) -> dict[str, Any]:
    """The entry after it was written to a file and read again."""
    (found,) = tomllib.loads(to_toml({name: [table]}))[name]
    assert isinstance(found, dict)
    return found


def test_an_export_has_every_field_that_differs_from_its_default() -> None:
    for field in FIELDS:
        default = value_of(registration_of(BARE), field)
        value = SPECIAL.get(field.name, _other(field.kind, field.choices, default))
        client = with_metadata(BARE, with_values(registration_of(BARE), {field.name: value}))
        entry = parse_client(written("clients", client_entry(client, "")))
        assert value_of(entry.registration, field) == value, field.name
        if field.name != "token_endpoint_auth_method":
            assert entry.registration == registration_of(client), field.name


def test_localized_members_owner_and_state_come_back() -> None:
    metadata = replace(BARE.metadata, localized={"client_name#ja": "\u8a08\u6e2c"})
    client = replace(BARE, metadata=metadata, disabled_at=NOW)
    entry = parse_client(written("clients", client_entry(client, "ann@example.org")))
    assert entry.registration.metadata.localized == metadata.localized
    assert (entry.owner, entry.disabled, entry.secret) == ("ann@example.org", True, "")


def test_a_resource_comes_back_as_it_was_written() -> None:
    full = Resource(
        id=1,
        identifier="https://tasks.example.org/",
        name="Tasks",
        created_at=NOW,
        scopes=(ResourceScope("read", "Read", "All."), ResourceScope("write", "Write")),
        clients=frozenset({"one", "two"}),
        introspected_by=frozenset({"two"}),
        token_format="opaque",
        token_lifetime=timedelta(minutes=5),
        documentation_uri="https://tasks.example.org/docs",
        reviewed=True,
    )
    for resource in (full, replace(full, reviewed=False, token_lifetime=None, scopes=())):
        entry = parse_resource(written("resources", resource_entry(resource, "")))
        assert entry.registration == resource_registration(resource)
        assert (entry.identifier, entry.reviewed) == (resource.identifier, resource.reviewed)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "client_id"),
    ({"client_id": "a b c"}, "client_id"),
    ({"client_id": "https://app.example.org/x"}, "client_id"),
    ({"client_id": 7}, "client_id"),
    ({"client_id": "app", "redirect_uri": "https://app.example.org"}, "redirect_uri: is no field"),
    ({"client_id": "app", "id": "x"}, "is no field"),
    ({"client_id": "app", "redirect_uris": "https://app.example.org"}, "array of texts"),
    ({"client_id": "app", "strict": "yes"}, "strict: must be true or false"),
    ({"client_id": "app", "scope": ["openid"]}, "scope: must be a text"),
    ({"client_id": "app", "jwks": "x"}, "jwks"),
    ({"client_id": "app", "token_endpoint_auth_method": NOW}, "token_endpoint_auth_method"),
]


@pytest.mark.parametrize(("table", "text"), REFUSED)
def test_an_entry_that_cannot_be_read_is_refused(table: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidEntry, match=text):
        parse_client(table)


def test_a_resource_that_cannot_be_read_is_refused() -> None:
    for table in (
        {"client_id": "x"},
        {"identifier": 1},
        {"token_lifetime": "5m"},
        {"token_lifetime": True},
        {"scopes": ["read"]},
        {"scopes": [{"name": "read", "text": "x"}]},
        {"clients": [1]},
    ):
        with pytest.raises(InvalidEntry):
            parse_resource(table)
