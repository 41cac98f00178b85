"""Tables that only grow, and an operator who forgot the clean-up job: there is no such job here."""

from dataclasses import replace

import pytest

from quantimodo.ops.cleanup import Cleaner
from world import CALLBACK, World, form_fields

# What people and operators made, and what only they take away; `redirect_uris` belongs to clients.
KEPT = {
    "users",
    "passwords",
    "profiles",
    "pairwise_subjects",
    "identities",
    "clients",
    "client_logos",
    "redirect_uris",
    "consents",
    "signing_keys",
    "schema_migrations",
    # What people measure, until they delete it; and reference data.
    "variables",
    "measurements",
    "units",
    "unit_categories",
    "variable_categories",
}


def cleaner(world: World, holder: str = "one") -> Cleaner:
    return Cleaner(world.house.stores, world.house.clock, holder, pause=0)


async def live_a_little(world: World) -> None:
    """Something of everything: sessions, letters, waiting requests, codes, tokens, events."""
    await world.person()
    opaque, signed = await world.app(), await world.app(token_format="jwt")
    browser = await world.signed_in()
    for app in (opaque, signed):
        tokens = await world.tokens(app, browser, scope="openid basic")
        fresh = (await world.refresh(app, tokens["refresh_token"])).json()
        await world.revoke(app, fresh["access_token"])
        await world.token(app, grant_type="client_credentials")
        await world.ask(world.browser(), app)
    stranger = world.browser()
    for path in ("/sign-up", "/reset"):
        page = await stranger.get(path)
        fields = {"email": "new@example.org", "name": "New Person", "password": "a long password"}
        await stranger.post(path, data={**form_fields(page.text), **fields})
    await world.house.audit.flush()


async def test_nothing_that_grows_by_itself_stays_for_ever(world: World) -> None:
    await live_a_little(world)
    full = {table for table, rows in world.rows().items() if rows}
    assert {"sessions", "tickets", "throttles", "mails", "authorization_requests"} <= full
    assert {"families", "codes", "access_tokens", "refresh_tokens", "revoked_jwts"} <= full
    world.advance(days=500)
    assert await cleaner(world).round() > 0
    world.advance(hours=1)
    await cleaner(world).round()  # its own lease has an end too
    left = {table for table, rows in world.rows().items() if rows}
    assert left - {"leases"} <= KEPT
    assert not await world.house.stores.events_of(1, 100)


async def test_every_table_is_swept_or_is_known_to_be_kept(world: World) -> None:
    swept = set(world.house.stores.swept_tables)
    assert set(world.rows()) - swept <= KEPT
    assert swept & KEPT <= {
        "signing_keys",
        "clients",
    }  # of which only the retired and the unproven go


async def test_what_is_still_good_stays(world: World) -> None:
    await world.person()
    app, browser = await world.app(), await world.signed_in()
    tokens = await world.tokens(app, browser)
    waiting = await world.ask(world.browser(), app)
    await cleaner(world).round()
    assert (await world.call(tokens["access_token"])).status_code == 200
    assert (await world.refresh(app, tokens["refresh_token"])).status_code == 200
    assert (await browser.get("/account")).status_code == 200
    assert (await browser.get(waiting.headers["location"])).status_code == 200
    assert (await world.authorize(browser, app)).location.startswith(CALLBACK)


@pytest.mark.slow
@pytest.mark.parametrize("most", [200, 1], ids=["within a turn", "over several turns"])
async def test_all_that_is_dead_goes_in_one_round(world: World, most: int) -> None:
    app = await world.app()
    for _ in range(1_100):
        await world.token(app, grant_type="client_credentials")
    world.advance(days=2)
    assert await replace(cleaner(world), most=most).round() >= 1_100
    assert world.rows()["access_tokens"] == []


async def test_of_several_processes_one_cleans_until_it_is_gone(world: World) -> None:
    app = await world.app()
    assert await cleaner(world, "one").round() == 0
    await world.token(app, grant_type="client_credentials")
    world.advance(hours=2)
    await cleaner(world, "one").round()
    await world.token(app, grant_type="client_credentials")
    assert await cleaner(world, "other").round() == 0
    world.advance(hours=2)  # one was killed: its lease ends by itself
    assert await cleaner(world, "other").round() >= 1
