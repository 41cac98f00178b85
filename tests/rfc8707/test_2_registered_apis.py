"""What may be registered as an API (RFC 8707 §2): `ResourceRegistry`."""

from dataclasses import replace
from datetime import timedelta

import pytest
from foreign_api import OWN, SCOPES, TASKS, add_api

from quantimodo.app.composition.resources import resource_registry
from quantimodo.clients.errors import InvalidMetadata
from quantimodo.model.resources import ResourceScope
from quantimodo.protocol.resource_registration import resource_registration
from support.app import AppHarness

REFUSED = (
    ("identifier", "http://tasks.example.org/", {}),
    ("identifier", "tasks.example.org", {}),
    ("identifier", f"{TASKS}#x", {}),
    ("identifier", "https://ann@tasks.example.org/", {}),
    ("identifier", OWN, {}),
    ("identifier", f"{OWN}/", {}),
    ("identifier", TASKS + "a" * 200, {}),
    ("name", TASKS, {"name": ""}),
    ("scopes", TASKS, {"scopes": (ResourceScope("openid", "X"),)}),
    ("scopes", TASKS, {"scopes": (ResourceScope("a b", "X"),)}),
    ("scopes", TASKS, {"scopes": (ResourceScope("a#b", "X"),)}),
    ("scopes", TASKS, {"scopes": (ResourceScope("a", ""),)}),
    ("scopes", TASKS, {"scopes": (SCOPES[0], SCOPES[0])}),
    ("scopes", TASKS, {"scopes": tuple(ResourceScope(f"s{n}", "X") for n in range(41))}),
    ("clients", TASKS, {"clients": frozenset({"unknown"})}),
    ("introspected_by", TASKS, {"introspected_by": frozenset({"unknown"})}),
    ("token_lifetime", TASKS, {"token_lifetime": timedelta(seconds=1)}),
    ("documentation_uri", TASKS, {"documentation_uri": "javascript:alert(1)"}),
)


async def test_an_invalid_field_is_refused_by_its_name(harness: AppHarness) -> None:
    for field, identifier, changes in REFUSED:
        with pytest.raises(InvalidMetadata) as refusal:
            await add_api(harness, identifier, **changes)
        assert refusal.value.field == field, identifier
    unknown = frozenset({"unknown", "another"})
    with pytest.raises(InvalidMetadata) as refusal:
        await add_api(harness, clients=unknown, introspected_by=unknown)
    assert [each.field for each in refusal.value.faults] == ["clients", "introspected_by"]
    await add_api(harness)
    with pytest.raises(InvalidMetadata, match="registered already"):
        await add_api(harness)


async def test_a_developer_has_less_than_the_operator(harness: AppHarness) -> None:
    ann, foreign = await harness.person(), await harness.app()
    registry = resource_registry(harness.context)
    for changes in (
        {"name": "QuantiModo"},
        {"introspected_by": frozenset({foreign.id})},
        {"identifier": "https://ID.example.org:8443/tasks"},
        {"identifier": "https://id.example.org./tasks"},
    ):
        with pytest.raises(InvalidMetadata):
            await add_api(harness, owner_id=ann.id, **changes)
    api = await add_api(harness, owner_id=ann.id)
    assert not api.reviewed
    registration = resource_registration(api)
    api = await registry.change(api, registration, reviewed=True, by_operator=True)
    kept = await registry.change(api, replace(registration, token_format="opaque"))
    assert kept.reviewed
    changed = await registry.change(kept, replace(registration, name="Another Board"))
    assert not changed.reviewed, "the operator did not read this text"
    for number in range(19):
        await add_api(harness, f"https://{number}.example.org/", owner_id=ann.id)
    with pytest.raises(InvalidMetadata, match="20 APIs"):
        await add_api(harness, "https://more.example.org/", owner_id=ann.id)
