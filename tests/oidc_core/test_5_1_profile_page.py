"""/account/profile and what applications then see (OpenID Connect Core §5.1)."""

from typing import Any

import httpx

from support.app import USERINFO, AppHarness, form_fields


async def save(harness: AppHarness, browser: httpx.AsyncClient, **fields: str) -> httpx.Response:
    page = await browser.get("/account/profile")
    data: dict[str, Any] = {**form_fields(page.text), **fields}
    return await browser.post("/account/profile/details", data=data)


async def test_the_profile_is_what_allowed_apps_see(harness: AppHarness) -> None:
    await harness.person()
    browser, app = await harness.signed_in(), await harness.app()
    response = await save(
        harness, browser, given_name="Ann", birthdate="0000-01-31", country="XX", nickname=" "
    )
    assert response.status_code == 303
    page = (await browser.get("/account/profile")).text
    assert "Your profile is saved." in page
    assert 'value="0000-01-31"' in page
    tokens = await harness.tokens(app, browser, scope="openid profile address")
    received = (await harness.call(tokens["access_token"], USERINFO)).json()
    assert (received["given_name"], received["birthdate"]) == ("Ann", "0000-01-31")
    assert received["address"] == {"country": "XX"}
    assert "nickname" not in received
    await save(harness, browser)
    received = (await harness.call(tokens["access_token"], USERINFO)).json()
    assert set(received) == {"sub", "name", "updated_at"}, "what was taken back is gone"


async def test_a_fault_is_shown_beside_its_field_and_nothing_is_lost(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    response = await save(harness, browser, given_name="Ann", birthdate="yesterday")
    assert response.status_code == 422
    assert 'id="birthdate-error"' in response.text
    assert 'value="Ann"' in response.text
    assert 'value="Ann Example"' in response.text, "the other form is as it was"
    assert (
        await harness.context.profiles.of((await harness.context.stores.users.users())[0])
        is not None
    )
    assert harness.rows()["profiles"] == []


async def test_a_form_of_another_site_changes_nothing(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    response = await browser.post("/account/profile/details", data={"given_name": "Eve"})
    assert response.status_code == 403
    assert harness.rows()["profiles"] == []
