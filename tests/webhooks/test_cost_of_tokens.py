"""Webhooks add no statement to the token endpoint and to the checks of tokens."""

from collections import Counter
from typing import Any

import pytest
from receiver import hooked

from quantimodo.storage.database import Operation
from quantimodo.storage.sqlite import database as sqlite
from support.app import INTROSPECT, App, AppHarness


def _noted(run: Operation[Any], written: set[str]) -> Operation[Any]:
    sent: Any = None
    try:
        while True:
            call = run.send(sent)
            written.add(call[0].sqlite)
            sent = yield call
    except StopIteration as end:
        return end.value


async def statements(
    harness: AppHarness, app: App, monkeypatch: pytest.MonkeyPatch
) -> Counter[str]:
    """The reads and hot writes of a code, a refresh, a check and an introspection."""
    browser = await harness.signed_in()
    code = (await harness.authorize(browser, app, scope="basic")).code
    found: Counter[str] = Counter()
    written: set[str] = set()
    one, rows, write, put = (
        sqlite.SqliteDatabase.one,
        sqlite.SqliteDatabase.rows,
        sqlite.SqliteDatabase.write,
        sqlite.SqliteDatabase.put,
    )

    async def counted_one(self, read, key):  # type: ignore[no-untyped-def]
        found[read.sqlite] += 1
        return await one(self, read, key)

    async def counted_rows(self, statement, *values):  # type: ignore[no-untyped-def]
        found[statement.sqlite] += 1
        return await rows(self, statement, *values)

    async def noted_write(self, operation):  # type: ignore[no-untyped-def]
        # Of the audit trail, whose batches come when they are due.
        return await write(self, lambda: _noted(operation(), written))

    async def counted_put(self, batch, values):  # type: ignore[no-untyped-def]
        found[batch.name] += 1
        return await put(self, batch, values)

    with monkeypatch.context() as patched:
        patched.setattr(sqlite.SqliteDatabase, "one", counted_one)
        patched.setattr(sqlite.SqliteDatabase, "rows", counted_rows)
        patched.setattr(sqlite.SqliteDatabase, "write", noted_write)
        patched.setattr(sqlite.SqliteDatabase, "put", counted_put)
        tokens = (await harness.redeem(app, code)).json()
        fresh = (await harness.refresh(app, tokens["refresh_token"])).json()
        assert (await harness.call(fresh["access_token"])).status_code == 200
        await harness.post(INTROSPECT, app, {"token": fresh["access_token"]})
        await harness.token(app, grant_type="client_credentials")
    assert not any("app_events" in each or "event_streams" in each for each in written)
    return found


async def test_a_webhook_adds_no_statement_to_tokens(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await harness.person()
    app = await harness.app()
    before = await statements(harness, app, monkeypatch)
    assert {"redeem", "rotate", "store access token"} <= set(before)
    await hooked(harness, app)
    assert await statements(harness, app, monkeypatch) == before
    assert not any("webhook" in each or "event" in each for each in before)
