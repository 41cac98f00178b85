"""security.md §18: nothing works with a closed account but to keep it."""

from typing import Any

import httpx
from test_every_page_there_is import pages_of, person_with_an_app

from support.addresses import query_of
from support.app import PASSWORD, AppHarness, form_fields

CLOSED = "/account/closed"


async def _closed(browser: httpx.AsyncClient) -> None:
    fields = form_fields((await browser.get("/account/delete")).text)
    response = await browser.post("/account/delete", data={**fields, "current": PASSWORD})
    assert response.headers["location"] == CLOSED


async def _kept(browser: httpx.AsyncClient) -> Any:
    fields = form_fields((await browser.get(CLOSED)).text)
    return await browser.post(CLOSED, data=fields)


async def test_no_page_and_no_form_of_the_account_works(harness: AppHarness) -> None:
    browser, named = await person_with_an_app(harness)
    await _closed(browser)
    page = await browser.get(CLOSED)
    assert "Your account is closed" in page.text
    proof, before = form_fields(page.text), harness.rows()
    for method in ("GET", "POST"):
        for path in pages_of(harness, method):
            if not path.startswith(("/account", "/developers")) or path == CLOSED:
                continue
            response = await browser.request(method, path.format(**named), data=proof)
            assert response.status_code == 303, path
            assert response.headers["location"] == CLOSED, path
    after = harness.rows()
    del before["throttles"], after["throttles"]
    assert after == before


async def test_tokens_end_and_a_sign_in_for_an_app_leads_to_the_closed_account(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    tokens = await harness.tokens(app, browser)
    await _closed(browser)
    assert (await harness.call(tokens["access_token"])).status_code == 401
    refused = await harness.refresh(app, tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"
    silent = await harness.ask(browser, app, prompt="none")
    assert query_of(silent.headers["location"])["error"] == "login_required"
    fresh = harness.browser()
    interaction = await harness.ask(fresh, app)
    assert await harness.sign_in(fresh, address=interaction.headers["location"]) == CLOSED
    assert (await _kept(fresh)).headers["location"] == "/account"
    assert (await fresh.get("/account")).status_code == 200
    # The earlier authorization does not come back, and the app can ask again.
    assert (await harness.call(tokens["access_token"])).status_code == 401
    again = await harness.tokens(app, fresh)
    assert (await harness.call(again["access_token"])).status_code == 200


async def test_after_the_grace_period_the_page_offers_nothing(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    await _closed(browser)
    fields = form_fields((await browser.get(CLOSED)).text)
    harness.advance(days=7)
    assert "is being deleted" in (await browser.get(CLOSED)).text
    assert (await browser.post(CLOSED, data=fields)).status_code == 400
    assert await harness.context.accounts.deletion.delete_due() == 1
    assert (await browser.get(CLOSED)).headers["location"].startswith("/sign-in")


async def test_the_person_of_a_closed_account_can_sign_out(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    await _closed(browser)
    fields = form_fields((await browser.get(CLOSED)).text)
    response = await browser.post("/sign-out", data={"csrf": fields["csrf"]})
    assert response.status_code == 303
    assert (await browser.get(CLOSED)).headers["location"].startswith("/sign-in")
