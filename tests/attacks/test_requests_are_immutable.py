"""security.md §10: the response is to the request that was sent; no later step changes it."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx

from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    DECISION,
    AppHarness,
    form_fields,
    response_of,
)

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


async def test_nothing_beside_the_request_id_counts_when_it_goes_on(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app(
        redirect_uris=(CALLBACK, OTHER), response_types=frozenset({"code", "token"})
    )
    sent = await harness.ask(harness.browser(), app)
    resume = httpx.URL(sent.headers["location"]).params["return_to"]
    browser = await harness.signed_in()
    page = await browser.get(resume, params={**parse_qs(urlsplit(resume).query), **CHANGES})
    fields = {**CHANGES, **form_fields(page.text), "decision": "allow"}
    # The field `scope` is a choice of the person, and a choice never exceeds the request.
    wider = await browser.post(DECISION, params=CHANGES, data=fields)
    assert wider.status_code == 422
    assert "location" not in wider.headers
    assert not harness.rows()["codes"]
    del fields["scope"]
    response = response_of(await browser.post(DECISION, params=CHANGES, data=fields))
    assert response.location.startswith(f"{CALLBACK}?code=")
    assert response.parameters["state"] == "some-state"
    tokens = await harness.redeem(app, response.code)
    assert tokens.json()["scope"] == "basic"


async def test_a_request_is_answered_once(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app)
    responses = await asyncio.gather(*(harness.decide(browser, page) for _ in range(5)))
    assert len({response_of(response).location for response in responses}) == 1
    assert response_of(await harness.decide(browser, page, "deny")).code
    assert response_of(await browser.get(f"{RESUME}?request={form_fields(page.text)['request']}"))
    assert len(harness.rows()["codes"]) == 1


async def test_a_denied_request_cannot_be_allowed_after(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app)
    for decision in ("deny", "allow"):
        response = response_of(await harness.decide(browser, page, decision))
        assert response.parameters["error"] == "access_denied"
    assert not harness.rows()["codes"]


async def test_a_request_waits_an_hour(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    page, late = await harness.ask(browser, app), await harness.ask(browser, app)
    harness.advance(minutes=59)
    assert "code" in response_of(await harness.decide(browser, page)).parameters
    harness.advance(minutes=1)
    assert is_gone(await harness.decide(browser, late))


async def test_the_person_who_decides_is_the_one_shown(harness: AppHarness) -> None:
    # The page was shown to Ann; Bob signs in, in the same browser, and the old page is pressed.
    await harness.person()
    await harness.person("bob@example.org", "Bob Example")
    browser, app = await harness.signed_in(), await harness.app()
    page = await harness.ask(browser, app)
    await harness.sign_in(browser, "bob@example.org")
    pressed = await harness.decide(browser, page)
    assert pressed.status_code == 403
    assert not harness.rows()["codes"]
    assert not harness.rows()["consents"]


async def test_a_fault_that_came_later_is_found_when_the_request_goes_on(
    harness: AppHarness,
) -> None:
    await harness.person()
    browser = await harness.signed_in()
    app = await harness.app(response_types=frozenset({"token"}))
    page = await harness.ask(browser, app, response_type="token")
    await harness.register_again(app, response_types=frozenset({"code"}))
    response = response_of(await harness.decide(browser, page))
    assert response.parameters["error"] == "unauthorized_client"
    narrowed = await harness.app()
    page = await harness.ask(browser, narrowed, scope="basic writemeasurements")
    await harness.register_again(narrowed, scope=frozenset({"basic"}))
    shown_again = await browser.get((await harness.decide(browser, page)).headers["location"])
    code = response_of(await harness.decide(browser, shown_again)).code
    assert (await harness.redeem(narrowed, code)).json()["scope"] == "basic"


async def test_a_reader_of_the_database_cannot_use_a_stored_request(
    harness: AppHarness,
) -> None:
    app = await harness.app()
    sent = await harness.ask(harness.browser(), app)
    request_id = httpx.URL(httpx.URL(sent.headers["location"]).params["return_to"]).params[
        "request"
    ]
    assert request_id.startswith("qmq_")
    assert request_id not in str(harness.rows())
