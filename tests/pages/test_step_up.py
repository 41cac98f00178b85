"""What is sensitive needs a recent sign-in with the second factor, of people who have one."""

import pytest

from support.app import SESSION, AppHarness, form_fields
from support.authenticator_app import set_up

PAGES = [
    ("GET", "/account/data/export?name=Sleep"),
    ("GET", "/account/data/delete?name=Sleep"),
    ("POST", "/account/data/delete"),
    ("GET", "/account/activity/export"),
    ("GET", "/account/security/email"),
    ("POST", "/account/security/email"),
    ("GET", "/account/delete"),
    ("POST", "/account/delete"),
]


@pytest.mark.parametrize("methods", [("pwd",), ("pwd", "otp", "mfa")], ids="+".join)
async def test_a_login_without_the_factor_or_of_long_ago_does_not_suffice(
    harness: AppHarness, methods: tuple[str, ...]
) -> None:
    ann = await harness.person()
    sessions = harness.context.sessions
    browser = harness.browser()

    async def start() -> None:
        cookie = await sessions.start(
            ann, methods=methods, address="192.0.2.7", agent="a test", replaces=None
        )
        browser.cookies.set(SESSION, cookie.reveal(), domain="id.example.org")

    await start()
    session = await sessions.current(browser.cookies[SESSION])
    assert session is not None
    await set_up(harness.context.second_factors, session, harness.context.clock.now())
    csrf = form_fields((await browser.get("/account/profile")).text)
    if "mfa" in methods:
        page = await browser.get("/account/delete")
        assert page.status_code == 200
        harness.advance(minutes=11)
    before = harness.rows()["users"]
    for method, path in PAGES:
        response = await browser.request(method, path, data=csrf if method == "POST" else None)
        assert response.status_code == 303, path
        assert response.headers["location"].startswith("/account/again?return_to=/account/"), path
        page = await browser.get(response.headers["location"])
        assert page.status_code == 200
    assert harness.rows()["users"] == before


async def test_a_person_without_a_factor_needs_none(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    harness.advance(minutes=11)
    for path in ("/account/data/export", "/account/activity/export", "/account/delete"):
        assert (await browser.get(path)).status_code == 200, path
