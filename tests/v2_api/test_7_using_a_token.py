"""v2-api.md §7 on `GET /api/v1/user/me`: the response, and how its refusals read."""

from support.app import ME, AppHarness


async def test_the_person_is_identified_by_header_and_by_query(harness: AppHarness) -> None:
    ann = await harness.person("Ann.Example@example.org", "Änn <b>Example</b>")
    tokens = await harness.tokens(
        await harness.app(), await harness.signed_in("Ann.Example@example.org")
    )
    by_header = await harness.call(tokens["access_token"])
    by_query = await harness.browser().get(ME, params={"access_token": tokens["access_token"]})
    assert by_header.content == by_query.content
    assert by_header.json() == {
        "id": ann.id,
        "displayName": "Änn <b>Example</b>",
        "loginName": ann.email,
        "email": ann.email,
        "emailVerified": True,
        "administrator": False,
    }
    assert by_header.headers["content-type"] == "application/json"
    assert by_header.headers["x-content-type-options"] == "nosniff"


async def test_both_at_once_are_refused(harness: AppHarness) -> None:
    await harness.person()
    token = (await harness.tokens(await harness.app()))["access_token"]
    response = await harness.browser().get(
        ME, params={"access_token": token}, headers={"authorization": f"Bearer {token}"}
    )
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


async def test_the_token_of_one_person_describes_that_person(harness: AppHarness) -> None:
    app = await harness.app()
    for email in ("ann@example.org", "bob@example.org"):
        await harness.person(email)
        token = (await harness.tokens(app, await harness.signed_in(email)))["access_token"]
        assert (await harness.call(token)).json()["email"] == email


async def test_it_is_read_only(harness: AppHarness) -> None:
    await harness.person()
    token = (await harness.tokens(await harness.app()))["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = await harness.browser().request(method, ME, headers=headers)
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD, OPTIONS"
