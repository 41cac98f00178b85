"""/account/data and /account/activity: one's own measurements, and who looked at them."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.model.measurements import Access
from quantimodo.model.user_profiles import Profile
from quantimodo.pages.timestamps import in_zone, zone_named
from support.account_services import PASSWORD
from support.page_site import Site, Visitor

DATA = "/account/data"
ONE = {"variable": "Sleep Quality", "value": "3", "unit": "/5", "category": "Sleep"}
WHEN = "2026-11-23T07:30"
HEAD = (
    "Variable Name,Value,Unit,Start Time,Source,Note,Variable Category Name,"
    "Combination Operation,Stored Value,Stored Unit\r\n"
)


async def add(visitor: Visitor, **changes: str) -> Any:
    return await visitor.submit(DATA, **{**ONE, "when": WHEN, "note": "", **changes})


async def take_in(visitor: Visitor, content: bytes) -> Any:
    fields = await visitor.form(DATA, f"{DATA}/import")
    files = {"file": ("x.csv", content, "text/csv")}
    return await visitor.http.post(f"{DATA}/import", data=fields, files=files)


async def test_nothing_is_recorded_at_first(ann: Visitor) -> None:
    page = await ann.get(DATA)
    assert "Nothing is recorded yet" in page.text
    assert 'class="chart"' not in page.text


async def test_a_measurement_is_added_shown_and_deleted(ann: Visitor) -> None:
    added = await add(ann, note="slept <b>well</b>")
    assert added.headers["location"] == f"{DATA}/variable?name=Sleep%20Quality"
    page = await ann.get(added.headers["location"])
    assert "The measurement is kept." in page.text
    assert "<strong>3/5</strong>" in page.text
    assert "23 November 2026, 07:30 UTC" in page.text
    assert "slept &lt;b&gt;well&lt;/b&gt;" in page.text
    assert "1 value from " in page.text
    assert "between 3/5 and 3/5</desc>" in page.text
    overview = await ann.get(DATA)
    assert 'aria-label="Sleep Quality: between 3/5 and 3/5"' in overview.text
    assert "1 measurement" in overview.text
    gone = await ann.submit(added.headers["location"], f"{DATA}/remove")
    assert gone.status_code == 200
    assert "The measurement is deleted." in gone.text
    assert "0 measurements" in (await ann.get(DATA)).text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"value": "much"}, "Enter a number."),
        ({"value": "1_000"}, "Enter a number."),
        ({"value": "nan"}, "Enter a number."),
        ({"value": "1e999"}, "Enter a number."),
        ({"when": "45047"}, "This may be a spreadsheet&#39;s date"),
        ({"value": "1,234"}, "Write it without a comma"),
        ({"value": "7"}, "Value is above 5, the most of its unit."),
        ({"variable": " "}, "Enter what you measured."),
        ({"unit": ""}, "This is new: choose its unit too."),
        ({"when": "tomorrow"}, "The time cannot be read"),
        ({"when": ""}, "Enter when it was."),
        ({"note": "x" * 2001}, "The note is longer"),
    ],
)
async def test_the_errors_are_shown_and_the_entered_text_stays(
    ann: Visitor, changes: dict[str, str], text: str
) -> None:
    response = await add(ann, **changes)
    assert response.status_code == 422
    assert text in response.text
    if "variable" not in changes:
        assert 'value="Sleep Quality"' in response.text
    assert "Nothing is recorded yet" in response.text


async def test_all_that_is_wrong_with_the_form_is_said_at_once(ann: Visitor) -> None:
    response = await add(ann, variable="", value="much", when="soon", note="x" * 2001)
    assert response.status_code == 422
    for text in (
        "Enter what you measured.",
        "Enter a number.",
        "The time cannot be read",
        "is longer",
    ):
        assert text in response.text
    response = await add(ann, value="much", unit="", when="")
    for text in ("This is new: choose its unit too.", "Enter a number.", "Enter when it was."):
        assert text in response.text


# --------------------------------------------------------------------------------- edit


async def test_a_measurement_is_edited_and_keeps_what_is_not_changed(
    site: Site, ann: Visitor
) -> None:
    user = await site.services.stores.users.user_by_email("ann@example.org")
    assert user is not None
    two = [SentMeasurement(start_time=1_700_000_012.25, value=150, note="a\nb")]
    two += [SentMeasurement(start_time=1_700_000_100, value=151)]
    pounds = SentSet(measurements=two, variable_name="Weight", unit="lb", source="App")
    await site.pages.measurement_service.save(user.id, [pounds])
    listed = (await ann.get(f"{DATA}/variable?name=Weight")).text
    pages = re.findall(rf'href="({DATA}/measurement\?id=\d+)"', listed)
    edit = pages[1]
    before = (await ann.get(f"{DATA}/export")).text
    fields = {**await ann.form(edit, f"{DATA}/measurement"), "unit": "lb"}
    assert (fields["value"], fields["when"], fields["note"]) == ("150", "2023-11-14T22:13", "a\nb")

    async def save(**changes: str) -> Any:
        return await ann.http.post(f"{DATA}/measurement", data={**fields, **changes})

    assert (await save()).headers["location"] == f"{DATA}/variable?name=Weight"
    assert (await ann.get(f"{DATA}/export")).text == before, "nothing was changed, seconds neither"
    for changes, text in (
        ({"value": "much"}, "Enter a number."),
        ({"when": ""}, "Enter when it was."),
        ({"when": "soon"}, "The time cannot be read"),
        ({"note": "x" * 2001}, "The note is longer"),
        ({"unit": "cm"}, "has a unit of another kind"),
        ({"when": "2023-11-14T22:15:00Z"}, "There is another measurement of this variable"),
    ):
        refused = await save(**changes)
        assert refused.status_code == 422
        assert text in refused.text
    assert (await save(id="0")).status_code == 404
    await save(value="70.5", unit="kg", note="")
    assert ",70.5,kg\r\n" in (await ann.get(f"{DATA}/export")).text
    await site.services.member("bob@example.org")
    async with site.visitor() as bob:
        await bob.sign_in("bob@example.org", PASSWORD)
        assert (await bob.get(edit)).status_code == 404
        own = {**fields, "csrf": (await bob.form(DATA, DATA))["csrf"]}
        assert (await bob.http.post(f"{DATA}/measurement", data=own)).status_code == 404


# --------------------------------------------------------------------------------- undo


async def deleted(visitor: Visitor, page: str) -> dict[str, str]:
    """Deletes the newest measurement of a page; the form that restores it."""
    response = await visitor.submit(page, f"{DATA}/remove")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    form = response.text.partition(f'action="{DATA}/restore"')[2].partition("</form>")[0]
    found = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    assert [name for name, _ in found] == ["csrf", "deleted"]
    return dict(found)


async def test_a_deleted_measurement_is_restored_as_it_was(site: Site, ann: Visitor) -> None:
    user = await site.services.stores.users.user_by_email("ann@example.org")
    assert user is not None
    one = [SentMeasurement(start_time=1_700_000_000.25, value=150, note="\n=1 'x' ")]
    kilos = SentSet(measurements=[], variable_name="Weight", unit="kg", combination_operation="SUM")
    pounds = SentSet(measurements=one, variable_name="Weight", unit="lb", source="App")
    await site.pages.measurement_service.save(user.id, [kilos, pounds])
    before = (await ann.get(f"{DATA}/export")).content
    page = f"{DATA}/variable?name=Weight"
    fields = await deleted(ann, page)
    assert b"150" not in (await ann.get(f"{DATA}/export")).content
    response = await ann.http.post(f"{DATA}/restore", data=fields)
    assert response.headers["location"] == page
    assert "The measurement is restored." in (await ann.get(page)).text
    assert (await ann.get(f"{DATA}/export")).content == before
    again = await ann.http.post(f"{DATA}/restore", data=fields)
    assert "was not restored" in (await ann.get(again.headers["location"])).text
    assert (await ann.get(f"{DATA}/export")).content == before
    fields = await deleted(ann, page)
    await ann.submit(f"{DATA}/delete?name=Weight")
    await ann.http.post(f"{DATA}/restore", data=fields)
    assert (await ann.get(f"{DATA}/export")).content == before, "of a variable that is gone, too"


async def test_security_23b_the_database_keeps_nothing_to_restore(site: Site, ann: Visitor) -> None:
    """security.md §23b: the sealed values are on the page only, for ten minutes."""
    added = await add(ann, note="a secret note")
    fields = await deleted(ann, added.headers["location"])
    assert "a secret note" not in fields["deleted"]
    site.services.clock.advance(timedelta(minutes=10))
    late = await ann.http.post(f"{DATA}/restore", data=fields)
    assert "too late to restore" in (await ann.get(late.headers["location"])).text
    assert "0 measurements" in (await ann.get(DATA)).text


async def test_only_the_session_that_deleted_restores(site: Site, ann: Visitor) -> None:
    added = await add(ann)
    fields = await deleted(ann, added.headers["location"])
    sealed = fields["deleted"]
    for wrong in ("", "x", sealed[:-4], sealed[::-1], f"B{sealed[1:]}", "é"):
        refused = await ann.http.post(f"{DATA}/restore", data={**fields, "deleted": wrong})
        assert "too late to restore" in (await ann.get(refused.headers["location"])).text, wrong
    assert (await ann.http.post(f"{DATA}/restore", data={"deleted": sealed})).status_code == 403
    await site.services.member("bob@example.org")
    async with site.visitor() as bob:
        await bob.sign_in("bob@example.org", PASSWORD)
        own = await bob.form(DATA, DATA)
        data = {"csrf": own["csrf"], "deleted": sealed}
        refused = await bob.http.post(f"{DATA}/restore", data=data)
        assert "too late to restore" in (await bob.get(refused.headers["location"])).text
        assert "Sleep Quality" not in (await bob.get(DATA)).text


async def test_measurements_that_were_recorded_meanwhile_are_not_replaced(ann: Visitor) -> None:
    added = await add(ann)
    fields = await deleted(ann, added.headers["location"])
    await add(ann, value="5")
    await ann.http.post(f"{DATA}/restore", data=fields)
    page = await ann.get(added.headers["location"])
    assert "was not restored" in page.text
    assert "5/5" in page.text
    assert "1 measurement" in page.text


async def test_a_file_is_imported_whole_or_not_at_all(ann: Visitor) -> None:
    head = HEAD
    good = head + "Mood,4,/5,2026-11-01T10:00:00Z,App,'=1+1,Emotions,MEAN,,\r\n"
    bad = good + "Mood,9,/5,2026-11-02T10:00:00Z,App,,Emotions,MEAN,,\r\n"
    for content, text in (
        (bad.encode(), "Line 3: Value is above 5"),
        (b"a,b\n1,2\n", "line 1 must name the column"),
        (head.encode(), "no measurements"),
        (head.encode() + b"Mood,x,/5,2026-11-01,,,\n", "line 2: Value is not a number"),
        (head.encode() + b"Mood,3,/5,45047,,,\n", "line 2: this number may be a spreadsheet"),
        (b"Variable,Unit,Time,Value\nWeight,kg,2023-05-01,72,5\n", "line 2 has more cells"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (head.encode() + b'"Mood', "line 2: this is not CSV"),
    ):
        response = await take_in(ann, content)
        assert response.status_code == 422, text
        assert text.lower() in response.text.lower()
        assert "Nothing is recorded yet" in response.text
    assert (await take_in(ann, b"\xef\xbb\xbf" + good.encode())).status_code == 303
    assert "Mood" in (await ann.get(DATA)).text
    exported = (await ann.get(f"{DATA}/export")).text
    assert exported == good
    assert (await take_in(ann, exported.encode())).status_code == 303
    assert (await ann.get(f"{DATA}/export?name=Nothing")).text == head


async def test_an_export_is_the_same_in_another_account(site: Site, ann: Visitor) -> None:
    user = await site.services.stores.users.user_by_email("ann@example.org")
    assert user is not None
    steps = [SentMeasurement(start_time=1_700_000_000, value=7, note=note) for note in ("x",)]
    notes = ("＝1", "＋", "－x", "＠", "\nbelow", "'quoted'", "'=1", " well ", "a\r\nb", '"', "\tx")
    weights = [
        SentMeasurement(start_time=1_700_000_000 + at, value=150 + at, note=note)
        for at, note in enumerate(notes)
    ]
    await site.pages.measurement_service.save(
        user.id,
        [
            SentSet(measurements=steps, variable_name="Steps", unit="count",
                    combination_operation="SUM"),
            SentSet(measurements=steps, variable_name="Weight", unit="kg"),
            SentSet(measurements=weights, variable_name="Weight", unit="lb", source="-App"),
        ],
    )  # fmt: skip
    exported = (await ann.get(f"{DATA}/export")).content
    assert b",150,lb" in exported
    await site.services.member("bob@example.org")
    async with site.visitor() as bob:
        await bob.sign_in("bob@example.org", PASSWORD)
        assert (await take_in(bob, exported)).status_code == 303
        assert (await bob.get(f"{DATA}/export")).content == exported
        edited = exported.replace(b"68.0388555,kg", b"70,kg", 1)
        refused = await take_in(bob, edited)
        assert refused.status_code == 422
        assert "Value and Stored Value are not the same quantity" in refused.text


async def test_an_export_begins_with_a_byte_order_mark_by_choice(ann: Visitor) -> None:
    await add(ann)
    for path in (
        f"{DATA}/export",
        f"{DATA}/export?name=Sleep%20Quality",
        "/account/activity/export",
    ):
        plain = (await ann.get(path)).content
        mark = "&" if "?" in path else "?"
        marked = (await ann.get(f"{path}{mark}bom=true")).content
        assert marked == b"\xef\xbb\xbf" + plain
    assert "export?bom=true" in (await ann.get(DATA)).text
    assert "bom=true" in (await ann.get(f"{DATA}/variable?name=Sleep%20Quality")).text


async def test_ten_thousand_lines_are_imported_at_once_and_no_more(ann: Visitor) -> None:
    head = HEAD
    lines = [
        f"Heart Rate,{at % 100},bpm,{1_439_389_320 + at},A watch that tells it,"
        "Noted each minute,Vital Signs,,,\r\n"
        for at in range(10_001)
    ]
    refused = await take_in(ann, (head + "".join(lines)).encode())
    assert refused.status_code == 422
    assert "more than 10000 measurements" in refused.text
    assert "Nothing is recorded yet" in refused.text
    assert (await take_in(ann, (head + "".join(lines[1:])).encode())).status_code == 303
    assert "10,000 measurements" in (await ann.get(DATA)).text
    exported = (await ann.get(f"{DATA}/export")).content
    assert (await take_in(ann, exported)).status_code == 303
    assert (await ann.get(f"{DATA}/export")).content == exported


async def test_a_file_that_is_too_large_is_refused_by_a_page(ann: Visitor) -> None:
    response = await take_in(ann, b"x" * (4 * 1024 * 1024))
    assert response.status_code == 413
    assert response.headers["content-type"].startswith("text/html")
    assert "too large" in response.text


async def test_times_are_shown_and_read_in_the_zone_of_the_profile(
    site: Site, ann: Visitor
) -> None:
    assert "When (UTC)" in (await ann.get(DATA)).text
    await ann.submit("/account/profile", "/account/profile/details", zoneinfo="Europe/Berlin")
    page = await ann.get(DATA)
    assert "When (Europe/Berlin)" in page.text
    begins = in_zone(site.services.clock.now(), zone_named("Europe/Berlin"))
    assert f'value="{begins:%Y-%m-%dT%H:%M}"' in page.text
    added = await add(ann)
    page = await ann.get(added.headers["location"])
    assert "23 November 2026, 07:30 CET" in page.text
    assert "2026-11-23T06:30:00Z" in (await ann.get(f"{DATA}/export")).text
    assert "23 November 2026, 07:30 CET" in (await ann.get(DATA)).text


async def test_times_at_the_ends_of_the_calendar_are_shown(ann: Visitor) -> None:
    await ann.submit("/account/profile", "/account/profile/details", zoneinfo="Pacific/Apia")
    for when in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        added = await add(ann, when=when)
        assert (await ann.get(added.headers["location"])).status_code == 200
        assert (await ann.get(DATA)).status_code == 200


async def test_numbers_are_shown_with_all_their_digits(ann: Visitor) -> None:
    for value, form_errors in (
        ("1234567.5", "1,234,567.5"),
        ("0.1", "<strong>0.1</strong>"),
        ("-3e20", "-3e+20"),
    ):
        added = await add(ann, variable="Steps", unit="count", value=value, when=WHEN)
        assert form_errors in (await ann.get(added.headers["location"])).text
        assert form_errors in (await ann.get(DATA)).text


async def test_another_of_the_same_is_one_step_away(ann: Visitor) -> None:
    added = await add(ann, variable='Tea & "biscuits"', unit="count")
    page = await ann.get(added.headers["location"])
    assert f"{DATA}?add=Tea%20%26%20%22biscuits%22#add-head" in page.text
    form = await ann.form(f"{DATA}?add=Tea%20%26%20%22biscuits%22", DATA)
    assert form["variable"] == 'Tea & "biscuits"'


async def test_a_variable_is_deleted_only_after_a_question(ann: Visitor) -> None:
    await add(ann)
    question = f"{DATA}/delete?name=Sleep%20Quality"
    assert "none of it can be brought back" in (await ann.get(question)).text
    assert (await ann.submit(question)).status_code == 303
    assert "Nothing is recorded yet" in (await ann.get(DATA)).text


async def test_people_see_and_delete_only_their_own_data(site: Site, ann: Visitor) -> None:
    await add(ann)
    form = await ann.form(f"{DATA}/variable?name=Sleep%20Quality", f"{DATA}/remove")
    await site.services.member("bob@example.org")
    async with site.visitor() as bob:
        await bob.sign_in("bob@example.org", PASSWORD)
        await _meddle(bob, str(form["id"]))
    assert "1 measurement" in (await ann.get(DATA)).text


async def _meddle(bob: Visitor, number: str) -> None:
    assert "Sleep Quality" not in (await bob.get(DATA)).text
    assert (await bob.get(f"{DATA}/variable?name=Sleep%20Quality")).status_code == 404
    assert (await bob.get(f"{DATA}/delete?name=Sleep%20Quality")).status_code == 404
    own = await bob.form(DATA, DATA)
    for path, fields in ((f"{DATA}/remove", {"id": number}),
                         (f"{DATA}/delete", {"name": "Sleep Quality"})):  # fmt: skip
        response = await bob.http.post(path, data={"csrf": own["csrf"], **fields})
        assert response.status_code == 404


async def test_strangers_sign_in_first(visitor: Visitor) -> None:
    for path in (DATA, f"{DATA}/export", f"{DATA}/variable?name=x", "/account/activity"):
        response = await visitor.get(path)
        assert response.status_code == 303
        assert response.headers["location"].startswith("/sign-in")


async def test_many_measurements_come_page_by_page(site: Site, ann: Visitor) -> None:
    user = await site.services.stores.users.user_by_email("ann@example.org")
    assert user is not None
    many = [SentMeasurement(start_time=60 * at, value=at % 5 + 1) for at in range(60)]
    await site.pages.measurement_service.save(
        user.id,
        [SentSet(measurements=many, variable_name="Mood", abbreviated_unit_name="/5")],
    )
    page = await ann.get(f"{DATA}/variable?name=Mood")
    assert page.text.count(f'action="{DATA}/remove"') == 25
    assert "offset=25" in page.text
    last = await ann.get(f"{DATA}/variable?name=Mood&offset=50")
    assert last.text.count(f'action="{DATA}/remove"') == 10
    for offset in ("x", "-1", "9" * 30):
        assert (await ann.get(f"{DATA}/variable?name=Mood&offset={offset}")).status_code == 200


async def test_activity_names_the_app_of_each_event(site: Site, ann: Visitor) -> None:
    assert "No application looked at your data" in (await ann.get("/account/activity")).text
    user = await site.services.stores.users.user_by_email("ann@example.org")
    assert user is not None
    app = await site.register(user)
    now = site.services.clock.now()
    noted = [
        Access(
            user_id=user.id,
            client_id=app.id if at else "an-app-that-is-gone",
            action="write" if at % 2 else "read",
            first_at=now - timedelta(hours=at),
            last_at=now - timedelta(hours=at),
            variable="Mood" if at else "=evil",
            measurements=at + 1,
        )
        for at in range(60)
    ]
    await site.services.stores.accesses.add_accesses(noted)
    page = await ann.get("/account/activity")
    assert page.text.count("<strong>") == 50
    assert "Older" in page.text
    assert "A deleted application" in page.text
    assert "400 days" in page.text
    older = page.text.partition("activity?before=")[2].partition('"')[0]
    assert (await ann.get(f"/account/activity?before={older}")).text.count("<strong>") == 10
    rows = list(csv.DictReader(io.StringIO((await ann.get("/account/activity/export")).text)))
    assert len(rows) == 60
    assert {row["Did"] for row in rows} == {"Read", "Recorded or changed"}
    assert "'=evil" in [row["What"] for row in rows]


async def test_all_of_the_activity_is_exported(site: Site, ann: Visitor) -> None:
    user = await site.services.stores.users.user_by_email("ann@example.org")
    assert user is not None
    now = site.services.clock.now()
    for start in range(0, 1_200, 200):
        await site.services.stores.accesses.add_accesses(
            [
                Access(
                    user_id=user.id,
                    client_id="some-app",
                    action="read",
                    first_at=now - timedelta(hours=at),
                    last_at=now - timedelta(hours=at),
                    variable=f"Variable {at}",
                )
                for at in range(start, start + 200)
            ]
        )
    rows = list(csv.DictReader(io.StringIO((await ann.get("/account/activity/export")).text)))
    assert sorted(row["What"] for row in rows) == sorted(f"Variable {at}" for at in range(1_200))


async def test_activity_of_one_app_alone(site: Site, ann: Visitor) -> None:
    user = await site.services.stores.users.user_by_email("ann@example.org")
    assert user is not None
    one, other = await site.register(user), await site.register(user)
    now = site.services.clock.now()
    await site.services.stores.accesses.add_accesses(
        [
            Access(
                user_id=user.id,
                client_id=(one if at % 3 == 0 else other).id,
                action="read",
                first_at=now - timedelta(hours=at),
                last_at=now - timedelta(hours=at),
                variable="Mood",
                measurements=1,
            )
            for at in range(180)
        ]
    )
    path = f"/account/activity?app={one.id}"
    page = await ann.get(path)
    assert page.text.count("1 measurement") == 50
    older = page.text.partition("before=")[2].partition('"')[0]
    assert (await ann.get(f"{path}&before={older}")).text.count("1 measurement") == 10
    nothing = await ann.get("/account/activity?app=no-such-app")
    assert nothing.text.count("1 measurement") == 50, "as if nothing was asked for"
    for name in ("app", "day", "before"):
        for value in (f"x&{name}=y", "9" * 5_000, "-1", "%00", "%ff", "%D9%A3"):
            page = await ann.get(f"/account/activity?{name}={value}")
            assert page.text.count("1 measurement") == 50, f"{name}={value[:9]}"
    assert (await ann.http.post("/account/activity")).status_code == 405


async def test_activity_of_one_day_in_the_time_zone_of_the_person(site: Site, ann: Visitor) -> None:
    user = await site.services.stores.users.user_by_email("ann@example.org")
    assert user is not None
    await site.services.stores.profiles.save_profile(
        user.id, Profile(zoneinfo="Asia/Kolkata"), site.services.clock.now()
    )
    app = await site.register(user)
    midnight = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)  # where the person is
    for at, variable in ((-1, "Before"), (0, "First"), (24 * 60 - 1, "Last"), (24 * 60, "After")):
        moment = midnight + timedelta(minutes=at)
        read = Access(
            user_id=user.id,
            client_id=app.id,
            action="read",
            first_at=moment,
            last_at=moment,
            variable=variable,
        )
        await site.services.stores.accesses.add_accesses([read])
    for path in ("day=2026-11-23", f"day=2026-11-23&app={app.id}"):
        page = (await ann.get(f"/account/activity?{path}")).text
        assert [name in page for name in ("Before", "First", "Last", "After")] == [
            *(False, True, True, False)
        ]
    assert "Nothing on this day" in (await ann.get("/account/activity?day=2026-11-20")).text
    for wrong in ("x", "0001-01-01", "9999-12-31", "2026-13-01", "%00"):
        page = (await ann.get(f"/account/activity?day={wrong}")).text
        assert "Before" in page, "as if nothing was asked for"


async def test_reads_of_the_profile_are_shown(site: Site, ann: Visitor) -> None:
    user = await site.services.stores.users.user_by_email("ann@example.org")
    assert user is not None
    app = await site.register(user)
    await site.allow(user, app, "basic")
    now = site.services.clock.now()
    read = Access(
        user_id=user.id,
        client_id=app.id,
        action="profile",
        first_at=now,
        last_at=now,
        requests=3,
    )
    await site.services.stores.accesses.add_accesses([read])
    page = (await ann.get("/account/activity")).text
    assert page.count("Read your profile 3 times") == 2
    assert page.count("everything") == 1, "the note about filters"
    assert "Last read your profile" in (await ann.get("/account")).text
    rows = list(csv.DictReader(io.StringIO((await ann.get("/account/activity/export")).text)))
    assert [(row["Did"], row["What"]) for row in rows] == [("Read your profile", "")]
