"""`GET /api/v2/events`: in order, at least once, and only for the application itself."""

from typing import Any

import httpx
import pytest
from receiver import Receiver, endpoint_now, hooked

from quantimodo.app.composition.webhooks import webhooks
from quantimodo.storage.tables import event_outbox
from support.app import App, AppHarness

EVENTS = "/api/v2/events"


async def token_of(harness: AppHarness, app: App, scope: str = "events") -> str:
    response = await harness.token(app, grant_type="client_credentials", scope=scope)
    assert response.status_code == 200, response.text
    token: str = response.json()["access_token"]
    return token


async def list_of(harness: AppHarness, token: str, **query: Any) -> httpx.Response:
    return await harness.browser().get(
        EVENTS, params=query, headers={"authorization": f"Bearer {token}"}
    )


async def page(harness: AppHarness, token: str, **query: Any) -> dict[str, Any]:
    response = await list_of(harness, token, **query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def polling(harness: AppHarness) -> tuple[App, str]:
    await harness.person()
    app = await harness.app()
    await webhooks(harness.context).set_polled(app.client, True)
    return app, await token_of(harness, app)


async def test_events_come_in_order_and_page_by_page(harness: AppHarness) -> None:
    app, token = await polling(harness)
    assert await page(harness, token) == {"events": [], "next": "YWZ0ZXIgMA", "more": False}
    for _ in range(3):
        tokens = await harness.tokens(app, scope="openid basic")
    await harness.revoke(app, tokens["refresh_token"])
    first = await page(harness, token, limit=3)
    rest = await page(harness, token, limit=3, after=first["next"])
    assert (first["more"], rest["more"]) == (True, False)
    events = first["events"] + rest["events"]
    assert [each["type"] for each in events] == ["grant.created"] * 3 + ["grant.revoked"]
    assert len({each["webhook_id"] for each in events}) == 4
    assert events[2]["data"]["grant_id"] == events[3]["data"]["grant_id"]
    assert set(events[3]) == {"webhook_id", "type", "timestamp", "data"}
    again = await page(harness, token, after=rest["next"])
    assert again == {"events": [], "next": rest["next"], "more": False}
    assert (await page(harness, token, limit=3)) == first


async def test_only_the_application_itself_reads_its_own(harness: AppHarness) -> None:
    app, token = await polling(harness)
    tokens = await harness.tokens(app, scope="openid basic")
    other = await harness.app()
    assert (await list_of(harness, await token_of(harness, other))).status_code == 404
    await hooked(harness, other)
    assert (await page(harness, await token_of(harness, other)))["events"] == []
    assert len((await page(harness, token))["events"]) == 1
    for wrong, status in (
        (tokens["access_token"], 403),
        (await token_of(harness, app, "basic"), 403),
        ("unknown", 401),
    ):
        assert (await list_of(harness, wrong)).status_code == status
    assert (await harness.browser().get(EVENTS)).status_code == 401


async def test_no_person_is_asked_for_the_scope(harness: AppHarness) -> None:
    app, _ = await polling(harness)
    browser = await harness.signed_in()
    response = await harness.ask(browser, app, scope="events")
    assert "error=invalid_scope" in response.headers["location"]
    without = await harness.token(app, grant_type="client_credentials")
    assert "events" not in without.json()["scope"].split()


async def test_wrong_parameters_are_refused(harness: AppHarness) -> None:
    _, token = await polling(harness)
    unused = "YWZ0ZXIgOTk"  # a number that no event has
    for name, value in (
        ("after", "nonsense"),
        ("after", unused),
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "-71"),
        ("limit", "many"),
    ):
        response = await list_of(harness, token, **{name: value})
        assert response.status_code == 400, (name, value)
        assert response.json()["error"] == "invalid_request"
        assert len(value) == 1 or value not in response.text


async def test_a_cursor_that_is_too_old_gets_410(harness: AppHarness) -> None:
    app, token = await polling(harness)
    start = (await page(harness, token))["next"]
    await harness.tokens(app, scope="basic")
    harness.advance(days=20)
    await harness.tokens(app, scope="basic")
    harness.advance(days=11)
    retention = harness.context.stores.retention
    assert await retention.delete_expired("app_events", harness.context.clock.now(), 10) == 1
    token = await token_of(harness, app)
    expired = await list_of(harness, token, after=start)
    assert expired.status_code == 410
    assert expired.json()["error"] == "cursor_expired"
    assert len((await page(harness, token))["events"]) == 1, "from the start without a cursor"


async def test_turned_off_it_has_only_what_webhooks_get(harness: AppHarness) -> None:
    app, token = await polling(harness)
    await webhooks(harness.context).set_polled(app.client, False)
    await harness.tokens(app, scope="basic")
    assert (await page(harness, token))["events"] == []


async def test_the_newest_events_are_kept(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_outbox, "MOST_EVENTS", 2)
    app, token = await polling(harness)
    start = (await page(harness, token))["next"]
    receiver = Receiver()
    endpoint, _ = await hooked(harness, app)
    for _ in range(4):
        await harness.tokens(app, scope="basic")
    assert (await list_of(harness, token, after=start)).status_code == 410
    assert len((await page(harness, token))["events"]) == 2
    await receiver.sender(harness).send_due()
    assert len(receiver.received) == 2
    assert (await endpoint_now(harness, endpoint)).dropped == 2
