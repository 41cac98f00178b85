"""Who opens /admin, and what an administrator cannot do: the table of routes is walked."""

import httpx

from quantimodo.model.users import User
from support.administrators import (
    REASON,
    WITH_FACTOR,
    administrator,
    press,
    routes_of_administration,
    session_of,
)
from support.app import AppHarness, form_fields


def names_of(person: User, client_id: str = "x") -> dict[str, str]:
    return {
        "number": str(person.id),
        "action": "disable",
        "client_id": client_id,
        "kid": "x",
        "session": "x",
        "name": "x",
    }


async def forged(browser: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    """The request, with the proof of this browser where it is a form."""
    proof = form_fields((await browser.get("/account/profile")).text)["csrf"]
    data = {"csrf": proof, "reason": REASON} if method == "POST" else None
    return await browser.request(method, path, data=data)


async def test_the_pages_do_not_exist_for_people_who_are_not_administrators(
    harness: AppHarness,
) -> None:
    await administrator(harness)
    ann, bob = await harness.person(), await harness.person("bob@example.org", "Bob Example")
    app = await harness.app()
    await harness.register_again(app, owner_id=ann.id)
    before = harness.rows()["users"]
    for person, methods in ((ann, WITH_FACTOR), (bob, ("pwd",))):
        browser = await session_of(harness, person, methods)
        for method, path in routes_of_administration(harness, **names_of(bob, app.id)):
            response = await forged(browser, method, path)
            assert response.status_code == 404, (method, path)
        assert "/admin" not in (await browser.get("/account")).text
    stranger = harness.browser()
    for method, path in routes_of_administration(harness, **names_of(bob, app.id)):
        if method == "GET":
            response = await stranger.get(path)
            assert response.headers["location"].startswith("/sign-in?return_to=/admin"), path
    assert harness.rows()["users"] == before


async def test_an_administrator_without_a_factor_sets_one_up_first(harness: AppHarness) -> None:
    ann, bob = await harness.person(), await harness.person("bob@example.org", "Bob Example")
    await harness.context.stores.users.set_administrator(ann.id, True)
    browser = await session_of(harness, ann, ("pwd",))
    for method, path in routes_of_administration(harness, **names_of(bob)):
        response = await forged(browser, method, path)
        assert response.status_code == 303, path
        assert response.headers["location"] == "/account/security/two-step?first=true", path
    shown = (await browser.get("/account/security/two-step?first=true")).text
    assert "is for people with two-step verification" in shown
    assert "is for people" not in (await browser.get("/account/security/two-step")).text
    found = await harness.context.stores.users.user(bob.id)
    assert found is not None
    assert found.disabled_at is None


async def test_a_session_without_the_factor_or_of_long_ago_steps_up(harness: AppHarness) -> None:
    root, bob = await administrator(harness), await harness.person()
    browser = await session_of(harness, root, ("pwd",))
    for method, path in routes_of_administration(harness, **names_of(bob)):
        response = await forged(browser, method, path)
        assert response.headers["location"].startswith("/account/again?return_to=/admin"), path
    browser = await session_of(harness, root)
    harness.advance(minutes=11)
    assert (await browser.get(f"/admin/people/{bob.id}")).status_code == 200
    for method, path in (("GET", "disable"), ("POST", "disable"), ("POST", "delete")):
        response = await forged(browser, method, f"/admin/people/{bob.id}/{path}")
        assert response.headers["location"].startswith("/account/again?return_to=/admin"), path
    harness.advance(hours=8)
    response = await browser.get("/admin")
    assert response.headers["location"] == "/account/again?return_to=/admin"
    found = await harness.context.stores.users.user(bob.id)
    assert found is not None
    assert found.disabled_at is None


async def test_the_role_ends_with_the_next_request(harness: AppHarness) -> None:
    root, other = await administrator(harness), await administrator(harness, "two@example.org")
    browser, second = await session_of(harness, root), await session_of(harness, other)
    assert (await browser.get("/admin")).status_code == 200
    response = await press(second, f"/admin/people/{root.id}/demote")
    assert response.status_code == 303
    assert (await browser.get("/admin")).status_code == 404


async def test_an_administrator_changes_neither_the_own_account_nor_that_of_another_one(
    harness: AppHarness,
) -> None:
    root, other = await administrator(harness), await administrator(harness, "two@example.org")
    browser = await session_of(harness, root)
    for action in ("promote", "demote", "disable", "delete", "reset-second-factor", "sign-out"):
        response = await press(browser, f"/admin/people/{root.id}/{action}")
        assert response.status_code == 400, action
        assert "This is your own account" in response.text
    for action in ("disable", "delete"):
        response = await press(browser, f"/admin/people/{other.id}/{action}")
        assert response.status_code == 400, action
        assert "First take that role away" in response.text
    page = (await browser.get(f"/admin/people/{other.id}")).text
    assert f"/admin/people/{other.id}/demote" in page
    assert f"/admin/people/{other.id}/delete" not in page


async def test_the_last_administrator_keeps_the_role(harness: AppHarness) -> None:
    root, other = await administrator(harness), await administrator(harness, "two@example.org")
    people = harness.context.stores.people_search
    browser = await session_of(harness, root)
    assert (await press(browser, f"/admin/people/{other.id}/demote")).status_code == 303
    assert [each.id for each in await people.administrators(9)] == [root.id]
    assert not await people.remove_administrator(root.id)
    assert (await browser.get("/admin")).status_code == 200


async def test_nothing_is_done_without_a_reason(harness: AppHarness) -> None:
    root, bob = await administrator(harness), await harness.person()
    browser = await session_of(harness, root)
    for reason in ("", "  ", "x", "over\u202eridden", "x" * 301):
        response = await press(browser, f"/admin/people/{bob.id}/disable", reason)
        assert response.status_code == 422, reason
    found = await harness.context.stores.users.user(bob.id)
    assert found is not None
    assert found.disabled_at is None
    assert harness.rows()["admin_actions"] == []
