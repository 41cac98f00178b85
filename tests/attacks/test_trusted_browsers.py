"""A trusted browser replaces the second factor at a plain sign-in, and nowhere else."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from support.app import SESSION, AppHarness, OpenHarness, form_fields
from support.authenticator_app import AuthenticatorApp, protect, protected
from support.fake_provider import FakeUpstream, profile, sign_in_with

FACTOR = "/sign-in/second-factor"
TRUSTED = "__Host-quantimodo_trusted_browser"
END = "/account/security/trusted-browsers/end"


async def trusting(
    harness: AppHarness, app: AuthenticatorApp, tick: str = "1"
) -> httpx.AsyncClient:
    """A browser after a sign-in with both proofs and the tick, signed out again."""
    browser = harness.browser()
    assert (await harness.sign_in(browser)).startswith(f"{FACTOR}?")
    page = await browser.get(FACTOR)
    assert "Trust this browser for 30 days" in page.text
    assert " checked" not in page.text
    code = app.code(harness.context.clock.now())
    fields = {**form_fields(page.text), "code": code, "trust": tick}
    response = await browser.post(FACTOR, data=fields)
    assert response.status_code == 303
    browser.cookies.delete(SESSION)
    return browser


async def needs_code(harness: AppHarness, browser: httpx.AsyncClient, **more: str) -> bool:
    return (await harness.sign_in(browser, **more)).startswith(f"{FACTOR}?")


async def test_the_next_sign_in_needs_no_code_and_says_so(harness: AppHarness) -> None:
    ann, app = await protected(harness)
    browser = await trusting(harness, app)
    await harness.context.sessions.end_one(
        ann.id, (await harness.context.sessions.list(ann.id))[0].key
    )
    assert not await needs_code(harness, browser)
    (session,) = await harness.context.sessions.list(ann.id)
    assert session.methods == ("pwd",)


async def test_without_the_tick_elsewhere_and_for_others_it_counts_not(harness: AppHarness) -> None:
    _, app = await protected(harness)
    browser = await trusting(harness, app, tick="")
    assert TRUSTED not in browser.cookies
    assert await needs_code(harness, browser)
    harness.advance(minutes=1)
    browser = await trusting(harness, app)
    assert await needs_code(harness, harness.browser()), "another browser"
    stolen = harness.browser()
    stolen.cookies.set(TRUSTED, browser.cookies[TRUSTED], domain="id.example.org")
    bob = await harness.person("bob@example.org", "Bob Example")
    await protect(harness, bob)
    assert await needs_code(harness, stolen, email="bob@example.org")
    assert not any(browser.cookies[TRUSTED] in repr(each) for each in harness.rows().values())


async def test_the_cookie_is_out_of_reach_of_scripts(harness: AppHarness) -> None:
    _, app = await protected(harness)
    browser = harness.browser()
    await harness.sign_in(browser)
    fields = form_fields((await browser.get(FACTOR)).text)
    code = app.code(harness.context.clock.now())
    response = await browser.post(FACTOR, data={**fields, "code": code, "trust": "1"})
    (cookie,) = [c for c in response.headers.get_list("set-cookie") if c.startswith(f"{TRUSTED}=")]
    attributes = {each.strip().lower() for each in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= attributes


async def test_it_ends_after_30_days(harness: AppHarness) -> None:
    _, app = await protected(harness)
    browser = await trusting(harness, app)
    harness.advance(days=30)
    assert await needs_code(harness, browser)


async def test_the_person_ends_it(harness: AppHarness) -> None:
    ann, app = await protected(harness)
    browser = await trusting(harness, app)
    await harness.sign_in(browser)
    page = await browser.get("/account/security")
    assert "Trusted browsers" in page.text
    bob = await harness.person("bob@example.org", "Bob Example")
    assert await harness.context.accounts.login.second_factors.trusted_browsers.list(bob) == []
    (row,) = await harness.context.accounts.login.second_factors.trusted_browsers.list(ann)
    await harness.person("eve@example.org", "Eve Example")
    eve = await harness.signed_in("eve@example.org")
    other = form_fields((await eve.get("/account/profile")).text)["csrf"]
    await eve.post(END, data={"csrf": other, "browser": row.key.hex()})
    assert len(await harness.context.stores.trusted_browsers.trusted_browsers(ann.id)) == 1
    await browser.post(END, data={**form_fields(page.text), "browser": row.key.hex()})
    browser.cookies.delete(SESSION)
    assert await needs_code(harness, browser)


async def test_no_other_key_ends_it(harness: AppHarness) -> None:
    ann, app = await protected(harness)
    browser = await trusting(harness, app)
    await harness.sign_in(browser)
    fields = form_fields((await browser.get("/account/profile")).text)
    (row,) = await harness.context.stores.trusted_browsers.trusted_browsers(ann.id)
    key = row.key.hex()
    for wrong, status in (
        (None, 303),
        ("", 303),
        ("x", 303),
        (key[:-2], 303),
        (f"{key}00", 303),
        ("0" * 9000, 303),
        ([key, key], 400),
    ):
        typed = {} if wrong is None else {"browser": wrong}
        response = await browser.post(END, data={**fields, **typed})
        assert response.status_code == status, wrong
    for method in ("GET", "PUT", "DELETE"):
        response = await browser.request(method, END)
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
    stranger = harness.browser()
    fields = form_fields((await stranger.get("/sign-in")).text)
    refused = await stranger.post(END, data={**fields, "browser": key})
    assert refused.headers["location"].startswith("/sign-in?")
    assert await harness.context.stores.trusted_browsers.trusted_browsers(ann.id) == [row]


async def test_no_other_cookie_is_trusted(harness: AppHarness) -> None:
    _, app = await protected(harness)
    browser = await trusting(harness, app)
    right = browser.cookies[TRUSTED]
    for wrong in ("", "x", right[:-1], f"{right}A", right.replace("qmv_", "qmz_"), "a" * 3000):
        other = harness.browser()
        other.cookies.set(TRUSTED, wrong, domain="id.example.org")
        assert await needs_code(harness, other), wrong


async def test_the_page_says_the_time_that_the_operator_sets(open_harness: OpenHarness) -> None:
    async with open_harness(accounts__trusted_browser_lifetime="12h") as harness:
        await protected(harness)
        browser = harness.browser()
        await harness.sign_in(browser)
        assert "Trust this browser for 12 hours<" in (await browser.get(FACTOR)).text


async def test_the_operator_allows_none(open_harness: OpenHarness) -> None:
    async with open_harness(accounts__trusted_browser_lifetime="0s") as harness:
        _, app = await protected(harness)
        browser = harness.browser()
        await harness.sign_in(browser)
        page = await browser.get(FACTOR)
        assert "Trust this browser" not in page.text
        code = app.code(harness.context.clock.now())
        fields = {**form_fields(page.text), "code": code, "trust": "1"}
        await browser.post(FACTOR, data=fields)
        assert TRUSTED not in browser.cookies


@pytest.mark.parametrize(
    "requested",
    [
        {"max_age": "0"},
        {"prompt": "login"},
        {"acr_values": "3"},
        {"acr_values": "3", "scope": "basic"},
        {"claims": json.dumps({"id_token": {"acr": {"values": ["3"], "essential": True}}})},
    ],
    ids=lambda requested: " ".join(requested),
)
async def test_a_request_that_steps_up_needs_the_code(
    harness: AppHarness, requested: dict[str, str]
) -> None:
    _, app = await protected(harness)
    browser = await trusting(harness, app)
    client = await harness.app()
    response = await harness.ask(browser, client, **{"scope": "openid", **requested})
    location = response.headers["location"]
    while not location.startswith("/sign-in?"):
        location = (await browser.get(location)).headers["location"]
    await harness.sign_in(browser, address=location)
    assert SESSION not in browser.cookies


async def test_a_page_that_needs_both_proofs_needs_the_code(harness: AppHarness) -> None:
    ann, app = await protected(harness)
    browser = await trusting(harness, app)
    await harness.sign_in(browser)
    page = await browser.get("/account/security/two-step/remove")
    assert page.headers["location"].startswith("/account/again")
    # The person signs in again: the trust does not count for a person who is signed in.
    assert await needs_code(harness, browser)
    assert await harness.context.second_factors.status(ann) is not None


async def test_it_counts_for_a_plain_sign_in_by_a_provider_too(open_harness: OpenHarness) -> None:
    async with open_harness([FakeUpstream(people={"gia": profile()})]) as harness:
        await sign_in_with(harness.browser())
        found = await harness.context.stores.identities.identity(
            profile().issuer, profile().subject
        )
        assert found is not None
        gia = await harness.context.stores.users.user(found.user_id)
        assert gia is not None
        app, _ = await protect(harness, gia)
        browser = harness.browser()
        assert (await sign_in_with(browser)).headers["location"].startswith(f"{FACTOR}?")
        fields = form_fields((await browser.get(FACTOR)).text)
        code = app.code(harness.context.clock.now())
        await browser.post(FACTOR, data={**fields, "code": code, "trust": "1"})
        await harness.context.sessions.end_one(
            gia.id, (await harness.context.sessions.list(gia.id))[0].key
        )
        browser.cookies.delete(SESSION)
        # A request that steps up, before the plain sign-in.
        client = await harness.app()
        response = await harness.ask(browser, client, scope="basic", max_age="0")
        location = response.headers["location"]
        while not location.startswith("/sign-in?"):
            location = (await browser.get(location)).headers["location"]
        resume = parse_qs(urlsplit(location).query)["return_to"][0]
        await sign_in_with(browser, return_to=resume)
        assert SESSION not in browser.cookies
        assert (await sign_in_with(browser)).headers["location"] == "/account/profile"
        (session,) = await harness.context.sessions.list(gia.id)
        assert "mfa" not in session.methods
        # A person who is signed in and proves again who they are, and another browser.
        for other in (browser, harness.browser()):
            assert (await sign_in_with(other)).headers["location"].startswith(f"{FACTOR}?")


async def test_a_new_password_ends_it(harness: AppHarness) -> None:
    ann, app = await protected(harness)
    browser = await trusting(harness, app)
    raw = await harness.context.accounts.recovery.email_tokens.mint(
        "reset_password", "ann@example.org", timedelta(hours=1), user_id=ann.id
    )
    await browser.get(f"/reset/new?token={raw.reveal()}")
    fields = form_fields((await browser.get("/reset/new")).text)
    password = {"password": "four unrelated words"}
    response = await browser.post("/reset/new", data={**fields, **password})
    assert response.headers["location"].startswith(f"{FACTOR}?")
    assert await harness.context.stores.trusted_browsers.trusted_browsers(ann.id) == []
