"""/admin/people: search, one account, and what an administrator does with it."""

import asyncio
import os
from contextlib import closing
from pathlib import Path

import apsw
import pytest

import quantimodo
from quantimodo.accounts.people_administration import session_number
from quantimodo.app.composition.administration import SettingsInForce
from quantimodo.app.settings.reading import CONFIG
from quantimodo.model.set_ups import SetUpChanges
from quantimodo.model.stored_settings import StoredSettings
from support.administrators import REASON, administrator, press, session_of
from support.app import AppHarness, OpenHarness

MIGRATIONS = Path(quantimodo.__file__).parent / "storage/migrations"

HOSTILE = "<script>alert(1)</script> \u202eevil"


def actions(harness: AppHarness) -> list[tuple[str, int | None, int | None, str]]:
    with closing(apsw.Connection(str(harness.database))) as database:
        query = "SELECT kind, actor_id, user_id, reason FROM admin_actions ORDER BY id"
        return database.execute(query).fetchall()


async def test_the_overview_shows_health_and_settings_without_secrets(harness: AppHarness) -> None:
    browser = await session_of(harness, await administrator(harness))
    page = await browser.get("/admin")
    assert page.status_code == 200
    assert "responds" in page.text
    assert max(each.stem for each in MIGRATIONS.glob("*/*.sql")) in page.text
    assert "/admin" in (await browser.get("/account")).text
    every = await browser.get("/admin/settings?all=1")
    assert "sessions.idle_lifetime" in every.text
    assert "14d" in every.text
    assert len(every.content) < 60_000
    some = await browser.get("/admin/settings")
    assert "secret_key" in some.text
    assert "AAAA" not in some.text
    assert "fake-metrics-token" not in every.text


@pytest.mark.timeout(60)
async def test_the_settings_file_is_read_beside_the_event_loop(
    harness: AppHarness, tmp_path: Path
) -> None:
    """To open a FIFO waits for its writer, which is this event loop."""
    file = tmp_path / "settings.toml"
    os.mkfifo(file)
    reading = SettingsInForce(harness.context, {CONFIG: str(file)})
    lines = asyncio.create_task(reading.lines())
    while True:
        try:
            handle = os.open(file, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError:  # no thread reads it yet
            await asyncio.sleep(0)
    os.write(handle, b'sign_up = "closed"\n')
    os.close(handle)
    assert "sign_up" in {each.name for each in await lines}


async def test_settings_that_a_set_up_file_changed_since_the_start_need_a_restart(
    harness: AppHarness,
) -> None:
    browser = await session_of(harness, await administrator(harness))
    waits, restart = "a set-up file has changed them: restart", "Restart the server to use them."
    assert waits not in (await browser.get("/admin")).text
    assert restart not in (await browser.get("/admin/settings")).text
    document = '{"policies": {"sign_up": "invited"}, "providers": {}}'
    stored = StoredSettings(
        document=document, sealed_secrets=None, changed_at=harness.context.clock.now()
    )
    await harness.context.stores.set_ups.apply_set_up(SetUpChanges(settings=stored))
    assert waits in (await browser.get("/admin")).text
    page = (await browser.get("/admin/settings?all=1")).text
    assert restart in page
    assert "invited" not in page, "the settings in force are those of the start"


async def test_people_are_found_by_number_address_subject_and_beginnings(
    harness: AppHarness,
) -> None:
    ann, bob = await harness.person(), await harness.person("bob@example.org", "Bob Example")
    zoe = await harness.person("zoe_1@example.org", HOSTILE)
    browser = await session_of(harness, await administrator(harness))

    async def found(text: str) -> set[int]:
        page = await browser.get("/admin/people", params={"q": text})
        assert page.status_code == 200
        assert "<script" not in page.text
        return {each.id for each in (ann, bob, zoe) if f'"/admin/people/{each.id}"' in page.text}

    table = {
        str(ann.id): {ann.id},
        "ANN@example.org": {ann.id},
        bob.subject: {bob.id},
        "bO": {bob.id},
        "zoe_": {zoe.id},
        "<scr": {zoe.id},
        "": {ann.id, bob.id, zoe.id},
        "%": set(),
        "_": set(),
        "example": set(),
        "a\x00": set(),
        "a" * 300: set(),
    }
    assert {text: await found(text) for text in table} == table


async def test_a_list_goes_on_by_pages_of_fifty(harness: AppHarness) -> None:
    for number in range(52):
        await harness.person(f"p{number}@example.org", f"Person {number}")
    browser = await session_of(harness, await administrator(harness))
    page = await browser.get("/admin/people?q=person")
    assert page.text.count('class="whole"') == 50
    assert "before=" in page.text
    link = page.text.partition('href="/admin/people?q=person&amp;before=')[2].partition('"')[0]
    rest = await browser.get(f"/admin/people?q=person&before={link}")
    assert rest.text.count('class="whole"') == 2


async def test_the_page_of_a_person_shows_no_health_data(harness: AppHarness) -> None:
    ann = await harness.person(name=HOSTILE)
    app, own = await harness.app(), await harness.signed_in()
    await harness.tokens(app, own, scope="basic readmeasurements")
    browser = await session_of(harness, await administrator(harness))
    page = await browser.get(f"/admin/people/{ann.id}")
    assert page.status_code == 200
    assert "Mood Tracker" in page.text
    assert "ann@example.org" in page.text
    assert "<script" not in page.text
    assert "/account/data" not in page.text
    for missing in ("0", "9" * 30, "x"):
        assert (await browser.get(f"/admin/people/{missing}")).status_code == 404
    assert (await browser.get(f"/admin/people/{ann.id}/nothing")).status_code == 404


async def test_each_action_does_what_it_says_and_is_recorded(harness: AppHarness) -> None:
    ann, root = await harness.person(), await administrator(harness)
    own, browser = await harness.signed_in(), await session_of(harness, root)
    users, one = harness.context.stores.users, f"/admin/people/{ann.id}"

    async def act(action: str) -> None:
        response = await press(browser, f"{one}/{action}")
        assert response.status_code == 303, response.text
        assert response.headers["location"] == one

    await act("sign-out")
    assert (await own.get("/account")).status_code == 303
    await act("disable")
    found = await users.user(ann.id)
    assert found is not None
    assert found.disabled_at is not None
    await act("enable")
    await act("promote")
    found = await users.user(ann.id)
    assert found is not None
    assert found.administrator
    assert found.disabled_at is None
    await act("demote")
    await act("send-reset")
    (mail, *_) = await harness.context.outbox.recent(1)
    assert mail.mail.to == "ann@example.org"
    assert "/reset/new?token=" in mail.mail.text
    response = await press(browser, f"{one}/delete")
    assert response.headers["location"] == "/admin/people"
    assert await users.user(ann.id) is None
    done = ["sign-out", "disable", "enable", "promote", "demote", "send-reset", "delete"]
    assert actions(harness) == [(f"person.{each}", root.id, ann.id, REASON) for each in done]
    assert "Done. It is recorded." in (await browser.get("/admin/people")).text


async def test_an_action_that_does_not_apply_is_refused(harness: AppHarness) -> None:
    ann, root = await harness.person(), await administrator(harness)
    browser = await session_of(harness, root)
    page = (await browser.get(f"/admin/people/{ann.id}")).text
    for action in ("enable", "reopen", "demote", "send-confirmation"):
        assert f"/{action}" not in page
        response = await press(browser, f"/admin/people/{ann.id}/{action}")
        assert response.status_code == 400, action
    assert actions(harness) == []


@pytest.mark.parametrize("grace", ["7d"])
async def test_a_deletion_is_cancelled_and_the_person_gets_an_email(
    open_harness: OpenHarness, grace: str
) -> None:
    async with open_harness(accounts__deletion_grace=grace) as harness:
        ann, root = await harness.person(), await administrator(harness)
        now = harness.context.clock.now()
        closings = harness.context.stores.closings
        assert await closings.close_account(ann.id, now, now.replace(year=now.year + 1))
        browser = await session_of(harness, root)
        assert (await press(browser, f"/admin/people/{ann.id}/reopen")).status_code == 303
        found = await harness.context.stores.users.user(ann.id)
        assert found is not None
        assert not found.closed
        (mail, *_) = await harness.context.outbox.recent(1)
        assert mail.mail.to == "ann@example.org"


async def test_one_session_of_a_person_is_ended_and_the_others_stay(harness: AppHarness) -> None:
    ann, bob = await harness.person(), await harness.person("bob@example.org", "Bob Example")
    root = await administrator(harness)
    browser, stolen = await session_of(harness, root), await harness.signed_in()
    (of_stolen,) = await harness.context.sessions.list(ann.id)
    kept = await harness.signed_in()
    others = await harness.signed_in("bob@example.org")
    page = (await browser.get(f"/admin/people/{ann.id}")).text
    assert page.count(f"/admin/people/{ann.id}/sessions/") == 2
    assert of_stolen.sid not in page
    assert of_stolen.key.hex() not in page
    numbers = [session_number(each) for each in await harness.context.sessions.list(ann.id)]
    live = {number: f"/admin/people/{ann.id}/sessions/{number}" for number in numbers}
    (of_bob,) = await harness.context.sessions.list(bob.id)
    for path in (
        f"/admin/people/{ann.id}/sessions/{session_number(of_bob)}",
        f"{live[numbers[0]]}0",
    ):
        assert (await browser.get(path)).status_code == 404
    assert (await press(browser, live[numbers[0]], reason="x")).status_code == 422
    number = session_number(of_stolen)
    assert (await press(browser, live[number])).status_code == 303
    statuses = [(await each.get("/account")).status_code for each in (stolen, kept, others)]
    assert statuses == [303, 200, 200]
    assert (await browser.get(live[number])).status_code == 404
    assert actions(harness) == [("person.end-session", root.id, ann.id, REASON)]
