"""Each read and write by an app is recorded for the person (measurements-api.md §11)."""

import asyncio
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest
from asking import ALL, CSV, LIST, ONE, SLEEP, START, App, opened

from support.app import AppHarness

Noted = tuple[str, str, str, int, int]


async def noted(harness: AppHarness, email: str = "ann@example.org") -> list[Noted]:
    """What this person is told: what was done, to what, and how often."""
    await harness.context.accesses.flush()
    user = await harness.context.stores.users.user_by_email(email)
    assert user is not None
    return sorted(
        (each.action, each.variable, each.category, each.measurements, each.requests)
        for _, each in await harness.context.stores.accesses.accesses_of(user.id)
    )


async def test_each_read_and_write_is_recorded_for_the_person(
    harness: AppHarness, app: App
) -> None:
    await app.add(SLEEP)
    await app.values(variableName="Sleep Quality")
    await app.values(variableName="Sleep Quality")
    await app.get(CSV, variableCategoryName="Sleep")
    number = (await app.get(LIST, limit=1)).json()[0]["id"]
    await app.get(f"{ONE}/{number}")
    await app.send("PUT", f"{ONE}/{number}", {"value": 1})
    await app.send("DELETE", f"{ONE}/{number}")
    assert await noted(harness) == [
        ("delete", "Sleep Quality", "Sleep", 1, 1),
        ("read", "", "", 1, 1),
        ("read", "", "Sleep", 2, 1),
        ("read", "Sleep Quality", "", 4, 2),
        ("read", "Sleep Quality", "Sleep", 1, 1),
        ("write", "Sleep Quality", "Sleep", 3, 2),
    ]


async def test_a_group_tells_of_all_that_is_in_it(harness: AppHarness, app: App) -> None:
    await app.add({**SLEEP, "measurements": [{"startTime": at, "value": 3} for at in range(90)]})
    assert len(await app.values(groupingWidth=60, limit=1)) == 1
    await app.get(CSV, groupingWidth=60)
    assert [each for each in await noted(harness) if each[0] == "read"] == [
        ("read", "", "", 60 + 90, 2)
    ]


async def test_to_look_at_variables_is_to_read_the_last_of_each(
    harness: AppHarness, app: App
) -> None:
    await app.add(SLEEP, {**SLEEP, "variableName": "Naps"})
    await app.get("/api/v1/variables", category="Sleep")
    await app.get("/api/v1/variables/Naps")
    assert [each for each in await noted(harness) if each[0] == "read"] == [
        ("read", "", "Sleep", 2, 1),
        ("read", "Naps", "Sleep", 1, 1),
    ]


async def test_what_is_refused_is_not_recorded(harness: AppHarness, app: App) -> None:
    await app.get(LIST, limit="x")
    await app.get(CSV, value="x")
    await app.send("POST", LIST, [])
    await app.get(f"{ONE}/77")
    await app.get("/api/v1/variables/Nothing")
    await (await opened(harness, "basic")).get(LIST)
    assert await noted(harness) == []


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"name": "Harmless"}, ""),  # no filter of measurements
        ({"category": "Harmless", "variables": "x"}, ""),
        ({"name": "\0"}, ""),
        ({"variableName[]": ["!x", "!y"]}, "!x & !y"),
        ({"variableName": "!Tea\u202e\n"}, "!Tea\ufffd\ufffd"),
        ({"variableName": "x" * 300 + ",%"}, "x" * 254 + "…"),
    ],
)
async def test_no_app_chooses_what_the_log_says(
    harness: AppHarness, app: App, query: Any, told: str
) -> None:
    """Only what an app really asked for is told, and that it asked for more than can be told."""
    await app.add(SLEEP)
    assert await app.values(**query) == [3, 5]
    assert ("read", told, "", 2, 1) in await noted(harness)


async def test_what_no_database_keeps_is_recorded_still(harness: AppHarness, app: App) -> None:
    assert await app.values(variableName="\0") == []
    assert await noted(harness) == [("read", "\ufffd", "", 0, 1)]


async def test_the_log_of_one_is_not_anothers(harness: AppHarness, app: App) -> None:
    await app.add(SLEEP)
    await harness.person(email="bob@example.org")
    bob = await opened(harness, ALL, "bob@example.org")
    await bob.values()
    assert await noted(harness) == [("write", "Sleep Quality", "Sleep", 2, 1)]
    assert await noted(harness, "bob@example.org") == [("read", "", "", 0, 1)]


async def test_of_many_variables_at_once_some_are_named_and_all_counted(
    harness: AppHarness, app: App
) -> None:
    one = {**SLEEP, "measurements": [{"startTime": START, "value": 3}]}
    await app.add(*({**one, "variableName": f"Variable {number}"} for number in range(50)))
    found = await noted(harness)
    assert len(found) == 21
    assert sum(measurements for _, _, _, measurements, _ in found) == 50


async def test_lines_are_of_one_hour(harness: AppHarness) -> None:
    await harness.person()
    harness.advance(minutes=30)
    app = await opened(harness, ALL)
    for _ in range(3):
        await app.values()
        harness.advance(minutes=25)
    found = await noted(harness)
    assert sum(requests for *_, requests in found) == 3
    assert len(found) == 2


async def test_lines_are_kept_for_four_hundred_days(harness: AppHarness, app: App) -> None:
    await app.values()
    (line,) = await noted(harness)
    now, delete_expired = (
        harness.context.clock.now(),
        harness.context.stores.retention.delete_expired,
    )
    await delete_expired("accesses", now + timedelta(days=400) - timedelta(seconds=1), 500)
    assert await noted(harness) == [line]
    assert await delete_expired("accesses", now + timedelta(days=400), 500) == 1
    assert await noted(harness) == []


class Cut:
    """An export whose reader leaves after so many parts: the columns' names, then 500 rows."""

    def __init__(self, app: App, parts: int, *, breaks: bool) -> None:
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": CSV,
            "raw_path": CSV.encode(),
            "query_string": b"",
            "headers": [(b"authorization", app._headers["authorization"].encode())],
            "client": ("192.0.2.7", 1),
        }
        self.sent: list[MutableMapping[str, Any]] = []
        self._parts = parts
        self._breaks = breaks
        self._left = asyncio.Event()

    async def receive(self) -> MutableMapping[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)
        if len(self.sent) == 1 + self._parts:  # the first is the head
            if self._breaks:
                raise ConnectionError("the app went away")
            self._left.set()


@pytest.mark.parametrize("rows", [500, 1_000])
async def test_of_an_export_that_breaks_what_left_is_recorded(
    harness: AppHarness, app: App, rows: int
) -> None:
    many = [{"startTime": at, "value": 3} for at in range(2_200)]
    await app.add({**SLEEP, "measurements": many})
    cut = Cut(app, 1 + rows // 500, breaks=True)
    with pytest.raises(ConnectionError):
        await harness.application(cut.scope, cut.receive, cut.send)
    assert [each for each in await noted(harness) if each[0] == "read"] == [
        ("read", "", "", rows, 1)
    ]


async def test_nothing_more_is_read_for_a_client_that_left(harness: AppHarness, app: App) -> None:
    many = [{"startTime": at, "value": 3} for at in range(2_200)]
    await app.add({**SLEEP, "measurements": many})
    cut = Cut(app, 2, breaks=False)
    await harness.application(cut.scope, cut.receive, cut.send)
    assert len(cut.sent) == 3, "the head, the columns' names, five hundred rows"
    ((_, _, _, read, _),) = [each for each in await noted(harness) if each[0] == "read"]
    assert read <= 1_000
