"""The person sees token exchanges (RFC 8693): who acted, at which API, with the access of which
application. The audit trail has the first one of a day."""

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator

import pytest
from exchange_parties import TASKS, ExchangeParties, add_exchange_parties

from quantimodo.protocol.constants import TOKEN_EXCHANGE
from support.app import OpenHarness, form_fields


@pytest.fixture
async def parties(open_harness: OpenHarness) -> AsyncIterator[ExchangeParties]:
    async with open_harness(tokens__exchange="true") as harness:
        found = await add_exchange_parties(harness)
        kinds = found.app.client.grant_types | {TOKEN_EXCHANGE}
        await harness.register_again(found.app, grant_types=kinds)
        yield found


def words_of(page: str) -> str:
    """The text of a page, without markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


async def events_of(parties: ExchangeParties) -> list[tuple[str | None, str]]:
    """Client and detail of the audit events about exchanges, oldest first."""
    context = parties.harness.context
    await context.audit.flush()
    user = await context.stores.users.user_by_email("ann@example.org")
    assert user is not None
    found = await context.stores.events.events_before(user.id, None, 100)
    return [
        (each.client_id, each.detail)
        for _, each in reversed(found)
        if each.kind == "token.exchanged"
    ]


async def test_the_person_sees_who_acted_at_which_api(parties: ExchangeParties) -> None:
    harness, app = parties.harness, parties.app.client.name
    subject = (await parties.granted())["access_token"]
    for _ in range(2):
        await parties.exchanged(subject)
    await harness.context.accesses.flush()
    browser = await harness.signed_in()
    activity = words_of((await browser.get("/account/activity")).text)
    acted = "Gateway acted for you at Tasks 2 times, with what you allowed this application"
    assert f"{app} {acted}" in activity
    assert "Acted for you at other APIs 2 times" in activity
    of_app = await browser.get("/account/activity", params={"app": parties.app.id})
    assert acted in words_of(of_app.text), "it is listed with the application that has the grant"
    csrf = form_fields((await browser.get("/account")).text)["csrf"]
    assert "Last acted for you at Tasks" in words_of((await browser.get("/account")).text)

    sent = await browser.post("/account/export", data={"csrf": csrf})
    with zipfile.ZipFile(io.BytesIO(sent.content)) as archive:
        text = archive.read("history/activity.csv").decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["Application"], row["Action"], row["Requests"]) == (app, "exchange", "2")
    assert (row["Variable"], row["Category"]) == (TASKS, parties.gateway.id)
    log = (await browser.get("/account/activity/export")).text
    assert "Acted for you at another API,Tasks · Gateway," in log

    # An application that acts itself is the only one that is named, and a deleted API has its
    # identifier in the place of its name.
    harness.advance(hours=1)
    subject = (await parties.granted())["access_token"]
    assert (await parties.exchange(subject, parties.app)).status_code == 200
    api = await harness.context.stores.resources.resource(TASKS)
    assert api is not None
    await harness.context.stores.resources.delete_resource(api)
    await harness.context.accesses.flush()
    browser = await harness.signed_in()
    activity = words_of((await browser.get("/account/activity")).text)
    assert f"{app} Acted for you at {TASKS} 1 time" in activity
    assert f"Last acted for you at {TASKS}" in words_of((await browser.get("/account")).text)


async def test_the_audit_trail_has_the_first_exchange_of_a_day(parties: ExchangeParties) -> None:
    app = parties.app.client.name
    subject = (await parties.granted())["access_token"]
    for client in (parties.gateway, parties.gateway, parties.app, parties.app):
        assert (await parties.exchange(subject, client)).status_code == 200
    by_gateway, by_app = (parties.gateway.id, f"{app} · Gateway · Tasks"), f"{app} · Tasks"
    assert await events_of(parties) == [by_gateway, (parties.app.id, by_app)]
    browser = await parties.harness.signed_in()
    security = words_of((await browser.get("/account/security")).text)
    assert "An application that you allowed got access to another API for you" in security
    assert subject not in security

    parties.harness.advance(hours=25)
    subject = (await parties.granted())["access_token"]
    await parties.exchanged(subject)
    assert len(await events_of(parties)) == 3


async def test_a_refused_exchange_is_shown_nowhere(parties: ExchangeParties) -> None:
    subject = (await parties.granted())["access_token"]
    refused = await parties.exchange(subject, scope="readmeasurements")
    assert refused.status_code == 400
    await parties.harness.context.accesses.flush()
    browser = await parties.harness.signed_in()
    assert "Gateway" not in (await browser.get("/account/activity")).text
    assert await events_of(parties) == []
