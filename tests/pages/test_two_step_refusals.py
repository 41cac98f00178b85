"""What the forms of two-step verification refuse: a 4xx or the first page, and nothing changes."""

import httpx
import pytest

from quantimodo.model.users import User
from support.app import SESSION, AppHarness, OpenHarness, form_fields
from support.authenticator_app import AuthenticatorApp, set_up

TWO_STEP = "/account/security/two-step"
APP, CODES, REMOVE = f"{TWO_STEP}/app", f"{TWO_STEP}/codes", f"{TWO_STEP}/remove"
FACTOR = "/sign-in/second-factor"
SET_UP = f"{FACTOR}/set-up"
BY_PASSKEY = (f"{TWO_STEP}/passkey", f"{SET_UP}/passkey")
FORMS = (f"{APP}/new", APP, CODES, REMOVE, FACTOR, SET_UP, *BY_PASSKEY)
BUTTONS = (f"{APP}/new", *BY_PASSKEY)
PAGES = (TWO_STEP, APP, CODES, REMOVE, FACTOR, SET_UP)
FORM = {"content-type": "application/x-www-form-urlencoded"}
# No code of any kind, but for the form a field that can be read.
WRONG_CODES = (
    None,
    "",
    "12345",
    "1234567",
    "١٢٣٤٥٦",
    "+12345",
    "\u2003 \r\n",
    "aaaa-bbbb-cccc-dddd",
    "1" * 9000,
)
NO_FORMS = (
    (b"code=a&csrf=%ff", 400),
    (b"code=a%00b", 400),
    (b"code=\xff", 400),
    (b"&".join(b"f%d=1" % number for number in range(65)), 400),
    (b"code=" + b"1" * 410_000, 413),
)


@pytest.fixture
async def ann(harness: AppHarness) -> User:
    return await harness.person()


def filled(page: httpx.Response, code: str | None, **more: str) -> dict[str, str]:
    """The hidden fields of the page, and the code if there is one."""
    fields = {**form_fields(page.text), **more}
    return fields if code is None else {**fields, "code": code}


async def begin(browser: httpx.AsyncClient) -> AuthenticatorApp:
    """The app that waits for its first code."""
    fields = form_fields((await browser.get(TWO_STEP)).text)
    assert (await browser.post(f"{APP}/new", data=fields)).headers["location"] == APP
    return AuthenticatorApp.of_page((await browser.get(APP)).text)


async def protect(harness: AppHarness, browser: httpx.AsyncClient) -> AuthenticatorApp:
    """The app in use of the person who is signed in in this browser."""
    session = await harness.context.sessions.current(browser.cookies[SESSION])
    assert session is not None
    app, _ = await set_up(harness.context.second_factors, session, harness.context.clock.now())
    harness.advance(minutes=1)
    return app


async def pending(harness: AppHarness) -> httpx.AsyncClient:
    """A browser with a login that needs a second factor."""
    browser = harness.browser()
    assert (await harness.sign_in(browser)).startswith(f"{FACTOR}?")
    return browser


async def has_factor(harness: AppHarness, user: User) -> bool:
    return await harness.context.second_factors.status(user) is not None


@pytest.mark.parametrize("page", [*PAGES, *BUTTONS])
async def test_another_method_is_refused(harness: AppHarness, page: str) -> None:
    """RFC 9110 §15.5.6: the Allow header has every method of the page."""
    for method in ("PUT", "PATCH", "DELETE"):
        response = await harness.browser().request(method, page)
        assert response.status_code == 405
        allowed = set(response.headers["allow"].split(", "))
        assert ("POST" in allowed) is (page != TWO_STEP)
        assert ("GET" in allowed) is (page not in BUTTONS)


async def test_a_page_without_a_form_takes_none_and_a_button_has_no_page(
    harness: AppHarness, ann: User
) -> None:
    browser = await harness.signed_in()
    fields = form_fields((await browser.get(TWO_STEP)).text)
    assert (await browser.post(TWO_STEP, data=fields)).status_code == 405
    for button in BUTTONS:
        assert (await browser.get(button)).status_code == 405


@pytest.mark.parametrize("form", FORMS)
async def test_a_form_of_another_site_changes_nothing(
    harness: AppHarness, ann: User, form: str
) -> None:
    """security.md §11."""
    browser = await harness.signed_in()
    await begin(browser)
    response = await browser.post(form, data={"code": "000000", "action": "begin"})
    assert response.status_code == 403
    assert not await has_factor(harness, ann)


@pytest.mark.parametrize("form", FORMS)
async def test_a_body_that_is_not_a_form_is_refused(
    harness: AppHarness, ann: User, form: str
) -> None:
    browser = await harness.signed_in()
    for body, status in NO_FORMS:
        assert (await browser.post(form, content=body, headers=FORM)).status_code == status


@pytest.mark.parametrize("form", [APP, CODES, REMOVE, f"{APP}/new", f"{TWO_STEP}/passkey"])
async def test_the_account_s_forms_need_a_session(
    harness: AppHarness, ann: User, form: str
) -> None:
    browser = harness.browser()
    fields = form_fields((await browser.get("/sign-in")).text)
    response = await browser.post(form, data={**fields, "code": "000000"})
    assert response.headers["location"].startswith("/sign-in?")


async def test_no_such_code_puts_an_app_in_use(harness: AppHarness, ann: User) -> None:
    browser = await harness.signed_in()
    await begin(browser)
    page = await browser.get(APP)
    for code in WRONG_CODES:
        response = await browser.post(APP, data=filled(page, code))
        assert response.status_code == 400
        assert "This code is not right" in response.text
        assert not code or code not in response.text, "it is not repeated"
        assert not await has_factor(harness, ann)


async def test_no_such_code_completes_a_login(harness: AppHarness, ann: User) -> None:
    await protect(harness, await harness.signed_in())
    browser = await pending(harness)
    page = await browser.get(FACTOR)
    for code in WRONG_CODES:
        response = await browser.post(FACTOR, data=filled(page, code))
        assert response.status_code == 400
        assert not code or code not in response.text, "it is not repeated"
        assert SESSION not in browser.cookies


async def test_no_such_code_completes_a_login_with_a_set_up(open_harness: OpenHarness) -> None:
    async with open_harness(accounts__second_factor="required") as harness:
        ann = await harness.person()
        browser = await pending(harness)
        await browser.post(SET_UP, data=filled(await browser.get(SET_UP), None, action="begin"))
        page = await browser.get(SET_UP)
        for code in WRONG_CODES:
            response = await browser.post(SET_UP, data=filled(page, code, action="neither"))
            assert response.status_code == 400
            assert SESSION not in browser.cookies
            assert not await has_factor(harness, ann)


async def test_a_code_that_is_sent_twice_is_refused_also_a_right_one(
    harness: AppHarness, ann: User
) -> None:
    browser = await harness.signed_in()
    app = await begin(browser)
    code = app.code(harness.context.clock.now())
    fields = {**form_fields((await browser.get(APP)).text), "code": [code, code]}
    assert (await browser.post(APP, data=fields)).status_code == 400
    assert not await has_factor(harness, ann)
    used = await protect(harness, browser)
    other = await pending(harness)
    code = used.code(harness.context.clock.now())
    hidden = form_fields((await other.get(FACTOR)).text)
    for doubled in ({"code": [code, code]}, {"code": code, "return_to": ["/a", "/b"]}):
        assert (await other.post(FACTOR, data={**hidden, **doubled})).status_code == 400
    assert SESSION not in other.cookies
    assert (await other.post(FACTOR, data={**hidden, "code": code})).status_code == 303


async def test_no_factor_is_set_up_if_the_session_is_refused(open_harness: OpenHarness) -> None:
    """Otherwise its recovery codes were never shown."""
    limits = {"accounts__second_factor": "required", "limits__sessions_per_person": "1 per 1h"}
    async with open_harness(**limits) as harness:
        ann = await harness.person()
        await harness.context.throttle.start_session(ann.id, "192.0.2.7")
        browser = await pending(harness)
        await browser.post(SET_UP, data=filled(await browser.get(SET_UP), None, action="begin"))
        page = await browser.get(SET_UP)
        code = AuthenticatorApp.of_page(page.text).code(harness.context.clock.now())
        refused = await browser.post(SET_UP, data=filled(page, code))
        assert refused.status_code == 429
        assert refused.headers["retry-after"]
        assert SESSION not in browser.cookies
        assert not await has_factor(harness, ann)


async def test_a_first_code_before_a_set_up_began_is_refused(open_harness: OpenHarness) -> None:
    async with open_harness(accounts__second_factor="required") as harness:
        await harness.person()
        browser = await pending(harness)
        response = await browser.post(SET_UP, data=filled(await browser.get(SET_UP), "000000"))
        assert response.status_code == 400
        assert "This set-up is not valid any more" in response.text
        assert 'href="#code"' not in response.text, "the page has no such field"
        assert SESSION not in browser.cookies


async def test_a_doubled_action_begins_no_set_up(open_harness: OpenHarness) -> None:
    async with open_harness(accounts__second_factor="required") as harness:
        await harness.person()
        browser = await pending(harness)
        hidden = form_fields((await browser.get(SET_UP)).text)
        doubled = {**hidden, "action": ["begin", "begin"]}
        assert (await browser.post(SET_UP, data=doubled)).status_code == 400
        assert 'id="key"' not in (await browser.get(SET_UP)).text


async def test_guesses_of_the_first_code_are_limited(harness: AppHarness, ann: User) -> None:
    """security.md §20."""
    browser = await harness.signed_in()
    app = await begin(browser)
    fields = form_fields((await browser.get(APP)).text)
    for _ in range(10):
        assert (await browser.post(APP, data={**fields, "code": "000000"})).status_code == 400
    code = app.code(harness.context.clock.now())
    refused = await browser.post(APP, data={**fields, "code": code})
    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    assert not await has_factor(harness, ann)


async def test_an_app_is_confirmed_only_in_the_session_that_began_it(
    harness: AppHarness, ann: User
) -> None:
    browser, other = await harness.signed_in(), await harness.signed_in()
    app = await begin(browser)
    assert (await other.get(APP)).headers["location"] == TWO_STEP
    fields = form_fields((await other.get(TWO_STEP)).text)
    code = app.code(harness.context.clock.now())
    response = await other.post(APP, data={**fields, "code": code})
    assert response.status_code == 400
    assert "This set-up is not valid any more" in response.text
    assert not await has_factor(harness, ann)


async def test_a_set_up_that_has_expired_says_so(open_harness: OpenHarness) -> None:
    async with open_harness() as harness:
        ann = await harness.person()
        browser = await harness.signed_in()
        await begin(browser)
        stale = form_fields((await browser.get(APP)).text)
        harness.advance(minutes=61)
        await harness.sign_in(browser)
        fields = {**stale, **form_fields((await browser.get(TWO_STEP)).text)}
        response = await browser.post(APP, data={**fields, "code": "000000"})
        assert response.status_code == 400
        assert "This set-up is not valid any more" in response.text
        assert 'href="#code"' not in response.text, "the page has no such field"
        assert not await has_factor(harness, ann)


@pytest.mark.parametrize("form", [CODES, REMOVE])
async def test_without_a_factor_there_is_nothing_to_replace_or_remove(
    harness: AppHarness, ann: User, form: str
) -> None:
    browser = await harness.signed_in()
    fields = form_fields((await browser.get(TWO_STEP)).text)
    response = await browser.post(form, data=fields)
    assert response.status_code == 400
    assert "Nothing was changed" in response.text


async def test_the_codes_of_one_session_are_not_shown_in_another(
    harness: AppHarness, ann: User
) -> None:
    browser, other = await harness.signed_in(), await harness.signed_in()
    app = await begin(browser)
    fields = form_fields((await browser.get(APP)).text)
    code = app.code(harness.context.clock.now())
    await browser.post(APP, data={**fields, "code": code})
    session = other.cookies[SESSION]
    other.cookies.update(browser.cookies)
    other.cookies.set(SESSION, session, domain="id.example.org")
    assert (await other.get(CODES)).headers["location"] == TWO_STEP
    malformed = harness.browser()
    malformed.cookies.set(SESSION, session, domain="id.example.org")
    for value in ("x", "AAAA", "%ff", "=" * 4000):
        malformed.cookies.set("__Host-quantimodo_shown", value, domain="id.example.org")
        assert (await malformed.get(CODES)).headers["location"] == TWO_STEP


@pytest.mark.parametrize("page", [FACTOR, SET_UP])
async def test_a_malformed_pending_login_leads_to_the_sign_in_page(
    harness: AppHarness, ann: User, page: str
) -> None:
    browser = harness.browser()
    for value in ("x", "qmx_nothing", "a" * 3000):
        browser.cookies.set("__Host-quantimodo_pending_login", value, domain="id.example.org")
        response = await browser.get(page)
        while response.headers["location"].startswith(f"{FACTOR}?"):
            response = await browser.get(response.headers["location"])
        assert response.headers["location"] == "/sign-in?return_to=/account"


@pytest.mark.parametrize(
    "return_to", ["https://evil.example.org/", "//evil.example.org", "/a\\b", "/" + "a" * 5000]
)
async def test_no_malformed_address_is_followed_after_a_set_up(
    open_harness: OpenHarness, return_to: str
) -> None:
    async with open_harness(accounts__second_factor="required") as harness:
        await harness.person()
        browser = await pending(harness)
        shown = await browser.get(SET_UP, params={"return_to": return_to})
        assert form_fields(shown.text)["return_to"] == "/account"
        await browser.post(SET_UP, data=filled(shown, None, action="begin"))
        page = await browser.get(SET_UP)
        app = AuthenticatorApp.of_page(page.text)
        code = app.code(harness.context.clock.now())
        done = await browser.post(SET_UP, data=filled(page, code, return_to=return_to))
        assert done.headers["location"] == f"{CODES}?return_to=/account"
        codes = await browser.get(CODES, params={"return_to": return_to})
        assert 'href="/account">I have saved them' in codes.text


async def test_no_set_up_begins_where_none_is_required(harness: AppHarness, ann: User) -> None:
    await protect(harness, await harness.signed_in())
    browser = await pending(harness)
    fields = form_fields((await browser.get(FACTOR)).text)
    response = await browser.post(SET_UP, data={**fields, "action": "begin"})
    assert response.headers["location"].startswith(f"{FACTOR}?")
    enrolment = await harness.context.stores.second_factors.totp_enrolment(ann.id)
    assert enrolment is None


async def test_a_change_that_needs_a_fresh_sign_in_returns_to_a_page(
    harness: AppHarness, ann: User
) -> None:
    """security.md §18: also from a form whose address has no page."""
    browser = await harness.signed_in()
    fields = form_fields((await browser.get(TWO_STEP)).text)
    harness.advance(minutes=11)
    for form in (f"{APP}/new", APP, CODES, REMOVE):
        requested = await browser.post(form, data={**fields, "code": "000000"})
        return_to = httpx.URL(requested.headers["location"]).params["return_to"]
        assert (await browser.get(return_to)).status_code in (200, 303)
