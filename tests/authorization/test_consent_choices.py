"""What a person chooses on the consent page and afterwards in the account (issue 16, point 4)."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from quantimodo.crypto.jwt import unverified_claims, unverified_kid, verify
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.protocol.constants import CONSENT_RECEIPT_TYPE
from support.app import AUTHORIZE, DECISION, App, AppHarness, form_fields, response_of

MEASUREMENTS = "/api/v1/measurements"
SLEEP = {"data": "some", "category": "Sleep", "from": "days", "until": "days"}
READ_SLEEP = [
    {"type": "health_measurements", "actions": ["read"], "categories": ["Sleep"], "days": 90}
]


async def sleep_app(harness: AppHarness, **metadata: Any) -> App:
    await harness.person()
    metadata = {"optional_scope": ("writemeasurements",), **metadata}
    return await harness.app(metadata=ClientMetadata(**metadata))


async def page_for(harness: AppHarness, browser: httpx.AsyncClient, app: App) -> httpx.Response:
    scope = "basic readmeasurements writemeasurements offline_access"
    page = await harness.ask(browser, app, scope=scope, prompt="consent")
    assert page.status_code == 200, page.text
    return page


async def press_allow(
    browser: httpx.AsyncClient, page: httpx.Response, **fields: Any
) -> httpx.Response:
    data = {**form_fields(page.text), "decision": "allow", **fields}
    return await browser.post(DECISION, data=data)


async def choose(
    harness: AppHarness, browser: httpx.AsyncClient, app: App, **fields: Any
) -> dict[str, Any]:
    """The token response after these choices."""
    page = await page_for(harness, browser, app)
    response = response_of(await press_allow(browser, page, **fields))
    redeemed = await harness.redeem(app, response.code)
    assert redeemed.status_code == 200, redeemed.text
    found: dict[str, Any] = redeemed.json()
    return found


async def change(browser: httpx.AsyncClient, app: App, **fields: Any) -> httpx.Response:
    path = f"/account/apps/{app.id}"
    page = (await browser.get(path)).text
    csrf = form_fields(page)["csrf"]
    return await browser.post(path, data={"csrf": csrf, **fields})


async def test_an_application_gets_what_was_chosen(harness: AppHarness) -> None:
    app = await sleep_app(harness)
    response = await choose(harness, await harness.signed_in(), app, **SLEEP)
    assert set(response["scope"].split()) == {"basic", "readmeasurements", "offline_access"}
    assert response["authorization_details"] == READ_SLEEP


async def test_a_chosen_scope_is_allowed_and_shown_the_next_time(
    harness: AppHarness,
) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    response = await choose(harness, browser, app, scope="writemeasurements", **SLEEP)
    assert "writemeasurements" in response["scope"]
    assert response["authorization_details"][0]["actions"] == ["read", "write"]
    page = (await page_for(harness, browser, app)).text
    for field in (
        'name="scope" value="writemeasurements" checked',
        'name="category" value="Sleep" checked',
        'value="days" selected',
    ):
        assert field in page


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"until": "date", "until_date": "yesterday"}, "until_date"),
        ({"data": "some"}, "category"),
        ({"data": "some", "category": "No such category"}, "category"),
        ({"scope": "phone"}, "scope"),
    ],
)
async def test_a_form_with_an_error_is_shown_again_and_decides_nothing(
    harness: AppHarness, fields: dict[str, str], field: str
) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    again = await press_allow(browser, await page_for(harness, browser, app), **fields)
    assert again.status_code == 422
    assert f'href="#{field}"' in again.text
    user = await harness.context.stores.users.user_by_email("ann@example.org")
    assert user is not None
    assert await harness.context.stores.authorizations.consent(user.id, app.id) is None
    corrected = await press_allow(browser, again, **SLEEP)
    assert response_of(corrected).code


async def test_two_forms_get_one_response_whatever_the_second_one_chooses(
    harness: AppHarness,
) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    page = await page_for(harness, browser, app)
    first = await press_allow(browser, page, **SLEEP)
    second = await press_allow(browser, page, data="all", scope="writemeasurements")
    assert first.headers["location"] == second.headers["location"]
    redeemed = (await harness.redeem(app, response_of(first).code)).json()
    assert redeemed["authorization_details"] == READ_SLEEP


async def test_cancel_ignores_the_choices(harness: AppHarness) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    page = await page_for(harness, browser, app)
    data = {**form_fields(page.text), "decision": "deny", "until": "never"}
    refused = response_of(await browser.post(DECISION, data=data))
    assert refused.parameters["error"] == "access_denied"


async def test_a_consent_is_narrowed_at_once(harness: AppHarness) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    token = (await choose(harness, browser, app))["access_token"]
    assert (await harness.call(token, MEASUREMENTS)).status_code == 200
    changed = await change(browser, app, scope="basic")
    assert changed.status_code == 303
    assert changed.headers["location"] == f"/account/apps/{app.id}"
    assert (await harness.call(token, MEASUREMENTS)).status_code in (401, 403)


async def test_one_action_is_taken_back_at_once(harness: AppHarness) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    both = ["readmeasurements", "writemeasurements"]
    token = (await choose(harness, browser, app, scope=both))["access_token"]
    headers, identity = {"authorization": f"Bearer {token}"}, ["basic", "offline_access"]
    entry = {"startTime": 1_439_389_320, "value": 2}
    body = {"variableName": "Nap", "abbreviatedUnitName": "/5", "measurements": [entry]}

    async def may() -> list[int]:
        written = await browser.post(MEASUREMENTS, json=body, headers=headers)
        return [(await harness.call(token, MEASUREMENTS)).status_code, written.status_code]

    assert await may() == [200, 200]
    assert (await change(browser, app, scope=[*identity, both[0]])).status_code == 303
    assert await may() == [200, 403]
    assert (await change(browser, app, scope=identity)).status_code == 303
    assert await may() == [403, 403]
    # The token itself is still good for who the person is.
    assert (await harness.call(token)).status_code == 200


async def test_more_is_allowed_only_after_a_confirmation(harness: AppHarness) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    await choose(harness, browser, app, **SLEEP)
    scope = ["basic", "readmeasurements", "offline_access"]
    wider = {"scope": scope, "data": "all", "from": "all", "until": "open"}
    question = await change(browser, app, **wider)
    assert question.status_code == 200
    assert "more?" in question.text
    assert (await choose_silently(harness, browser, app))["authorization_details"] == READ_SLEEP
    data = form_fields(question.text)
    assert data["confirmed"] == "yes"
    confirmed = await browser.post(f"/account/apps/{app.id}", data={**data, "scope": scope})
    assert confirmed.status_code == 303
    assert "authorization_details" not in await choose_silently(harness, browser, app)


async def choose_silently(
    harness: AppHarness, browser: httpx.AsyncClient, app: App
) -> dict[str, Any]:
    response = await harness.ask(
        browser, app, scope="basic readmeasurements writemeasurements offline_access"
    )
    found: dict[str, Any] = (await harness.redeem(app, response_of(response).code)).json()
    return found


async def test_more_needs_a_recent_sign_in(harness: AppHarness) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    await choose(harness, browser, app, **SLEEP)
    harness.advance(hours=2)
    wider = {"scope": ["basic", "readmeasurements", "offline_access"], "data": "all"}
    for fields in (wider, {**wider, "confirmed": "yes"}):
        refused = await change(browser, app, **fields)
        assert refused.headers["location"].startswith("/account/again")
        assert "readmeasurements" not in refused.headers["location"]
    # Before the sign-in, for another person, and too late, the address is that of the plain page.
    kept = parse_qs(urlsplit(refused.headers["location"]).query)["return_to"][0]
    for early in (kept, f"{kept}x", f"/account/apps/{app.id}?kept=é"):
        assert "more?" not in (await browser.get(early)).text
    again = await harness.signed_in()
    question = await again.get(kept)
    assert "more?" in question.text
    confirmed = await again.post(
        f"/account/apps/{app.id}", data={**form_fields(question.text), "scope": wider["scope"]}
    )
    assert confirmed.headers["location"] == f"/account/apps/{app.id}"
    assert "authorization_details" not in await choose_silently(harness, again, app)
    narrower = await change(browser, app, scope="basic", until="keep")
    assert narrower.headers["location"] == f"/account/apps/{app.id}"


async def test_an_error_is_shown_beside_its_field_in_the_account_too(harness: AppHarness) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    await choose(harness, browser, app)
    again = await change(browser, app, scope="basic", until="date", until_date="soon")
    assert again.status_code == 422
    assert 'id="until_date-error"' in again.text
    assert 'value="soon"' in again.text


async def test_the_page_of_an_application_shows_its_end_and_its_history(
    harness: AppHarness,
) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    await choose(harness, browser, app, **SLEEP)
    await change(
        browser,
        app,
        scope=["basic", "readmeasurements"],
        until="date",
        until_date="2026-12-24",
        **{"data": "some", "category": "Sleep", "from": "days"},
    )
    page = (await browser.get(f"/account/apps/{app.id}")).text
    assert "Read: Sleep, of the last 90 days" in page
    assert "until 25 December 2026, 00:00 UTC" in page
    assert page.index("You changed it to") < page.index("You allowed")
    harness.advance(days=40)
    browser = await harness.signed_in()
    assert "Access ended" in (await browser.get("/account")).text
    assert "its access ended" in (await browser.get(f"/account/apps/{app.id}")).text
    again = await page_for(harness, browser, app)
    assert "You allowed this before" not in again.text
    assert response_of(await press_allow(browser, again, until="keep", data="keep")).code
    assert "until you take it back" in (await browser.get(f"/account/apps/{app.id}")).text


async def receipts(browser: httpx.AsyncClient, app: App) -> list[str]:
    page = (await browser.get(f"/account/apps/{app.id}")).text
    return re.findall(r'href="(/account/apps/[^"]*/receipts/\d+)"', page)


async def test_each_change_has_a_receipt_with_the_fields_of_iso_27560(harness: AppHarness) -> None:
    app = await sleep_app(harness, subject_type="pairwise")
    browser = await harness.signed_in()
    await choose(harness, browser, app, **SLEEP)
    (path,) = await receipts(browser, app)
    page = (await browser.get(path)).text
    assert "Read: Sleep, of the last 90 days" in page
    raw = (await browser.get(f"{path}/receipt.jwt")).text
    verifier = await harness.context.keyring.verifier(unverified_kid(raw) or "")
    assert verifier is not None
    claims = verify(raw, verifier, CONSENT_RECEIPT_TYPE)
    user = await harness.context.stores.users.user_by_email("ann@example.org")
    assert user is not None
    assert claims["pii_principal_id"] != user.subject
    assert {"schema_version", "record_id", "party_identification"} <= claims.keys()
    (purpose,) = claims["pii_processing"][0]["purposes"]
    assert purpose["authorization_details"] == READ_SLEEP
    assert purpose["withdrawal_method"].endswith(f"/account/apps/{app.id}")
    sensitive = {
        each["pii_attribute_id"]
        for each in purpose["pii_information"]
        if each["sensitive_pii_category"]
    }
    assert sensitive == {"readmeasurements"}
    (event,) = claims["events"]
    assert event["event_type"] == "given"
    assert event["validity_end"].endswith("Z")
    assert not {"sub", "aud", "exp"} & claims.keys()


async def test_a_receipt_is_not_a_token(harness: AppHarness) -> None:
    """RFC 8725 §3.11: its type is that of no other JWT of this server."""
    app, browser = await sleep_app(harness), await harness.signed_in()
    await choose(harness, browser, app)
    (path,) = await receipts(browser, app)
    raw = (await browser.get(f"{path}/receipt.jwt")).text
    assert unverified_claims(raw)["iss"]
    assert (await harness.call(raw)).status_code == 401
    assert not (await harness.introspect(app, raw))["active"]
    hinted = await harness.browser().get("/api/v2/oauth2/logout", params={"id_token_hint": raw})
    assert hinted.status_code == 400
    login = {"authorization": f"Bearer {raw}", "accept": "application/json"}
    parameters = {"client_id": app.id, "response_type": "code", "scope": "basic"}
    authorized = await harness.browser().get(AUTHORIZE, params=parameters, headers=login)
    assert authorized.status_code == 401


async def test_only_the_person_gets_a_receipt(harness: AppHarness) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    await choose(harness, browser, app)
    (path,) = await receipts(browser, app)
    await harness.person("bob@example.org")
    stranger = await harness.signed_in("bob@example.org")
    for each in (path, f"{path}/receipt.jwt", f"/account/apps/{app.id}"):
        assert (await stranger.get(each)).status_code == 404
    assert (await browser.get(f"{path}0")).status_code == 404
    assert (await harness.browser().get(path)).headers["location"].startswith("/sign-in")


async def test_the_consent_page_mails_the_receipt_that_the_person_wants(
    harness: AppHarness,
) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    await choose(harness, browser, app, **SLEEP)
    for _ in range(7):  # more than one person may cause: the authorization goes on
        await choose(harness, browser, app, receipt="mail")
    recent = [kept.mail for kept in await harness.context.outbox.recent(50)]
    mails = [mail for mail in recent if "/receipts/" in mail.text]
    assert len(mails) == 5, "the first decision asks for none"
    (newest, *_) = await receipts(browser, app)
    assert {mail.to for mail in mails} == {"ann@example.org"}
    assert newest in mails[0].text


async def test_a_receipt_is_mailed_to_the_confirmed_address_a_few_times(
    harness: AppHarness,
) -> None:
    app, browser = await sleep_app(harness), await harness.signed_in()
    await choose(harness, browser, app)
    (path,) = await receipts(browser, app)
    csrf = form_fields((await browser.get(path)).text)["csrf"]
    statuses = [
        (await browser.post(f"{path}/mail", data={"csrf": csrf})).status_code for _ in range(6)
    ]
    assert statuses == [303] * 5 + [429]
    queued = [kept.mail for kept in await harness.context.outbox.recent(10)]
    receipts_sent = [mail for mail in queued if path in mail.text]
    assert [mail.to for mail in receipts_sent] == ["ann@example.org"] * 5
