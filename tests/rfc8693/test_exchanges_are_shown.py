"""The person sees token exchanges (RFC 8693): who acted, at which API, with the access of which
application. The audit trail has the first one of a day."""

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator

import pytest
from exchange_scene import TASKS, Scene, set_scene

from quantimodo.protocol.constants import TOKEN_EXCHANGE
from support.app import OpenHarness, form_fields


@pytest.fixture
async def scene(open_harness: OpenHarness) -> AsyncIterator[Scene]:
    async with open_harness(tokens__exchange="true") as harness:
        found = await set_scene(harness)
        kinds = found.app.client.grant_types | {TOKEN_EXCHANGE}
        await harness.register_again(found.app, grant_types=kinds)
        yield found


def words_of(page: str) -> str:
    """The text of a page, without markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


async def events_of(scene: Scene) -> list[tuple[str | None, str]]:
    """Client and detail of the audit events about exchanges, oldest first."""
    context = scene.harness.context
    await context.audit.flush()
    user = await context.stores.users.user_by_email("ann@example.org")
    assert user is not None
    found = await context.stores.events.events_before(user.id, None, 100)
    return [
        (each.client_id, each.detail)
        for _, each in reversed(found)
        if each.kind == "token.exchanged"
    ]


async def test_the_person_sees_who_acted_at_which_api(scene: Scene) -> None:
    harness, app = scene.harness, scene.app.client.name
    subject = (await scene.granted())["access_token"]
    for _ in range(2):
        await scene.exchanged(subject)
    await harness.context.accesses.flush()
    browser = await harness.signed_in()
    activity = words_of((await browser.get("/account/activity")).text)
    acted = "Gateway acted for you at Tasks 2 times, with what you allowed this application"
    assert f"{app} {acted}" in activity
    assert "Acted for you at other APIs 2 times" in activity
    of_app = await browser.get("/account/activity", params={"app": scene.app.id})
    assert acted in words_of(of_app.text), "it is listed with the application that has the grant"
    csrf = form_fields((await browser.get("/account")).text)["csrf"]
    assert "Last acted for you at Tasks" in words_of((await browser.get("/account")).text)

    sent = await browser.post("/account/export", data={"csrf": csrf})
    with zipfile.ZipFile(io.BytesIO(sent.content)) as archive:
        text = archive.read("history/activity.csv").decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["Application"], row["Action"], row["Requests"]) == (app, "exchange", "2")
    assert (row["Variable"], row["Category"]) == (TASKS, scene.gateway.id)
    log = (await browser.get("/account/activity/export")).text
    assert "Acted for you at another API,Tasks · Gateway," in log

    # An application that acts itself is the only one that is named, and a deleted API has its
    # identifier in the place of its name.
    harness.advance(hours=1)
    subject = (await scene.granted())["access_token"]
    assert (await scene.exchange(subject, scene.app)).status_code == 200
    api = await harness.context.stores.resources.resource(TASKS)
    assert api is not None
    await harness.context.stores.resources.delete_resource(api)
    await harness.context.accesses.flush()
    browser = await harness.signed_in()
    activity = words_of((await browser.get("/account/activity")).text)
    assert f"{app} Acted for you at {TASKS} 1 time" in activity
    assert f"Last acted for you at {TASKS}" in words_of((await browser.get("/account")).text)


async def test_the_audit_trail_has_the_first_exchange_of_a_day(scene: Scene) -> None:
    app = scene.app.client.name
    subject = (await scene.granted())["access_token"]
    for client in (scene.gateway, scene.gateway, scene.app, scene.app):
        assert (await scene.exchange(subject, client)).status_code == 200
    by_gateway, by_app = (scene.gateway.id, f"{app} · Gateway · Tasks"), f"{app} · Tasks"
    assert await events_of(scene) == [by_gateway, (scene.app.id, by_app)]
    browser = await scene.harness.signed_in()
    security = words_of((await browser.get("/account/security")).text)
    assert "An application that you allowed got access to another API for you" in security
    assert subject not in security

    scene.harness.advance(hours=25)
    subject = (await scene.granted())["access_token"]
    await scene.exchanged(subject)
    assert len(await events_of(scene)) == 3


async def test_a_refused_exchange_is_shown_nowhere(scene: Scene) -> None:
    subject = (await scene.granted())["access_token"]
    refused = await scene.exchange(subject, scope="readmeasurements")
    assert refused.status_code == 400
    await scene.harness.context.accesses.flush()
    browser = await scene.harness.signed_in()
    assert "Gateway" not in (await browser.get("/account/activity")).text
    assert await events_of(scene) == []
