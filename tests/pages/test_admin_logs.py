"""/admin/logs, /admin/keys and /admin/providers."""

import csv
import io
import json

import httpx

from quantimodo.model.events import Event
from support.administrators import administrator, press, session_of
from support.app import AppHarness, OpenHarness, form_fields

FORMULA = '=HYPERLINK("https://evil.example")'


async def test_the_log_is_filtered_and_exported_without_formulas(harness: AppHarness) -> None:
    ann, root = await harness.person(), await administrator(harness)
    now = harness.context.clock.now()
    await harness.context.stores.events.add_events(
        [
            Event(at=now, kind="client.edited", client_id="app-1", detail=FORMULA),
            Event(at=now, kind="session.refused", user_id=ann.id, detail="<b>bold</b>"),
        ]
    )
    browser = await session_of(harness, root)
    await press(browser, f"/admin/people/{ann.id}/disable", "=1+1 is no reason")
    await harness.context.audit.flush()

    async def shown(**filters: str) -> str:
        page = await browser.get("/admin/logs", params=filters)
        assert page.status_code == 200
        assert "<b>bold" not in page.text
        return page.text.partition("<main")[2].partition("</main>")[0]

    everything = await shown()
    assert "client.edited" in everything
    assert "session.refused" in everything
    assert "session.refused" not in await shown(app="app-1")
    refused = await shown(person="ANN@example.org", kind="session.")
    assert "session.refused" in refused
    assert "client.edited" not in refused
    for filters in (
        {"person": "unknown@example.org"},
        {"person": "x"},
        {"until": "2001-01-01"},
        {"log": "actions", "person": "unknown@example.org"},
    ):
        assert "Nothing matches here" in await shown(**filters), filters
    assert "client.edited" in await shown(since="no day", kind="\x00")
    actions = await shown(log="actions")
    assert "person.disable" in actions
    assert "=1+1 is no reason" in actions
    table = await browser.get("/admin/logs/export?log=actions")
    assert table.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(table.text))
    assert row["reason"] == "'=1+1 is no reason"
    assert (row["actor_id"], row["user_id"]) == (str(root.id), str(ann.id))
    lines = await browser.get("/admin/logs/export?app=app-1&format=jsonl")
    (line,) = map(json.loads, lines.text.splitlines())
    assert (line["kind"], line["detail"]) == ("client.edited", FORMULA)
    table = await browser.get("/admin/logs/export?app=app-1")
    (row,) = csv.DictReader(io.StringIO(table.text))
    assert row["detail"] == f"'{FORMULA}"
    harness.advance(minutes=11)
    late = await browser.get("/admin/logs/export?log=actions")
    assert late.headers["location"].startswith("/account/again?return_to=/admin/logs/export")


async def test_a_log_goes_on_by_pages(harness: AppHarness) -> None:
    root = await administrator(harness)
    now = harness.context.clock.now()
    events = [Event(at=now, kind=f"many.{number}") for number in range(60)]
    await harness.context.stores.events.add_events(events)
    browser = await session_of(harness, root)
    page = (await browser.get("/admin/logs?kind=many.")).text
    assert page.count("<code>many.") == 50
    older = page.partition('href="/admin/logs?kind=many.&amp;before=')[2].partition('"')[0]
    rest = (await browser.get(f"/admin/logs?kind=many.&before={older}")).text
    assert rest.count("<code>many.") == 10
    export = await browser.get("/admin/logs/export?kind=many.&format=jsonl")
    assert len(export.text.splitlines()) == 60


async def test_the_signing_keys_are_replaced(harness: AppHarness) -> None:
    browser = await session_of(harness, await administrator(harness))
    keys = harness.context.stores.keys
    before = [key.kid for key in await keys.signing_keys()]
    page = await browser.get("/admin/keys")
    assert page.text.count("signs now") == len(before)
    assert (await press(browser, "/admin/keys/rotate", "x")).status_code == 422
    assert [key.kid for key in await keys.signing_keys()] == before
    assert (await press(browser, "/admin/keys/rotate")).status_code == 303
    assert "signs next" in (await browser.get("/admin/keys")).text
    assert (await browser.get("/admin/keys/delete")).status_code == 404
    assert [row[2] for row in harness.rows()["admin_actions"]] == ["keys.rotate"]


async def test_a_provider_is_tested_by_a_form(open_harness: OpenHarness) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503)

    settings = {
        "providers__sample__kind": "oidc",
        "providers__sample__issuer": "https://sample.example.org",
        "providers__sample__client_id": "us",
        "providers__sample__client_secret": "fake-secret",
    }
    async with open_harness(internet=httpx.MockTransport(respond), **settings) as harness:
        browser = await session_of(harness, await administrator(harness))
        page = await browser.get("/admin/providers")
        fields = form_fields(page.text)
        assert fields["provider"] == "sample"
        tested = await browser.post("/admin/providers", data=fields)
        assert tested.status_code == 200
        assert "It cannot be used now:" in tested.text
        assert "fake-secret" not in tested.text
        unknown = await browser.post("/admin/providers", data={**fields, "provider": "x"})
        assert unknown.status_code == 404
