"""Each read and write by an app is recorded for the person (measurements-api.md §11)."""

import asyncio
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest
from api_client import ALL, CSV, LIST, ONE, SLEEP, START, ApiClient, open_client

from support.app import AppHarness

Entry = tuple[str, str, str, int, int]


async def logged(harness: AppHarness, email: str = "ann@example.org") -> list[Entry]:
    """The access log of this person: action, variable, category, measurements, requests."""
    await harness.context.accesses.flush()
    user = await harness.context.stores.users.user_by_email(email)
    assert user is not None
    return sorted(
        (each.action, each.variable, each.category, each.measurements, each.requests)
        for _, each in await harness.context.stores.accesses.accesses_of(user.id)
    )


async def test_each_read_and_write_is_recorded_for_the_person(
    harness: AppHarness, app: ApiClient
) -> None:
    await app.add(SLEEP)
    await app.values(variableName="Sleep Quality")
    await app.values(variableName="Sleep Quality")
    await app.get(CSV, variableCategoryName="Sleep")
    number = (await app.get(LIST, limit=1)).json()[0]["id"]
    await app.get(f"{ONE}/{number}")
    await app.send("PUT", f"{ONE}/{number}", {"value": 1})
    await app.send("DELETE", f"{ONE}/{number}")
    assert await logged(harness) == [
        ("delete", "Sleep Quality", "Sleep", 1, 1),
        ("read", "", "", 1, 1),
        ("read", "", "Sleep", 2, 1),
        ("read", "Sleep Quality", "", 4, 2),
        ("read", "Sleep Quality", "Sleep", 1, 1),
        ("write", "Sleep Quality", "Sleep", 3, 2),
    ]


async def test_a_read_of_groups_counts_every_measurement_in_them(
    harness: AppHarness, app: ApiClient
) -> None:
    await app.add({**SLEEP, "measurements": [{"startTime": at, "value": 3} for at in range(90)]})
    assert len(await app.values(groupingWidth=60, limit=1)) == 1
    await app.get(CSV, groupingWidth=60)
    assert [each for each in await logged(harness) if each[0] == "read"] == [
        ("read", "", "", 60 + 90, 2)
    ]


async def test_a_list_of_variables_counts_as_one_read_measurement_each(
    harness: AppHarness, app: ApiClient
) -> None:
    await app.add(SLEEP, {**SLEEP, "variableName": "Naps"})
    await app.get("/api/v1/variables", category="Sleep")
    await app.get("/api/v1/variables/Naps")
    assert [each for each in await logged(harness) if each[0] == "read"] == [
        ("read", "", "Sleep", 2, 1),
        ("read", "Naps", "Sleep", 1, 1),
    ]


async def test_a_refused_read_is_not_recorded(harness: AppHarness, app: ApiClient) -> None:
    await app.get(LIST, limit="x")
    await app.get(CSV, value="x")
    await app.send("POST", LIST, [])
    await app.get(f"{ONE}/77")
    await app.get("/api/v1/variables/Nothing")
    await (await open_client(harness, "basic")).get(LIST)
    assert await logged(harness) == []


@pytest.mark.parametrize(
    ("query", "variable"),
    [
        ({"name": "Harmless"}, ""),  # no filter of measurements
        ({"category": "Harmless", "variables": "x"}, ""),
        ({"name": "\0"}, ""),
        ({"variableName[]": ["!x", "!y"]}, "!x & !y"),
        ({"variableName": "!Tea\u202e\n"}, "!Tea\ufffd\ufffd"),
        ({"variableName": "x" * 300 + ",%"}, "x" * 254 + "…"),
    ],
)
async def test_an_app_cannot_write_text_of_its_choice_into_the_log(
    harness: AppHarness, app: ApiClient, query: Any, variable: str
) -> None:
    """The log shows filters that were applied, without control characters, and with a limit."""
    await app.add(SLEEP)
    assert await app.values(**query) == [3, 5]
    assert ("read", variable, "", 2, 1) in await logged(harness)


async def test_a_filter_that_no_database_can_store_is_recorded(
    harness: AppHarness, app: ApiClient
) -> None:
    assert await app.values(variableName="\0") == []
    assert await logged(harness) == [("read", "\ufffd", "", 0, 1)]


async def test_the_log_of_a_person_has_only_reads_of_their_data(
    harness: AppHarness, app: ApiClient
) -> None:
    await app.add(SLEEP)
    await harness.person(email="bob@example.org")
    bob = await open_client(harness, ALL, "bob@example.org")
    await bob.values()
    assert await logged(harness) == [("write", "Sleep Quality", "Sleep", 2, 1)]
    assert await logged(harness, "bob@example.org") == [("read", "", "", 0, 1)]


async def test_a_write_of_many_variables_names_twenty_and_counts_all(
    harness: AppHarness, app: ApiClient
) -> None:
    one = {**SLEEP, "measurements": [{"startTime": START, "value": 3}]}
    await app.add(*({**one, "variableName": f"Variable {number}"} for number in range(50)))
    found = await logged(harness)
    assert len(found) == 21
    assert sum(measurements for _, _, _, measurements, _ in found) == 50


async def test_requests_of_one_hour_share_an_entry(harness: AppHarness) -> None:
    await harness.person()
    harness.advance(minutes=30)
    app = await open_client(harness, ALL)
    for _ in range(3):
        await app.values()
        harness.advance(minutes=25)
    found = await logged(harness)
    assert sum(requests for *_, requests in found) == 3
    assert len(found) == 2


async def test_entries_are_deleted_after_four_hundred_days(
    harness: AppHarness, app: ApiClient
) -> None:
    await app.values()
    (line,) = await logged(harness)
    now, delete_expired = (
        harness.context.clock.now(),
        harness.context.stores.retention.delete_expired,
    )
    await delete_expired("accesses", now + timedelta(days=400) - timedelta(seconds=1), 500)
    assert await logged(harness) == [line]
    assert await delete_expired("accesses", now + timedelta(days=400), 500) == 1
    assert await logged(harness) == []


class InterruptedExport:
    """An export whose client disconnects after `parts` parts: the header line, then 500 rows each.

    With `breaks`, the send fails; otherwise the client sends `http.disconnect`."""

    def __init__(self, app: ApiClient, parts: int, *, breaks: bool) -> None:
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
        if len(self.sent) == 1 + self._parts:  # the first message has the headers
            if self._breaks:
                raise ConnectionError("the client disconnected")
            self._left.set()


@pytest.mark.parametrize("rows", [500, 1_000])
async def test_an_export_that_breaks_records_the_rows_that_were_sent(
    harness: AppHarness, app: ApiClient, rows: int
) -> None:
    many = [{"startTime": at, "value": 3} for at in range(2_200)]
    await app.add({**SLEEP, "measurements": many})
    export = InterruptedExport(app, 1 + rows // 500, breaks=True)
    with pytest.raises(ConnectionError):
        await harness.application(export.scope, export.receive, export.send)
    assert [each for each in await logged(harness) if each[0] == "read"] == [
        ("read", "", "", rows, 1)
    ]


async def test_no_more_is_read_for_a_client_that_disconnected(
    harness: AppHarness, app: ApiClient
) -> None:
    many = [{"startTime": at, "value": 3} for at in range(2_200)]
    await app.add({**SLEEP, "measurements": many})
    export = InterruptedExport(app, 2, breaks=False)
    await harness.application(export.scope, export.receive, export.send)
    assert len(export.sent) == 3, "the headers, the header line, five hundred rows"
    ((_, _, _, read, _),) = [each for each in await logged(harness) if each[0] == "read"]
    assert read <= 1_000


async def test_reads_of_the_profile_are_added_up_by_the_hour(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    tokens = await harness.tokens(app, browser, scope="basic openid")
    for minutes in (1, 1, 1, 20):
        harness.advance(minutes=minutes)
        for path in ("/api/v1/user/me", "/api/v2/oauth2/userinfo"):
            await harness.call(tokens["access_token"], path)
    assert await logged(harness) == [("profile", "", "", 0, 8)]
