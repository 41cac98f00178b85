"""The developer portal's pages of a person's own APIs (RFC 8707, RFC 9728)."""

from dataclasses import replace
from datetime import timedelta

import httpx

from support.app import AppHarness, form_fields

TASKS = "https://tasks.example.org/"
FORM = {
    "identifier": TASKS,
    "name": "Task Board",
    "scopes": "tasks:read = Read your tasks: What you have to do.\n\ntasks:write=Change your tasks",
    "introspected_by": "",
    "clients": "",
    "token_format": "opaque",
    "token_lifetime": "300",
    "documentation_uri": "",
}


async def sent(browser: httpx.AsyncClient, path: str, **changes: str) -> httpx.Response:
    page = await browser.get(path.removesuffix("/remove"))
    fields = form_fields(page.text)
    return await browser.post(path, data={**FORM, **fields, **changes})


async def test_a_person_registers_changes_and_removes_an_api(harness: AppHarness) -> None:
    await harness.person()
    await harness.person("bob@example.org", "Bob Example")
    browser, another = await harness.signed_in(), await harness.signed_in("bob@example.org")
    added = await sent(browser, "/developers/apis/new", **FORM)
    assert added.status_code == 303, added.text
    place = added.headers["location"].partition("?")[0]
    stored = await harness.context.stores.resources.resource(TASKS)
    assert stored is not None
    assert not stored.reviewed
    assert [each.name for each in stored.scopes] == ["tasks:read", "tasks:write"]
    page = (await browser.get(place)).text
    for text in ("Task Board", "authorization_servers", "Only your own applications"):
        assert text in page, text
    assert TASKS in (await browser.get("/developers/apis")).text
    # To another person it does not exist.
    for response in (await another.get(place), await sent(another, f"{place}/remove")):
        assert response.status_code in (403, 404)
    assert TASKS not in (await another.get("/developers/apis")).text

    refused = await sent(browser, place, name="", scopes="openid = X")
    assert refused.status_code == 422
    for text in ("name-error", "scopes-error"):
        assert text in refused.text, text
    taken = await sent(another, "/developers/apis/new", **FORM)
    assert (taken.status_code, "registered already" in taken.text) == (422, True)
    assert (await sent(browser, place, name="Tasks", scopes="")).status_code == 303
    # The operator set a lifetime that is none of the choices: the form keeps it.
    saved = await harness.context.stores.resources.resource(TASKS)
    assert saved is not None
    brief = replace(saved, token_lifetime=timedelta(seconds=90))
    assert await harness.context.stores.resources.replace_resource(brief)
    assert 'value="90" selected>90 seconds' in (await browser.get(place)).text
    assert (await sent(browser, place, token_lifetime="90")).status_code == 303
    saved = await harness.context.stores.resources.resource(TASKS)
    assert saved is not None
    assert saved.token_lifetime == brief.token_lifetime
    late = await sent(browser, place, revision="0")
    assert late.status_code == 409
    assert (await sent(browser, f"{place}/remove")).status_code == 303
    assert await harness.context.stores.resources.resource(TASKS) is None
