"""Grant Management §5: an application creates, merges and replaces grants."""

import json
from typing import Any

from quantimodo.app.composition.resources import resource_registry
from quantimodo.model.resources import ResourceScope
from quantimodo.protocol.resource_registration import ResourceRegistration
from support.app import DECISION, ME, App, AppHarness, form_fields, response_of

PAR = "/api/v2/oauth2/par"
READ = "readmeasurements"


def details(category: str) -> str:
    rule = {"type": "health_measurements", "actions": ["read"], "categories": [category]}
    return json.dumps([rule])


async def created(harness: AppHarness, app: App, **changes: str | None) -> dict[str, Any]:
    return await harness.tokens(app, grant_management_action="create", **changes)


async def own_token(harness: AppHarness, app: App) -> str:
    scope = "grant_management_query grant_management_revoke"
    response = await harness.token(app, grant_type="client_credentials", scope=scope)
    token: str = response.json()["access_token"]
    return token


async def query(harness: AppHarness, app: App, grant_id: str) -> dict[str, Any]:
    response = await harness.call(
        await own_token(harness, app), f"/api/v2/oauth2/grants/{grant_id}"
    )
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_5_5_create_returns_a_grant_id_and_nothing_else_does(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    assert "grant_id" not in await harness.tokens(app)
    browser = await harness.signed_in()
    response = await harness.authorize(browser, app, grant_management_action="create")
    assert "grant_id" not in response.parameters  # Grant Management §5.3
    first = (await harness.redeem(app, response.code)).json()
    second = await created(harness, app)
    assert first["grant_id"] != second["grant_id"]
    assert len(first["grant_id"]) >= 22
    refreshed = (await harness.refresh(app, first["refresh_token"])).json()
    assert refreshed["grant_id"] == first["grant_id"]
    # Grant Management §3.5: both live, until one is revoked.
    for tokens in (refreshed, second):
        assert (await harness.call(tokens["access_token"])).status_code == 200


async def test_5_2_merge_adds_to_the_grant(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    first = await created(harness, app, scope="basic")
    other = await created(harness, app, scope="basic")
    browser = await harness.signed_in()
    named = {"grant_management_action": "merge", "grant_id": first["grant_id"]}
    page = await harness.ask(browser, app, scope="email", **named)
    assert "Adds to an access that it has" in page.text
    assert "See who you are" in page.text
    code = response_of(await harness.decide(browser, page)).parameters["code"]
    merged = (await harness.redeem(app, code)).json()
    assert merged["grant_id"] == first["grant_id"]
    assert merged["scope"] == "basic email"
    # Grant Management §5.2: the earlier refresh tokens end; here, access tokens too.
    assert (await harness.refresh(app, first["refresh_token"])).status_code == 400
    assert (await harness.call(first["access_token"])).status_code == 401
    assert (await harness.call(other["access_token"])).status_code == 200
    found = await query(harness, app, first["grant_id"])
    assert found["scopes"] == [{"scope": "basic email"}]
    again = await harness.authorize(browser, app, scope="profile", **named)
    assert (await harness.redeem(app, again.code)).json()["scope"] == "basic email profile"


async def test_5_2_merge_keeps_earlier_health_data(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    sleep = await created(harness, app, scope=READ, authorization_details=details("Sleep"))
    browser = await harness.signed_in()
    named = {"grant_management_action": "merge", "grant_id": sleep["grant_id"]}
    mood = {"scope": READ, "authorization_details": details("Emotions")}
    merged = (
        await harness.redeem(app, (await harness.authorize(browser, app, **mood, **named)).code)
    ).json()
    [rule] = merged["authorization_details"]
    assert rule["categories"] == ["Emotions", "Sleep"]
    found = await query(harness, app, sleep["grant_id"])
    assert found["authorization_details"] == merged["authorization_details"]
    assert found["created_at"] <= found["last_updated_at"] < found["expires_at"]


async def test_5_2_replace_leaves_only_what_is_allowed_now(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    wide = await created(harness, app, scope="basic email openid")
    browser = await harness.signed_in()
    named = {"grant_management_action": "replace", "grant_id": wide["grant_id"]}
    page = await harness.ask(browser, app, scope="basic", **named)
    assert "Replaces an access that it has" in page.text
    assert "This access loses" in page.text
    denied = response_of(await harness.decide(browser, page, "deny")).parameters
    assert denied["error"] == "access_denied"
    assert (await harness.call(wide["access_token"])).status_code == 200
    narrow = await harness.redeem(
        app, (await harness.authorize(browser, app, scope="basic", **named)).code
    )
    assert (narrow.json()["scope"], narrow.json()["grant_id"]) == ("basic", wide["grant_id"])
    # Grant Management §10: what was replaced ends at once.
    assert (await harness.call(wide["access_token"])).status_code == 401
    assert (await query(harness, app, wide["grant_id"]))["scopes"] == [{"scope": "basic"}]


async def test_5_2_replace_when_the_person_declines_a_part(harness: AppHarness) -> None:
    """The decision ends the earlier grant itself, for it had what is declined now."""
    await harness.person()
    app = await harness.app()
    wide = await created(harness, app, scope="basic email")
    metadata = app.client.metadata
    await harness.register_again(app, metadata=type(metadata)(optional_scope=("email",)))
    browser = await harness.signed_in()
    named = {"grant_management_action": "replace", "grant_id": wide["grant_id"]}
    page = await harness.ask(browser, app, scope="basic email", **named)
    fields = {name: value for name, value in form_fields(page.text).items() if value != "email"}
    decided = await browser.post(DECISION, data={**fields, "decision": "allow"})
    code = response_of(decided).parameters["code"]
    tokens = (await harness.redeem(app, code)).json()
    assert (tokens["scope"], tokens["grant_id"]) == ("basic", wide["grant_id"])


async def test_5_4_refused_requests(harness: AppHarness) -> None:
    await harness.person()
    await harness.person("ben@example.org", "Ben Example")
    app, other = await harness.app(), await harness.app()
    public = await harness.app(public=True)
    mine = (await created(harness, app))["grant_id"]
    others = (await created(harness, other))["grant_id"]
    ben = await harness.signed_in("ben@example.org")
    of_ben = (await harness.tokens(app, ben, grant_management_action="create"))["grant_id"]
    revoked = (await created(harness, app))["grant_id"]
    token = await own_token(harness, app)
    headers = {"authorization": f"Bearer {token}"}
    await harness.browser().delete(f"/api/v2/oauth2/grants/{revoked}", headers=headers)
    browser = await harness.signed_in()
    implicit = {"response_type": "code id_token token", "nonce": "n", "scope": "openid"}
    await harness.register_again(app, response_types=frozenset({"code", "code id_token token"}))
    cases: tuple[tuple[App, dict[str, str], str], ...] = (
        (app, {"grant_management_action": "update", "grant_id": mine}, "invalid_request"),
        (app, {"grant_management_action": "create", "grant_id": mine}, "invalid_request"),
        (app, {"grant_management_action": "merge"}, "invalid_request"),
        (app, {"grant_management_action": "replace"}, "invalid_request"),
        (app, {"grant_id": mine}, "invalid_request"),
        (app, {"grant_management_action": "create", **implicit}, "invalid_request"),
        # Grant Management §5.1
        (public, {"grant_management_action": "create"}, "unauthorized_client"),
        (app, {"grant_management_action": "merge", "grant_id": "unknown"}, "invalid_grant_id"),
        (app, {"grant_management_action": "merge", "grant_id": others}, "invalid_grant_id"),
        (app, {"grant_management_action": "replace", "grant_id": revoked}, "invalid_grant_id"),
        # Grant Management §6.1: no person gives these scopes.
        (app, {"scope": "grant_management_query"}, "invalid_scope"),
    )
    for sender, changes, error in cases:
        found = response_of(await harness.ask(browser, sender, **changes)).parameters
        assert found["error"] == error, changes
        whole = {"response_type": "code", "redirect_uri": "https://app.example.org/callback"}
        if sender.secret is not None:
            pushed = await harness.post(PAR, sender, {**whole, **changes})
            assert (pushed.status_code, pushed.json()["error"]) == (400, error), changes
    # Another person: known after the sign-in.
    named = {"grant_management_action": "merge", "grant_id": of_ben}
    found = response_of(await harness.ask(browser, app, **named)).parameters
    assert found["error"] == "invalid_grant_id"
    # `prompt=none`: the person sees what becomes of the grant.
    silent = {"grant_management_action": "merge", "grant_id": mine, "prompt": "none"}
    found = response_of(await harness.ask(browser, app, **silent)).parameters
    assert found["error"] == "consent_required"
    harness.advance(days=181)
    late = {"grant_management_action": "merge", "grant_id": mine}
    found = response_of(await harness.ask(await harness.signed_in(), app, **late)).parameters
    assert found["error"] == "invalid_grant_id"


async def test_5_2_a_grant_that_ends_before_the_decision(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    first = await created(harness, app)
    browser = await harness.signed_in()
    named = {"grant_management_action": "merge", "grant_id": first["grant_id"]}
    page = await harness.ask(browser, app, scope="email", **named)
    await harness.revoke(app, first["refresh_token"])
    found = response_of(await harness.decide(browser, page)).parameters
    assert found["error"] == "invalid_grant_id"


async def test_6_the_api(harness: AppHarness) -> None:
    await harness.person()
    app, other = await harness.app(), await harness.app()
    tokens = await created(harness, app, scope="basic openid", claims='{"userinfo":{"email":null}}')
    grant_id = tokens["grant_id"]
    path = f"/api/v2/oauth2/grants/{grant_id}"
    browser = harness.browser()

    async def status(method: str, token: str, where: str = path) -> int:
        headers = {"authorization": f"Bearer {token}"}
        return (await browser.request(method, where, headers=headers)).status_code

    found = await query(harness, app, grant_id)
    times = {"created_at", "last_updated", "last_updated_at", "expires_at"}
    assert set(found) == {"scopes", "claims", *times}
    assert found["last_updated"] == found["last_updated_at"]
    assert found["scopes"] == [{"scope": "basic openid"}]
    assert found["claims"] == ["email"]
    assert tokens["access_token"] not in json.dumps(found)
    # Grant Management §6.6
    unnamed = await harness.token(app, grant_type="client_credentials")
    for token in (unnamed.json()["access_token"], tokens["access_token"]):
        assert await status("GET", token) == 403
        assert await status("DELETE", token) == 403
    query_only = await harness.token(
        app, grant_type="client_credentials", scope="grant_management_query"
    )
    assert query_only.json()["scope"] == "grant_management_query"
    assert await status("GET", query_only.json()["access_token"]) == 200
    assert await status("DELETE", query_only.json()["access_token"]) == 403
    assert await status("GET", "qma_nothing") == 401
    assert (await browser.get(path)).status_code == 401
    mine, foreign = await own_token(harness, app), await own_token(harness, other)
    for method in ("GET", "DELETE"):
        assert await status(method, foreign) == 404
        for unknown in ("nothing", "%00", "a" * 200):
            assert await status(method, mine, f"/api/v2/oauth2/grants/{unknown}") == 404
    # Grant Management §6.5
    assert (await harness.call(tokens["access_token"], ME)).status_code == 200
    headers = {"authorization": f"Bearer {mine}"}
    deleted = await browser.delete(path, headers=headers)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await harness.call(tokens["access_token"], ME)).status_code == 401
    assert (await harness.refresh(app, tokens["refresh_token"])).status_code == 400
    assert await status("DELETE", mine) == 404
    assert await status("GET", mine) == 404


async def test_6_4_scopes_of_registered_apis_name_their_resource(harness: AppHarness) -> None:
    await harness.person()
    app, tasks = await harness.app(), "https://tasks.example.org/"
    scopes = (ResourceScope("tasks:read", "Read tasks"), ResourceScope("tasks:write", "Write"))
    await resource_registry(harness.context).register(
        tasks, ResourceRegistration(name="Tasks", scopes=scopes), owner_id=None, by_operator=True
    )
    named = {"resource": tasks, "scope": "tasks:read", "grant_management_action": "create"}
    grant_id = (await harness.tokens(app, **named))["grant_id"]
    of_tasks = {"scope": "tasks:read", "resource": [tasks]}
    assert (await query(harness, app, grant_id))["scopes"] == [of_tasks]
    merge = {"grant_management_action": "merge", "grant_id": grant_id, "scope": "basic"}
    await harness.tokens(app, **merge)
    assert (await query(harness, app, grant_id))["scopes"] == [{"scope": "basic"}, of_tasks]


async def test_7_1_discovery(harness: AppHarness) -> None:
    found = (await harness.browser().get("/.well-known/oauth-authorization-server")).json()
    assert found["grant_management_endpoint"] == "https://id.example.org/api/v2/oauth2/grants"
    actions = {"query", "revoke", "create", "merge", "replace"}
    assert set(found["grant_management_actions_supported"]) == actions
    assert found["grant_management_action_required"] is False
