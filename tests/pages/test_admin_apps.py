"""/admin/apps and /admin/apis: what an administrator does with applications and APIs of others."""

from contextlib import closing

import apsw

from quantimodo.app.composition.resources import resource_registry
from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.resources import ResourceScope
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.administrators import administrator, press, session_of
from support.app import AppHarness

HOSTILE = "<img src=x> evil"


def recorded(harness: AppHarness) -> list[tuple[str, str | None]]:
    with closing(apsw.Connection(str(harness.database))) as database:
        return database.execute("SELECT kind, client_id FROM admin_actions ORDER BY id").fetchall()


async def test_an_application_is_reviewed_suspended_enabled_and_deleted(
    harness: AppHarness,
) -> None:
    ann = await harness.person()
    app = await harness.app(description=HOSTILE)
    await harness.register_again(app, owner_id=ann.id)
    tokens = await harness.tokens(app, scope="basic")
    browser = await session_of(harness, await administrator(harness))
    one = f"/admin/apps/{app.id}"
    page = await browser.get(one)
    assert "Ann Example" in page.text
    assert "<img src=x>" not in page.text

    async def act(action: str) -> None:
        response = await press(browser, f"{one}/{action}")
        assert response.status_code == 303, response.text

    await act("review")
    assert "reviewed" in (await browser.get(one)).text
    await act("unreview")
    await act("disable")
    assert (await harness.call(tokens["access_token"])).status_code == 401
    await act("enable")
    assert (await harness.call(tokens["access_token"])).status_code == 200
    enabled, disabled, *_ = await harness.context.outbox.recent(2)
    assert disabled.mail.subject == "Your application was suspended"
    assert enabled.mail.subject == "Your application works again"
    assert {enabled.mail.to, disabled.mail.to} == {"ann@example.org"}
    await act("delete")
    assert (await browser.get(one)).status_code == 404
    actions = ("review", "unreview", "disable", "enable", "delete")
    assert recorded(harness) == [(f"client.{action}", app.id) for action in actions]
    assert (await browser.get("/admin/apps/unknown/disable")).status_code == 404


async def test_applications_are_found_by_id_and_by_how_a_name_begins(harness: AppHarness) -> None:
    mood, sleep = await harness.app(), await harness.app(name=f"Sleep {HOSTILE}")
    browser = await session_of(harness, await administrator(harness))
    for text, names in {"mOOd": {mood.id}, sleep.id: {sleep.id}, "Tracker": set()}.items():
        page = await browser.get("/admin/apps", params={"q": text})
        assert {each for each in (mood.id, sleep.id) if f"/apps/{each}" in page.text} == names
        assert "<img src=x>" not in page.text
    assert (await browser.get("/admin/apps?q=%00&after=%00")).status_code == 200


async def test_a_list_of_applications_goes_on_by_pages_of_fifty(harness: AppHarness) -> None:
    for number in range(51):
        await harness.app(name=f"App {number}")
    browser = await session_of(harness, await administrator(harness))
    page = await browser.get("/admin/apps?q=app")
    assert page.text.count('class="whole"') == 50
    after = page.text.partition("q=app&amp;after=")[2].partition('"')[0]
    rest = await browser.get(f"/admin/apps?q=app&after={after}")
    assert rest.text.count('class="whole"') == 1


async def test_an_api_of_a_developer_is_reviewed_and_removed(harness: AppHarness) -> None:
    ann = await harness.person()
    registry = resource_registry(harness.context)
    api = await registry.register(
        "https://tasks.example.org/",
        ResourceRegistration(name="Tasks", scopes=(ResourceScope("tasks:read", HOSTILE),)),
        owner_id=ann.id,
    )
    browser = await session_of(harness, await administrator(harness))
    for action, reviewed in (("review", True), ("unreview", False)):
        assert (await press(browser, f"/admin/apis/{api.id}/{action}")).status_code == 303
        found = await harness.context.stores.resources.resource(api.identifier)
        assert found is not None
        assert found.reviewed is reviewed
    page = await browser.get("/admin/apis")
    assert "not reviewed" in page.text
    assert (await press(browser, f"/admin/apis/{api.id}/remove")).status_code == 303
    assert await harness.context.stores.resources.resource(api.identifier) is None
    kinds = [kind for kind, _ in recorded(harness)]
    assert kinds == ["resource.review", "resource.unreview", "resource.remove"]
    assert (await browser.get(f"/admin/apis/{api.id}/review")).status_code == 404


async def test_applications_that_registered_themselves_wait_for_a_review(
    harness: AppHarness,
) -> None:
    own = await harness.app(name="Of the operator")
    itself = await harness.app(name="Registered itself")
    seen = await harness.app(name="Reviewed already", metadata=ClientMetadata(reviewed=True))
    for app in (itself, seen):
        await harness.register_again(app, registration_digest=b"d" * 32)
    browser = await session_of(harness, await administrator(harness))

    async def found(**query: str) -> set[str]:
        page = await browser.get("/admin/apps", params=query)
        return {app.id for app in (own, itself, seen) if f'/admin/apps/{app.id}"' in page.text}

    assert await found() == {own.id, itself.id, seen.id}
    assert await found(only="pending") == {itself.id}
    assert await found(only="pending", q="registered") == {itself.id}
    assert await found(only="pending", q=own.id) == set()
    assert await found(only="pending", q="reviewed") == set()
