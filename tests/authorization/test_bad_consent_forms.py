"""Malformed forms about a consent: a clear 4xx that changes nothing."""

from collections.abc import Sequence
from urllib.parse import urlencode

import httpx

from quantimodo.model.client_metadata import ClientMetadata
from support.app import DECISION, App, AppHarness, form_fields

FORM = {"content-type": "application/x-www-form-urlencoded"}
SCOPE = "basic readmeasurements writemeasurements"
MALFORMED: dict[str, Sequence[tuple[str, str]]] = {
    "two kinds of data": [("data", "all"), ("data", "some")],
    "two times": [("from", "all"), ("from", "days")],
    "two ends": [("until", "open"), ("until", "days")],
    "two last days": [("until", "date"), *[("until_date", "2026-12-24")] * 2],
    "no such data": [("data", "everything")],
    "no such time": [("from", "yesterday")],
    "no such end": [("until", "never")],
    "a long day": [("until", "date"), ("until_date", "2" * 9000)],
    "a day in other digits": [("until", "date"), ("until_date", "٢٠٢٦-١٢-٢٤")],
    "a day that does not exist": [("until", "date"), ("until_date", "2026-02-30")],
    "a day in the past": [("until", "date"), ("until_date", "2026-11-01")],
    "a first day to come": [("from", "date"), ("from_date", "2100-01-01")],
    "a scope that was not requested": [("scope", "email")],
    "a NUL in a scope": [("scope", "basic\0")],
    "a long category": [("data", "some"), ("category", "S" * 9000)],
    "a NUL in a category": [("data", "some"), ("category", "Sleep\0")],
    "a variable that is not shown": [("data", "some"), ("variable", "Sleep Quality")],
    "600 fields": [("category", "Sleep")] * 600,
}
KEPT = {
    "data of no consent": [("data", "keep")],
    "an end of no consent": [("until", "keep")],
}


async def post(
    browser: httpx.AsyncClient, path: str, known: dict[str, str], fields: Sequence[tuple[str, str]]
) -> httpx.Response:
    names = {name for name, _ in fields}
    kept = [pair for pair in known.items() if pair[0] not in names]
    return await browser.post(path, content=urlencode([*kept, *fields]), headers=FORM)


def stored(harness: AppHarness) -> list[object]:
    tables = harness.rows()
    return [tables[name] for name in ("consents", "consent_changes", "grants", "codes")]


async def consent_app(harness: AppHarness) -> App:
    await harness.person()
    return await harness.app(metadata=ClientMetadata(optional_scope=("writemeasurements",)))


async def test_a_malformed_form_of_the_consent_page_decides_nothing(harness: AppHarness) -> None:
    app, browser = await consent_app(harness), await harness.signed_in()
    page = await harness.ask(browser, app, scope=SCOPE)
    known, before = {**form_fields(page.text), "decision": "allow"}, stored(harness)
    for says, fields in {**MALFORMED, **KEPT}.items():
        refused = await post(browser, DECISION, known, fields)
        assert refused.status_code in (400, 422), says
        assert "location" not in refused.headers, says
        assert stored(harness) == before, says


async def test_a_malformed_form_of_the_account_changes_nothing(harness: AppHarness) -> None:
    app, browser = await consent_app(harness), await harness.signed_in()
    await harness.tokens(app, browser, scope=SCOPE)
    path = f"/account/apps/{app.id}"
    known = {
        "csrf": form_fields((await browser.get(path)).text)["csrf"],
        "scope": "readmeasurements",
    }
    before = stored(harness)
    for says, fields in MALFORMED.items():
        refused = await post(browser, path, known, fields)
        assert refused.status_code in (400, 422), says
        assert "location" not in refused.headers, says
        assert stored(harness) == before, says


async def test_the_forms_of_another_person_change_nothing(harness: AppHarness) -> None:
    app, browser = await consent_app(harness), await harness.signed_in()
    await harness.tokens(app, browser, scope=SCOPE)
    page = (await browser.get(f"/account/apps/{app.id}")).text
    receipt = f"/account/apps/{app.id}/receipts/1"
    assert f'href="{receipt}"' in page
    await harness.person("bob@example.org")
    stranger = await harness.signed_in("bob@example.org")
    before, mails = stored(harness), await harness.context.outbox.recent(10)
    csrf = form_fields((await stranger.get("/account/profile")).text)["csrf"]
    changed = await stranger.post(f"/account/apps/{app.id}", data={"csrf": csrf, "scope": "basic"})
    assert changed.headers["location"] == "/account"
    mailed = await stranger.post(f"{receipt}/mail", data={"csrf": csrf})
    assert mailed.status_code == 404
    assert await harness.context.outbox.recent(10) == mails
    assert stored(harness) == before


async def test_a_number_of_no_receipt_is_a_404(harness: AppHarness) -> None:
    app, browser = await consent_app(harness), await harness.signed_in()
    await harness.tokens(app, browser, scope=SCOPE)
    for number in ("0", "2", "-1", "01", "1.0", "٠١", "%00", "1%00", "%FF", "9" * 400, "x"):
        path = f"/account/apps/{app.id}/receipts/{number}"
        assert (await browser.get(path)).status_code == 404, number
        assert (await browser.get(f"{path}/receipt.jwt")).status_code == 404, number
