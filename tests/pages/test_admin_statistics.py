"""/admin/statistics: charts and a table of the chosen days."""

import re
from datetime import timedelta

from quantimodo.model.client_log import ClientDay
from quantimodo.model.events import Event
from support.administrators import administrator, session_of
from support.app import AppHarness

DAY = timedelta(days=1)


async def test_the_statistics_have_charts_and_a_table_of_the_chosen_days(
    harness: AppHarness,
) -> None:
    root = await administrator(harness)
    app = await harness.app()
    stores, now = harness.context.stores, harness.context.clock.now()
    ages = (0, 0, 10, 60, 400)
    await stores.events.add_events(
        [Event(at=now - age * DAY, kind="consent.given") for age in ages]
    )
    days = [
        ClientDay(client_id=app.id, day=(now - age * DAY).date(), tokens=tokens, refusals=0)
        for age, tokens in ((0, 4321), (20, 17))
    ]
    await stores.client_log.add_to_client_log([], days, 500)
    browser = await session_of(harness, root)

    async def shown(choice: str) -> str:
        page = await browser.get(f"/admin/statistics{choice}")
        assert page.status_code == 200
        assert len(page.content) < 60_000
        return page.text

    def total(page: str, title: str) -> int:
        found = re.search(rf">{title}</h2>\s*<p[^>]*>(\d+) in all", page)
        return int(found[1]) if found else 0

    for choice, rows, consents, tokens in (
        ("", 30, 3, 4338),
        ("?days=7", 7, 2, 4321),
        ("?days=84", 12, 4, 0),
        ("?days=364", 52, 4, 0),
        ("?days=9999", 30, 3, 4338),
        ("?days=", 30, 3, 4338),
    ):
        page = await shown(choice)
        assert page.count('<th scope="row">') == rows, choice
        assert total(page, "Given consents") == consents, choice
        assert total(page, "Token responses") == tokens, choice
        # Applications' numbers of a year are not kept: a column of zeros would be wrong.
        assert ('<th scope="col">Token responses</th>' in page) == (rows in (7, 30))
        assert page.count("<polyline") == page.count(" in all</p>")


async def filled(harness: AppHarness) -> AppHarness:
    """Numbers of this hour and of yesterday."""
    add, now = harness.context.stores.server_counts.add_counts, harness.context.clock.now()
    await add(
        now,
        {
            ("tokens", "refresh_token"): 30,
            ("tokens", "client_credentials"): 10,
            ("app-refusals", ""): 5,
            ("refusals", "code_used"): 3,
            ("refusals", "server_made_up"): 1,
            **{("refusals", f"rare_{number}"): 1 for number in range(9)},
            ("durations", "tokens 0.005"): 40,
            ("durations", "pages 0.25"): 2,
        },
    )
    await add(now - DAY, {("tokens", "refresh_token"): 7, ("durations", "tokens more"): 1})
    return harness


async def test_tokens_refusals_and_durations_have_charts_and_tables(harness: AppHarness) -> None:
    browser = await session_of(await filled(harness), await administrator(harness))

    async def shown(choice: str) -> str:
        page = await browser.get(f"/admin/statistics?{choice}")
        assert page.status_code == 200
        assert len(page.content) < 60_000
        return page.text

    tokens = await shown("show=tokens&days=7")
    assert "<td>37</td><td>78.7 %</td>" in tokens
    assert "<td>10</td><td>21.3 %</td>" in tokens
    assert tokens.count("<polyline") == 2
    assert re.search(r'<th scope="row">[-0-9]{10}</th><td>30</td><td>10</td>', tokens)
    hourly = await shown("show=tokens&days=48h")
    assert hourly.count("<td>0</td><td>0</td>") == 46
    assert re.search(r'<th scope="row">[-0-9]{10} [0-9]{2}:00</th><td>30</td><td>10</td>', hourly)
    weekly = await shown("show=tokens&days=84")
    assert re.search(r'<th scope="row">[-0-9]{10}</th><td>37</td><td>10</td>', weekly)

    refusals = await shown("show=refusals&days=7")
    assert (
        '<a href="/guides/developer/code-flow/'
        '#4-exchange-the-code-for-tokens"><code>code_used</code>'
    ) in refusals
    assert '<th scope="row"><code>server_made_up</code></th><td>1</td>' in refusals
    assert refusals.count("<polyline") == 8
    assert '<th scope="col">Others</th>' in refusals

    durations = await shown("show=latencies&days=7")
    assert durations.count('<path class="line line-3" d="M0 4H32"') == 2
    assert "days=7&amp;group=tokens" in durations
    assert "<td>41</td><td>3.8</td><td>4.9</td><td>10000.0</td>" in durations
    assert "The numbers by day" not in durations
    one = await shown("show=latencies&days=48h&group=tokens")
    assert one.count('<path class="line line-3" d="M0 4H32"') == 1
    assert one.count("<td>0</td><td>–</td><td>–</td><td>–</td>") == 46
    assert "<td>40</td><td>3.8</td><td>4.9</td><td>5.0</td>" in one
    numbers = await shown("days=48h")
    assert numbers.count(":00</th>") == 48
    for title, total in (("Token responses", 47), ("Refused requests", 5)):
        assert re.search(rf">{title}</h2>\s*<p[^>]*>{total} in all", numbers)
    for odd in ("show=<i>&days=<i>", "show=latencies&group=<i>", "show=latencies&group=agents"):
        page = await shown(odd)
        assert "<i>" not in page
        assert 'href="/admin/statistics?show=latencies&amp;days=30"' not in page


async def test_a_server_that_counted_nothing_says_so(harness: AppHarness) -> None:
    browser = await session_of(harness, await administrator(harness))
    for shown in ("tokens", "refusals", "latencies"):
        page = (await browser.get(f"/admin/statistics?show={shown}&days=48h")).text
        assert "Nothing yet" in page
        assert "<table" not in page


async def test_the_statistics_are_for_administrators(harness: AppHarness) -> None:
    ann = await harness.person()
    async with harness.browser() as stranger:
        assert (await stranger.get("/admin/statistics?days=7")).status_code == 303
    browser = await session_of(harness, ann)
    assert (await browser.get("/admin/statistics?show=latencies")).status_code == 404
