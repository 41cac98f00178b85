"""The tools of `/mcp`: the measurements API in other words, with its consent, limits and log."""

import asyncio
import json
from typing import Any

from mcp_agent import (
    BOTH,
    LIST,
    MODERN,
    ON,
    RESOURCE,
    Agent,
    call_of,
    message,
    open_agent,
    tokens_for,
)

from quantimodo.agents.tools import TOOLS, error_text
from quantimodo.measurements.errors import MeasurementError
from support.app import AppHarness, OpenHarness
from support.source_trees import SOURCE

DAYS = 86_400
SLEEP = [{"type": "health_measurements", "actions": ["read"], "categories": ["Sleep"], "days": 30}]


async def record(harness: AppHarness, *rows: tuple[str, str, str, int, float]) -> None:
    """The person has these: variable, category, unit, days ago, value."""
    app = await harness.app(first_party=True)
    token = (await harness.tokens(app, scope="writemeasurements"))["access_token"]
    now = int(harness.context.clock.now().timestamp())
    body = [
        {
            "variableName": name,
            "variableCategoryName": category,
            "abbreviatedUnitName": unit,
            "sourceName": "Own",
            "measurements": [{"startTime": now - days * DAYS, "value": value, "note": name}],
        }
        for name, category, unit, days, value in rows
    ]
    headers = {"authorization": f"Bearer {token}"}
    response = await harness.browser().post("/api/v1/measurements", json=body, headers=headers)
    assert response.status_code == 200, response.text


async def test_9396_sleep_read_30_days_is_all_there_is(open_harness: OpenHarness) -> None:
    async with open_harness(**ON) as harness:
        await harness.person()
        await record(
            harness,
            ("Sleep Quality", "Sleep", "/5", 3, 4),
            ("Sleep Quality", "Sleep", "/5", 29, 2),
            ("Sleep Quality", "Sleep", "/5", 31, 1),
            ("Old Sleep", "Sleep", "h", 100, 8),
            ("Mood", "Emotions", "/5", 3, 5),
        )
        app = await harness.app(name="Sleep Agent")
        tokens = await harness.tokens(
            app, scope=BOTH, resource=RESOURCE, authorization_details=json.dumps(SLEEP)
        )
        assert tokens["scope"] == "readmeasurements"
        assert tokens["authorization_details"] == SLEEP
        agent = Agent(harness, tokens["access_token"])
        listed = await agent.call("list_variables")
        assert listed["total"] == 1
        (variable,) = listed["variables"]
        assert (variable["name"], variable["measurements"]) == ("Sleep Quality", 2)
        read = await agent.call("read_measurements")
        assert [row["value"] for row in read["measurements"]] == [4, 2]
        week = await agent.call("aggregate_measurements", every="week", newest_first=False)
        assert [row["value"] for row in week["spans"]] == [2, 4]
        for hidden in ("Mood", "Old Sleep", "Never measured"):
            found = await agent.call("read_measurements", variable=hidden)
            assert found == {"measurements": [], "total": 0, "next_offset": None}
            assert (await agent.call("list_variables", name=hidden))["total"] == 0
        # The details have no action for it, so more has to be allowed.
        assert (
            await agent.post(call_of("add_measurement", variable="X", value=1))
        ).status_code == 403
        # The person sees each read, as one of this application.
        await harness.context.accesses.flush()
        page = (await (await harness.signed_in()).get(f"/account/activity?app={app.id}")).text
        assert "Sleep Agent" in page
        user = await harness.context.stores.users.user_by_email("ann@example.org")
        assert user is not None
        logged = sorted(
            (each.action, each.variable, each.measurements, each.requests)
            for _, each in await harness.context.stores.accesses.accesses_of(user.id)
            if each.client_id == app.id
        )
        absent = ("Mood", "Never measured", "Old Sleep")
        named = [*absent, *(f"%{each}%" for each in absent)]
        assert logged == sorted([("read", "", 5, 3), *(("read", each, 0, 1) for each in named)])


async def test_the_consent_page_is_that_of_health_data(open_harness: OpenHarness) -> None:
    async with open_harness(**ON) as harness:
        await harness.person()
        app, browser = await harness.app(), await harness.signed_in()
        page = (await harness.ask(browser, app, scope=BOTH, resource=RESOURCE)).text
        assert page.count("<h3>Read your measurements</h3>") == 1
        # The scope to write is a choice, which is off at first.
        box = f'name="scope" value="{RESOURCE}#0:writemeasurements"'
        assert box in page
        assert f"{box} checked" not in page
        assert 'name="category" value="Sleep"' in page
        assert "An API of others" not in page
        await harness.authorize(browser, app, scope=BOTH, resource=RESOURCE)
        again = (await browser.get(f"/account/apps/{app.id}")).text
        assert "Read your measurements" in again
        assert f'value="{RESOURCE}#0:readmeasurements" checked' in again


async def test_a_measurement_is_added_as_that_of_the_application(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(**ON) as harness:
        await harness.person()
        agent = await open_agent(harness)
        added = {"variable": "Nap, 50% !", "value": 45, "unit": "min", "category": "Sleep"}
        assert await agent.call("add_measurement", **added, note="short") == {"saved": 1}
        assert await agent.call("add_measurement", **added, time="2026-01-31T14:00:00+01:00")
        assert await agent.call("add_measurement", **added, time="2026-01-31T13:00:00Z")
        read = await agent.call("read_measurements", variable=added["variable"], limit=1)
        assert (read["total"], read["next_offset"]) == (2, 1)
        (row,) = read["measurements"]
        assert (row["source"], row["note"], row["unit"]) == ("Mood Tracker", "short", "min")
        hours = await agent.call("read_measurements", unit="h", offset=1)
        assert (hours["measurements"][0]["value"], hours["next_offset"]) == (0.75, None)
        assert hours["measurements"][0]["time"].startswith("2026-01-31T13:00")
        found = await agent.call("read_measurements", since="2026-01-31", before="2026-02-01")
        assert found["total"] == 1
        spans = await agent.call("aggregate_measurements", every="day", time_zone="Europe/Berlin")
        assert spans["spans"][-1]["measurements"] == 1
        # Of others there is nothing.
        await harness.person("bob@example.org")
        other = await tokens_for(harness, await harness.app(), email="bob@example.org")
        assert (await Agent(harness, other["access_token"]).call("list_variables"))["total"] == 0


async def test_wrong_arguments_are_refused_without_their_values(
    open_harness: OpenHarness,
) -> None:
    nap: dict[str, Any] = {"variable": "Nap", "value": 1, "unit": "min"}
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("read_measurements", {"limit": 201}, "the argument limit does not fit"),
        ("read_measurements", {"offset": -1}, "the argument offset does not fit"),
        ("read_measurements", {"variable": ""}, "the argument variable does not fit"),
        ("read_measurements", {"zebra": 1}, "the arguments do not fit"),
        ("read_measurements", {"since": "zebra"}, "neither seconds since 1970 nor ISO 8601"),
        ("read_measurements", {"unit": "zebra"}, "unit"),
        ("aggregate_measurements", {"every": "zebra"}, "the argument every does not fit"),
        ("aggregate_measurements", {}, "the arguments do not fit"),
        ("aggregate_measurements", {"every": "day", "time_zone": "zebra"}, "time zone"),
        ("add_measurement", {**nap, "value": "zebra"}, "the argument value does not fit"),
        ("add_measurement", {**nap, "time": "45047"}, "startTime is text that may be"),
        ("add_measurement", {**nap, "unit": None}, "a new variable needs its"),
        ("add_measurement", {**nap, "note": "\u0000zebra"}, "the note has characters"),
        ("add_measurement", {**nap, "variable": "\u0000zebra"}, "variableName has characters"),
    ]
    async with open_harness(**ON) as harness:
        await harness.person()
        agent = await open_agent(harness)
        for tool, arguments, words in refused:
            text = await agent.refusal(tool, **arguments)
            assert words in text, (tool, arguments, text)
            assert "zebra" not in text
            assert not text.startswith("set 0")
        unknown = await agent.post(call_of("delete_everything"))
        assert unknown.json()["error"]["code"] == -32602
    hint = MeasurementError("not allowed; GET /api/v2/consents/current shows what is allowed")
    assert error_text(hint) == "not allowed"


async def test_reads_have_the_limits_of_the_api(open_harness: OpenHarness) -> None:
    async with open_harness(**ON) as harness:
        ann = await harness.person()
        agent = await open_agent(harness)
        reads = harness.context.reads

        async def hold(free: asyncio.Event) -> None:
            async with reads.place(ann.id):
                await free.wait()

        free = asyncio.Event()
        held = [
            asyncio.create_task(hold(free))
            for _ in range(harness.context.settings.reads.per_person + 16)
        ]
        await asyncio.sleep(0)
        refused = await agent.post(call_of("read_measurements"))
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert refused.json()["error"] == "temporarily_unavailable"
        free.set()
        await asyncio.gather(*held)
        assert (await agent.call("read_measurements"))["total"] == 0


async def test_both_kinds_of_clients_are_served(open_harness: OpenHarness) -> None:
    """The revision 2026-07-28 has no handshake; earlier ones begin with `initialize`."""
    async with open_harness(**ON) as harness:
        await harness.person()
        agent = await open_agent(harness)
        client = {"name": "agent", "version": "1"}
        begun = await agent.result(
            message("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=client)
        )
        assert begun["protocolVersion"] == "2025-11-25"
        assert begun["serverInfo"]["name"] == "quantimodo"
        assert set(begun["capabilities"]) == {"tools"}
        listed = {tool["name"]: tool for tool in (await agent.result(LIST))["tools"]}
        assert set(listed) == set(TOOLS)
        assert listed["read_measurements"]["annotations"]["readOnlyHint"] is True
        assert listed["add_measurement"]["annotations"]["readOnlyHint"] is False
        meta = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": client,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        call = message("tools/call", name="list_variables", arguments={}, _meta=meta)
        result = await agent.result(
            call, mcp_protocol_version=MODERN, mcp_method="tools/call", mcp_name="list_variables"
        )
        assert result["structuredContent"]["total"] == 0


def test_only_one_module_needs_the_extra() -> None:
    needs = [
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if any(
            line.startswith(("import mcp", "from mcp")) for line in path.read_text().splitlines()
        )
    ]
    assert needs == ["agents/sdk.py"]
