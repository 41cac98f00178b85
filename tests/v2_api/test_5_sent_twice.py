"""Contract §5: what a person sends twice (a double click) leads to the app with one answer."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from elsewhere import Elsewhere, brought, profile, redeem_login, there_and_back
from world import AUTHORIZE, DECISION, SESSION, World, Worlds, answer_of, form_fields

RESUME = f"{AUTHORIZE}/resume"
BROWSER = "__Host-quantimodo_browser"


def is_gone(response: httpx.Response) -> bool:
    return response.status_code == 400 and "location" not in response.headers


async def pressed(
    browser: httpx.AsyncClient, page: httpx.Response, decision: str = "allow"
) -> httpx.Response:
    return await browser.post(DECISION, data={**form_fields(page.text), "decision": decision})


async def test_a_double_click_leads_to_the_app_with_one_code(world: World) -> None:
    ann = await world.person()
    browser, app = await world.signed_in(), await world.app()
    page = await world.ask(browser, app)
    answers = await asyncio.gather(*(pressed(browser, page) for _ in range(5)))
    (location,) = {answer_of(answer).location for answer in answers}
    assert answer_of(await pressed(browser, page)).location == location
    rows = world.rows()
    assert len(rows["codes"]) == len(rows["families"]) == 1
    code = answer_of(answers[0]).code
    assert (await world.redeem(app, code)).status_code == 200
    assert len(await world.house.stores.consents_of(ann.id)) == 1


@pytest.mark.parametrize(("first", "then"), [("allow", "deny"), ("deny", "allow")])
async def test_another_decision_gets_the_first_answer(world: World, first: str, then: str) -> None:
    ann = await world.person()
    browser, app = await world.signed_in(), await world.app()
    page = await world.ask(browser, app)
    location = answer_of(await pressed(browser, page, first)).location
    assert ("code=" in location) is (first == "allow")
    before = world.rows()
    assert answer_of(await pressed(browser, page, then)).location == location
    assert world.rows() == before
    consents = await world.house.stores.consents_of(ann.id)
    assert bool(consents) is (first == "allow")


async def test_every_kind_of_answer_comes_again_as_it_was(world: World) -> None:
    await world.person()
    kinds = frozenset({"code", "none", "code id_token token", "id_token token"})
    app = await world.app(response_types=kinds)
    browser = world.browser()
    await world.sign_in(browser)
    for kind in kinds:
        for mode in ("fragment", "form_post", "jwt", "form_post.jwt"):
            page = await world.ask(
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


async def test_a_second_way_through_the_sign_in_leads_there_too(world: World) -> None:
    await world.person()
    app, browser = await world.app(first_party=True), world.browser()
    sent = await world.ask(browser, app)
    resume = parse_qs(urlsplit(sent.headers["location"]).query)["return_to"][0]
    await world.sign_in(browser, address=sent.headers["location"])
    first = answer_of(await browser.get(resume))
    assert answer_of(await browser.get(resume)).location == first.location
    assert len(world.rows()["codes"]) == 1


async def test_going_back_to_the_page_that_was_answered_leads_on(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    page = await world.ask(browser, app)
    location = answer_of(await pressed(browser, page)).location
    resume = f"{RESUME}?request={form_fields(page.text)['request']}"
    assert answer_of(await browser.get(resume)).location == location


async def test_it_is_there_as_long_as_a_code_lives(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    page = await world.ask(browser, app)
    first = answer_of(await pressed(browser, page))
    world.advance(seconds=59)
    assert answer_of(await pressed(browser, page)).location == first.location
    world.advance(seconds=1)
    assert is_gone(await pressed(browser, page))
    assert (await world.redeem(app, first.code)).json()["error"] == "invalid_grant"


async def test_another_browser_and_another_person_get_nothing(world: World) -> None:
    await world.person()
    await world.person("bob@example.org", "Bob Example")
    ann, app = await world.signed_in(), await world.app()
    page = await world.ask(ann, app)
    fields = form_fields(page.text)
    await pressed(ann, page)
    resume = f"{RESUME}?request={fields['request']}"
    # The same person elsewhere, another person elsewhere, nobody, and another person right here.
    here = await world.signed_in("bob@example.org")
    here.cookies.set(BROWSER, ann.cookies[BROWSER], domain="id.example.org")
    nobody = world.browser()
    nobody.cookies.set(BROWSER, ann.cookies[BROWSER], domain="id.example.org")
    elsewhere = [await world.signed_in(), await world.signed_in("bob@example.org")]
    for browser in (*elsewhere, world.browser(), here, nobody):
        assert is_gone(await browser.get(resume))
        page = await browser.get("/sign-in")
        csrf = form_fields(page.text)["csrf"]
        again = {**fields, "csrf": csrf, "decision": "allow"}
        assert is_gone(await browser.post(DECISION, data=again))
    stolen = world.browser()
    stolen.cookies.set(SESSION, ann.cookies[SESSION], domain="id.example.org")
    assert is_gone(await stolen.get(resume))


async def test_by_a_login_jwt_it_is_the_same(worlds: Worlds) -> None:
    async with worlds([Elsewhere(people={"gia": profile()})]) as world:
        await world.person()
        app = await world.app()
        browser = world.browser()
        code = brought(await there_and_back(browser))["code"]
        token = (await redeem_login(world, code)).json()["data"]["token"]
        moved = await browser.get(
            AUTHORIZE,
            params={
                "client_id": app.id,
                "response_type": "code",
                "token": token,
            },
        )
        page = await browser.get(moved.headers["location"])
        location = answer_of(await pressed(browser, page)).location
        assert "code=" in location
        assert answer_of(await pressed(browser, page)).location == location
        other = await world.signed_in()
        browser.cookies.set(SESSION, other.cookies[SESSION], domain="id.example.org")
        csrf = form_fields((await browser.get("/sign-in")).text)["csrf"]
        fields = {**form_fields(page.text), "csrf": csrf, "decision": "allow"}
        assert is_gone(await browser.post(DECISION, data=fields))


async def test_the_answer_is_kept_encrypted_and_swept(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app(response_types=frozenset({"token"}))
    page = await world.ask(browser, app, response_type="token", scope="basic", state="a-state")
    answer = answer_of(await pressed(browser, page))
    kept = str(world.rows()["authorization_requests"])
    assert answer.parameters["access_token"] not in kept
    assert browser.cookies[BROWSER] not in kept
    world.advance(seconds=61)
    await world.house.stores.sweep("authorization_requests", world.house.clock.now(), 100)
    assert not world.rows()["authorization_requests"]
