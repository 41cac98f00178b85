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


async def test_the_statistics_are_for_administrators(harness: AppHarness) -> None:
    ann = await harness.person()
    async with harness.browser() as stranger:
        assert (await stranger.get("/admin/statistics?days=7")).status_code == 303
    browser = await session_of(harness, ann)
    assert (await browser.get("/admin/statistics?days=7")).status_code == 404
