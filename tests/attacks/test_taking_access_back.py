"""security.md 7: what a person or an operator takes back is dead at the next request."""

from typing import Any

import pytest

from quantimodo.model.secrets import Secret
from world import ME, PASSWORD, USERINFO, App, World, form_fields


async def everything(world: World, app: App, browser: Any) -> dict[str, Any]:
    """Whatever an authorization can have given: tokens, and a code that waits."""
    tokens = await world.tokens(app, browser, scope="basic openid")
    tokens["code"] = (await world.authorize(browser, app, scope="basic openid")).code
    return tokens


async def is_dead(world: World, app: App, given: dict[str, Any], watcher: App) -> bool:
    access, refresh = given["access_token"], given["refresh_token"]
    return (
        (await world.call(access, ME)).status_code == 401
        and (await world.call(access, USERINFO)).status_code == 401
        and (await world.refresh(app, refresh)).status_code in (400, 401)
        and (await world.redeem(app, given["code"])).status_code in (400, 401)
        and await world.introspect(watcher, access) == {"active": False}
        and await world.introspect(watcher, refresh) == {"active": False}
    )


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_one_press_ends_all_that_an_app_has(world: World, token_format: str) -> None:
    await world.person()
    browser, watcher = await world.signed_in(), await world.app(resource_server=True)
    app, other = await world.app(token_format=token_format), await world.app()
    given, kept = await everything(world, app, browser), await everything(world, other, browser)
    page = await browser.get("/account")
    csrf = form_fields(page.text)["csrf"]
    pressed = await browser.post(f"/account/apps/{app.id}/revoke", data={"csrf": csrf})
    assert pressed.status_code == 303
    assert await is_dead(world, app, given, watcher)
    assert (await world.call(kept["access_token"])).status_code == 200
    asked_again = await world.ask(browser, app)
    assert 'id="allow"' in asked_again.text


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_first_party_app_can_be_taken_back_too(world: World, token_format: str) -> None:
    # Nobody was asked, so there is a consent on record all the same: it is what is pressed.
    await world.person()
    browser, watcher = await world.signed_in(), await world.app(resource_server=True)
    app = await world.app(first_party=True, token_format=token_format)
    given = await everything(world, app, browser)
    page = await browser.get("/account")
    assert app.client.name in page.text
    csrf = form_fields(page.text)["csrf"]
    await browser.post(f"/account/apps/{app.id}/revoke", data={"csrf": csrf})
    assert await is_dead(world, app, given, watcher)


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_disabled_or_deleted_person_is_gone_everywhere_at_once(
    world: World, token_format: str
) -> None:
    watcher = await world.app(resource_server=True)
    for number, fate in enumerate(("disabled", "deleted")):
        email = f"person-{number}@example.org"
        person = await world.person(email)
        browser = await world.signed_in(email)
        app = await world.app(token_format=token_format)
        given = await everything(world, app, browser)
        waiting = await world.ask(browser, app, scope="readmeasurements")
        if fate == "disabled":
            await world.house.accounts.disable(person.id)
        else:
            await world.house.stores.delete_user(person.id)
        assert await is_dead(world, app, given, watcher), fate
        assert (await browser.get("/account")).headers["location"].startswith("/sign-in")
        late = await world.decide(browser, waiting)
        assert "code=" not in late.headers.get("location", "")
        again = await world.ask(browser, app)
        assert again.headers["location"].startswith("/sign-in")


async def test_an_app_that_was_deleted_takes_its_tokens_along(world: World) -> None:
    await world.person()
    browser, watcher = await world.signed_in(), await world.app(resource_server=True)
    app = await world.app()
    given = await everything(world, app, browser)
    await world.house.registry.delete(app.client)
    assert await is_dead(world, app, given, watcher)


async def test_a_disabled_person_who_returns_gets_the_same_tokens_back_or_none(
    world: World,
) -> None:
    person = await world.person()
    browser, app = await world.signed_in(), await world.app()
    given = await everything(world, app, browser)
    await world.house.accounts.disable(person.id)
    assert (await world.call(given["access_token"])).status_code == 401
    await world.house.accounts.enable(person.id)
    assert (await browser.get("/account")).headers["location"].startswith("/sign-in")
    cookie = await world.house.accounts.sign_in(
        "ann@example.org", Secret(PASSWORD), address="192.0.2.7", agent="", replaces=None
    )
    assert cookie.reveal()
