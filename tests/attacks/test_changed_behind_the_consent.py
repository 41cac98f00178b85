"""security.md §10: what a person allows is what the page showed, also after its app has changed.

An app is edited by its developer, who may be the attacker: between the page and the button the
registration can be widened, renamed or turned to another address.
"""

from typing import Any

import pytest

from support.addresses import query_of
from support.app import CALLBACK, SCOPES, AppHarness, response_of

ALL = "basic readmeasurements writemeasurements"
NARROW = frozenset({"basic"})


async def test_scopes_that_were_not_shown_are_never_allowed(harness: AppHarness) -> None:
    ann = await harness.person()
    app = await harness.app(scope=NARROW)
    browser = await harness.signed_in()
    shown = await harness.ask(browser, app, scope=ALL)
    assert "Read your measurements" not in shown.text
    await harness.register_again(app, scope=frozenset(SCOPES))

    response = await harness.decide(browser, shown)

    assert "code=" not in response.headers["location"]
    assert await harness.context.stores.authorizations.consent(ann.id, app.id) is None
    requested_again = await browser.get(response.headers["location"])
    assert "Read your measurements" in requested_again.text
    code = response_of(await harness.decide(browser, requested_again)).code
    assert (await harness.redeem(app, code)).json()["scope"] == ALL


async def test_a_request_made_when_the_app_was_wider_allows_no_more_than_was_shown(
    harness: AppHarness,
) -> None:
    await harness.person()
    app = await harness.app()
    made_by_attacker = await harness.ask(harness.browser(), app, scope=ALL)
    await harness.register_again(app, scope=NARROW)
    browser = await harness.signed_in()
    shown = await browser.get(query_of(made_by_attacker.headers["location"])["return_to"])
    assert "Read your measurements" not in shown.text
    await harness.register_again(app, scope=frozenset(SCOPES))
    assert "code=" not in (await harness.decide(browser, shown)).headers["location"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Another Name"},
        {"redirect_uris": ("https://elsewhere.example.org/callback",)},
        {"public": True, "secret": None},
    ],
)
async def test_an_app_that_changed_is_shown_again(
    harness: AppHarness, change: dict[str, Any]
) -> None:
    await harness.person()
    app = await harness.app()
    browser = await harness.signed_in()
    shown = await harness.ask(browser, app, redirect_uri=None)
    await harness.register_again(app, **change)
    response = await harness.decide(browser, shown)
    assert response.headers["location"].startswith("/api/v2/oauth/authorize/resume?request=")


async def test_a_person_may_say_no_to_an_app_that_changed(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(scope=NARROW)
    browser = await harness.signed_in()
    shown = await harness.ask(browser, app, scope=ALL)
    await harness.register_again(app, scope=frozenset(SCOPES))
    response = response_of(await harness.decide(browser, shown, "deny"))
    assert response.location.startswith(CALLBACK)
    assert response.parameters["error"] == "access_denied"
