"""v2-api.md §5: the sign-in page amid an authorization, and the ways from it back to the app."""

import re
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from support.app import CALLBACK, PASSWORD, App, AppHarness, form_fields, response_of

NEW = "quite another long password"
GO_ON = "Go on with this account"


async def newest_link(harness: AppHarness, path: str) -> str:
    """The newest mailed link to this page, as a local address."""
    for kept in await harness.context.outbox.recent(20):
        if found := re.search(rf"{re.escape(path)}\?token=\S+", kept.mail.text):
            return found[0]
    raise AssertionError("no such mail")


async def sent_to_sign_in(
    harness: AppHarness, browser: httpx.AsyncClient, app: App, **changes: str
) -> str:
    sent = await harness.ask(browser, app, **changes)
    location: str = sent.headers["location"]
    assert location.startswith("/sign-in?"), location
    return location


async def forgets(harness: AppHarness, browser: httpx.AsyncClient, sign_in: str) -> str:
    """From the sign-in page's link to the mail; the local address that the mail names."""
    page = await browser.get(sign_in)
    (link,) = re.findall(r'href="(/reset[^"]*)"', page.text)
    form = form_fields((await browser.get(link.replace("&amp;", "&"))).text)
    wrong = await browser.post("/reset", data={**form, "email": "nonsense"})
    form = form_fields(wrong.text)
    sent = await browser.post("/reset", data={**form, "email": "ann@example.org"})
    assert sent.headers["location"] == "/reset/sent"
    return await newest_link(harness, "/reset/new")


async def chooses(browser: httpx.AsyncClient, link: str) -> httpx.Response:
    """From the mailed link to the new password."""
    await browser.get(link)
    page = await browser.get("/reset/new")
    refused = await browser.post("/reset/new", data={**form_fields(page.text), "password": "x"})
    assert refused.status_code == 422
    for shown in (page, refused):
        assert "form-action 'self' https:" in shown.headers["content-security-policy"]
    fields = {**form_fields(refused.text), "password": NEW}
    return await browser.post("/reset/new", data=fields)


@pytest.mark.parametrize("prompt", ["", "login"])
async def test_a_forgotten_password_leads_back_to_the_app(harness: AppHarness, prompt: str) -> None:
    await harness.person()
    app, browser = await harness.app(), harness.browser()
    link = await forgets(
        harness, browser, await sent_to_sign_in(harness, browser, app, prompt=prompt)
    )
    assert "return_to" in (await browser.get("/reset/sent")).text
    harness.advance(minutes=20)
    chosen = await chooses(browser, link)
    assert chosen.headers["location"].startswith("/api/v2/oauth/authorize/resume?")
    page = await browser.get(chosen.headers["location"])
    assert (await harness.decide(browser, page)).headers["location"].startswith(CALLBACK)


async def test_in_another_browser_it_leads_to_the_account(harness: AppHarness) -> None:
    # As at sign-up: a request from there was not begun by this person.
    await harness.person()
    app, browser, other = await harness.app(), harness.browser(), harness.browser()
    link = await forgets(harness, browser, await sent_to_sign_in(harness, browser, app))
    await other.get(link)
    page = await other.get("/reset/new")
    assert "https:" not in page.headers["content-security-policy"]
    fields = {**form_fields(page.text), "password": NEW}
    chosen = await other.post("/reset/new", data=fields)
    assert chosen.headers["location"] == "/account"


async def test_where_nothing_waits_any_more_it_leads_to_the_account(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), harness.browser()
    sign_in = await sent_to_sign_in(harness, browser, app)
    harness.advance(minutes=50)
    link = await forgets(harness, browser, sign_in)
    harness.advance(minutes=10)
    await browser.get(link)
    fields = form_fields((await browser.get("/reset/new")).text)
    chosen = await browser.post("/reset/new", data={**fields, "password": NEW})
    assert chosen.headers["location"] == "/account"


async def test_a_second_forgotten_password_forgets_the_first_way(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), harness.browser()
    await forgets(harness, browser, await sent_to_sign_in(harness, browser, app))
    link = await forgets(harness, browser, "/sign-in")
    await browser.get(link)
    fields = form_fields((await browser.get("/reset/new")).text)
    chosen = await browser.post("/reset/new", data={**fields, "password": NEW})
    assert chosen.headers["location"] == "/account"


async def test_it_never_leads_elsewhere(harness: AppHarness) -> None:
    await harness.person()
    for evil in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"):
        browser = harness.browser()
        page = await browser.get(f"/reset?return_to={quote(evil, safe='')}")
        assert "evil" not in page.text
        form = {**form_fields(page.text), "return_to": evil, "email": "ann@example.org"}
        await browser.post("/reset", data=form)
        await browser.get(await newest_link(harness, "/reset/new"))
        fields = form_fields((await browser.get("/reset/new")).text)
        chosen = await browser.post("/reset/new", data={**fields, "password": NEW})
        assert chosen.headers["location"] == "/account"


async def test_a_session_that_is_too_old_is_not_offered(harness: AppHarness) -> None:
    # OpenID Connect Core §3.1.2.1: it would lead to the same page again.
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    harness.advance(minutes=2)
    for changes in ({"prompt": "login"}, {"max_age": "60"}, {"max_age": "0"}):
        location = await sent_to_sign_in(harness, browser, app, **changes)
        page = await browser.get(location)
        assert GO_ON not in page.text, changes
        fields = {**form_fields(page.text), "username": "ann@example.org", "password": "wrong"}
        again = await browser.post("/sign-in", data=fields)
        assert again.status_code == 400
        assert GO_ON not in again.text
    fields = {**form_fields(again.text), "username": "ann@example.org", "password": PASSWORD}
    back = await browser.post("/sign-in", data=fields)
    assert 'id="allow"' in (await browser.get(back.headers["location"])).text


async def test_a_session_that_will_do_is_offered_and_leads_on(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    harness.advance(minutes=2)
    for changes in ({}, {"max_age": "600"}):
        page = await harness.ask(browser, app, **changes)
        resume = f"/api/v2/oauth/authorize/resume?request={form_fields(page.text)['request']}"
        switch = await browser.get(f"/sign-in?return_to={quote(resume, safe='')}")
        assert GO_ON in switch.text
        assert 'id="allow"' in (await browser.get(resume)).text


async def test_a_session_of_another_person_than_is_wanted_is_not_offered(
    harness: AppHarness,
) -> None:
    await harness.person()
    await harness.person("bob@example.org", "Bob Example")
    app = await harness.app()
    anns = (await harness.tokens(app, scope="openid"))["id_token"]
    bob = await harness.signed_in("bob@example.org")
    location = await sent_to_sign_in(harness, bob, app, scope="openid", id_token_hint=anns)
    assert GO_ON not in (await bob.get(location)).text
    return_to = parse_qs(urlsplit(location).query)["return_to"][0]
    back = await harness.sign_in(bob, address=location)
    assert back == return_to
    assert "code" in response_of(await bob.get(back)).parameters
