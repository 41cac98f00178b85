"""`id_token_hint` (OpenID Connect Core §3.1.2.1): an answer for that very person, or none."""

from datetime import timedelta

from registered import registered
from world import USERINFO, World, answer_of


async def test_the_person_of_the_hint_is_answered_for(world: World) -> None:
    await world.person()
    app, browser = await registered(world, {}), await world.signed_in()
    hint = (await world.tokens(app, browser, scope="openid"))["id_token"]
    world.advance(hours=3)  # an expired one is still a hint
    asked = await world.ask(browser, app, scope="openid", prompt="none", id_token_hint=hint)
    assert answer_of(asked).code


async def test_somebody_else_is_not(world: World) -> None:
    await world.person()
    await world.person("bob@example.org", "Bob Example")
    app = await registered(world, {})
    hint = (await world.tokens(app, scope="openid"))["id_token"]
    bob = await world.signed_in("bob@example.org")
    silent = await world.ask(bob, app, scope="openid", prompt="none", id_token_hint=hint)
    assert answer_of(silent).parameters["error"] == "login_required"
    page = await world.ask(bob, app, scope="openid", id_token_hint=hint)
    assert page.headers["location"].startswith("/sign-in?")
    back = await world.sign_in(bob, address=page.headers["location"])
    assert answer_of(await bob.get(back)).code


async def test_what_is_no_id_token_of_ours_for_this_app_is_refused(world: World) -> None:
    await world.person()
    app, other = await registered(world, {}), await registered(world, {})
    browser = await world.signed_in()
    tokens = await world.tokens(other, browser, scope="openid")
    for hint in ("nonsense", tokens["access_token"], tokens["id_token"]):
        asked = await world.ask(browser, app, scope="openid", id_token_hint=hint)
        assert answer_of(asked).parameters["error"] == "invalid_request"


async def test_one_whose_key_is_gone_proves_nothing(world: World) -> None:
    await world.person()
    app, browser = await registered(world, {}), await world.signed_in()
    hint = (await world.tokens(app, browser, scope="openid"))["id_token"]
    await world.house.rotation.rotate(timedelta(0))
    for key in await world.house.stores.signing_keys():
        if key.algorithm == "RS256" and key.retires_at is not None:
            await world.house.stores.delete_signing_key(key.kid)
    await world.house.keyring.load()
    silent = await world.ask(browser, app, scope="openid", prompt="none", id_token_hint=hint)
    assert answer_of(silent).parameters["error"] == "login_required"
    assert answer_of(await world.ask(browser, app, scope="openid", id_token_hint=hint)).code


async def test_other_documents_that_we_sign_are_no_hints(world: World) -> None:
    # RFC 8725 §2.8: one kind of token is never taken for another.
    await world.person()
    app = await registered(world, {"userinfo_signed_response_alg": "RS256"})
    browser = await world.signed_in()
    tokens = await world.tokens(app, browser, scope="openid")
    userinfo = (await world.call(tokens["access_token"], USERINFO)).text
    signed = answer_of(await world.ask(browser, app, scope="openid", response_mode="jwt"))
    for hint in (userinfo, signed.parameters["response"]):
        asked = await world.ask(browser, app, scope="openid", id_token_hint=hint)
        assert answer_of(asked).parameters["error"] == "invalid_request"
        refused = await browser.get("/api/v2/oauth2/logout", params={"id_token_hint": hint})
        assert refused.status_code == 400
        assert "Logout request rejected" in refused.text
