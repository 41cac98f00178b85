"""Refreshing an access token (RFC 6749 §6), over HTTP. Rotation is in `rfc9700/`."""

from support.app import AppHarness


async def test_a_refresh_token_is_exchanged_for_a_new_pair(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    first = await harness.tokens(app, scope="basic readmeasurements")
    harness.advance(minutes=30)
    response = await harness.refresh(app, first["refresh_token"])
    second = response.json()
    assert response.status_code == 200
    assert second.keys() == first.keys()
    assert second["scope"] == "basic readmeasurements"
    assert second["expires_in"] == 3600
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert (await harness.call(second["access_token"])).status_code == 200
    assert (await harness.call(first["access_token"])).status_code == 200, "it has its own hour"


async def test_a_refresh_token_is_bound_to_its_client(harness: AppHarness) -> None:
    await harness.person()
    app, attacker = await harness.app(), await harness.app()
    token = (await harness.tokens(app))["refresh_token"]
    stolen = await harness.refresh(attacker, token)
    unknown = await harness.refresh(attacker, token[:-4] + "AAAA")
    assert stolen.status_code == 400
    assert stolen.json()["error"] == "invalid_grant"
    assert stolen.content == unknown.content, "no client can probe for tokens of other clients"
    assert (await harness.refresh(app, token)).status_code == 200, "the attempt changed nothing"


async def test_another_client_with_a_spent_token_does_not_end_the_grant(
    harness: AppHarness,
) -> None:
    await harness.person()
    app, attacker = await harness.app(), await harness.app()
    spent = (await harness.tokens(app))["refresh_token"]
    successor = (await harness.refresh(app, spent)).json()
    harness.advance(minutes=5)
    assert (await harness.refresh(attacker, spent)).json()["error"] == "invalid_grant"
    assert (await harness.call(successor["access_token"])).status_code == 200


async def test_a_public_clients_token_needs_its_client_id(harness: AppHarness) -> None:
    await harness.person()
    app, attacker = await harness.app(public=True), await harness.app(public=True)
    token = (await harness.tokens(app))["refresh_token"]
    assert (await harness.refresh(attacker, token)).json()["error"] == "invalid_grant"
    assert (await harness.refresh(app, token, client_id="")).status_code == 401
    assert (await harness.refresh(app, token)).status_code == 200


async def test_the_scope_may_narrow_for_one_access_token(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    first = await harness.tokens(app, scope="basic readmeasurements")
    narrow = (await harness.refresh(app, first["refresh_token"], scope="readmeasurements")).json()
    assert narrow["scope"] == "readmeasurements"
    assert (await harness.call(narrow["access_token"])).status_code == 403
    whole = (await harness.refresh(app, narrow["refresh_token"])).json()
    assert whole["scope"] == "basic readmeasurements", "the successor keeps the granted scope"


async def test_the_scope_never_widens(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    token = (await harness.tokens(app))["refresh_token"]
    for scope in ("basic readmeasurements", "writemeasurements", "basic openid", "nonsense"):
        refused = await harness.refresh(app, token, scope=scope)
        assert refused.json()["error"] == "invalid_scope", scope
    assert (await harness.refresh(app, token, scope="basic")).status_code == 200, (
        "nothing was spent"
    )


async def test_a_malformed_refresh_token_is_an_invalid_grant(harness: AppHarness) -> None:
    await harness.person()
    app = await harness.app()
    tokens = await harness.tokens(app)
    for text in ("qmr_", "qmr_" + "A" * 48, "qmr_" + "é" * 48, "a.b.c", tokens["access_token"]):
        assert (await harness.refresh(app, text)).json()["error"] == "invalid_grant", text


async def test_an_app_that_is_no_longer_registered_for_refresh_is_refused(
    harness: AppHarness,
) -> None:
    await harness.person()
    app = await harness.app()
    token = (await harness.tokens(app))["refresh_token"]
    await harness.register_again(app, grant_types=frozenset({"authorization_code"}))
    assert (await harness.refresh(app, token)).json()["error"] == "unauthorized_client"


async def test_nothing_is_refreshed_for_a_person_who_is_disabled_or_gone(
    harness: AppHarness,
) -> None:
    ann = await harness.person()
    app = await harness.app()
    browser = await harness.signed_in()
    one, two = await harness.tokens(app, browser), await harness.tokens(app, browser)
    await harness.context.accounts.administration.disable(ann.id)
    assert (await harness.refresh(app, one["refresh_token"])).json()["error"] == "invalid_grant"
    await harness.context.stores.users.delete_user(ann.id, harness.context.clock.now())
    assert (await harness.refresh(app, two["refresh_token"])).json()["error"] == "invalid_grant"
