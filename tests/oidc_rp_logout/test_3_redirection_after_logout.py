"""RP-Initiated Logout §3: only to what the application registered, with `state` and no more."""

from html import unescape

import pytest

from support.app import AppHarness
from support.logout_receiver import SIGNED_OUT, confirm, id_token, is_signed_in, leave, registered

REJECTED = "Logout request rejected"


async def test_state_comes_back_and_nothing_else(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    hint = await id_token(harness, app, browser)
    response = await leave(
        browser,
        id_token_hint=hint,
        post_logout_redirect_uri=SIGNED_OUT,
        state="a b&c=é",
        logout_hint="h",
        ui_locales="en",
        client_id=app.id,
    )
    assert response.headers["location"] == f"{SIGNED_OUT}?state=a+b%26c%3D%C3%A9"
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_without_state_none_comes_back(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    hint = await id_token(harness, app, browser)
    response = await leave(browser, id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT)
    assert response.headers["location"] == SIGNED_OUT


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example.org/out?x=1",
        "https://app.example.org",
        "com.example.app:/signed-out",
        "http://127.0.0.1:3000/out",
    ],
)
async def test_a_registered_address_is_stored_exactly(harness: AppHarness, address: str) -> None:
    await harness.person()
    app = await registered(harness, post_logout_redirect_uris=(SIGNED_OUT, address))
    browser = await harness.signed_in()
    hint = await id_token(harness, app, browser)
    response = await leave(
        browser, id_token_hint=hint, post_logout_redirect_uri=address, state="some-state"
    )
    join = "&" if "?" in address else "?"
    assert response.headers["location"] == f"{address}{join}state=some-state"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        SIGNED_OUT + "?extra=1",
        SIGNED_OUT + "/",
        SIGNED_OUT.upper(),
        SIGNED_OUT + "#",
        "https://app.example.org/callback",  # a redirect URI is none
        "//app.example.org/signed-out",
        "javascript:alert(1)",
        "https://app.example.org@evil.example/signed-out",
        "%68ttps://app.example.org/signed-out",
    ],
)
async def test_any_other_address_is_refused_without_a_sign_out(
    harness: AppHarness, address: str
) -> None:
    await harness.person()
    app, browser = await registered(harness), await harness.signed_in()
    hint = await id_token(harness, app, browser)
    for parameters in ({"id_token_hint": hint}, {"client_id": app.id}):
        response = await leave(browser, post_logout_redirect_uri=address, **parameters)
        assert response.status_code == 400
        assert REJECTED in response.text
        assert address not in unescape(response.text)
        assert "location" not in response.headers
    assert await is_signed_in(browser)


async def test_the_address_of_another_app_is_refused(harness: AppHarness) -> None:
    await harness.person()
    await registered(harness, post_logout_redirect_uris=("https://other.example.org/out",))
    app, browser = await registered(harness), await harness.signed_in()
    hint = await id_token(harness, app, browser)
    response = await leave(
        browser, id_token_hint=hint, post_logout_redirect_uri="https://other.example.org/out"
    )
    assert response.status_code == 400


@pytest.mark.parametrize("address", [SIGNED_OUT, "https://evil.example/"])
async def test_without_knowing_who_asks_it_leads_nowhere(harness: AppHarness, address: str) -> None:
    await harness.person()
    await registered(harness)
    browser = await harness.signed_in()
    page = await leave(browser, post_logout_redirect_uri=address, state="some-state")
    # The way back is refused; that the person wants to sign out may be true all the same.
    assert page.status_code == 400
    assert f"<h1>{REJECTED}</h1>" in page.text
    assert "location" not in page.headers
    assert await is_signed_in(browser)
    done = await confirm(browser, page)
    assert done.status_code == 200
    assert "You are signed out" in done.text
    assert "app.example.org" not in done.text
    assert "evil.example" not in done.text
    assert "refresh" not in done.text


async def test_an_app_without_registered_addresses_gets_no_redirect(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    hint = await id_token(harness, app, browser)
    response = await leave(browser, id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT)
    assert response.status_code == 400
    done = await leave(browser, id_token_hint=hint)
    assert "You are signed out" in done.text
