"""What the operator announces: where it is shown, for how long, and until it is dismissed."""

import re
from datetime import timedelta

import httpx
import pytest

from quantimodo.accounts.announcements import Draft
from quantimodo.app.composition.administration import announcements_service
from quantimodo.model.admin_actions import BY_COMMAND
from support.administrators import REASON, administrator, press, session_of
from support.app import AppHarness, form_fields
from support.devices import device_app, entered, started

TEXT = "Maintenance on Sunday"
NEW = "/admin/announcements/new"


async def announce(harness: AppHarness, **changes: object) -> int:
    now = harness.context.clock.now()
    values: dict[str, object] = {
        "level": "info",
        "audience": "everyone",
        "texts": {"en": TEXT, "de": "Wartung am Sonntag"},
        "link": "",
        "starts_at": now,
        "ends_at": now + timedelta(days=1),
    }
    draft = Draft(**values | changes)  # type: ignore[arg-type]
    number = await announcements_service(harness.context).add(draft, BY_COMMAND)
    harness.advance(seconds=11)  # processes read them every ten seconds
    return number


async def has(browser: httpx.AsyncClient, path: str, text: str = TEXT) -> bool:
    response = await browser.get(path, follow_redirects=True)
    return text in response.text.partition("<main")[0]


async def test_everyone_sees_it_from_its_start_to_its_end(harness: AppHarness) -> None:
    now = harness.context.clock.now()
    starts_at, ends_at = now + timedelta(hours=1), now + timedelta(hours=2)
    await announce(harness, starts_at=starts_at, ends_at=ends_at, link="/docs")
    browser = harness.browser()
    assert not await has(browser, "/sign-in")
    harness.advance(hours=1)
    for path in ("/", "/sign-in", "/sign-up", "/developers"):
        assert await has(browser, path), path
    german = await browser.get("/", headers={"accept-language": "de"})
    assert "Wartung am Sonntag" in german.text
    assert TEXT not in german.text
    assert await has(browser, "/", '<a href="/docs">More about this</a>')
    assert await has(browser, "/", "notice")
    assert not await has(browser, "/", "notice warn")
    harness.advance(hours=1)
    assert not await has(browser, "/")


async def test_the_text_is_not_markup_and_a_text_in_another_language_is_shown(
    harness: AppHarness,
) -> None:
    await announce(harness, texts={"ar": "<b>x</b> & y"}, level="warning")
    assert await has(harness.browser(), "/", "&lt;b&gt;x&lt;/b&gt; &amp; y")
    assert await has(harness.browser(), "/", "notice warn")


async def test_it_may_be_for_developers_or_administrators_only(harness: AppHarness) -> None:
    await announce(harness, audience="developers", texts={"en": "New scopes"})
    await announce(harness, audience="administrators", texts={"en": "Backup failed"})
    await harness.person()
    ann, root = await harness.signed_in(), await session_of(harness, await administrator(harness))
    seen = {
        (who, path, text)
        for who, browser in (("ann", ann), ("root", root), ("stranger", harness.browser()))
        for path in ("/", "/developers")
        for text in ("New scopes", "Backup failed")
        if await has(browser, path, text)
    }
    assert seen == {
        ("ann", "/developers", "New scopes"),
        ("root", "/developers", "New scopes"),
        ("root", "/", "Backup failed"),
        ("root", "/developers", "Backup failed"),
    }


async def test_pages_on_which_a_person_decides_show_none(harness: AppHarness) -> None:
    await announce(harness)
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    assert await has(browser, "/account")
    page = await harness.ask(browser, app)
    assert page.status_code == 200
    assert "announcements" not in page.text
    device = await started(harness, await device_app(harness))
    for shown in (await browser.get("/device"), await entered(browser, device["user_code"])):
        assert shown.status_code == 200
        assert "announcements" not in shown.text


async def test_one_is_dismissed_in_one_browser_without_a_script(harness: AppHarness) -> None:
    number = await announce(harness)
    await announce(harness, texts={"en": "Another one"})
    browser = harness.browser()
    page = await browser.get("/sign-up")
    form = re.search(rf'<form[^>]*/announcements/dismiss".*?"{number}".*?</form>', page.text, re.S)
    assert form
    fields = {**form_fields(page.text), "number": str(number), "return_to": "/sign-up"}
    response = await browser.post("/announcements/dismiss", data=fields)
    assert (response.status_code, response.headers["location"]) == (303, "/sign-up")
    assert not await has(browser, "/sign-up")
    assert await has(browser, "/sign-up", "Another one")
    assert await has(harness.browser(), "/sign-up")
    outside = await browser.post(
        "/announcements/dismiss", data={**fields, "return_to": "https://evil.example/"}
    )
    assert outside.headers["location"] == "/account"
    for number_text in ("x", "-1", "0", "9" * 40):
        data = {**fields, "number": number_text}
        assert (await browser.post("/announcements/dismiss", data=data)).status_code == 303
    assert not await has(browser, "/sign-up")
    refused = await harness.browser().post("/announcements/dismiss", data={"number": "1"})
    assert refused.status_code == 403


async def test_an_administrator_writes_and_removes_one(harness: AppHarness) -> None:
    browser = await session_of(harness, await administrator(harness))
    ends_at = (harness.context.clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    fields = {"level": "warning", "audience": "everyone", "text_en": TEXT, "text_de": ""}
    fields |= {"text_ar": "", "link": "https://status.example.org/", "ends_at": ends_at}
    fields |= {"starts_at": ""}
    made = await press(browser, NEW, **fields)
    assert made.headers["location"] == "/admin/announcements", made.text
    harness.advance(seconds=11)
    listed = await browser.get("/admin/announcements")
    assert "shown now" in listed.text
    found = re.search(r"/admin/announcements/(\d+)/remove", listed.text)
    assert found
    assert await has(harness.browser(), "/", "https://status.example.org/")
    assert (await press(browser, found[0], reason="x")).status_code == 422
    assert (await press(browser, found[0])).status_code == 303
    harness.advance(seconds=11)
    assert not await has(harness.browser(), "/")
    assert (await browser.get(found[0])).status_code == 404
    rows = [(row[2], row[6], row[7]) for row in harness.rows()["admin_actions"]]
    assert rows == [
        ("announcement.add", TEXT, REASON),
        ("announcement.remove", found[1], REASON),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"text_en": ""},
        {"text_en": "x" * 301},
        {"text_en": "a\u202eb"},
        {"link": "http://example.org/"},
        {"link": "//example.org/"},
        {"link": "javascript:alert(1)"},
        {"link": "https://user@example.org/"},
        {"link": "/a b"},
        {"level": "alarm"},
        {"audience": "everybody"},
        {"ends_at": ""},
        {"ends_at": "2020-01-01T00:00"},
        {"ends_at": "2999-01-01T00:00"},
        {"starts_at": "tomorrow"},
        {"reason": ""},
    ],
    ids=lambda changes: "-".join(f"{name} {value[:20]!a}" for name, value in changes.items()),
)
async def test_an_announcement_with_a_fault_is_refused(
    harness: AppHarness, changes: dict[str, str]
) -> None:
    browser = await session_of(harness, await administrator(harness))
    ends_at = (harness.context.clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    fields = {"level": "info", "audience": "everyone", "text_en": TEXT, "ends_at": ends_at}
    response = await press(browser, NEW, **{**fields, **changes})
    assert response.status_code == 422
    assert harness.rows()["announcements"] == []


async def test_many_pages_read_the_database_once(harness: AppHarness) -> None:
    await announce(harness)
    current = harness.application._pages  # the pages share one reader
    assert current is not None
    browser = harness.browser()
    assert await has(browser, "/sign-up")
    root = announcements_service(harness.context)
    (announcement,) = await root.all()
    await root.delete(announcement.id, BY_COMMAND)
    assert await has(browser, "/sign-up"), "within ten seconds it is not read again"
    harness.advance(seconds=11)
    assert not await has(browser, "/sign-up")
