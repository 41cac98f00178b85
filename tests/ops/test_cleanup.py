"""Tables that only grow, and an operator who forgot the clean-up job: there is no such job here."""

from dataclasses import replace

import pytest

from quantimodo.ops.cleanup import Cleaner
from support.app import CALLBACK, AppHarness, form_fields

# What people and operators made, and what only they take away; `redirect_uris` belongs to clients.
KEPT = {
    "users",
    "passwords",
    "passkeys",
    "second_factors",
    "totp_factors",
    "recovery_codes",
    "profiles",
    "email_choices",
    "pairwise_subjects",
    "identities",
    "clients",
    "client_logos",
    "localized_logos",
    # At most 20 of each client.
    "client_members",
    # At most a number of each owner, and of each host.
    "resources",
    "client_documents",
    "redirect_uris",
    "consents",
    # At most 100 changes of each consent.
    "consent_changes",
    "signing_keys",
    "schema_migrations",
    # One row.
    "stored_settings",
    # Its rows are deleted with the last of the rows that they count.
    "quotas",
    # At most ten endpoints of an application, and one row of counters. A delivery goes with its
    # event, and a notice after some seconds.
    "webhook_endpoints",
    "event_streams",
    "webhook_deliveries",
    "measurement_notices",
    # One row.
    "last_backup",
    # What people measure, until they delete it; and reference data.
    "variables",
    "measurements",
    "units",
    "unit_categories",
    "variable_categories",
}


def cleaner(harness: AppHarness, holder: str = "one") -> Cleaner:
    return Cleaner(
        harness.context.stores.retention,
        harness.context.stores.leases,
        harness.context.clock,
        holder,
        pause=0,
    )


async def live_a_little(harness: AppHarness) -> None:
    """Something of everything: sessions, e-mails, stored requests, codes, tokens, events."""
    await harness.person()
    opaque, signed = await harness.app(), await harness.app(token_format="jwt")
    browser = await harness.signed_in()
    for app in (opaque, signed):
        tokens = await harness.tokens(app, browser, scope="openid basic")
        fresh = (await harness.refresh(app, tokens["refresh_token"])).json()
        await harness.revoke(app, fresh["access_token"])
        await harness.token(app, grant_type="client_credentials")
        await harness.ask(harness.browser(), app)
    stranger = harness.browser()
    for path in ("/sign-up", "/reset"):
        page = await stranger.get(path)
        fields = {"email": "new@example.org", "name": "New Person", "password": "a long password"}
        await stranger.post(path, data={**form_fields(page.text), **fields})
    await harness.context.audit.flush()


async def test_nothing_that_grows_by_itself_stays_permanently(harness: AppHarness) -> None:
    await live_a_little(harness)
    full = {table for table, rows in harness.rows().items() if rows}
    assert {"sessions", "email_tokens", "throttles", "mails", "authorization_requests"} <= full
    assert {"grants", "codes", "access_tokens", "refresh_tokens", "revoked_jwts"} <= full
    harness.advance(days=500)
    assert await cleaner(harness).round() > 0
    harness.advance(hours=1)
    await cleaner(harness).round()  # its own lease has an end too
    left = {table for table, rows in harness.rows().items() if rows}
    assert left - {"leases"} <= KEPT
    assert not await harness.context.stores.events.events_of(1, 100)


async def test_every_table_expires_or_is_known_to_be_kept(harness: AppHarness) -> None:
    swept = set(harness.context.stores.retention.expiring_tables)
    assert set(harness.rows()) - swept <= KEPT
    assert swept & KEPT <= {
        "signing_keys",
        "clients",
    }  # of which only the retired and the unproven go


async def test_rows_that_are_not_expired_stay(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    tokens = await harness.tokens(app, browser)
    waiting = await harness.ask(harness.browser(), app)
    await cleaner(harness).round()
    assert (await harness.call(tokens["access_token"])).status_code == 200
    assert (await harness.refresh(app, tokens["refresh_token"])).status_code == 200
    assert (await browser.get("/account")).status_code == 200
    assert (await browser.get(waiting.headers["location"])).status_code == 200
    assert (await harness.authorize(browser, app)).location.startswith(CALLBACK)


@pytest.mark.slow
@pytest.mark.parametrize("most", [200, 1], ids=["within a turn", "over several turns"])
async def test_everything_expired_is_deleted_in_one_round(harness: AppHarness, most: int) -> None:
    app = await harness.app()
    for _ in range(1_100):
        await harness.token(app, grant_type="client_credentials")
    harness.advance(days=2)
    assert await replace(cleaner(harness), most=most).round() >= 1_100
    assert harness.rows()["access_tokens"] == []


async def test_of_several_processes_one_cleans_until_it_is_gone(harness: AppHarness) -> None:
    app = await harness.app()
    assert await cleaner(harness, "one").round() == 0
    await harness.token(app, grant_type="client_credentials")
    harness.advance(hours=2)
    await cleaner(harness, "one").round()
    await harness.token(app, grant_type="client_credentials")
    assert await cleaner(harness, "other").round() == 0
    harness.advance(hours=2)  # one was killed: its lease ends by itself
    assert await cleaner(harness, "other").round() >= 1
