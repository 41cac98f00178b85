"""The tab *Try it* redeems codes only for the team of the application, in the browser that began,
and shows neither the client secret nor a refresh token."""

import html
import re

import httpx
import pytest

from support.app import AppHarness, form_fields
from support.page_site import Fields

SECRET = re.compile(r"qms_[A-Za-z0-9_-]{43}")
REFRESH = re.compile(r"qmr_[A-Za-z0-9_=-]{20,}")


async def form(browser: httpx.AsyncClient, page: str, action: str) -> dict[str, str | list[str]]:
    """What a browser sends of the form of this page with this action."""
    parser = Fields()
    parser.feed((await browser.get(page)).text)
    return next(fields for target, fields in parser.forms if target == action)


@pytest.fixture
async def ann(harness: AppHarness) -> httpx.AsyncClient:
    await harness.person()
    return await harness.signed_in()


async def new_app(ann: httpx.AsyncClient, **changes: str) -> tuple[str, str]:
    """An application with the callback registered: its path, and its secret or nothing."""
    fields = await form(ann, "/developers/new", "/developers/new")
    given = {"name": "Mood", "redirect_uris": "https://app.example.org/cb", **changes}
    path = (await ann.post("/developers/new", data={**fields, **given})).headers["location"]
    secret = SECRET.search((await ann.get(path)).text)
    tried = f"{path}/try"
    callback = {**await form(ann, tried, f"{tried}/callback"), "action": "add"}
    added = await ann.post(f"{tried}/callback", data=callback)
    assert (added.status_code, added.headers["location"]) == (303, tried)
    return path, secret[0] if secret else ""


async def allowed(harness: AppHarness, ann: httpx.AsyncClient, tried: str) -> str:
    """Start a run, and allow it: the address to which the browser returns."""
    started_login = await ann.post(tried, data=await form(ann, tried, tried))
    assert started_login.status_code == 303, started_login.text
    assert "code_challenge_method=S256" in started_login.headers["location"]
    consent_page = await ann.get(started_login.headers["location"])
    if consent_page.status_code == 200:
        consent_page = await harness.decide(ann, consent_page)
    location: str = consent_page.headers["location"]
    return location


async def call(
    ann: httpx.AsyncClient, tried: str, page: str, name: str, secret: str = ""
) -> httpx.Response:
    fields = {"csrf": form_fields(page)["csrf"], "run": form_fields(page)["run"]}
    return await ann.post(f"{tried}/call", data={**fields, "call": name, "secret": secret})


async def test_a_run_leads_to_tokens_and_shows_no_secret(
    harness: AppHarness, ann: httpx.AsyncClient
) -> None:
    path, secret = await new_app(ann)
    tried = f"{path}/try"
    assert f"{tried}" in (await ann.get(f"{path}/sign-in")).text, "among the redirect URIs"
    returned = await ann.get(await allowed(harness, ann, tried))
    assert "2. The authorization response" in returned.text
    wrong = await call(ann, tried, returned.text, "token", "qms_" + "x" * 43)
    assert "401" in wrong.text
    assert "qms_x" not in wrong.text
    # A wrong secret spends no code (RFC 6749 §4.1.3).
    redeemed = await call(ann, tried, wrong.text, "token", secret)
    shown = html.unescape(redeemed.text)
    assert '"aud"' in shown
    assert "The signature is by a published key" in shown
    assert "qma_" in shown
    assert "BASE64(CLIENT_ID:CLIENT_SECRET)" in shown
    user = await call(ann, tried, redeemed.text, "me")
    assert "ann@example.org" in user.text
    refreshed = await call(ann, tried, user.text, "refresh", secret)
    assert "REFRESH_TOKEN" in refreshed.text
    for page in (wrong, redeemed, user, refreshed):
        assert not SECRET.search(page.text)
        assert not REFRESH.search(page.text)
        assert secret not in page.text
    removed = await ann.post(
        f"{tried}/callback",
        data={**await form(ann, tried, f"{tried}/callback"), "action": "remove"},
    )
    assert removed.status_code == 303
    assert "/try" not in form_fields((await ann.get(f"{path}/sign-in")).text).get(
        "redirect_uris", ""
    )


async def test_a_code_is_for_the_team_and_the_browser_that_began(
    harness: AppHarness, ann: httpx.AsyncClient
) -> None:
    path, _ = await new_app(ann, kind="browser")
    tried = f"{path}/try"
    back = await allowed(harness, ann, tried)
    await harness.person("eve@example.org", "Eve Example")
    eve = await harness.signed_in("eve@example.org")
    assert (await eve.get(back)).status_code == 404
    stranger = await harness.browser().get(back)
    assert stranger.headers["location"].startswith("/sign-in")
    other = await harness.signed_in()
    begun = "This browser began no authorization here"
    assert begun in (await other.get(back)).text
    code = re.search(r"code=([^&]+)", back)
    assert code
    for brought in (
        f"{tried}?code={code[1]}&state=other&iss={harness.context.settings.issuer}",
        back.replace("iss=", "iss=x"),
    ):
        refused = await ann.get(brought)
        assert "A client refuses" in refused.text
        assert code[1] not in refused.text
    page = (await ann.get(back)).text
    assert "Redeem the code" in page
    # The run is for this application and this session.
    second, _ = await new_app(ann, kind="browser", name="Other")
    for browser, target in ((ann, f"{second}/try"), (other, tried)):
        csrf = form_fields((await browser.get("/account/profile")).text)["csrf"]
        fields = {"csrf": csrf, "run": form_fields(page)["run"], "call": "token"}
        ended = await browser.post(f"{target}/call", data=fields)
        assert "This run has ended" in ended.text
    assert (await eve.post(f"{tried}/call", data=form_fields(page))).status_code in (403, 404)
    assert "qma_" in (await call(ann, tried, page, "token")).text


async def test_an_application_that_the_page_cannot_try_is_not_begun(
    harness: AppHarness, ann: httpx.AsyncClient
) -> None:
    fields = await form(ann, "/developers/new", "/developers/new")
    given = {"name": "Meter", "kind": "service"}
    path = (await ann.post("/developers/new", data={**fields, **given})).headers["location"]
    page = await ann.get(f"{path}/try")
    assert "It signs no people in by redirects." in page.text
    csrf = form_fields((await ann.get("/account/profile")).text)["csrf"]
    begun = await ann.post(f"{path}/try", data={"csrf": csrf})
    assert begun.status_code == 200
    assert "This run has ended" in begun.text
