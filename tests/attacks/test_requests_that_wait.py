"""An authorization request stays on disk until a person signs in: it is limited."""

from typing import Any


async def test_a_flood_of_requests_from_one_address_is_not_kept(open_harness: Any) -> None:
    async with open_harness(limits__requests_per_address="3 per 15m") as harness:
        app, stranger = await harness.app(), harness.browser()
        for _ in range(3):
            assert (await harness.ask(stranger, app, state="x" * 8000)).status_code == 303
        refused = await harness.ask(stranger, app)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert "location" not in refused.headers
        assert len(harness.rows()["authorization_requests"]) == 3
        harness.advance(minutes=15)
        assert (await harness.ask(stranger, app)).status_code == 303


async def test_a_request_that_is_answered_at_once_is_not_stored_and_not_counted(
    open_harness: Any,
) -> None:
    async with open_harness(limits__requests_per_address="1 per 15m") as harness:
        await harness.person()
        app, browser = await harness.app(), await harness.signed_in()
        assert (await harness.authorize(browser, app)).code
        for _ in range(3):
            assert (await harness.authorize(browser, app)).code
        assert (await harness.ask(browser, app, prompt="consent")).status_code == 429
