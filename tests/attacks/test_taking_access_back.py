"""security.md §7: what a person or an operator takes back is refused at the next request."""

from typing import Any

import pytest

from quantimodo.accounts.login import LoginBrowser, StartedSession
from quantimodo.model.secrets import Secret
from support.app import ME, PASSWORD, USERINFO, App, AppHarness, form_fields


async def everything(harness: AppHarness, app: App, browser: Any) -> dict[str, Any]:
    """Whatever an authorization can have given: tokens, and a code that waits."""
    tokens = await harness.tokens(app, browser, scope="basic openid")
    tokens["code"] = (await harness.authorize(browser, app, scope="basic openid")).code
    return tokens


async def is_dead(harness: AppHarness, app: App, given: dict[str, Any], watcher: App) -> bool:
    access, refresh = given["access_token"], given["refresh_token"]
    return (
        (await harness.call(access, ME)).status_code == 401
        and (await harness.call(access, USERINFO)).status_code == 401
        and (await harness.refresh(app, refresh)).status_code in (400, 401)
        and (await harness.redeem(app, given["code"])).status_code in (400, 401)
        and await harness.introspect(watcher, access) == {"active": False}
        and await harness.introspect(watcher, refresh) == {"active": False}
    )


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_one_press_ends_all_that_an_app_has(harness: AppHarness, token_format: str) -> None:
    await harness.person()
    browser, watcher = await harness.signed_in(), await harness.app(resource_server=True)
    app, other = await harness.app(token_format=token_format), await harness.app()
    given, kept = await everything(harness, app, browser), await everything(harness, other, browser)
    page = await browser.get("/account")
    csrf = form_fields(page.text)["csrf"]
    pressed = await browser.post(f"/account/apps/{app.id}/revoke", data={"csrf": csrf})
    assert pressed.status_code == 303
    assert await is_dead(harness, app, given, watcher)
    assert (await harness.call(kept["access_token"])).status_code == 200
    requested_again = await harness.ask(browser, app)
    assert 'id="allow"' in requested_again.text


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_first_party_app_can_be_taken_back_too(
    harness: AppHarness, token_format: str
) -> None:
    # No page asked for it, but a consent is recorded: the button withdraws it.
    await harness.person()
    browser, watcher = await harness.signed_in(), await harness.app(resource_server=True)
    app = await harness.app(first_party=True, token_format=token_format)
    given = await everything(harness, app, browser)
    page = await browser.get("/account")
    assert app.client.name in page.text
    csrf = form_fields(page.text)["csrf"]
    await browser.post(f"/account/apps/{app.id}/revoke", data={"csrf": csrf})
    assert await is_dead(harness, app, given, watcher)


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_disabled_or_deleted_person_is_gone_everywhere_at_once(
    harness: AppHarness, token_format: str
) -> None:
    watcher = await harness.app(resource_server=True)
    for number, fate in enumerate(("disabled", "deleted")):
        email = f"person-{number}@example.org"
        person = await harness.person(email)
        browser = await harness.signed_in(email)
        app = await harness.app(token_format=token_format)
        given = await everything(harness, app, browser)
        waiting = await harness.ask(browser, app, scope="readmeasurements")
        if fate == "disabled":
            await harness.context.accounts.administration.disable(person.id)
        else:
            await harness.context.stores.users.delete_user(person.id, harness.context.clock.now())
        assert await is_dead(harness, app, given, watcher), fate
        assert (await browser.get("/account")).headers["location"].startswith("/sign-in")
        late = await harness.decide(browser, waiting)
        assert "code=" not in late.headers.get("location", "")
        again = await harness.ask(browser, app)
        assert again.headers["location"].startswith("/sign-in")


async def test_an_app_that_was_deleted_takes_its_tokens_along(harness: AppHarness) -> None:
    await harness.person()
    browser, watcher = await harness.signed_in(), await harness.app(resource_server=True)
    app = await harness.app()
    given = await everything(harness, app, browser)
    await harness.context.registry.delete(app.client)
    assert await is_dead(harness, app, given, watcher)


async def test_a_disabled_person_who_returns_gets_the_same_tokens_back_or_none(
    harness: AppHarness,
) -> None:
    person = await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    given = await everything(harness, app, browser)
    await harness.context.accounts.administration.disable(person.id)
    assert (await harness.call(given["access_token"])).status_code == 401
    await harness.context.accounts.administration.enable(person.id)
    assert (await browser.get("/account")).headers["location"].startswith("/sign-in")
    login = await harness.context.accounts.password_sign_in.sign_in(
        "ann@example.org", Secret(PASSWORD), LoginBrowser(address="192.0.2.7", agent="")
    )
    assert isinstance(login, StartedSession)
    assert login.cookie.reveal()
