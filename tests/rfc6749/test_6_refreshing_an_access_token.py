"""Refreshing an access token (RFC 6749 §6), through the wire. Rotation is in `rfc9700/`."""

from world import World


async def test_a_refresh_token_buys_a_new_pair(world: World) -> None:
    await world.person()
    app = await world.app()
    first = await world.tokens(app, scope="basic readmeasurements")
    world.advance(minutes=30)
    response = await world.refresh(app, first["refresh_token"])
    second = response.json()
    assert response.status_code == 200
    assert second.keys() == first.keys()
    assert second["scope"] == "basic readmeasurements"
    assert second["expires_in"] == 3600
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert (await world.call(second["access_token"])).status_code == 200
    assert (await world.call(first["access_token"])).status_code == 200, "it has its own hour"


async def test_a_refresh_token_is_bound_to_its_client(world: World) -> None:
    await world.person()
    app, thief = await world.app(), await world.app()
    token = (await world.tokens(app))["refresh_token"]
    stolen = await world.refresh(thief, token)
    unknown = await world.refresh(thief, token[:-4] + "AAAA")
    assert stolen.status_code == 400
    assert stolen.json()["error"] == "invalid_grant"
    assert stolen.content == unknown.content, "nobody can probe for the tokens of others"
    assert (await world.refresh(app, token)).status_code == 200, "the attempt changed nothing"


async def test_a_thief_with_a_spent_token_does_not_end_the_owners_family(world: World) -> None:
    await world.person()
    app, thief = await world.app(), await world.app()
    spent = (await world.tokens(app))["refresh_token"]
    heir = (await world.refresh(app, spent)).json()
    world.advance(minutes=5)
    assert (await world.refresh(thief, spent)).json()["error"] == "invalid_grant"
    assert (await world.call(heir["access_token"])).status_code == 200


async def test_a_public_clients_token_needs_its_client_id(world: World) -> None:
    await world.person()
    app, thief = await world.app(public=True), await world.app(public=True)
    token = (await world.tokens(app))["refresh_token"]
    assert (await world.refresh(thief, token)).json()["error"] == "invalid_grant"
    assert (await world.refresh(app, token, client_id="")).status_code == 401
    assert (await world.refresh(app, token)).status_code == 200


async def test_the_scope_may_narrow_for_one_access_token(world: World) -> None:
    await world.person()
    app = await world.app()
    first = await world.tokens(app, scope="basic readmeasurements")
    narrow = (await world.refresh(app, first["refresh_token"], scope="readmeasurements")).json()
    assert narrow["scope"] == "readmeasurements"
    assert (await world.call(narrow["access_token"])).status_code == 403
    whole = (await world.refresh(app, narrow["refresh_token"])).json()
    assert whole["scope"] == "basic readmeasurements", "the heir keeps what was granted"


async def test_the_scope_never_widens(world: World) -> None:
    await world.person()
    app = await world.app()
    token = (await world.tokens(app))["refresh_token"]
    for scope in ("basic readmeasurements", "writemeasurements", "basic openid", "nonsense"):
        refused = await world.refresh(app, token, scope=scope)
        assert refused.json()["error"] == "invalid_scope", scope
    assert (await world.refresh(app, token, scope="basic")).status_code == 200, "nothing was spent"


async def test_what_is_no_refresh_token_is_no_grant(world: World) -> None:
    await world.person()
    app = await world.app()
    tokens = await world.tokens(app)
    for text in ("qmr_", "qmr_" + "A" * 48, "qmr_" + "é" * 48, "a.b.c", tokens["access_token"]):
        assert (await world.refresh(app, text)).json()["error"] == "invalid_grant", text


async def test_an_app_that_lost_the_grant_refreshes_no_more(world: World) -> None:
    await world.person()
    app = await world.app()
    token = (await world.tokens(app))["refresh_token"]
    await world.register_again(app, grant_types=frozenset({"authorization_code"}))
    assert (await world.refresh(app, token)).json()["error"] == "unauthorized_client"


async def test_nothing_is_refreshed_for_a_person_who_is_disabled_or_gone(world: World) -> None:
    ann = await world.person()
    app = await world.app()
    browser = await world.signed_in()
    one, two = await world.tokens(app, browser), await world.tokens(app, browser)
    await world.house.accounts.disable(ann.id)
    assert (await world.refresh(app, one["refresh_token"])).json()["error"] == "invalid_grant"
    await world.house.stores.delete_user(ann.id)
    assert (await world.refresh(app, two["refresh_token"])).json()["error"] == "invalid_grant"
