"""`measurements.created`: one event of a person and some seconds, within the consent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from receiver import HOOK, Receiver, hooked

from quantimodo.app.composition.webhooks import webhooks
from quantimodo.measurements.notices import MeasurementNotices
from quantimodo.model.consent_details import DetailRule, consent_details
from quantimodo.model.consents import Consent
from support.app import App, AppHarness

ALL = "basic readmeasurements writemeasurements"
KIND = "measurements.created"
START = 1_439_389_320


def notices(harness: AppHarness) -> MeasurementNotices:
    context = harness.context
    return MeasurementNotices(context.stores.measurement_notices, context.references, context.clock)


async def add(harness: AppHarness, token: str, name: str, category: str, *starts: int) -> None:
    body = {
        "variableName": name,
        "sourceName": "My App",
        "variableCategoryName": category,
        "combinationOperation": "MEAN",
        "abbreviatedUnitName": "/5",
        "measurements": [{"startTime": start, "value": 3} for start in starts],
    }
    response = await harness.browser().post(
        "/api/v1/measurements", json=[body], headers={"authorization": f"Bearer {token}"}
    )
    assert response.status_code < 300, response.text


async def reader(harness: AppHarness, scope: str = "basic readmeasurements") -> App:
    app = await harness.app()
    await harness.tokens(app, scope=scope)
    await hooked(harness, app, f"{HOOK}/{app.id}", KIND)
    return app


async def events(harness: AppHarness, app: App) -> list[dict[str, Any]]:
    found = await harness.context.stores.app_events.events_after(app.id, 0, 100)
    return [dict(each.data) for each in found if each.kind == KIND]


async def test_saves_of_some_seconds_are_one_event(harness: AppHarness) -> None:
    await harness.person()
    writer = await harness.app()
    token = (await harness.tokens(writer, scope=ALL))["access_token"]
    app, blind = await reader(harness), await reader(harness, "basic")
    await add(harness, token, "Sleep Quality", "Sleep", START, START + 60)
    harness.advance(seconds=4)
    await add(harness, token, "Mood", "Emotions", START + 120)
    assert await notices(harness).send_due() == 0, "not due yet"
    harness.advance(seconds=6)
    assert await notices(harness).send_due() == 1
    assert await notices(harness).send_due() == 0
    (event,) = await events(harness, app)
    assert event["count"] == 3
    assert sorted(each["count"] for each in event["variables"]) == [1, 2]
    first = datetime.fromtimestamp(START, UTC)
    assert event["earliest"] == first.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert event["latest"].startswith((first + timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M:%S"))
    assert await events(harness, blind) == []
    assert await events(harness, writer) == []
    receiver = Receiver()
    await receiver.sender(harness).send_due()
    (got,) = receiver.received
    user = await harness.context.stores.users.user_by_email("ann@example.org")
    assert user is not None
    assert got.payload["data"] == {"subject": user.subject, **event}
    harness.advance(seconds=1)
    await add(harness, token, "Mood", "Emotions", START + 240)
    harness.advance(seconds=10)
    await notices(harness).send_due()
    assert [each["count"] for each in await events(harness, app)] == [3, 1]


async def test_only_what_the_consent_allows_is_counted(harness: AppHarness) -> None:
    user = await harness.person()
    writer = await harness.app()
    token = (await harness.tokens(writer, scope=ALL))["access_token"]
    app = await reader(harness)
    sleep = consent_details(
        [DetailRule(actions=frozenset({"read"}), categories=frozenset({"Sleep"}), days=30)]
    )

    def narrower(before: Consent) -> Consent:
        return replace(before, details=sleep, updated_at=harness.context.clock.now())

    assert await harness.context.stores.authorizations.change_consent(user.id, app.id, narrower)
    now = int(harness.context.clock.now().timestamp())
    await add(harness, token, "Sleep Quality", "Sleep", START, now - 60)
    await add(harness, token, "Mood", "Emotions", now - 60)
    harness.advance(seconds=10)
    await notices(harness).send_due()
    (event,) = await events(harness, app)
    assert (event["count"], len(event["variables"])) == (1, 1)
    await add(harness, token, "Mood", "Emotions", now - 30)
    harness.advance(seconds=10)
    await notices(harness).send_due()
    assert len(await events(harness, app)) == 1, "nothing of it is allowed"


async def test_no_event_follows_after_the_access_was_taken_back(harness: AppHarness) -> None:
    user = await harness.person()
    writer = await harness.app()
    token = (await harness.tokens(writer, scope=ALL))["access_token"]
    withdrawn, revoked = await reader(harness), await reader(harness)
    await add(harness, token, "Mood", "Emotions", START)
    store, now = harness.context.stores, harness.context.clock.now()
    assert await store.authorizations.withdraw_consent(user.id, withdrawn.id, now)
    tokens = await harness.tokens(revoked, scope="basic readmeasurements")
    await harness.revoke(revoked, tokens["refresh_token"])
    browser = await harness.signed_in()
    await browser.get("/account")
    harness.advance(seconds=10)
    assert await notices(harness).send_due() == 2
    assert await events(harness, withdrawn) == []


async def test_without_webhooks_a_save_leaves_no_notice(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    token = (await harness.tokens(app, scope=ALL))["access_token"]
    await add(harness, token, "Mood", "Emotions", START)
    assert harness.rows()["measurement_notices"] == []
    await webhooks(harness.context).set_polled(app.client, True)
    await add(harness, token, "Mood", "Emotions", START + 60)
    assert len(harness.rows()["measurement_notices"]) == 1
