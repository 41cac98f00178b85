"""What requests add to the statistics, through the server: durations, tokens, refusals, usage."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from quantimodo.app.background import background_work
from quantimodo.app.requests.refusal_sampling import RefusalSampler
from quantimodo.ops.breakdowns import Breakdowns, Span
from quantimodo.ops.daily_numbers import DailyNumbers
from support.app import INTROSPECT, TOKEN, App, AppHarness

HOUR = Span("hour", 1)
STATISTICS = {"traffic.py", "request_counts.py", "client_log.py", "server_counts.py"}
USERINFO = "/api/v2/oauth2/userinfo"


async def counted(harness: AppHarness, name: str) -> dict[str, int]:
    """The numbers of the last hour by label."""
    await harness.context.request_counts.flush()
    found = await Breakdowns(harness.context.stores.server_counts).of(
        name,  # type: ignore[arg-type]
        HOUR,
        harness.context.clock.now(),
    )
    return {label: found.total(label) for label in found.series}


async def usage(harness: AppHarness, app: App) -> dict[tuple[str, str], int]:
    """The requests of the app today by endpoint and code."""
    context = harness.context
    await context.client_log.flush()
    found = await context.stores.client_log.client_usage(app.id, context.clock.now().date())
    return {(each.endpoint, each.code): each.number for each in found}


async def test_requests_are_counted_by_what_they_were(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app)
    await harness.token(app, grant_type="client_credentials")
    await harness.token(app, grant_type="client_credentials")
    await harness.redeem(app, "qmc_nothing")
    browser = harness.browser()
    await browser.post(TOKEN, data={"client_id": "unheard-of", "client_secret": "x"})
    await harness.post(INTROSPECT, app, {"token": tokens["access_token"]})
    live = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await browser.get(USERINFO, headers=live)).status_code == 403
    assert (await browser.get(USERINFO)).status_code == 401
    assert (await browser.get("/api/v1/user/me", headers=live)).status_code == 200
    await harness.ask(browser, app, prompt="none")
    await harness.ask(browser, app, scope="nonsense")
    await browser.get("/health/live")

    assert await counted(harness, "tokens") == {"authorization_code": 1, "client_credentials": 2}
    refusals = await counted(harness, "refusals")
    # A response that is part of a flow, as `login_required`, is no refusal.
    assert refusals.keys() == {
        *("code_not_valid", "client_unknown", "insufficient_scope", "unauthenticated"),
        "scope_unknown",
    }, refusals
    assert set(refusals.values()) == {1}
    assert await counted(harness, "app-refusals") == {"": 2}
    durations = await counted(harness, "durations")
    by_group: dict[str, int] = {}
    for label, number in durations.items():
        group = label.split(" ")[0]
        by_group[group] = by_group.get(group, 0) + number
    assert by_group.pop("pages") >= 3
    assert by_group == {"tokens": 5, "introspection": 1, "profile": 3}

    found = await usage(harness, app)
    assert found.pop(("authorize", "")) >= 3
    assert found == {
        ("token", ""): 4,
        ("token", "code_not_valid"): 1,
        ("introspect", ""): 1,
        ("userinfo", ""): 1,
        ("userinfo", "insufficient_scope"): 1,
        ("user_me", ""): 1,
        ("authorize", "scope_unknown"): 1,
    }
    stores = harness.context.stores
    numbers = DailyNumbers(stores.logs, stores.client_log, stores.server_counts)
    (hour,) = await numbers.hours_until(harness.context.clock.now(), 1)
    assert (hour.numbers["tokens"], hour.numbers["refusals"]) == (3, 2)
    (day,) = await numbers.until(harness.context.clock.now().date(), 1)
    assert (day.numbers["tokens"], day.numbers["refusals"]) == (3, 2)


async def test_a_request_calls_one_function_of_the_statistics(harness: AppHarness) -> None:
    app = await harness.app()
    raw = (await harness.token(app, grant_type="client_credentials")).json()["access_token"]
    called: list[str] = []

    def note(frame: Any, event: str, argument: object) -> None:
        if event == "call" and Path(frame.f_code.co_filename).name in STATISTICS:
            called.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        await harness.post(INTROSPECT, app, {"token": raw})
        await harness.token(app, grant_type="client_credentials")
    finally:
        sys.setprofile(None)
    assert called == ["ended", "issued", "ended"]


async def test_a_server_that_ends_in_order_loses_nothing(harness: AppHarness) -> None:
    app = await harness.app()
    async with background_work(harness.context, RefusalSampler(lambda: 0.0)):
        await harness.token(app, grant_type="client_credentials")
    found = await harness.context.stores.server_counts.counts(
        "tokens", "hour", harness.context.clock.now() - timedelta(hours=1)
    )
    assert [(each.label, each.number) for each in found] == [("client_credentials", 1)]


async def test_names_that_strangers_choose_are_not_counted(harness: AppHarness) -> None:
    app = await harness.app()
    browser = harness.browser()
    marked = "canary-7f3a"
    await harness.token(app, grant_type=marked)
    for path in (TOKEN, INTROSPECT, f"/{marked}", f"/api/v1/variables/{marked}"):
        await browser.post(path, data={"client_id": marked, "grant_type": marked})
        await browser.get(path, headers={"authorization": f"Bearer {marked}"})
    await harness.ask(browser, app, scope=marked, redirect_uri=f"https://{marked}.example/")
    await harness.context.request_counts.flush()
    await harness.context.client_log.flush()
    rows = harness.rows()
    for table in ("hour_counts", "day_counts", "client_usage"):
        assert rows[table], table
        assert marked not in repr(rows[table]), table
