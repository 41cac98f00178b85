"""Passkeys through the pages: added, signed in by without a name and in an authorization, as a
second factor, and refused rightly."""

import json
from dataclasses import asdict, replace
from html import unescape
from typing import Any

import httpx
import pytest

from quantimodo.model.passkeys import NewPasskey, UsedChallenge
from quantimodo.model.users import User
from support.app import ISSUER, SESSION, AppHarness, OpenHarness, form_fields, response_of
from support.authenticator import PRESENT, SoftAuthenticator
from support.authenticator_app import set_up
from support.jwt_forgery import claims_of

PASSKEYS, AGAIN = "/account/security/passkeys", "/account/again"
NEW, ONE, REMOVE = f"{PASSKEYS}/new", f"{PASSKEYS}/one", f"{PASSKEYS}/remove"
FACTOR = "/sign-in/second-factor"
WRONG = "This passkey does not sign in here."
LATE = "This took too long"


@pytest.fixture
async def ann(harness: AppHarness) -> User:
    return await harness.person()


def device(number: int = 0) -> SoftAuthenticator:
    return SoftAuthenticator(
        origin=ISSUER, rp_id="id.example.org", credential_id=f"passkey {number}".encode().ljust(32)
    )


def options_of(page: str) -> dict[str, Any]:
    """The options that the page hands to the browser."""
    found: dict[str, Any] = json.loads(unescape(page.split('data-options="')[1].split('"')[0]))
    return found


async def add(
    browser: httpx.AsyncClient, authenticator: SoftAuthenticator, name: str = ""
) -> httpx.Response:
    page = (await browser.get(NEW)).text
    credential = authenticator.create(options_of(page))
    return await browser.post(
        NEW, data={"csrf": form_fields(page)["csrf"], "credential": credential, "name": name}
    )


async def use(
    browser: httpx.AsyncClient,
    page: str,
    action: str,
    authenticator: SoftAuthenticator,
    **wrong: Any,
) -> httpx.Response:
    """Press the button on this page, and use this passkey."""
    shown = await browser.get(page)
    assert shown.status_code == 200, shown.headers
    assert f'action="{action}"' in shown.text
    return await send(
        browser, shown.text, action, authenticator.get(options_of(shown.text), **wrong)
    )


async def send(
    browser: httpx.AsyncClient, page: str, action: str, credential: str
) -> httpx.Response:
    fields = form_fields(page)
    data = {"csrf": fields["csrf"], "return_to": fields["return_to"], "credential": credential}
    return await browser.post(action, data=data)


async def with_passkey(harness: AppHarness) -> SoftAuthenticator:
    """A passkey of Ann, whose session is over."""
    authenticator, browser = device(), await harness.signed_in()
    done = await add(browser, authenticator, "Phone")
    assert done.headers["location"] == PASSKEYS, done.text
    return authenticator


async def is_signed_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/account")).status_code == 200


async def test_a_person_adds_a_passkey_and_signs_in_by_it(harness: AppHarness, ann: User) -> None:
    authenticator = await with_passkey(harness)
    browser = harness.browser()
    page = await browser.get("/sign-in")
    assert 'autocomplete="username webauthn"' in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "connect-src" not in policy
    done = await use(browser, "/sign-in", "/sign-in/passkey", authenticator)
    assert done.headers["location"] == "/account"
    assert await is_signed_in(browser)
    listed = (await browser.get(PASSKEYS)).text
    assert "Phone" in listed
    assert "last used" in listed


async def test_it_signs_in_within_an_authorization_also_for_prompt_login(
    harness: AppHarness, ann: User
) -> None:
    authenticator = await with_passkey(harness)
    app, browser = await harness.app(), await harness.signed_in()
    harness.advance(minutes=20)
    started = await harness.ask(browser, app, prompt="login", scope="openid basic", acr_values="3")
    sign_in = started.headers["location"]
    done = await use(browser, sign_in, "/sign-in/passkey", authenticator)
    assert "/api/v2/oauth/authorize/resume?" in done.headers["location"]
    consent = await browser.get(done.headers["location"])
    response = response_of(await harness.decide(browser, consent, "allow"))
    tokens = (await harness.redeem(app, response.code)).json()
    claims = claims_of(tokens["id_token"])
    assert (claims["amr"], claims["acr"]) == (["pop", "user", "mfa"], "3")


async def test_a_replayed_response_and_one_of_another_browser_are_refused(
    harness: AppHarness, ann: User
) -> None:
    authenticator = await with_passkey(harness)
    browser, other = harness.browser(), harness.browser()
    page = (await browser.get("/sign-in")).text
    credential = authenticator.get(options_of(page))
    foreign = await send(other, (await other.get("/sign-in")).text, "/sign-in/passkey", credential)
    assert foreign.status_code == 400
    assert LATE in foreign.text
    assert (await send(browser, page, "/sign-in/passkey", credential)).status_code == 303
    browser.cookies.delete(SESSION)
    again = (await browser.get("/sign-in")).text
    replayed = await send(browser, again, "/sign-in/passkey", credential)
    assert (replayed.status_code, SESSION in browser.cookies) == (400, False)
    assert LATE in replayed.text


@pytest.mark.parametrize(
    "wrong",
    [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"user_handle": b"eve"}],
)
async def test_a_wrong_response_starts_no_session(
    harness: AppHarness, ann: User, wrong: dict[str, Any]
) -> None:
    authenticator, browser = await with_passkey(harness), harness.browser()
    refused = await use(browser, "/sign-in", "/sign-in/passkey", authenticator, **wrong)
    unknown = await use(harness.browser(), "/sign-in", "/sign-in/passkey", device(7))
    for each in (refused, unknown):
        assert each.status_code == 400
        assert WRONG in each.text
    assert SESSION not in browser.cookies


async def test_without_user_verification_the_page_says_so(harness: AppHarness, ann: User) -> None:
    authenticator, browser = await with_passkey(harness), harness.browser()
    refused = await use(browser, "/sign-in", "/sign-in/passkey", authenticator, flags=PRESENT)
    assert refused.status_code == 400
    assert "did not check that it is you" in refused.text
    assert SESSION not in browser.cookies


@pytest.mark.parametrize("credential", ["", "{}", "null", "[" * 9000, "x" * 20_000])
async def test_a_form_that_no_browser_sends_is_refused(
    harness: AppHarness, ann: User, credential: str
) -> None:
    browser = await harness.signed_in()
    page = (await browser.get(NEW)).text
    data = {"csrf": form_fields(page)["csrf"], "credential": credential, "name": ""}
    assert (await browser.post(NEW, data=data)).status_code == 400
    for path, action in (("/sign-in", "/sign-in/passkey"),):
        shown = (await browser.get(path)).text
        assert (await send(browser, shown, action, credential)).status_code == 400


@pytest.mark.parametrize(
    ("path", "doubled"),
    [
        ("/sign-in/passkey", "credential"),
        ("/sign-in/passkey", "return_to"),
        (f"{FACTOR}/passkey", "credential"),
        (f"{FACTOR}/passkey", "return_to"),
        (AGAIN, "credential"),
        (AGAIN, "return_to"),
        (NEW, "credential"),
        (NEW, "name"),
        (ONE, "passkey"),
        (ONE, "name"),
        (REMOVE, "passkey"),
    ],
)
async def test_a_doubled_field_is_refused(
    harness: AppHarness, ann: User, path: str, doubled: str
) -> None:
    await with_passkey(harness)
    (passkey,) = await harness.context.stores.passkeys.passkeys_of(ann.id)
    browser = await harness.signed_in()
    fields = {
        "csrf": form_fields((await browser.get(NEW)).text)["csrf"],
        "passkey": f"{passkey.id}",
    }
    refused = await browser.post(path, data={**fields, doubled: [fields.get(doubled, "x")] * 2})
    assert refused.status_code == 400
    assert "sent twice" in refused.text
    assert await harness.context.stores.passkeys.passkeys_of(ann.id) == [passkey]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sign-in/passkey"),
        ("GET", f"{FACTOR}/passkey"),
        ("GET", REMOVE),
        ("POST", PASSKEYS),
        ("PUT", NEW),
        ("DELETE", ONE),
    ],
)
async def test_another_method_is_refused(
    harness: AppHarness, ann: User, method: str, path: str
) -> None:
    browser = await harness.signed_in()
    assert (await browser.request(method, path)).status_code == 405


async def second_factor(harness: AppHarness) -> SoftAuthenticator:
    """A passkey of Ann, who has an authenticator app too."""
    authenticator, browser = await with_passkey(harness), await harness.signed_in()
    session = await harness.context.sessions.current(browser.cookies[SESSION])
    assert session is not None
    await set_up(harness.context.second_factors, session, harness.context.clock.now())
    harness.advance(minutes=1)
    return authenticator


async def test_it_is_the_second_factor_after_the_password(harness: AppHarness, ann: User) -> None:
    authenticator = await second_factor(harness)
    browser = harness.browser()
    location = await harness.sign_in(browser)
    assert location.startswith(f"{FACTOR}?")
    done = await use(browser, location, f"{FACTOR}/passkey", authenticator)
    assert done.headers["location"] == "/account"
    assert await is_signed_in(browser)
    (found, *_) = await harness.context.sessions.list(ann.id)
    assert found.methods == ("pwd", "pop", "user", "mfa")


async def test_a_pending_login_that_has_ended_is_not_completed(
    harness: AppHarness, ann: User
) -> None:
    authenticator = await second_factor(harness)
    browser = harness.browser()
    page = (await browser.get(await harness.sign_in(browser))).text
    credential = authenticator.get(options_of(page))
    await harness.context.sessions.end_all(ann.id)
    done = await send(browser, page, f"{FACTOR}/passkey", credential)
    assert done.headers["location"].startswith("/sign-in?")
    assert not await is_signed_in(browser)


async def test_where_a_second_factor_is_required_a_passkey_is_one(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(accounts__second_factor="required") as harness:
        await harness.person()
        authenticator, browser = await with_passkey(harness), harness.browser()
        location = await harness.sign_in(browser)
        set_up_page = await browser.get(f"{FACTOR}/set-up")
        assert set_up_page.headers["location"].startswith(FACTOR)
        page = (await browser.get(location)).text
        assert 'name="code"' not in page
        assert "You need one of your passkeys" in page
        done = await use(browser, location, f"{FACTOR}/passkey", authenticator)
        assert done.headers["location"] == "/account"
        assert await is_signed_in(browser)


async def test_it_signs_in_again_for_a_change_as_the_same_person_only(
    harness: AppHarness, ann: User
) -> None:
    authenticator, browser = await with_passkey(harness), await harness.signed_in()
    await harness.person("eve@example.org", "Eve Example")
    eves = device(2)
    await add(await harness.signed_in("eve@example.org"), eves)
    harness.advance(minutes=20)
    started = await browser.get(NEW)
    again = started.headers["location"]
    assert again.startswith(f"{AGAIN}?")
    refused = await use(browser, again, AGAIN, eves)
    assert refused.status_code == 400
    assert WRONG in refused.text
    done = await use(browser, again, AGAIN, authenticator)
    assert done.headers["location"] == NEW
    assert (await browser.get(NEW)).status_code == 200


async def test_it_is_renamed_and_removed(harness: AppHarness, ann: User) -> None:
    await with_passkey(harness)
    browser = await harness.signed_in()
    listed = (await browser.get(PASSKEYS)).text
    link = listed.split(f'href="{ONE}?')[1].split('"')[0]
    page = (await browser.get(f"{ONE}?{link}")).text
    fields = form_fields(page)
    refused = await browser.post(ONE, data={**fields, "name": "a\x1bb"})
    assert refused.status_code == 422
    done = await browser.post(ONE, data={**fields, "name": "Old phone"})
    assert done.headers["location"] == PASSKEYS
    assert "Old phone" in (await browser.get(PASSKEYS)).text
    done = await browser.post(REMOVE, data=fields)
    assert done.headers["location"] == PASSKEYS
    assert "No passkeys yet" in (await browser.get(PASSKEYS)).text
    assert (await browser.post(REMOVE, data=fields)).status_code == 404


async def test_a_person_sees_and_changes_no_passkey_of_another(
    harness: AppHarness, ann: User
) -> None:
    await with_passkey(harness)
    (passkey,) = await harness.context.stores.passkeys.passkeys_of(ann.id)
    await harness.person("eve@example.org", "Eve Example")
    eve = await harness.signed_in("eve@example.org")
    csrf = form_fields((await eve.get("/account/profile")).text)["csrf"]
    for number in (str(passkey.id), "0", "x", "９", "9" * 30):
        assert (await eve.get(ONE, params={"passkey": number})).status_code == 404
        for path in (ONE, REMOVE):
            sent = {"csrf": csrf, "passkey": number, "name": "stolen"}
            assert (await eve.post(path, data=sent)).status_code == 404
    assert await harness.context.stores.passkeys.passkeys_of(ann.id) == [passkey]


async def test_after_a_change_of_the_host_the_page_says_which_do_not_work(
    harness: AppHarness, ann: User
) -> None:
    browser = await harness.signed_in()
    session = await harness.context.sessions.current(browser.cookies[SESSION])
    assert session is not None
    await with_passkey(harness)
    (passkey,) = await harness.context.stores.passkeys.passkeys_of(ann.id)
    await harness.context.stores.passkeys.delete_passkeys(ann.id)
    values = asdict(replace(passkey, rp_id="old.example.org"))
    old = NewPasskey(**{k: v for k, v in values.items() if k not in ("id", "used_at")})
    challenge = UsedChallenge(b"x", session.expires_at)
    assert await harness.context.stores.passkeys.add_passkey(old, challenge, session.key, 5)
    listed = (await browser.get(PASSKEYS)).text
    assert "The address of this site has changed" in listed
    assert "does not work any more" in listed
    assert "old.example.org" in listed


async def test_every_page_says_what_to_do_without_javascript(
    harness: AppHarness, ann: User
) -> None:
    await with_passkey(harness)
    browser = await harness.signed_in()
    assert "<noscript>" in (await browser.get("/sign-in")).text
    assert "needs JavaScript" in (await browser.get(NEW)).text


async def test_password_managers_find_the_pages(harness: AppHarness) -> None:
    found = await harness.browser().get("/.well-known/passkey-endpoints")
    assert found.json() == {"enroll": f"{ISSUER}{NEW}", "manage": f"{ISSUER}{PASSKEYS}"}


async def test_where_people_cannot_add_passkeys_the_pages_say_so(
    open_harness: OpenHarness,
) -> None:
    async with open_harness(accounts__passkeys_per_person="0") as harness:
        await harness.person()
        browser = await harness.signed_in()
        assert "does not offer passkeys" in (await browser.get(PASSKEYS)).text
        assert (await browser.get(NEW)).headers["location"] == PASSKEYS
        csrf = form_fields((await browser.get("/account/profile")).text)["csrf"]
        refused = await browser.post(NEW, data={"csrf": csrf, "credential": "x", "name": ""})
        assert refused.status_code == 400
        assert "does not offer passkeys" in refused.text
        assert (await browser.get("/.well-known/passkey-endpoints")).status_code == 404
        assert "data-passkey" in (await browser.get("/sign-in")).text


async def test_a_server_at_an_ip_address_offers_none(open_harness: OpenHarness) -> None:
    async with open_harness(issuer="http://127.0.0.1:8000") as harness:
        browser = harness.browser()
        browser.base_url = httpx.URL("http://127.0.0.1:8000")
        page = await browser.get("/sign-in")
        assert "data-passkey" not in page.text
        assert (await browser.get("/.well-known/passkey-endpoints")).status_code == 404
