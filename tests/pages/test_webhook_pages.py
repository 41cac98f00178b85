"""The tab Webhooks of an application."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from standardwebhooks import Webhook

from quantimodo.crypto.webhooks import WEBHOOK_PURPOSE
from quantimodo.model.app_events import KINDS, EventStream, WebhookEndpoint
from quantimodo.model.clients import Client
from quantimodo.model.users import User
from quantimodo.pages.portal.app_pages import app_path
from quantimodo.ports.stores import Stores
from support.account_services import PASSWORD, AccountServices
from support.page_site import Site, Visitor

HOOK = "https://app.example.org/hook"


@pytest.fixture
async def app(site: Site, user: User) -> Client:
    return await site.register(user)


async def endpoints(services: AccountServices, app: Client) -> list[WebhookEndpoint]:
    return list(await services.stores.webhooks.endpoints_of(app.id))


def shown_secret(page: str) -> str | None:
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", page)
    return None if found is None else found[0]


async def added(ann: Visitor, services: AccountServices, app: Client) -> WebhookEndpoint:
    path = f"{app_path(app)}/webhooks"
    response = await ann.submit(path, url=HOOK, kinds=["grant.revoked", "user.deleted"])
    assert response.status_code == 303, response.text
    (endpoint,) = await endpoints(services, app)
    assert response.headers["location"] == f"{path}/{endpoint.id}"
    return endpoint


async def test_a_webhook_is_added_and_its_secret_shown_once(
    ann: Visitor, site: Site, services: AccountServices, app: Client
) -> None:
    path = f"{app_path(app)}/webhooks"
    endpoint = await added(ann, services, app)
    assert (endpoint.url, endpoint.kinds) == (HOOK, {"grant.revoked", "user.deleted"})
    page = (await ann.get(f"{path}/{endpoint.id}")).text
    secret = shown_secret(page)
    assert secret is not None
    stored = site.pages.envelope.open(endpoint.sealed_secret, WEBHOOK_PURPOSE).decode()
    assert secret == stored
    assert Webhook(secret)
    assert shown_secret((await ann.get(f"{path}/{endpoint.id}")).text) is None
    assert HOOK in (await ann.get(path)).text
    rotated = await ann.submit(
        f"{path}/{endpoint.id}", f"{path}/{endpoint.id}/action", what="rotate"
    )
    assert rotated.status_code == 303
    page = (await ann.get(f"{path}/{endpoint.id}")).text
    assert shown_secret(page) not in (None, secret)
    assert "signs too until" in page


async def test_wrong_values_are_refused_beside_their_field(
    ann: Visitor, services: AccountServices, app: Client
) -> None:
    path = f"{app_path(app)}/webhooks"
    for url, kinds, text in (
        ("http://app.example.org/", list(KINDS), "must begin with https://"),
        ("https://127.0.0.1<script>/", list(KINDS), "a character that an address cannot have"),
        (HOOK, [], "Choose at least one kind"),
        (HOOK, ["webhook.test"], "Choose at least one kind"),
    ):
        response = await ann.submit(path, url=url, kinds=kinds)
        assert response.status_code == 422
        assert text in response.text
        assert "<script>" not in response.text
    assert await endpoints(services, app) == []
    endpoint = await added(ann, services, app)
    one = f"{path}/{endpoint.id}"
    assert (await ann.submit(one, url="nonsense", kinds=list(KINDS))).status_code == 422
    changed = await ann.submit(one, url=f"{HOOK}/2", kinds=["user.updated"])
    assert changed.status_code == 303
    (found,) = await endpoints(services, app)
    assert (found.url, found.kinds) == (f"{HOOK}/2", {"user.updated"})


async def test_deliveries_are_shown_and_sent_again(
    ann: Visitor, services: AccountServices, app: Client
) -> None:
    endpoint = await added(ann, services, app)
    one = f"{app_path(app)}/webhooks/{endpoint.id}"
    assert "None yet." in (await ann.get(one)).text
    for _ in range(27):
        response = await ann.submit(one, f"{one}/action", what="test")
        assert response.status_code == 303
    page = (await ann.get(one)).text
    assert page.count("webhook.test") == 25
    assert "Waits to be sent" in page
    older = f"{one}?before=3"
    assert f'href="{older}"' in page
    assert (await ann.get(older)).text.count("webhook.test") == 2
    stores = services.stores
    count = len(await stores.webhooks.deliveries(app.id, endpoint.id, 100))
    assert count == 27
    assert (await ann.submit(one, f"{one}/replay", event="27")).status_code == 303
    for event in ("99", "nonsense", "-1"):
        assert (await ann.submit(one, f"{one}/replay", event=event)).status_code == 404
    everything = await ann.submit(one, f"{one}/replay", event="", span="30d")
    assert everything.status_code == 303
    assert (await ann.submit(one, f"{one}/replay", event="", span="x")).status_code == 404


async def test_it_is_disabled_enabled_and_deleted(
    ann: Visitor, services: AccountServices, app: Client, user: User
) -> None:
    endpoint = await added(ann, services, app)
    one = f"{app_path(app)}/webhooks/{endpoint.id}"
    assert (await ann.submit(one, f"{one}/action", what="disable")).status_code == 303
    page = (await ann.get(one)).text
    assert "Events wait until it is enabled" in page
    assert "Send a test event" not in page
    assert (await ann.submit(one, f"{one}/action", what="enable")).status_code == 303
    assert (await ann.submit(one, f"{one}/action", what="x")).status_code == 404
    assert (await ann.submit(one, f"{one}/action", what="delete")).status_code == 303
    assert await endpoints(services, app) == []
    assert (await ann.get(one)).status_code == 404
    await services.audit.flush()
    kinds = {each.kind for each in await services.stores.events.events_of(user.id, 50)}
    assert {"webhook.added", "webhook.disabled", "webhook.enabled", "webhook.deleted"} <= kinds


async def test_the_list_of_events_is_turned_on_and_off(
    ann: Visitor, services: AccountServices, app: Client
) -> None:
    path = f"{app_path(app)}/webhooks"
    for polled in (True, False):
        response = await ann.submit(path, f"{app_path(app)}/events")
        assert response.status_code == 303
        stream = await services.stores.app_events.stream(app.id)
        assert stream is not None
        assert stream.polled is polled


@dataclass(frozen=True, slots=True)
class DeletedMeanwhile:
    """Another member deletes the application before the database gets the change."""

    stores: Stores

    async def endpoints_of(self, client_id: str) -> Sequence[WebhookEndpoint]:
        return await self.stores.webhooks.endpoints_of(client_id)

    async def stream(self, client_id: str) -> EventStream | None:
        return await self.stores.app_events.stream(client_id)

    async def add_endpoint(self, endpoint: WebhookEndpoint) -> bool:
        assert await self.stores.clients.delete_client(endpoint.client_id)
        return await self.stores.webhooks.add_endpoint(endpoint)

    async def set_polled(self, client_id: str, polled: bool) -> None:
        assert await self.stores.clients.delete_client(client_id)
        await self.stores.app_events.set_polled(client_id, polled)


async def test_an_application_that_was_deleted_meanwhile_is_not_there(
    site: Site, services: AccountServices, user: User, app: Client
) -> None:
    racing = DeletedMeanwhile(services.stores)
    service = replace(site.pages.webhooks, store=racing, events=racing)  # type: ignore[arg-type]
    site.pages = replace(site.pages, webhooks=service)
    other = await site.register(user, name="Sleep Diary")
    async with site.visitor() as visitor:
        await visitor.sign_in("ann@example.org", PASSWORD)
        path = f"{app_path(app)}/webhooks"
        added = await visitor.submit(path, url=HOOK, kinds=["grant.revoked"])
        switched = await visitor.submit(f"{app_path(other)}/webhooks", f"{app_path(other)}/events")
    for response in (added, switched):
        assert response.status_code == 404
        assert "at most" not in response.text
    kinds = {each.kind for each in await services.stores.events.events_of(user.id, 50)}
    assert not {each for each in kinds if each.startswith("webhook.")}


async def test_webhooks_of_another_person_are_not_there(
    site: Site, services: AccountServices, ann: Visitor, app: Client
) -> None:
    """Neither under the application of its owner, nor under one's own."""
    other = await services.member("ben@example.org")
    foreign = await site.register(other, name="Foreign App")
    endpoint, _ = await site.pages.webhooks.add(foreign, HOOK, KINDS)
    mine = await added(ann, services, app)
    own = f"{app_path(app)}/webhooks"
    fields = await ann.form(f"{own}/{mine.id}", f"{own}/{mine.id}/action")
    for path in (f"{app_path(foreign)}/webhooks/{endpoint.id}", f"{own}/{endpoint.id}"):
        page = await ann.get(path)
        assert (page.status_code, HOOK in page.text) == (404, False)
        for action in ("test", "rotate", "disable", "delete"):
            response = await ann.http.post(f"{path}/action", data={**fields, "what": action})
            assert response.status_code == 404
        for more in ("", "/replay"):
            data = {**fields, "url": f"{HOOK}/stolen", "kinds": "user.deleted", "event": "1"}
            assert (await ann.http.post(path + more, data=data)).status_code == 404
    assert (await ann.get(f"{app_path(foreign)}/webhooks")).status_code == 404
    found = await services.stores.webhooks.endpoint(foreign.id, endpoint.id)
    assert found == endpoint
