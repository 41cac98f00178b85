"""`required_authorization_details`: the health data that an application cannot do without."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from test_rich_authorization_requests import MOOD, SLEEP

from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.consent_details import NOTHING, DetailRule, consent_details
from quantimodo.model.consents import Consent, ConsentChoice
from quantimodo.protocol.consents import InvalidChoice, apply_choice, required_details
from quantimodo.protocol.registration import Registration, faults
from support.app import DECISION, AppHarness, OpenHarness, form_fields, response_of

SCOPE = "basic readmeasurements writemeasurements"
READ_SLEEP = DetailRule(actions=frozenset({"read"}), categories=frozenset({"Sleep"}), days=90)
NONE: frozenset[str] = frozenset()
NOW = datetime(2026, 11, 29, tzinfo=UTC)
REGISTER = "/api/v2/oauth2/register"


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("", True),
        (json.dumps(SLEEP), True),
        ("[]", False),
        ("{}", False),
        ("x", False),
        (json.dumps([{**SLEEP[0], "type": "payment"}]), False),
        (json.dumps([{**SLEEP[0], "categories": ["x" * 5000]}]), False),
        (json.dumps([{**SLEEP[0], "actions": ["read", "write"]}]), False),  # no scope for it
    ],
)
def test_only_what_the_application_may_request_can_be_required(text: str, accepted: bool) -> None:
    registration = Registration(
        name="Sleep Tracker",
        redirect_uris=("https://app.example.org/callback",),
        scope=frozenset({"basic", "readmeasurements"}),
        metadata=ClientMetadata(required_authorization_details=text),
    )
    found = {fault.field for fault in faults(registration)}
    assert found == (set() if accepted else {"required_authorization_details"})


async def test_an_application_registers_it_itself(open_harness: OpenHarness) -> None:
    async with open_harness(registration__mode="open") as harness:
        document: dict[str, Any] = {
            "redirect_uris": ["https://app.example.org/callback"],
            "scope": "readmeasurements",
        }
        for wrong in ("x", {}, 5, ["x"], [[]], [{}], [{"type": "payment"}], [[[[[[]]]]]]):
            refused = await harness.browser().post(
                REGISTER, json={**document, "required_authorization_details": wrong}
            )
            assert refused.status_code == 400, wrong
            assert refused.json()["error"] == "invalid_client_metadata", wrong
        added = await harness.browser().post(
            REGISTER, json={**document, "required_authorization_details": SLEEP}
        )
        assert added.json()["required_authorization_details"] == SLEEP


def test_a_choice_has_all_that_is_required_of_the_scopes_that_it_allows() -> None:
    metadata = ClientMetadata(required_authorization_details=json.dumps(SLEEP))
    mood = consent_details([DetailRule(categories=frozenset({"Emotions"}))])
    both = consent_details([READ_SLEEP, *mood.rules])
    required = required_details(metadata, None)
    assert required == consent_details([READ_SLEEP])
    assert required_details(metadata, mood) == NOTHING, "the request is narrower, and is honoured"
    assert required_details(ClientMetadata(), None) == NOTHING
    requested = Consent(
        user_id=1,
        client_id="app",
        scope=frozenset(SCOPE.split()),
        granted_at=NOW,
        updated_at=NOW,
    )
    with pytest.raises(InvalidChoice):
        apply_choice(requested, ConsentChoice(scope=requested.scope, details=mood), NONE, required)
    kept = apply_choice(
        requested, ConsentChoice(scope=requested.scope, details=both), NONE, required
    )
    assert kept.details == both
    without = ConsentChoice(scope=frozenset({"basic", "writemeasurements"}), details=mood)
    assert apply_choice(requested, without, NONE, required).scope == without.scope


async def test_the_page_shows_it_as_fixed_and_the_rest_as_choices(harness: AppHarness) -> None:
    await harness.person()
    metadata = ClientMetadata(
        optional_scope=("writemeasurements",),
        required_authorization_details=json.dumps(SLEEP),
    )
    app, browser = await harness.app(metadata=metadata), await harness.signed_in()
    text = json.dumps([*SLEEP, *MOOD])
    page = await harness.ask(browser, app, scope=SCOPE, authorization_details=text)
    assert "What it cannot do without" in page.text
    assert 'value="Sleep" checked disabled' in page.text
    assert 'value="all" checked' in page.text, "the choices start as the application asked"
    # A form that leaves it out, or has a window that is narrower, does not take it away.
    data = {**form_fields(page.text), "decision": "allow", "data": "some", "from": "today"}
    decided = await browser.post(DECISION, data=data)
    tokens = (await harness.redeem(app, response_of(decided).code)).json()
    assert tokens["authorization_details"] == SLEEP
    # A narrower request is honoured: the application knows what it needs this time.
    app = await harness.app(metadata=metadata)
    mood = await harness.tokens(app, browser, scope=SCOPE, authorization_details=json.dumps(MOOD))
    assert mood["authorization_details"] == MOOD
