"""The store returns the metadata of a client as it was registered (RFC 7591 §3.2.1)."""

from dataclasses import fields, replace
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import client

from quantimodo.model.client_metadata import DEFAULT_METADATA, ClientMetadata
from quantimodo.ports.stores import Stores

_BY_FIELD: dict[str, st.SearchStrategy[Any]] = {
    name: st.from_type(kind) for name, kind in get_type_hints(ClientMetadata).items()
} | {
    "localized": st.dictionaries(st.text(), st.text(), max_size=3),
    "default_max_age": st.none() | st.integers(0, 2**31),
}
_GIVEN: dict[str, Any] = {
    "application_type": "native",
    "profile": "fapi2",
    "subject_type": "pairwise",
    "contacts": ("ann@example.org", "ann@example.org"),
    "localized": {"client_name#ja": "\u8a08\u6e2c", "tos_uri#de": "https://app.example.org/agb"},
    "default_max_age": 0,
    "default_acr_values": ("2", "1"),
    "optional_scope": ("email", "writemeasurements"),
    "token_exchange_actors": ("b", "a"),
    "tokens_per_minute": 60,
    "requests_per_minute": 7,
    "request_uris": ("https://app.example.org/request#digest",),
    "post_logout_redirect_uris": ("https://app.example.org/b", "https://app.example.org/a"),
}


@pytest.mark.parametrize("name", [field.name for field in fields(ClientMetadata)])
async def test_each_one_is_kept_when_it_is_all_that_was_given(stores: Stores, name: str) -> None:
    value = _GIVEN.get(name, True if getattr(DEFAULT_METADATA, name) is False else "given")
    metadata = replace(DEFAULT_METADATA, **{name: value})
    assert metadata != DEFAULT_METADATA
    await stores.clients.add_client(replace(client("c"), metadata=metadata))
    kept = await stores.clients.client("c")
    assert kept is not None
    assert kept.metadata == metadata


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(metadata=st.builds(ClientMetadata, **_BY_FIELD))
async def test_any_of_them_together_come_back_the_same(
    stores: Stores, metadata: ClientMetadata
) -> None:
    before = await stores.clients.client("c")
    if before is None:
        await stores.clients.add_client(replace(client("c"), metadata=metadata))
    else:
        assert await stores.clients.replace_client(replace(before, metadata=metadata))
    kept = await stores.clients.client("c")
    assert kept is not None
    assert kept.metadata == metadata
