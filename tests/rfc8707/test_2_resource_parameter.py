"""The parameter `resource` (RFC 8707 §2), over HTTP."""

import json
import re
from typing import Any
from urllib.parse import urlencode

import httpx
from foreign_api import NOTES, OWN, TASKS, add_api

from quantimodo.model.resources import ResourceScope
from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    ISSUER,
    ME,
    App,
    AppHarness,
    form_fields,
    response_of,
)
from support.jwt_forgery import claims_of
from support.registered_clients import key_set, make_key, registered, signed

INACTIVE = {"active": False}
BOTH = "basic tasks:read"


async def ask(
    harness: AppHarness, browser: httpx.AsyncClient, app: App, *resources: str, **changes: str
) -> httpx.Response:
    """An authorization request with any number of resources."""
    values = {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": BOTH,
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    pairs = [*values.items(), *(("resource", each) for each in resources)]
    response = await browser.get(f"{AUTHORIZE}?{urlencode(pairs)}")
    if response.status_code == 200:
        return await harness.decide(browser, response)
    return response


async def granted(harness: AppHarness, app: App, *resources: str, **changes: str) -> str:
    """A code of a grant for these resources."""
    browser = await harness.signed_in()
    return response_of(await ask(harness, browser, app, *resources, **changes)).code


async def redeemed(harness: AppHarness, app: App, code: str, **changes: str) -> dict[str, Any]:
    response = await harness.redeem(app, code, **changes)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_2_2_tokens_are_bound_to_one_resource_each(harness: AppHarness) -> None:
    await harness.person()
    app, server, other = [await harness.app() for _ in range(3)]
    our_server = await harness.app(resource_server=True)
    await add_api(harness, introspected_by=frozenset({server.id}))
    await add_api(harness, NOTES, name="Notes", introspected_by=frozenset({other.id}))
    code = await granted(harness, app, OWN, TASKS, scope=f"openid {BOTH}")
    first = await redeemed(harness, app, code)
    assert first["scope"] == "basic openid"
    assert (await harness.call(first["access_token"])).status_code == 200

    refreshed = await harness.refresh(app, first["refresh_token"], resource=TASKS)
    second = refreshed.json()
    assert second["scope"] == "tasks:read"
    claims = claims_of(second["access_token"])
    assert (claims["aud"], claims["scope"]) == (TASKS, "tasks:read")
    # RFC 9068 §3: our API is not its audience. An ID token is for the client.
    refusal = await harness.call(second["access_token"])
    assert (refusal.status_code, "invalid_token" in refusal.headers["www-authenticate"]) == (
        401,
        True,
    )
    assert (await harness.call(second["access_token"], "/api/v2/oauth2/userinfo")).is_error
    assert claims_of(second["id_token"])["aud"] == app.id

    # Each API introspects its own tokens: the truth table.
    introspected = await harness.introspect(server, second["access_token"])
    assert introspected["active"] is True
    assert (introspected["aud"], introspected["scope"]) == (TASKS, "tasks:read")
    for caller in (app, other, our_server):
        assert await harness.introspect(caller, second["access_token"]) == INACTIVE
    for caller in (server, other):
        assert await harness.introspect(caller, first["access_token"]) == INACTIVE
    assert (await harness.introspect(our_server, first["access_token"]))["aud"] == OWN

    # A refresh keeps all of the grant (RFC 8707 §2.2).
    third = (await harness.refresh(app, second["refresh_token"])).json()
    assert third["scope"] == "basic openid"
    await harness.revoke(app, second["access_token"])
    assert await harness.introspect(server, second["access_token"]) == INACTIVE


async def test_2_1_a_request_for_one_resource_needs_no_second_parameter(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, server = await harness.app(), await harness.app()
    await add_api(harness, token_format="opaque", scopes=(), introspected_by=frozenset({server.id}))
    tokens = await redeemed(harness, app, await granted(harness, app, TASKS, scope=""))
    assert "scope" not in tokens, "RFC 6749 §3.3: a scope is not empty, and this API has none"
    found = await harness.introspect(server, tokens["access_token"])
    assert (found["active"], found["aud"]) == (True, TASKS)
    assert (await harness.call(tokens["access_token"])).status_code == 401
    # A spent refresh token gives its successor again, and a token for the API that is named now.
    again = (await harness.refresh(app, tokens["refresh_token"])).json()
    repeated = (await harness.refresh(app, tokens["refresh_token"])).json()
    assert repeated["access_token"] == again["access_token"]


async def test_2_the_response_to_a_repeated_refresh_is_for_the_named_resource(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, server = await harness.app(), await harness.app()
    await add_api(harness, token_format="opaque", introspected_by=frozenset({server.id}))
    tokens = await redeemed(harness, app, await granted(harness, app, OWN, TASKS))
    own = (await harness.refresh(app, tokens["refresh_token"])).json()
    foreign = (await harness.refresh(app, tokens["refresh_token"], resource=TASKS)).json()
    assert foreign["refresh_token"] == own["refresh_token"]
    assert (await harness.introspect(server, foreign["access_token"]))["aud"] == TASKS
    assert (await harness.call(own["access_token"], ME)).status_code == 200
    assert (await harness.call(foreign["access_token"], ME)).status_code == 401


async def test_2_a_request_object_and_a_pushed_request_name_resources(harness: AppHarness) -> None:
    """RFC 8707 §2: in a request object the value is a text, or an array of several."""
    await harness.person()
    await add_api(harness)
    await add_api(harness, NOTES, name="Notes", scopes=(ResourceScope("notes", "Read notes"),))
    key = make_key("ES256")
    app = await registered(harness, {"jwks": key_set(key)})
    plain = {
        "client_id": app.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }

    def request_object(resource: Any) -> str:
        return signed({"iss": app.id, "aud": ISSUER, **plain, "resource": resource}, key, "ES256")

    async def granted_by(parameters: dict[str, Any]) -> list[str]:
        """The audiences that the grant has, of these."""
        pushed = await harness.post("/api/v2/oauth2/par", app, parameters)
        assert pushed.status_code == 201, pushed.text
        browser = await harness.signed_in()
        query = {"client_id": app.id, "request_uri": pushed.json()["request_uri"]}
        code = response_of(await browser.get(AUTHORIZE, params=query)).code
        tokens = await redeemed(harness, app, code, resource=TASKS)
        assert claims_of(tokens["access_token"])["aud"] == TASKS
        other = await harness.refresh(app, tokens["refresh_token"], resource=NOTES)
        assert other.is_success or other.json()["error"] == "invalid_target"
        return [TASKS, NOTES] if other.is_success else [TASKS]

    for inside, expected in (
        (TASKS, [TASKS]),
        ([TASKS], [TASKS]),
        ([TASKS, NOTES], [TASKS, NOTES]),
    ):
        # What stands beside the object does not count.
        beside = {"request": request_object(inside), "resource": OWN, "client_id": app.id}
        assert await granted_by(beside) == expected, inside
    assert await granted_by({**plain, "resource": [TASKS, NOTES]}) == [TASKS, NOTES]
    for wrong, error in (
        ("https://unknown.example.org/", "invalid_target"),
        ([TASKS, f"{TASKS}#a"], "invalid_target"),
        ({}, "invalid_request_object"),
        (5, "invalid_request_object"),
        ([5], "invalid_request_object"),
    ):
        refused = await harness.post(
            "/api/v2/oauth2/par", app, {"request": request_object(wrong), "client_id": app.id}
        )
        assert (refused.status_code, refused.json()["error"]) == (400, error), wrong


async def test_2_2_a_token_of_another_api_has_no_health_details(harness: AppHarness) -> None:
    """RFC 9396 §3.2, §9.1, §9.2: details go to the API that they are for."""
    await harness.person()
    app, server = await harness.app(token_format="jwt"), await harness.app()
    await add_api(harness, introspected_by=frozenset({server.id}))
    details = '[{"type":"health_measurements","actions":["read"],"categories":["Sleep"]}]'
    scope = "readmeasurements tasks:read"
    code = await granted(harness, app, OWN, TASKS, scope=scope, authorization_details=details)
    own = await redeemed(harness, app, code)
    assert own["authorization_details"] == json.loads(details)
    assert claims_of(own["access_token"])["authorization_details"] == json.loads(details)
    foreign = (await harness.refresh(app, own["refresh_token"], resource=TASKS)).json()
    found = await harness.introspect(server, foreign["access_token"])
    assert found["scope"] == foreign["scope"] == "tasks:read"
    for place in (foreign, claims_of(foreign["access_token"]), found):
        assert "authorization_details" not in place


async def test_2_invalid_target_at_both_endpoints(harness: AppHarness) -> None:
    await harness.person()
    app, listed = await harness.app(), await harness.app()
    ann = await harness.person("dev@example.org", "Dev Example")
    await add_api(harness)
    await add_api(harness, NOTES, name="Notes", clients=frozenset({listed.id}))
    await add_api(harness, "https://mine.example.org/", owner_id=ann.id)
    ours = frozenset({app.id})
    await add_api(harness, "https://lists.example.org/", owner_id=ann.id, clients=ours)
    browser = await harness.signed_in()
    refused = (
        "https://tasks.example.org",  # a trailing slash tells apart
        "https://TASKS.example.org/",
        "https://unknown.example.org/",
        "tasks.example.org",
        "/tasks",
        f"{TASKS}#fragment",
        f"{TASKS} {TASKS}",
        NOTES,  # for another client
        "https://mine.example.org/",  # not reviewed, of another owner
        "https://lists.example.org/",  # the same, although it lists the client
        f"{OWN}/",
    )
    for resource in refused:
        response = response_of(await ask(harness, browser, app, resource))
        assert response.parameters["error"] == "invalid_target", resource
        assert response.parameters["state"] == "s"
        own = await harness.token(app, grant_type="client_credentials", resource=resource)
        assert (own.status_code, own.json()["error"]) == (400, "invalid_target"), resource
    code = await granted(harness, app, TASKS, OWN)
    for resource in (NOTES, f"{TASKS}#", "https://unknown.example.org/"):
        response = await harness.redeem(app, code, resource=resource)
        assert response.json()["error"] == "invalid_target", resource
    # Nothing was spent.
    tokens = await redeemed(harness, app, code, resource=TASKS)
    too_much = await harness.refresh(app, tokens["refresh_token"], resource=TASKS, scope="write")
    assert too_much.json()["error"] == "invalid_scope"


async def test_a_scope_belongs_to_its_resource(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    await add_api(harness)
    browser = await harness.signed_in()
    wide = [f"https://{number}.example.org/" for number in range(3)]
    for each in wide:
        many = tuple(ResourceScope(f"s{number}", "X") for number in range(40))
        await add_api(harness, each, scopes=many)
    for resources, scope in (
        (wide, ""),  # 123 full names
        ((TASKS,), "readmeasurements"),
        ((OWN,), "tasks:read"),
        ((), "tasks:read"),
        ((TASKS,), "unknown"),
    ):
        response = response_of(await ask(harness, browser, app, *resources, scope=scope))
        assert response.parameters["error"] == "invalid_scope", scope
    # The front channel has one access token.
    implicit = await harness.app(response_types=frozenset({"token"}))
    response = response_of(await ask(harness, browser, implicit, TASKS, OWN, response_type="token"))
    assert response.parameters["error"] == "invalid_target"
    response = response_of(
        await ask(harness, browser, implicit, TASKS, response_type="token", scope="write")
    )
    assert claims_of(response.parameters["access_token"])["aud"] == TASKS


async def test_a_consent_with_many_scopes_can_be_narrowed(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    apis = (TASKS, NOTES)
    for each in apis:
        many = tuple(ResourceScope(f"{each[8]}{number}", "X") for number in range(40))
        await add_api(harness, each, scopes=many)
    assert response_of(await ask(harness, browser, app, *apis, scope="")).code
    path = f"/account/apps/{app.id}"
    page = (await browser.get(path)).text
    names = re.findall(r'name="scope" value="([^"]+)" checked', page)
    assert len(names) == 82
    kept = {**form_fields(page), "scope": names[:-1]}
    assert (await browser.post(path, data=kept)).headers["location"] == path
    assert names[-1] not in re.findall(
        r'name="scope" value="([^"]+)" checked', (await browser.get(path)).text
    )


async def test_an_application_has_a_token_for_itself_only_where_the_resource_lists_it(
    harness: AppHarness,
) -> None:
    listed = await harness.app()
    await add_api(harness, clients=frozenset({listed.id}))
    response = await harness.token(listed, grant_type="client_credentials", resource=TASKS)
    claims = claims_of(response.json()["access_token"])
    assert (claims["aud"], claims["sub"], claims["scope"]) == (TASKS, listed.id, "tasks:read write")
    own = await harness.token(listed, grant_type="client_credentials", resource=OWN)
    assert own.json()["scope"] == "basic readmeasurements writemeasurements"
    narrow = await harness.token(
        listed, grant_type="client_credentials", resource=TASKS, scope="write"
    )
    assert narrow.json()["scope"] == "write"


async def test_the_consent_page_names_the_api_and_a_removed_api_ends(harness: AppHarness) -> None:
    await harness.person()
    app, server = await harness.app(), await harness.app()
    api = await add_api(harness, introspected_by=frozenset({server.id}))
    browser = await harness.signed_in()
    page = await harness.ask(browser, app, resource=TASKS, scope="tasks:read")
    for text in ("Task Board", "tasks.example.org", "Read your tasks", "What you have to do."):
        assert text in page.text, text
    assert "Change your tasks" not in page.text
    # The page that the person saw counts: a changed API is shown again.
    await harness.context.stores.resources.replace_resource(api)
    again = await harness.decide(browser, page)
    assert again.headers["location"].startswith("/api/v2/oauth/authorize/resume")
    page = await browser.get(again.headers["location"])
    code = response_of(await harness.decide(browser, page)).code
    tokens = await redeemed(harness, app, code)
    mail = (await harness.context.outbox.recent())[0].mail
    assert "– Use tasks.example.org (tasks:read)\n" in mail.text
    account = await browser.get("/account")
    assert "Read your tasks (tasks.example.org)" in account.text
    one = await browser.get(f"/account/apps/{app.id}")
    assert "Use Task Board (tasks.example.org)" in one.text
    # Without a second page: the person decided about this.
    assert response_of(await ask(harness, browser, app, TASKS, scope="tasks:read")).code

    assert (await harness.introspect(server, tokens["access_token"]))["active"] is True
    harness.advance(seconds=2)
    await harness.context.stores.resources.delete_resource(api)
    assert await harness.introspect(server, tokens["access_token"]) == INACTIVE
    gone = await harness.refresh(app, tokens["refresh_token"])
    assert gone.json()["error"] == "invalid_target"
    # Registered again, perhaps by another owner: no consent and no token of before counts.
    await add_api(harness, introspected_by=frozenset({server.id}))
    assert await harness.introspect(server, tokens["access_token"]) == INACTIVE
    assert (await harness.refresh(app, tokens["refresh_token"])).is_error
    assert (
        'id="allow"' in (await harness.ask(browser, app, resource=TASKS, scope="tasks:read")).text
    )
    assert (await browser.get("/account")).status_code == 200
