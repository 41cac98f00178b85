"""Measurements by the client at the real server: in process and over a socket, sync and async;
and by the command: ten thousand of them."""

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from target_server import TargetServer, call_method
from terminal_user import TerminalUser

from support.live_server import Live
from swagger_client import MeasurementsApi, MeasurementSet, NewMeasurement, UnitsApi, VariablesApi
from swagger_client.rest import ApiException
from swagger_client.session import AsyncOAuthSession, OAuthSession

ALL = "basic readmeasurements writemeasurements"
START = 1_439_389_320
both_kinds = pytest.mark.parametrize("kind", [OAuthSession, AsyncOAuthSession])


async def signed_in(target: TargetServer, kind: type[Any], scope: str = ALL) -> Any:
    session = target.session(kind, scope=scope)
    back = await target.allow(session.authorization_url().url)
    await call_method(session, "fetch_token", back)
    return session


async def listed(session: Any, **filters: Any) -> list[Any]:
    found = session.measurements(**filters)
    if isinstance(session, OAuthSession):
        return await asyncio.to_thread(list, found)
    return [each async for each in found]


def moods(*values: float) -> MeasurementSet:
    return MeasurementSet(
        "Overall Mood",
        [NewMeasurement(START + 60 * at, value) for at, value in enumerate(values)],
        source_name="My tracker",
        abbreviated_unit_name="/5",
        variable_category_name="Emotions",
    )


@both_kinds
async def test_recorded_measurements_are_read_again(target: TargetServer, kind: type[Any]) -> None:
    session = await signed_in(target, kind)
    sleep = NewMeasurement(datetime(2026, 11, 23, 7, tzinfo=UTC), 7.5, "like a stone")
    sets = [moods(1, 2, 3, 4, 5), MeasurementSet("Sleep", [sleep], abbreviated_unit_name="h")]
    await call_method(session, "add_measurements", sets)
    await call_method(session, "add_measurements", moods(5, 2))  # the same ones: changed, not added
    found = await listed(session, page_size=2, sort="startTime")
    assert [each.value for each in found] == [5, 2, 3, 4, 5, 7.5]
    assert found[0].start_time == datetime.fromtimestamp(START, UTC)
    assert (found[0].variable, found[0].source, found[0].unit) == (
        "Overall Mood",
        "My tracker",
        "/5",
    )
    assert found[-1].note == "like a stone"
    assert found[-1].start_time == sleep.start_time
    high = await listed(session, variable_name="Overall%", value="(gt)3", limit=10)
    assert sorted(each.value for each in high) == [4, 5, 5]
    (minutes,) = await listed(session, variable_name="Sleep", unit="min")
    assert minutes.value == 450
    one = found[1]
    assert await call_method(session, "measurement", one.id) == one
    await call_method(session, "change_measurement", one.id, {"value": 1, "note": "worse"})
    changed = await call_method(session, "measurement", one.id)
    assert (changed.value, changed.note) == (1, "worse")
    await call_method(session, "delete_measurement", one.id)
    with pytest.raises(ApiException) as caught:
        await call_method(session, "measurement", one.id)
    assert caught.value.status == 404
    odd = MeasurementSet("Blood/Pressure, 100%?", [sleep], abbreviated_unit_name="%")
    await call_method(session, "add_measurements", odd)
    assert (await call_method(session, "variable", odd.variable_name)).number_of_measurements == 1
    mood = await call_method(session, "variable", "Overall Mood")
    assert (mood.number_of_measurements, mood.unit, mood.category) == (4, "/5", "Emotions")
    assert mood.earliest_measurement_time == datetime.fromtimestamp(START, UTC)
    assert mood.last_value == 5
    assert "Emotions" in [each.name for each in await call_method(session, "variable_categories")]
    units = await call_method(session, "units")
    (hours,) = (unit for unit in units if unit.abbreviated_name == "h")
    assert [step.value for step in hours.conversion_steps] == [3600]
    assert all(step.value for unit in units for step in unit.conversion_steps or ())
    assert hours.category in [each.name for each in await call_method(session, "unit_categories")]
    await call_method(session, "close")


@both_kinds
async def test_a_refusal_has_a_reason(target: TargetServer, kind: type[Any]) -> None:
    reader = await signed_in(target, kind, "readmeasurements")
    writer = await signed_in(target, kind, "writemeasurements")
    for session, call in ((reader, ("add_measurements", moods(1))), (writer, ("measurement", 1))):
        with pytest.raises(ApiException) as caught:
            await call_method(session, *call)
        assert caught.value.status == 403
        assert "insufficient_scope" in str(caught.value)
    wrong = MeasurementSet("Mood", [NewMeasurement(START, 9)], abbreviated_unit_name="/5")
    with pytest.raises(ApiException) as caught:
        await call_method(writer, "add_measurements", [moods(1), wrong])
    assert caught.value.status == 400
    assert await listed(reader) == []
    with pytest.raises(ApiException) as caught:
        await listed(reader, value="many")
    assert caught.value.status == 400
    for session in (reader, writer):
        await call_method(session, "close")


async def test_the_classes_of_2016_by_a_session(target: TargetServer) -> None:
    session = await signed_in(target, OAuthSession)
    api = MeasurementsApi(session.api_client())

    def work() -> None:
        api.v1_measurements_post(moods(1, 2, 3))
        found, status, headers = api.v1_measurements_get_with_http_info(limit=2, sort="-value")
        assert ([each.value for each in found], status) == ([3, 2], 200)
        assert headers["Total-Count"] == "3"
        api.v2_measurements_id_put(found[0].id, {"value": 4})
        assert api.v2_measurements_id_get(found[0].id).value == 4
        api.v2_measurements_id_delete(found[1].id)
        text = api.v2_measurements_csv_get(variable_name="Overall Mood")
        assert len(list(csv.reader(io.StringIO(text)))) == 3
        variables = VariablesApi(session.api_client())
        assert [each.name for each in variables.v1_variables_get()] == ["Overall Mood"]
        assert variables.v1_variables_variable_name_get("Overall Mood").last_value == 4
        assert UnitsApi(session.api_client()).v1_units_get()

    await asyncio.to_thread(work)
    session.close()


async def test_an_application_reads_those_of_its_people(target: TargetServer) -> None:
    session = await signed_in(target, OAuthSession)
    await call_method(session, "add_measurements", moods(1, 2))
    application = target.session(OAuthSession)

    def work() -> list[Any]:
        application.fetch_application_token("readmeasurements")
        return list(application.application_measurements())

    assert sorted(each.value for each in await asyncio.to_thread(work)) == [1, 2]
    await call_method(session, "sign_out")
    assert await asyncio.to_thread(work) == []
    for each in (session, application):
        each.close()


# -------------------------------------------------------------------- the command


@pytest.fixture
async def run_command(live: Live, user: TerminalUser) -> Callable[..., Awaitable[int]]:
    """Runs commands as a signed-in person at a real server: `await run_command(…)`."""
    await live.person()
    app = await live.app("http://127.0.0.1/callback", public=True)
    loop = asyncio.get_running_loop()

    async def browser_request(url: str) -> None:
        await live.browser().get(await live.allow(url))

    def open_browser(url: str) -> bool:
        asyncio.run_coroutine_threadsafe(browser_request(url), loop)
        return True

    user.browser = open_browser
    user.now = live.context.clock.now().timestamp()

    async def typed(*words: str, terminal: bool = False) -> int:
        return await asyncio.to_thread(lambda: user.run(*words, terminal=terminal))

    status = await typed("login", "--server", live.address, "--client-id", app.id)
    assert status == 0, user.err
    return typed


@pytest.mark.slow
async def test_ten_thousand_go_in_and_come_out_again(
    run_command: Callable[..., Awaitable[int]], user: TerminalUser, tmp_path: Path
) -> None:
    count, sheet, out = 10_000, tmp_path / "sheet.csv", tmp_path / "out.csv"
    lines = [f"{_variable(at)},{at % 5 + 1},{START + 60 * at},/5,My App" for at in range(count)]
    sheet.write_text("\n".join(["variable,value,startTime,unit,source", *lines, ""]))
    assert await run_command("measurements", "import", str(sheet), terminal=True) == 0, user.err
    assert user.out == "Imported 10,000 measurements.\n"
    assert "100%  10,000 of 10,000 measurements" in user.err

    assert await run_command("measurements", "export", str(out)) == 0, user.err
    exported = list(csv.DictReader(io.StringIO(out.read_text(), newline="")))
    assert len(exported) == count
    assert await run_command("measurements", "import", str(out)) == 0, user.err  # nothing new
    assert await run_command("measurements", "export", str(tmp_path / "out.json"), "--json") == 0
    everything = json.loads((tmp_path / "out.json").read_text())
    assert sorted((each["variable"], each["value"]) for each in everything) == sorted(
        (_variable(at), at % 5 + 1) for at in range(count)
    )

    words = ("measurements", "list", "--json", "--variable", "Sleep%")
    assert await run_command(*words, "--limit", "3") == 0
    shown = json.loads(user.out)
    assert [each["value"] for each in shown] == [5, 3, 1]
    assert await run_command(*words, "--limit", "300", "--value", "(ge)5") == 0
    assert {each["value"] for each in json.loads(user.out)} == {5}
    assert len(json.loads(user.out)) == 300


def _variable(at: int) -> str:
    return "Sleep Quality" if at % 2 else "Overall Mood"


@pytest.mark.slow
async def test_an_exported_value_can_be_imported(
    run_command: Callable[..., Awaitable[int]], user: TerminalUser, tmp_path: Path
) -> None:
    sheet, first, second = (tmp_path / name for name in ("sheet.csv", "1.csv", "2.csv"))
    sheet.write_text(
        "variable,value,time,unit,source,category,note\n"
        '"=Mood/100%, all",-3,2026-11-23T12:00:00.25+01:00,-4 to 4,@home,Emotions,'
        '"-well,\nreally"\n'
        "+1,0.1,-86400,kg,,,'quoted'\n"
    )
    assert await run_command("measurements", "import", str(sheet)) == 0, user.err
    assert await run_command("measurements", "export", str(first)) == 0, user.err
    assert await run_command("measurements", "import", str(first)) == 0, user.err
    assert await run_command("measurements", "export", str(second)) == 0, user.err
    assert second.read_text() == first.read_text()
    assert await run_command("measurements", "list", "--json", "--sort", "startTime") == 0
    weight, mood = json.loads(user.out)
    assert (weight["variable"], weight["note"], weight["startTime"]) == ("+1", "'quoted'", -86400)
    assert (mood["variable"], mood["source"]) == ("=Mood/100%, all", "@home")
    assert (mood["note"], mood["unit"]) == ("-well,\nreally", "-4 to 4")
    assert mood["humanTime"] == "2026-11-23T11:00:00.250000Z"
    path = str(tmp_path / "one.json")
    words = ("measurements", "export", path, "--json", "--variable", "=Mood/100%\\, all")
    assert await run_command(*words) == 0, user.err
    assert [each["id"] for each in json.loads(Path(path).read_text())] == [mood["id"]]


@pytest.mark.slow
async def test_one_by_one(run_command: Callable[..., Awaitable[int]], user: TerminalUser) -> None:
    words = ("measurements", "add", "Sleep Quality", "4", "--unit", "/5", "--category", "Sleep")
    assert await run_command(*words, "--at", "2026-11-23T07:00Z", "--note", "like a stone") == 0
    assert await run_command("measurements", "list", "--since", "2026-11-23") == 0
    assert user.out.endswith("  Sleep Quality  4 /5  like a stone\n")
    assert await run_command("measurements", "list", "--until", "2026-11-22") == 0
    assert user.out == ""
    assert await run_command("measurements", "add", "Sleep Quality", "9", "--unit", "/5") == 1
    assert "(400)" in user.err
    assert await run_command("measurements", "list", "--value", "many") == 1
    assert "(400)" in user.err
    assert await run_command("units") == 0
    assert "/5         1 to 5 Rating (Rating)\n" in user.out
    assert await run_command("categories", "--json") == 0
    assert "Sleep" in [each["name"] for each in json.loads(user.out)]
    assert await run_command("categories") == 0
    assert "Sleep" in user.out.splitlines()
    assert await run_command("units", "--json") == 0
    assert "/5" in [each["abbreviatedName"] for each in json.loads(user.out)]


@pytest.mark.slow
async def test_a_refusal_names_the_line(
    run_command: Callable[..., Awaitable[int]], user: TerminalUser, tmp_path: Path
) -> None:
    rows = [f"{'ab'[at % 2]},{9 if at == 8 else 3},{START + at},/5" for at in range(12)]
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("\n".join(["variable,value,time,unit", *rows, ""]))
    assert await run_command("measurements", "import", str(sheet), "--batch", "5") == 1
    assert "lines 7 to 11 was refused" in user.err
    assert "Line 10 was refused" in user.err
    assert "continue with --from-line 7" in user.err
    assert await run_command("measurements", "list", "--json") == 0
    assert len(json.loads(user.out)) == 5
