"""`quantimodo statistics`: the numbers of /admin/statistics."""

import asyncio
from datetime import UTC, datetime

from quantimodo.model.server_counts import Counted
from quantimodo.ops.daily_numbers import TITLES
from quantimodo.storage.open import open_stores
from support.terminal import Terminal


def test_the_command_prints_the_numbers_of_each_day(terminal: Terminal) -> None:
    terminal.does("users", "create", "--email", "ada@example.org", "--name", "Ada", "--verified")
    days = terminal.does("statistics", "--days", "3", "--json").json
    assert [set(each) for each in days] == [{"day", *TITLES}] * 3
    assert [each["accounts"] for each in days] == [0, 0, 1]
    lines = terminal.does("statistics", "--days", "2").out.splitlines()
    assert lines[0].split() == ["day", *TITLES]
    assert len([line for line in lines if line.startswith("20")]) == 2
    assert terminal("statistics", "--days", "401").code == 2
    assert terminal("statistics", "--days", "0").code == 2


async def add_counts(terminal: Terminal, at: datetime, counted: Counted) -> None:
    """What a server writes."""
    stores = await open_stores(f"sqlite:///{terminal.folder / 'var' / 'quantimodo.db'}")
    await stores.server_counts.add_counts(at, counted)
    await stores.close()


def test_the_command_prints_hours_tokens_refusals_and_latencies(terminal: Terminal) -> None:
    terminal.does("database", "migrate")
    nothing = terminal.does("statistics", "--show", "tokens").out
    assert nothing == "nothing was counted in this time\n"
    assert terminal.does("statistics", "--show", "latencies", "--json").json == []
    now = datetime.now(UTC)
    counted: Counted = {
        ("tokens", "refresh_token"): 5,
        ("tokens", "client_credentials"): 7,
        ("refusals", "code_used"): 2,
        ("app-refusals", ""): 2,
        ("durations", "tokens 0.005"): 12,
    }
    asyncio.run(add_counts(terminal, now, counted))
    hours = terminal.does("statistics", "--hours", "48", "--json").json
    assert [set(each) for each in hours] == [{"hour", *TITLES}] * 48
    assert sum(each["tokens"] for each in hours) == 12
    assert sum(each["refusals"] for each in hours) == 2
    day = terminal.does("statistics", "--show", "tokens", "--days", "2", "--json").json[-1]
    assert list(day.items())[1:] == [("client_credentials", 7), ("refresh_token", 5)]
    lines = terminal.does("statistics", "--show", "refusals", "--hours", "2").out.splitlines()
    assert lines[0].split() == ["hour", "code_used"]
    assert len(lines) >= 3
    (latency,) = terminal.does("statistics", "--show", "latencies", "--json").json
    assert list(latency) == ["day", "endpoints", "requests", "p50", "p95", "p99"]
    assert list(latency.values())[1:] == ["tokens", 12, 3.8, 4.9, 5.0]
    for refused in (("--hours", "73"), ("--hours", "-1"), ("--show", "people")):
        assert terminal("statistics", *refused).code == 2
