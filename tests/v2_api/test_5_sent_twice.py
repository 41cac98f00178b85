"""v2-api.md §5: what a person sends twice (a double click) leads to the app with one response."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from support.app import (
    AUTHORIZE,
    DECISION,
    SESSION,
    AppHarness,
    OpenHarness,
    form_fields,
    response_of,
)
from support.fake_provider import FakeUpstream, brought, profile, redeem_login, sign_in_upstream

RESUME = f"{AUTHORIZE}/resume"
BROWSER = "__Host-quantimodo_browser"


def is_gone(response: httpx.Response) -> bool:
    return response.status_code == 400 and "location" not in response.headers


def without_limits(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {table: found for table, found in rows.items() if table != "throttles"}


async def pressed(
    browser: httpx.AsyncClient, page: httpx.Response, decision: str = "allow"
) -> httpx.Response:
    return await browser.post(DECISION, data={**form_fields(page.text), "decision": decision})


async def test_a_double_click_leads_to_the_app_with_one_code(harness: AppHarness) -> None:
    ann = await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app)
    responses = await asyncio.gather(*(pressed(browser, page) for _ in range(5)))
    (location,) = {response_of(response).location for response in responses}
    assert response_of(await pressed(browser, page)).location == location
    rows = harness.rows()
    assert len(rows["codes"]) == len(rows["grants"]) == 1
    code = response_of(responses[0]).code
    assert (await harness.redeem(app, code)).status_code == 200
    assert len(await harness.context.stores.authorizations.consents_of(ann.id)) == 1


@pytest.mark.parametrize(("first", "then"), [("allow", "deny"), ("deny", "allow")])
async def test_another_decision_gets_the_first_response(
    harness: AppHarness, first: str, then: str
) -> None:
    ann = await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app)
    location = response_of(await pressed(browser, page, first)).location
    assert ("code=" in location) is (first == "allow")
    before = harness.rows()
    assert response_of(await pressed(browser, page, then)).location == location
    # Each form counts in `limits.changes_per_session`; nothing else changes.
    assert without_limits(harness.rows()) == without_limits(before)
    consents = await harness.context.stores.authorizations.consents_of(ann.id)
    assert bool(consents) is (first == "allow")


async def test_every_kind_of_response_comes_again_as_it_was(harness: AppHarness) -> None:
    await harness.person()
    kinds = frozenset({"code", "none", "code id_token token", "id_token token"})
    app = await harness.app(response_types=kinds)
    browser = harness.browser()
    await harness.sign_in(browser)
    for kind in kinds:
        for mode in ("fragment", "form_post", "jwt", "form_post.jwt"):
            page = await harness.ask(
                browser,
                app,
                response_type=kind,
                response_mode=mode,
                scope="openid",
                nonce="n",
                prompt="consent",
            )
            first, second = await pressed(browser, page), await pressed(browser, page)
            assert first.status_code == second.status_code
            assert first.text == second.text
            assert first.headers == second.headers, (kind, mode)
            assert second.headers["cache-control"] == "no-store"


async def test_a_second_way_through_the_sign_in_leads_there_too(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(first_party=True), harness.browser()
    sent = await harness.ask(browser, app)
    resume = parse_qs(urlsplit(sent.headers["location"]).query)["return_to"][0]
    await harness.sign_in(browser, address=sent.headers["location"])
    first = response_of(await browser.get(resume))
    assert response_of(await browser.get(resume)).location == first.location
    assert len(harness.rows()["codes"]) == 1


async def test_going_back_to_the_page_that_was_answered_leads_on(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app)
    location = response_of(await pressed(browser, page)).location
    resume = f"{RESUME}?request={form_fields(page.text)['request']}"
    assert response_of(await browser.get(resume)).location == location


async def test_it_is_there_as_long_as_a_code_lives(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app)
    first = response_of(await pressed(browser, page))
    harness.advance(seconds=59)
    assert response_of(await pressed(browser, page)).location == first.location
    harness.advance(seconds=1)
    assert is_gone(await pressed(browser, page))
    assert (await harness.redeem(app, first.code)).json()["error"] == "invalid_grant"


async def test_another_browser_and_another_person_get_nothing(harness: AppHarness) -> None:
    await harness.person()
    await harness.person("bob@example.org", "Bob Example")
    ann, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(ann, app)
    fields = form_fields(page.text)
    await pressed(ann, page)
    resume = f"{RESUME}?request={fields['request']}"
    # The same person elsewhere, another person elsewhere, a visitor without a session, and another
    # person right here.
    here = await harness.signed_in("bob@example.org")
    here.cookies.set(BROWSER, ann.cookies[BROWSER], domain="id.example.org")
    stranger = harness.browser()
    stranger.cookies.set(BROWSER, ann.cookies[BROWSER], domain="id.example.org")
    elsewhere = [await harness.signed_in(), await harness.signed_in("bob@example.org")]
    for browser in (*elsewhere, harness.browser(), here, stranger):
        assert is_gone(await browser.get(resume))
        page = await browser.get("/sign-in")
        csrf = form_fields(page.text)["csrf"]
        again = {**fields, "csrf": csrf, "decision": "allow"}
        assert is_gone(await browser.post(DECISION, data=again))
    stolen = harness.browser()
    stolen.cookies.set(SESSION, ann.cookies[SESSION], domain="id.example.org")
    assert is_gone(await stolen.get(resume))


async def test_by_a_login_jwt_it_is_the_same(open_harness: OpenHarness) -> None:
    async with open_harness([FakeUpstream(people={"gia": profile()})]) as harness:
        await harness.person()
        app = await harness.app()
        browser = harness.browser()
        code = brought(await sign_in_upstream(browser))["code"]
        token = (await redeem_login(harness, code)).json()["data"]["token"]
        moved = await browser.get(
            AUTHORIZE,
            params={
                "client_id": app.id,
                "response_type": "code",
                "token": token,
            },
        )
        page = await browser.get(moved.headers["location"])
        location = response_of(await pressed(browser, page)).location
        assert "code=" in location
        assert response_of(await pressed(browser, page)).location == location
        other = await harness.signed_in()
        browser.cookies.set(SESSION, other.cookies[SESSION], domain="id.example.org")
        csrf = form_fields((await browser.get("/sign-in")).text)["csrf"]
        fields = {**form_fields(page.text), "csrf": csrf, "decision": "allow"}
        assert is_gone(await browser.post(DECISION, data=fields))


async def test_the_response_is_stored_encrypted_and_deleted(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app(response_types=frozenset({"token"}))
    page = await harness.ask(browser, app, response_type="token", scope="basic", state="a-state")
    response = response_of(await pressed(browser, page))
    kept = str(harness.rows()["authorization_requests"])
    assert response.parameters["access_token"] not in kept
    assert browser.cookies[BROWSER] not in kept
    harness.advance(seconds=61)
    await harness.context.stores.retention.delete_expired(
        "authorization_requests", harness.context.clock.now(), 100
    )
    assert not harness.rows()["authorization_requests"]
