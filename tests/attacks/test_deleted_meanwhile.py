"""security.md §7, §10: an account or an app that is deleted while its consent form is processed.

Between the moment when the response is read and the moment when the consent is kept, a person may
delete the account in another tab, or the app in the portal. Nothing may come of the response, and
no person may get a 5xx.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from quantimodo.app.composition.server import build_server
from quantimodo.authorization.stored_requests import RESUME
from quantimodo.model.consents import Consent
from support.app import (
    CALLBACK,
    ISSUER,
    App,
    AppHarness,
    PreparedDatabase,
    form_fields,
    response_of,
)

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@dataclass(slots=True)
class Interrupted:
    """The store of authorizations; calls `happens` just before a consent is stored."""

    store: Any
    happens: Callable[[], Awaitable[object]]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def save_consent(self, consent: Consent, *, decided: bool) -> Consent:
        await self.happens()
        saved: Consent = await self.store.save_consent(consent, decided=decided)
        return saved


async def interrupt(
    harness: AppHarness,
    prepared_database: PreparedDatabase,
    happens: Callable[[], Awaitable[object]],
) -> None:
    stores = harness.context.stores
    interrupted: Any = Interrupted(stores.authorizations, happens)
    context = replace(harness.context, stores=replace(stores, authorizations=interrupted))
    harness.application = await build_server(context, prepared_database.renderer)


async def ann_and_app(harness: AppHarness, **changes: Any) -> tuple[int, App]:
    ann = await harness.person()
    return ann.id, await harness.app(**changes)


@pytest.mark.parametrize("first_party", [False, True])
async def test_an_account_that_was_deleted_meanwhile_gives_nothing_to_the_app(
    harness: AppHarness, prepared_database: PreparedDatabase, first_party: bool
) -> None:
    user_id, app = await ann_and_app(harness, first_party=first_party)
    stores = harness.context.stores
    await interrupt(harness, prepared_database, lambda: stores.users.delete_user(user_id, NOW))
    response = await harness.authorize(await harness.signed_in(), app)
    assert response.location.startswith(f"{CALLBACK}?")
    assert response.parameters == {
        "error": "access_denied",
        "error_description": "the account or the app was deleted meanwhile",
        "error_uri": f"{ISSUER}/guides/developer/errors/#access_withdrawn",
        "state": "some-state",
        "iss": ISSUER,
    }
    rows = harness.rows()
    assert not rows["consents"] + rows["grants"] + rows["codes"] + rows["access_tokens"]


@pytest.mark.parametrize("first_party", [False, True])
async def test_an_app_that_was_deleted_meanwhile_gets_nothing(
    harness: AppHarness, prepared_database: PreparedDatabase, first_party: bool
) -> None:
    _, app = await ann_and_app(harness, first_party=first_party)
    stores = harness.context.stores
    await interrupt(harness, prepared_database, lambda: stores.clients.delete_client(app.id))
    response = await harness.authorize(await harness.signed_in(), app)
    assert response.parameters["error"] == "access_denied"
    assert response.parameters["iss"] == ISSUER
    assert "code" not in response.parameters
    rows = harness.rows()
    assert not rows["consents"] + rows["grants"] + rows["codes"] + rows["access_tokens"]


async def test_the_request_of_a_deleted_account_cannot_be_answered_by_another(
    harness: AppHarness, prepared_database: PreparedDatabase
) -> None:
    user_id, app = await ann_and_app(harness)
    await harness.person("eve@example.org", "Eve Example")
    stores = harness.context.stores
    await interrupt(harness, prepared_database, lambda: stores.users.delete_user(user_id, NOW))
    browser = await harness.signed_in()
    shown = await harness.ask(browser, app)
    request_id = form_fields(shown.text)["request"]
    assert response_of(await harness.decide(browser, shown)).parameters["error"] == "access_denied"
    eve = await harness.signed_in("eve@example.org")
    again = await eve.get(RESUME, params={"request": request_id})
    assert again.status_code == 400


async def test_nothing_is_recorded_as_allowed_when_it_was_not_kept(
    harness: AppHarness, prepared_database: PreparedDatabase
) -> None:
    user_id, app = await ann_and_app(harness)
    stores = harness.context.stores
    await interrupt(harness, prepared_database, lambda: stores.clients.delete_client(app.id))
    await harness.authorize(await harness.signed_in(), app)
    await harness.context.audit.flush()
    kinds = {event.kind for event in await stores.events.events_of(user_id, 100)}
    assert "consent.given" not in kinds


async def test_an_account_that_was_deleted_before_the_response_has_to_sign_in(
    harness: AppHarness,
) -> None:
    user_id, app = await ann_and_app(harness)
    browser = await harness.signed_in()
    shown = await harness.ask(browser, app)
    await harness.context.stores.users.delete_user(user_id, harness.context.clock.now())
    response = await harness.decide(browser, shown)
    assert response.status_code == 303
    assert response.headers["location"].startswith("/sign-in?return_to=")


async def test_an_app_that_was_deleted_before_the_response_is_a_page_and_no_redirect(
    harness: AppHarness,
) -> None:
    _, app = await ann_and_app(harness)
    browser = await harness.signed_in()
    shown = await harness.ask(browser, app)
    await harness.context.stores.clients.delete_client(app.id)
    response = await harness.decide(browser, shown)
    assert response.status_code == 400
    assert "location" not in response.headers
