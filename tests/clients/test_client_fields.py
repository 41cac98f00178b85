"""Each row of the table of client metadata fields is present wherever the row says so: on the
command line, in the portal, in registrations, and in the OpenAPI document."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from typer.main import get_command

from quantimodo.cli.clients.commands import clients
from quantimodo.cli.clients.options import client_fields
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.clients import Client
from quantimodo.openapi.registration import ClientDocument, RegisteredClient
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.portal.client_form import LABELS, SECTIONS, FieldTab, submitted, view_of
from quantimodo.protocol.client_field_row import ClientField
from quantimodo.protocol.client_fields import FIELDS, SETTINGS
from quantimodo.protocol.registration import Registration, value_of
from quantimodo.protocol.registration_json import client_information, parse_registration

ADDRESS = "https://app.example.org/somewhere"
GIVEN: dict[str, Any] = {
    "redirect_uris": ["https://app.example.org/callback"],
    "response_types": ["code", "none"],
    "grant_types": ["authorization_code", "client_credentials", "refresh_token"],
    "scope": "basic openid",
    "jwks": {"keys": [{"kty": "EC"}]},
    "default_max_age": 0,
    "contacts": ["ann@example.org"],
    "default_acr_values": ["urn:example:acr"],
    "request_uris": [ADDRESS],
    "post_logout_redirect_uris": [ADDRESS],
    "optional_scope": ["email"],
    "required_authorization_details": [{"type": "health_measurements", "actions": ["read"]}],
}
TABS: tuple[FieldTab, ...] = get_args(FieldTab)
by_name = pytest.mark.parametrize("field", FIELDS, ids=lambda field: str(field.name))


def given(field: ClientField) -> Any:
    """A value for the member that is not the default."""
    if field.wire in GIVEN:
        return GIVEN[field.wire]
    if field.kind == "flag":
        return True
    return field.choices[-1] if field.choices else ADDRESS


def document(**members: Any) -> dict[str, Any]:
    return {"redirect_uris": GIVEN["redirect_uris"], **members}


def client(**values: Any) -> Client:
    values = {"name": "Mood Tracker", **values}
    return Client(id="some-client", created_at=datetime(2026, 11, 29, tzinfo=UTC), **values)


def test_every_attribute_has_exactly_one_row() -> None:
    columns = [field.name for field in FIELDS if field.stored == "column"]
    members = [field.name for field in FIELDS if field.stored == "document"]
    assert sorted(columns) == sorted({f.name for f in fields(Registration)} - {"metadata"})
    # Members with a language tag have many names; `registration_json.py` stores them.
    assert sorted(members) == sorted({f.name for f in fields(ClientMetadata)} - {"localized"})


@by_name
def test_a_member_is_read_and_comes_back(field: ClientField) -> None:
    if not field.wire:
        assert field.name in (*SETTINGS, "public")
        return
    registration = parse_registration(document(**{field.wire: given(field)}))
    values = {f.name: getattr(registration, f.name) for f in fields(Registration)}
    information = client_information(client(**values))
    assert information[field.wire] == given(field)


@by_name
def test_a_setting_is_not_a_member(field: ClientField) -> None:
    """RFC 7591 has no name for it: an application cannot set it for itself."""
    if field.name not in SETTINGS:
        return
    other = parse_registration(document(**{field.name: given(field)}))
    assert value_of(other, field) == value_of(parse_registration(document()), field)


@by_name
def test_an_option_is_on_the_command_line(field: ClientField) -> None:
    commands = get_command(clients).commands  # type: ignore[attr-defined]
    for name in ("create", "edit"):
        found = {option.name: option for option in commands[name].params}
        if field.option is None:
            assert field.name not in found
        else:
            assert found[field.option.name].help == field.option.help
            assert found[field.option.name].required == (name == "create" and field.name == "name")
    imported = {option.name for option in commands["import"].params}
    assert (field.option is not None and field.option.name in imported) == (field.name in SETTINGS)
    assert (field.name in client_fields(client())) == (field.option is not None)


@by_name
def test_a_form_field_is_in_the_portal(field: ClientField) -> None:
    found = [row for section in SECTIONS.values() for row, _ in section.fields if row is field]
    assert len(found) == (0 if field.form is None else 1)
    assert (field.name in LABELS) == (field.form is not None)


@by_name
def test_the_form_keeps_fields_that_it_does_not_show(field: ClientField) -> None:
    if field.form is not None or not field.wire:
        return
    registration = parse_registration(document(**{field.wire: given(field)}))
    values = {f.name: getattr(registration, f.name) for f in fields(Registration)}
    before = client(**values)
    view = view_of(before)
    form = Form(_as_sent(view, before))
    for tab in TABS:
        assert value_of(submitted(form, before, tab), field) == value_of(before, field)


@by_name
def test_a_tab_keeps_the_fields_of_all_tabs_as_they_are(field: ClientField) -> None:
    if not field.wire:
        return
    registration = parse_registration(document(**{field.wire: given(field)}))
    before = client(**{f.name: getattr(registration, f.name) for f in fields(Registration)})
    form = Form(_as_sent(view_of(before), before))
    for tab in TABS:
        assert value_of(submitted(form, before, tab), field) == value_of(before, field), tab


def test_a_tab_changes_its_own_fields_only() -> None:
    before = client(redirect_uris=("https://app.example.org/callback",), public=False)
    sent = [("name", "Other"), ("redirect_uris", ADDRESS), ("kind", "confidential"), ("scope", "x")]
    changed = {tab: submitted(Form(sent), before, tab) for tab in TABS}
    assert [tab for tab in TABS if changed[tab].name == "Other"] == ["branding"]
    assert [tab for tab in TABS if changed[tab].redirect_uris == (ADDRESS,)] == ["sign-in"]
    assert [tab for tab in TABS if changed[tab].scope == {"x"}] == ["scopes"]


def _as_sent(view: FormView, before: Client) -> list[tuple[str, str]]:
    """What a browser sends of a form with these values."""
    boxes = [(key.removeprefix("flag:"), "1") for key in view.chosen if key.startswith("flag:")]
    grants = [("grant_types", key[6:]) for key in view.chosen if key.startswith("grant:")]
    optional = [("optional_scope", name) for name in before.metadata.optional_scope]
    kind = "public" if before.public else "confidential"
    scopes = [("scope", name) for name in before.scope]
    return [*view.values.items(), *boxes, *grants, *optional, ("kind", kind), *scopes]


@by_name
def test_a_schema_is_in_the_openapi_document(field: ClientField) -> None:
    assert (field.schema is not None) == bool(field.wire)
    for described in (ClientDocument, RegisteredClient):
        assert (field.wire in described.__annotations__) == bool(field.wire)
        assert (field.wire in described.__required_keys__) == (
            field.schema is not None and field.schema.required
        )
