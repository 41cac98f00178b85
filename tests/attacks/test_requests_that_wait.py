"""What a stranger makes us keep: an authorization request waits on disk until somebody signs in."""

from typing import Any


async def test_a_flood_of_requests_from_one_address_is_not_kept(worlds: Any) -> None:
    async with worlds(limits__requests_per_address="3 per 15m") as world:
        app, stranger = await world.app(), world.browser()
        for _ in range(3):
            assert (await world.ask(stranger, app, state="x" * 8000)).status_code == 303
        refused = await world.ask(stranger, app)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert "location" not in refused.headers
        assert len(world.rows()["authorization_requests"]) == 3
        world.advance(minutes=15)
        assert (await world.ask(stranger, app)).status_code == 303


async def test_what_is_answered_at_once_waits_for_nobody_and_is_not_counted(worlds: Any) -> None:
    async with worlds(limits__requests_per_address="1 per 15m") as world:
        await world.person()
        app, browser = await world.app(), await world.signed_in()
        assert (await world.authorize(browser, app)).code
        for _ in range(3):
            assert (await world.authorize(browser, app)).code
        assert (await world.ask(browser, app, prompt="consent")).status_code == 429
