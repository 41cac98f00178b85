"""`optional_scope`: the scopes that a person may decline; and the operator's mark `reviewed`."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.clients import Client
from quantimodo.protocol.registration import (
    Registration,
    faults,
    privileges,
    registration_of,
    with_privileges_of,
    with_settings_of,
)
from support.app import OpenHarness

CALLBACK = "https://app.example.org/callback"
REVIEWED = Client(
    id="some-client",
    created_at=datetime(2026, 11, 29, tzinfo=UTC),
    name="Mood Tracker",
    redirect_uris=(CALLBACK, "https://app.example.org/other"),
    scope=frozenset({"basic", "email", "phone"}),
    metadata=ClientMetadata(reviewed=True),
)


@pytest.mark.parametrize(
    ("optional", "accepted"),
    [
        ((), True),
        (("phone",), True),
        (("email", "phone"), True),
        (("openid",), False),
        (("address",), False),
        (("unknown",), False),
    ],
)
def test_only_scopes_of_the_application_can_be_optional(
    optional: tuple[str, ...], accepted: bool
) -> None:
    registration = Registration(
        name="Mood Tracker",
        redirect_uris=(CALLBACK,),
        scope=frozenset({"openid", "email", "phone"}),
        metadata=ClientMetadata(optional_scope=optional),
    )
    found = faults(registration)
    assert not found if accepted else {fault.field for fault in found} == {"optional_scope"}


async def test_a_malformed_list_is_refused_and_registers_nothing(open_harness: OpenHarness) -> None:
    async with open_harness(registration__mode="open") as harness:
        before = harness.rows()
        for optional in (
            "phone",
            5,
            {},
            [5],
            [["phone"]],
            ["openid"],
            ["unknown"],
            ["phone\0"],
            ["phone " * 2000],
            ["phone"] * 2000,
            ["address"],
        ):
            response = await harness.browser().post(
                "/api/v2/oauth2/register",
                json={
                    "redirect_uris": [CALLBACK],
                    "scope": "basic phone",
                    "optional_scope": optional,
                },
            )
            assert response.status_code == 400, optional
            assert response.json()["error"] == "invalid_client_metadata", optional
            assert len(response.content) < 300, optional
        after = harness.rows()
        assert after["clients"] == before["clients"]


@pytest.mark.parametrize("kept", [with_privileges_of, with_settings_of])
@pytest.mark.parametrize(
    ("change", "reviewed"),
    [
        ({}, True),
        ({"redirect_uris": (CALLBACK,), "scope": frozenset({"basic"})}, True),
        ({"name": "Sleep Tracker"}, False),
        ({"description": "Another one."}, False),
        ({"homepage_uri": "https://another.example.org/"}, False),
        ({"policy_uri": "https://another.example.org/privacy"}, False),
        ({"metadata": ClientMetadata(localized={"client_name#de": "Schlaf"})}, False),
        ({"metadata": ClientMetadata(required_authorization_details="[]")}, False),
        ({"redirect_uris": ("https://another.example.org/",)}, False),
        ({"scope": REVIEWED.scope | {"readmeasurements"}}, False),
    ],
)
def test_a_review_ends_when_the_application_becomes_another_one(
    kept: Any, change: dict[str, Any], reviewed: bool
) -> None:
    requested = replace(registration_of(REVIEWED), **{"metadata": ClientMetadata(), **change})
    assert kept(REVIEWED, requested).metadata.reviewed is reviewed


def test_only_the_operator_marks_an_application_as_reviewed() -> None:
    requested = registration_of(REVIEWED)
    assert [fault.field for fault in privileges(requested)] == ["reviewed"]
    stranger = replace(REVIEWED, metadata=ClientMetadata())
    assert not with_privileges_of(stranger, requested).metadata.reviewed
