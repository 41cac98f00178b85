"""security.md 10: what was asked is what is answered; no later step changes a request."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx

from world import AUTHORIZE, CALLBACK, CHALLENGE, DECISION, World, answer_of, form_fields

OTHER = "https://app.example.org/other"
RESUME = f"{AUTHORIZE}/resume"
CHANGES = {
    "response_type": "token",
    "response_mode": "fragment",
    "scope": "basic writemeasurements",
    "redirect_uri": OTHER,
    "state": "other-state",
    "code_challenge": CHALLENGE[::-1],
    "prompt": "none",
    "client_id": "other",
}


def is_gone(response: httpx.Response) -> bool:
    return response.status_code == 400 and "location" not in response.headers


async def test_nothing_beside_the_request_id_counts_when_it_goes_on(world: World) -> None:
    await world.person()
    app = await world.app(
        redirect_uris=(CALLBACK, OTHER), response_types=frozenset({"code", "token"})
    )
    sent = await world.ask(world.browser(), app)
    resume = httpx.URL(sent.headers["location"]).params["return_to"]
    browser = await world.signed_in()
    page = await browser.get(resume, params={**parse_qs(urlsplit(resume).query), **CHANGES})
    fields = {**CHANGES, **form_fields(page.text), "decision": "allow"}
    answer = answer_of(await browser.post(DECISION, params=CHANGES, data=fields))
    assert answer.location.startswith(f"{CALLBACK}?code=")
    assert answer.parameters["state"] == "some-state"
    tokens = await world.redeem(app, answer.code)
    assert tokens.json()["scope"] == "basic"


async def test_a_request_is_answered_once(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    page = await world.ask(browser, app)
    answers = await asyncio.gather(*(world.decide(browser, page) for _ in range(5)))
    assert len({answer_of(answer).location for answer in answers}) == 1
    assert answer_of(await world.decide(browser, page, "deny")).code
    assert answer_of(await browser.get(f"{RESUME}?request={form_fields(page.text)['request']}"))
    assert len(world.rows()["codes"]) == 1


async def test_a_denied_request_cannot_be_allowed_after(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    page = await world.ask(browser, app)
    for decision in ("deny", "allow"):
        answer = answer_of(await world.decide(browser, page, decision))
        assert answer.parameters["error"] == "access_denied"
    assert not world.rows()["codes"]


async def test_a_request_waits_an_hour(world: World) -> None:
    await world.person()
    browser, app = await world.signed_in(), await world.app()
    page, late = await world.ask(browser, app), await world.ask(browser, app)
    world.advance(minutes=59)
    assert "code" in answer_of(await world.decide(browser, page)).parameters
    world.advance(minutes=1)
    assert is_gone(await world.decide(browser, late))


async def test_who_decides_is_who_is_shown(world: World) -> None:
    # The page was shown to Ann; Bob signs in, in the same browser, and the old page is pressed.
    await world.person()
    await world.person("bob@example.org", "Bob Example")
    browser, app = await world.signed_in(), await world.app()
    page = await world.ask(browser, app)
    await world.sign_in(browser, "bob@example.org")
    pressed = await world.decide(browser, page)
    assert pressed.status_code == 403
    assert not world.rows()["codes"]
    assert not world.rows()["consents"]


async def test_a_fault_that_came_later_is_found_when_the_request_goes_on(world: World) -> None:
    await world.person()
    browser = await world.signed_in()
    app = await world.app(response_types=frozenset({"token"}))
    page = await world.ask(browser, app, response_type="token")
    await world.register_again(app, response_types=frozenset({"code"}))
    answer = answer_of(await world.decide(browser, page))
    assert answer.parameters["error"] == "unauthorized_client"
    narrowed = await world.app()
    page = await world.ask(browser, narrowed, scope="basic writemeasurements")
    await world.register_again(narrowed, scope=frozenset({"basic"}))
    shown_again = await browser.get((await world.decide(browser, page)).headers["location"])
    code = answer_of(await world.decide(browser, shown_again)).code
    assert (await world.redeem(narrowed, code)).json()["scope"] == "basic"


async def test_a_stored_request_is_found_by_nobody_who_reads_the_database(world: World) -> None:
    app = await world.app()
    sent = await world.ask(world.browser(), app)
    request_id = httpx.URL(httpx.URL(sent.headers["location"]).params["return_to"]).params[
        "request"
    ]
    assert request_id.startswith("qmq_")
    assert request_id not in str(world.rows())
